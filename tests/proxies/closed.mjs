// When nothing reaches the store: without a session, with a broker that is not well, by no detour.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { until } from './places.mjs';
import { FAULTS, FORGED, LOOKALIKES, PATH_TRICKS, WEBSOCKET } from './tricks.mjs';
import { Line, bytes } from './wire.mjs';
import { identity } from './world.mjs';

export function closed(world) {
    // Attacks
    it('a program that is signed out is told 401, whatever it asks', async () => {
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND']) {
            const answer = await world.ask({ method, path: '/private', body: ['POST', 'PUT', 'PATCH'].includes(method) ? 'a=1' : undefined });
            assert.equal(answer.status, 401, method);
            assert.equal(answer.header('location'), undefined, method);
        }
        for (const lines of [['Cookie: portaria=nonsense'], ['Authorization: Bearer nonsense'], ['Cookie: portaria='], ['X-HTTP-Method-Override: OPTIONS'], ['User-Agent: kube-probe/1.30']]) {
            assert.equal((await world.ask({ path: '/private?access_token=x', lines })).status, 401, lines[0]);
        }
        world.nothingReached();
    });

    it('a form that is sent without a session is refused, not turned into a visit', async () => {
        const answer = await world.ask({ method: 'POST', path: '/private', lines: ['Accept: text/html', 'Sec-Fetch-Mode: navigate'], body: 'a=1' });

        assert.ok([302, 303, 401].includes(answer.status), String(answer.status));
        world.nothingReached();
    });

    it('no upgrade but that to a WebSocket reaches the store', async () => {
        for (const lines of [['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'], ['Connection: Upgrade', 'Upgrade: h2c'], ['Connection: Upgrade', 'Upgrade: websocket, h2c'], ['Connection: Upgrade', 'Upgrade: TLS/1.0']]) {
            const answer = await world.asAna({ path: '/private', lines });

            assert.notEqual(answer.status, 101, lines.join());
            for (const request of world.store.seen) assert.ok(!request.headers.some(([name, value]) => /^upgrade$/i.test(name) && !/^websocket$/i.test(value)), lines.join());
        }
    });

    // Attack H-12
    it('a request for another host reaches neither the store nor the broker', async () => {
        // Traefik compares hosts without their ports.
        const hosts = ['elsewhere.example', 'localhost', `127.0.0.1:${world.port}`, `${world.host}.evil.example`, ''];
        for (const host of hosts.filter((name) => world.name !== 'traefik' || !name.startsWith('localhost'))) {
            const answer = await world.ask({ path: '/private', host, lines: [(await world.ana()).cookieLine] });
            assert.ok(answer.status >= 400, `${host}: ${answer.status}`);
        }
        const two = await world.ask({ path: '/private', lines: ['Host: elsewhere.example', (await world.ana()).cookieLine] });
        assert.ok(two.status >= 400, 'two hosts');
        world.nothingReached();
        assert.deepEqual(world.lookout.seen, []);
    });

    it('whatever is wrong with the broker, the way is closed, and open again when it is well', async () => {
        for (const [fault, answers] of Object.entries(FAULTS)) {
            world.forget();
            world.lookout.answers = answers;
            for (const lines of [[], ['Accept: text/html', 'Sec-Fetch-Mode: navigate'], [`X-Auth-Email: ${FORGED}`, `X-Auth-Uid: ${FORGED}`]]) {
                const answer = await world.asAna({ path: '/private', lines });
                assert.ok(answer.status >= 400 || ['says 204', 'says 302 and not where'].includes(fault), `a broker that ${fault}: ${answer.status}`);
                assert.ok(answer.header('set-cookie')?.startsWith('basket') !== true, `a broker that ${fault}`);
            }
            world.nothingReached();
            world.forget();
            assert.equal((await world.asAna({ path: '/private' })).status, 200, `after a broker that ${fault}`);
        }
    });

    it('a broker that is away closes the way', async () => {
        await world.ana();
        world.forget();
        await world.lookout.leave();
        try {
            const requests = [world.asAna({ path: '/private' }), world.asAna({ path: '/private', lines: [`X-Auth-Email: ${FORGED}`] }), world.ask({ path: '/login' })];
            for (const answer of await Promise.all(requests)) assert.ok(answer.status >= 500, String(answer.status));
        } finally {
            await world.lookout.stand();
        }
        world.nothingReached();
        await until(async () => (await world.asAna({ path: '/private' })).status === 200, 'the proxy finding the broker again');
    });

    it('a broker that never answers closes the way in a few seconds, for the one who waits', async () => {
        const named = { 'X-Auth-Email': 'ana@loja.example', 'X-Auth-Name': '', 'X-Auth-Uid': 'u', 'X-Auth-Provider': '', 'X-Auth-Store': '', 'X-Auth-App': '', 'X-Auth-Scope': '' };
        let waiting;
        const asked = new Promise((go) => { waiting = go; });
        world.lookout.answers = (request, response) => (request.headers['x-forwarded-uri'] === '/private/slow' ? waiting() : response.writeHead(200, named).end());

        const slow = world.asAna({ path: '/private/slow' });
        await Promise.race([asked, slow]);
        const other = await world.asAna({ path: '/private/other' });

        assert.equal(other.status, 200);
        assert.ok((await slow).status >= 500);
        assert.deepEqual(world.store.seen.map((request) => request.url), ['/private/other']);
    });

    // Attacks A-05, H-13
    // Lessons 111, 112, 115
    it('no way of writing a path reaches the store without a session, nor without a name', async () => {
        for (const trick of PATH_TRICKS) {
            for (const lines of [[], ['Accept: text/html', 'Sec-Fetch-Mode: navigate'], ['X-Original-URL: /login', 'X-Rewrite-URL: /login', 'X-Forwarded-Uri: /login', 'X-Forwarded-Prefix: /login']]) {
                await world.ask({ path: trick, lines });
                assert.deepEqual(world.store.seen, [], trick);
            }
            await world.asAna({ path: trick });
            for (const request of world.store.seen.splice(0)) {
                assert.equal(identity(request)['x-auth-email'], 'ana@loja.example', trick);
                // `*` is no path, and none of `loginPaths` either.
                if (request.url.startsWith('/')) assert.equal(request.url, world.lookout.questions.at(-1).headers['x-forwarded-uri'], `${trick}: the broker was asked about another path`);
            }
        }
    });

    it('a path that only looks like one of the broker\'s is the store\'s', async () => {
        for (const path of LOOKALIKES) {
            world.forget();
            const answer = await world.asAna({ path });
            assert.equal(answer.status, 200, path);
            assert.equal(world.store.seen.length, 1, path);
            assert.equal(world.lookout.seen.length, world.lookout.questions.length, path);
        }
    });

    // Attack H-01
    it('a second request hidden behind the first is asked about as well', async () => {
        const hidden = bytes({ path: '/private/hidden', host: world.host });
        const first = [
            bytes({ path: '/login', host: world.host, lines: ['Connection: keep-alive'] }),
            bytes({ method: 'POST', path: '/session/validate', host: world.host, lines: ['Connection: keep-alive', `Content-Length: ${hidden.length}`, 'Transfer-Encoding: chunked'] }) + '0\r\n\r\n',
            bytes({ method: 'POST', path: '/session/validate', host: world.host, lines: ['Connection: keep-alive', 'Content-Length: 0', `Content-Length: ${hidden.length}`] }),
            bytes({ path: '/private/first', host: world.host, lines: ['Connection: keep-alive', (await world.ana()).cookieLine] }),
        ];
        for (const request of first) {
            const line = new Line(world.port);
            await line.write(request + hidden);
            await line.until(() => (line.ended || line.bytes.length > 0 ? true : undefined), 'answers');
            await until(() => line.ended || /HTTP\/1.1 \d+[\s\S]*HTTP\/1.1 \d+/.test(line.bytes.toString('latin1')), 'the second answer, or the end');
            line.hangUp();
            assert.deepEqual(world.store.seen.filter((seen) => seen.url !== '/private/first'), []);
        }
    });

    // Attack H-01
    it('a store that opens no WebSocket leaves no tunnel for a second request', async () => {
        const line = new Line(world.port);
        await line.write(bytes({ path: '/private/no-socket', host: world.host, lines: ['Connection: keep-alive, Upgrade', ...WEBSOCKET, (await world.ana()).cookieLine] }));
        const answer = await line.answer();
        await line.write(bytes({ path: '/private/hidden', host: world.host, lines: [`X-Auth-Email: ${FORGED}`, `X-Auth-Uid: ${FORGED}`] }));
        await until(() => line.ended || /HTTP\/1.1 \d+[\s\S]*HTTP\/1.1 \d+/.test(line.bytes.toString('latin1')), 'a refusal, or the end');
        line.hangUp();
        world.store.plain?.destroy();

        assert.equal(answer.status, 200);
        assert.deepEqual(world.store.seen.map((request) => request.url), ['/private/no-socket']);
    });

    it('the question itself cannot be asked from outside', async () => {
        for (const page of ['/auth', '/auth?redirect', '/auth/x', '/_portaria/auth']) {
            const lines = [(await world.ana()).cookieLine, 'Accept: text/html', 'X-Forwarded-Uri: //evil.example', 'X-Forwarded-Host: evil.example'];
            const answer = await world.ask({ path: page, lines });
            assert.deepEqual(answer.headers.filter(([name, value]) => /^x.auth/i.test(name) || value.includes('evil')), [], page);
            const stranger = await world.ask({ path: page, lines: lines.slice(1) });
            assert.ok([302, 401, 404].includes(stranger.status), page);
            assert.ok(!(stranger.header('location') ?? '').includes('evil'), page);
        }
        for (const question of world.lookout.seen) assert.match(question.url, /^\/auth\?redirect&optional$/, 'only the proxy words the question');
    });

    it('after the logout the store is closed again', async () => {
        const browser = await world.welcome('Ana Prova');
        const { cookieLine } = browser;
        assert.equal((await world.ask({ path: '/private', lines: [cookieLine] })).status, 200);

        const answer = await browser.request('/logout', { method: 'POST', body: '', lines: ['Content-Type: application/x-www-form-urlencoded'] });

        assert.equal(answer.status, 303);
        assert.equal((await world.ask({ path: '/private', lines: [cookieLine] })).status, 401);
        assert.equal(world.store.seen.length, 1);
    });
}
