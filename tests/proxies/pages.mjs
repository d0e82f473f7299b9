// Every route of the broker, from the list that the proxies' files are written from: where the proxy sends it, and what a shopper
// needs of it to finish.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { until } from './places.mjs';
import { identity, root } from './world.mjs';

const routes = JSON.parse(fs.readFileSync(path.join(root, 'docker/proxies/routes.json'), 'utf8'));

/** A path of this route, as a visitor would write it. */
function example(route) {
    const parts = { provider: 'playground', 'below:.*': 'one/two.js', code: 'K7Q-2MD', file: 'story.txt', state: 'x' };
    const written = route.path.replaceAll(/\{([^}]*)\}/g, (_, name) => parts[name] ?? 'x');
    return `${written}?a=1&b=%2F`;
}

export function pages(world) {
    it('every page of the broker reaches the broker, by every method, and nobody is asked who it is', async () => {
        const own = routes.filter((route) => route.goesTo === 'broker');
        assert.ok(own.length > 35, String(own.length));
        for (const route of own) {
            for (const method of [...new Set([...route.methods, 'GET', 'POST', 'DELETE'])]) {
                world.forget();
                const body = method === 'POST' ? 'a=1' : undefined;
                const answer = await world.ask({ method, path: example(route), body, lines: body ? ['Content-Type: application/x-www-form-urlencoded'] : [] });

                const what = `${method} ${example(route)}: ${answer.status}`;
                assert.deepEqual(world.lookout.seen.map((request) => [request.method, request.url]), [[method, example(route)]], what);
                assert.ok(answer.header('content-security-policy'), `${what}: an answer of the broker`);
                if (route.methods.length > 0 && !route.methods.includes(method)) assert.ok([404, 405].includes(answer.status), what);
            }
        }
        world.nothingReached();
    });

    // Attack H-09
    it('what is not for visitors goes to the store, and the broker is not asked for it', async () => {
        const others = routes.filter((route) => route.goesTo === 'store');
        assert.ok(['/', '/auth', '/health/live', '/health/ready', '/metrics'].every((page) => others.some((route) => route.path === page)));
        await world.ana();
        for (const route of others) {
            world.forget();
            assert.equal((await world.ask({ path: example(route) })).status, 401, route.path);
            world.nothingReached();

            const answer = await world.asAna({ path: example(route) });

            assert.equal(answer.status, 200, route.path);
            assert.deepEqual(world.store.seen.map((request) => request.url), [example(route)]);
            for (const request of world.lookout.seen) assert.equal(request.url, '/auth?redirect&optional', route.path);
        }
    });

    it('the lab of an installation that names no staff is open to nobody behind the proxy', async () => {
        for (const page of ['/lab', '/lab/playground', '/lab/incidents', '/lab/playground/answer']) {
            for (const answer of [await world.ask({ path: page }), await world.asAna({ path: page })]) {
                assert.equal(answer.status, 403, page);
                assert.doesNotMatch(answer.body, /getUserInfo|lab\.js/, page);
            }
        }
        world.nothingReached();
    });

    it('an address is proven by mail, and the store learns it', async () => {
        const browser = world.browser();
        const address = `chen-${world.name}@loja.example`;
        const chooser = await browser.follow(await browser.visit('/private/basket'), '/login/playground');

        const asked = await browser.follow(chooser, 'Chen');
        assert.equal(browser.url, `${world.origin}/prove`);
        const sent = await browser.send(asked, '/prove/address', { email: address });
        const letter = await until(() => world.mailbox.letters.find(({ to }) => to === address), 'the letter');
        const back = await browser.send(sent, '/prove/code', { code: /^Subject: .*?(\d[\d -]*\d)/m.exec(letter.text)[1] });

        assert.equal(browser.url, `${world.origin}/private/basket`);
        assert.equal(back.status, 200);
        assert.equal(identity(world.store.seen[0])['x-auth-email'], address);
        const account = await browser.visit('/account');
        assert.ok(account.body.includes(address), `${account.status}`);
    });
}
