// A proxy that keeps every answer it may keep: what the broker says about one person is never said about another.

import assert from 'node:assert/strict';
import { it } from 'node:test';

export function keeping(world) {
    // Attack A-14
    it('a proxy that keeps answers asks about everybody anew', async () => {
        const [ana, other] = [await world.ana(), await world.welcome('Nakamura')];
        const people = [
            { lines: [ana.cookieLine], status: 200, email: 'ana@loja.example' },
            { lines: [], status: 401 },
            { lines: [other.cookieLine], status: 200, email: 'nakamura@loja.example' },
            { lines: ['Cookie: portaria=junk'], status: 401 },
        ];
        world.forget();

        for (let round = 0; round < 3; round += 1) {
            for (const { lines, status, email } of people) {
                const answer = await world.ask({ path: '/private/kept', lines });
                assert.equal(answer.status, status, JSON.stringify(lines));

                const session = await world.ask({ path: '/session', lines });
                assert.equal(session.status, status);
                assert.equal(JSON.parse(session.body).email, email);
            }
        }

        assert.equal(world.lookout.questions.length, 12, 'each request is asked about');
    });
}
