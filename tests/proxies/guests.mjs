// A shop that is open to guests: they come under no name, and the paths that the broker's settings choose demand a login.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FAULTS, FORGED, NAMES, PATH_TRICKS, spellings } from './tricks.mjs';
import { identity, pairs } from './world.mjs';

/** The settings of the broker for these tests. */
export const GUEST_SETTINGS = 'loginPaths: [ /private ]\n';

const PAGE = ['Accept: text/html', 'Sec-Fetch-Mode: navigate'];

function assertNobody(request, what) {
    for (const [name, value] of Object.entries(identity(request))) assert.equal(value, '', `${what}: ${name}`);
}

/** A path as the most lenient program could read it. */
function lenient(url) {
    let path = url.replace(/^[a-z]+:\/\/[^/]*/i, '').split(/[?#]/)[0];
    for (let round = 0; round < 4; round += 1) path = path.replaceAll(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
    const parts = [];
    for (const written of path.replaceAll('\\', '/').split('/')) {
        const part = written.split(';')[0].replaceAll(/[\0-\x20]/g, '');
        if (part === '..') parts.pop();
        else if (part !== '' && part !== '.') parts.push(part.toLowerCase());
    }
    return `/${parts.join('/')}`;
}

export function guests(world) {
    it('a guest sees the shop under no name, and a shopper under their own', async () => {
        for (const lines of [[], PAGE, ['Cookie: portaria=nonsense'], ['Authorization: Basic YTpi']]) {
            world.forget();
            const answer = await world.ask({ path: '/camis%C3%A1?q=%2F', lines });

            assert.equal(answer.status, 200, lines.join());
            assert.equal(world.store.seen.length, 1);
            assert.equal(world.store.seen[0].url, '/camis%C3%A1?q=%2F');
            assertNobody(world.store.seen[0], lines.join());
        }
        world.forget();
        assert.equal((await world.asAna({ path: '/camisa' })).status, 200);
        assert.equal(identity(world.store.seen[0])['x-auth-email'], 'ana@loja.example');
    });

    it('a chosen path demands a login, and is reached after it', async () => {
        const program = await world.ask({ path: '/private/pedidos' });
        const page = await world.ask({ path: '/PRIVATE?x=1', lines: PAGE });

        assert.equal(program.status, 401);
        assert.equal(page.status, 302);
        assert.equal(new URL(page.header('location')).searchParams.get('return_to'), `${world.origin}/PRIVATE?x=1`);
        world.nothingReached();
        assert.equal((await world.asAna({ path: '/private/pedidos' })).status, 200);
        assert.equal(identity(world.store.seen[0])['x-auth-email'], 'ana@loja.example');
    });

    it('no way of writing a chosen path reaches it without a session', async () => {
        for (const trick of [...PATH_TRICKS, '/x/%2e%2e/private', '/x/..%2fprivate', '/%70rivate', '/private%2f', '/private%20', '/.//private', '/;x/private', '/x%5c..%5cprivate', '/%252e%252e/private', '/private%2e']) {
            world.forget();
            await world.ask({ path: trick, lines: ['X-Forwarded-Uri: /open', 'X-Original-URL: /open'] });
            for (const request of world.store.seen) {
                assert.doesNotMatch(lenient(request.url ?? ''), /^\/private(?:\/|$)/, `${trick} reached the store as ${request.url}`);
                assertNobody(request, trick);
            }
        }
    });

    for (const name of [...NAMES, 'Portaria-Visitor']) {
        // Attack A-02
        it(`a guest brings no ${name}, however it is spelled`, async () => {
            for (const lines of spellings(name)) {
                world.forget();
                await world.ask({ path: '/camisa', lines });
                for (const request of world.store.seen.filter((seen) => !seen.broken)) assertNobody(request, JSON.stringify(lines));
                world.forget();
                assert.equal((await world.ask({ path: '/private', lines })).status >= 400, true, JSON.stringify(lines));
                world.nothingReached();
            }
        });
    }

    it('a visitor who calls themselves a guest is none of the broker\'s', async () => {
        for (const [fault, answers] of Object.entries(FAULTS)) {
            world.forget();
            world.lookout.answers = answers;
            for (const lines of [[], PAGE, ['Portaria-Visitor: guest', 'X-Auth-Guest: guest', `X-Auth-Uid: ${FORGED}`]]) {
                const answer = await world.ask({ path: '/camisa', lines });
                assert.ok(answer.status >= 400 || ['says 204', 'says 302 and not where'].includes(fault), `a broker that ${fault}: ${answer.status}`);
            }
            world.nothingReached();
        }
        world.forget();
        assert.equal((await world.ask({ path: '/camisa' })).status, 200);
    });

    it('a guest and a shopper at the same time are never taken for one another', async () => {
        const { cookieLine } = await world.ana();
        await Promise.all(Array.from({ length: 40 }, async (_, at) => {
            const answer = await world.ask({ path: '/camisa', lines: at % 2 === 0 ? [cookieLine] : [] });
            const told = JSON.parse(answer.body).headers.map((text) => text.toLowerCase());
            const email = told.indexOf('x-auth-email') < 0 ? '' : told[told.indexOf('x-auth-email') + 1];
            assert.equal(email, at % 2 === 0 ? 'ana@loja.example' : '');
        }));
    });

    if (world.name === 'varnish') {
        // Attack A-14
        it('a page for everybody is kept for guests, asked about each time, and nothing of a person is kept', async () => {
            const page = '/kept/camisa';
            const { cookieLine } = await world.ana();
            world.forget();
            for (let round = 0; round < 3; round += 1) {
                for (const [lines, email] of [[[], ''], [[cookieLine], 'ana@loja.example'], [[`X-Auth-Email: ${FORGED}`], '']]) {
                    const answer = await world.ask({ path: page, lines });
                    const named = pairs(JSON.parse(answer.body).headers).find(([name]) => name.toLowerCase() === 'x-auth-email');
                    assert.equal(named?.[1] ?? '', email);
                }
            }

            assert.equal(world.lookout.questions.length, 9, 'each request is asked about');
            assert.equal(world.store.seen.length, 4, 'one for all guests, and each of the person');

            assert.equal((await world.ask({ path: '/private', lines: [cookieLine] })).status, 200);
            assert.equal((await world.ask({ path: '/private' })).status, 401);
            // A token that is none makes a guest of its visitor, and the store may still answer it in particular.
            for (const line of ['Cookie: basket=3', 'Authorization: Basic YTpi', 'VtexIdclientAutCookie: nonsense']) {
                world.forget();
                for (const target of [page, `/kept/${line.slice(0, 3)}`, `/kept/${line.slice(0, 3)}`]) assert.equal((await world.ask({ path: target, lines: [line] })).status, 200, line);
                assert.equal(world.store.seen.length, 3, `${line}: neither taken from what is kept nor put into it`);
            }
            world.forget();
            for (const path of ['/camisa', '/camisa']) await world.ask({ path });
            assert.equal(world.store.seen.length, 2, 'a page that says nothing of it is not kept');
        });
    }

    it('a program comes with its token in a header', async () => {
        const token = (await world.ana()).cookieLine.replace(/^Cookie: .*portaria=/, '').split(';')[0];
        for (const line of [`Authorization: Bearer ${token}`, `VtexIdclientAutCookie: ${token}`]) {
            world.forget();
            assert.equal((await world.ask({ path: '/private', lines: [line] })).status, 200, line.slice(0, 20));
            assert.equal(identity(world.store.seen[0])['x-auth-email'], 'ana@loja.example');
        }
    });
}
