// What passes and how: the way to the login and back, bodies, WebSockets, cookies, answers.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { until } from './places.mjs';
import { FORGED, WEBSOCKET } from './tricks.mjs';
import { Line, bytes } from './wire.mjs';
import { identity } from './world.mjs';

export function passage(world) {
    // Attack A-13
    it('a browser that is signed out goes to the login and comes back to the very page', async () => {
        const browser = world.browser();
        const page = '/private/page?a=1&b=two%20words&c=%26%3D%2F&d=a+b&return_to=x&e=%C3%A9';

        const first = await browser.request(page);
        const login = await browser.visit(first.header('location'));
        world.nothingReached();
        const chooser = await browser.follow(login, '/login/playground');
        const back = await browser.follow(chooser, 'Ana Prova');

        assert.equal(first.status, 302);
        const address = new URL(first.header('location'));
        assert.equal(address.origin + address.pathname, `${world.origin}/login`);
        assert.equal(address.searchParams.get('return_to'), world.origin + page);
        assert.match(first.header('cache-control') ?? '', /no-store|no-cache/);
        assert.equal(browser.url, world.origin + page);
        assert.equal(back.status, 200);
        assert.equal(JSON.parse(back.body).url, page);
        assert.equal(identity(world.store.seen[0])['x-auth-email'], 'ana@loja.example');
    });

    it('the body of a request reaches the store and never the broker', async () => {
        for (const body of ['name=Ana&secret=1', ['piece one, ', 'piece two']]) {
            const answer = await world.asAna({ method: 'POST', path: '/private/form', body, lines: ['Content-Type: text/plain'] });
            assert.equal(answer.status, 200);
            assert.equal(JSON.parse(answer.body).method, 'POST');
            assert.equal(JSON.parse(answer.body).body, typeof body === 'string' ? body : body.join(''));
        }
        for (const question of world.lookout.questions) {
            assert.equal(question.body, 0);
            assert.ok(['0', undefined].includes(question.headers['content-length']), question.headers['content-length']);
            assert.equal(question.headers['transfer-encoding'], undefined);
            assert.equal(question.headers.expect, undefined);
        }
        assert.equal(world.lookout.questions.length, 2);
    });

    it('a body on a connection that is kept reaches the store whole, and the next request is one of its own', async () => {
        const line = new Line(world.port);
        const { cookieLine } = await world.ana();
        const size = 300_000;
        for (const [at, body] of ['a=1', 'x'.repeat(size), ['piece'], undefined].entries()) {
            if (line.ended) break;
            line.bytes = Buffer.alloc(0);
            await line.write(bytes({ method: body ? 'POST' : 'GET', path: `/private/${at}`, host: world.host, lines: ['Connection: keep-alive', cookieLine], body }));
            assert.equal((await line.answer()).status, 200, String(at));
            assert.equal(world.store.seen.at(-1).url, `/private/${at}`);
            assert.equal(identity(world.store.seen.at(-1))['x-auth-email'], 'ana@loja.example');
            // A proxy may end the connection after a body; the next one is tried anew.
            if (world.name === 'varnish') break;
        }
        line.hangUp();
        assert.equal(world.store.received, world.name === 'varnish' ? 3 : 3 + size + 5);
    });

    it('an upload streams through, and nobody waits for the one of a stranger', async () => {
        const size = 8_000_000;
        const head = (lines) => bytes({ method: 'POST', path: '/private/upload', host: world.host, lines: [...lines, `Content-Length: ${size}`] });
        const stranger = new Line(world.port);
        await stranger.write(head([]));
        const refusal = await stranger.answer();
        stranger.hangUp();
        assert.equal(refusal.status, 401);
        world.nothingReached();

        const upload = new Line(world.port);
        await upload.write(head([(await world.ana()).cookieLine]));
        await upload.write('x'.repeat(100_000));
        await until(() => world.store.received > 0, 'the first bytes of the upload at the store');
        await upload.write('x'.repeat(size - 100_000));
        const answer = await upload.answer();
        upload.hangUp();

        assert.equal(answer.status, 200);
        assert.equal(world.store.received, size);
        assert.equal(world.lookout.questions.reduce((sum, question) => sum + question.body, 0), 0);
    });

    // Attack A-15
    it('a WebSocket opens with a session, under the right name, and not without', async () => {
        const lines = ['Connection: keep-alive, Upgrade', ...WEBSOCKET, `X-Auth-Email: ${FORGED}`];
        assert.equal((await world.ask({ path: '/private/socket', lines })).status, 401);
        world.nothingReached();

        const line = new Line(world.port);
        await line.write(bytes({ path: '/private/socket', host: world.host, lines: [...lines, (await world.ana()).cookieLine] }));
        const answer = await line.answer();
        if (world.name === 'varnish') {
            assert.equal(answer.status, 200, 'Varnish opens none, and the store answers with a page');
            line.hangUp();
            return;
        }
        await line.write('hello');
        await line.until(() => (line.bytes.toString().startsWith('hello') ? true : undefined), 'echo');
        line.hangUp();

        assert.equal(answer.status, 101);
        assert.equal(identity(world.store.seen[0])['x-auth-email'], 'ana@loja.example');
        assert.equal(world.lookout.questions.at(-1).headers.upgrade, undefined, 'the question is a plain request');
    });

    it('a renewed or ended session reaches the browser beside the store\'s own cookie', async () => {
        world.lookout.renews = ['portaria=renewed; Path=/; HttpOnly', 'also=renewed; Path=/'];
        try {
            const answer = await world.asAna({ path: '/private' });
            const refusal = await world.ask({ path: '/private' });

            assert.equal(answer.status, 200);
            assert.equal(refusal.status, 401);
            // nginx knows the first alone, and Traefik's file names one that it adds to the store's.
            const all = world.lookout.renews;
            const added = ['nginx', 'traefik'].includes(world.name) ? all.slice(0, 1) : all;
            assert.deepEqual(answer.all('set-cookie').sort(), [...added, 'basket=3; Path=/'].sort());
            assert.deepEqual(refusal.all('set-cookie').sort(), [...(world.name === 'nginx' ? added : all)].sort());
        } finally {
            world.lookout.renews = undefined;
        }
        assert.deepEqual((await world.asAna({ path: '/private' })).all('set-cookie'), ['basket=3; Path=/']);
    });

    it('what the store answers passes as it is, its 401 and 500 too', async () => {
        for (const status of [204, 302, 401, 403, 404, 500, 503]) {
            const answer = await world.asAna({ path: `/status/${status}`, lines: ['Accept: text/html', 'Sec-Fetch-Mode: navigate'] });
            assert.equal(answer.status, status);
            assert.equal(answer.header('location'), undefined);
            if (status !== 204) assert.equal(JSON.parse(answer.body).store, true, String(status));
        }
    });

    it('connections to the broker are kept where that is safe', async () => {
        const { cookieLine } = await world.ana();
        const visitors = Array.from({ length: 4 }, async () => {
            const line = new Line(world.port);
            for (let round = 0; round < 25; round += 1) {
                line.bytes = Buffer.alloc(0);
                await line.write(bytes({ path: '/private', host: world.host, lines: ['Connection: keep-alive', cookieLine] }));
                assert.equal((await line.answer()).status, 200);
            }
            line.hangUp();
        });

        await Promise.all(visitors);

        assert.equal(world.lookout.questions.length, 100);
        // Caddy's file says why it keeps none.
        const fits = world.name === 'caddy' ? world.lookout.connections === 100 : world.lookout.connections <= 12;
        assert.ok(fits, `${world.lookout.connections} connections for 100 questions`);
    });
}
