// Under whose name a request reaches the store: the broker's word, and no one else's.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FORGED, NAMES, WEBSOCKET, spellings } from './tricks.mjs';
import { identity, pairs } from './world.mjs';

export function names(world) {
    it('the store is told all facts, and the browser none of them', async () => {
        const answer = await world.asAna({ path: '/private' });

        assert.equal(answer.status, 200);
        const who = identity(world.store.seen[0]);
        assert.deepEqual(Object.keys(who).sort(), NAMES.map((name) => name.toLowerCase()).sort());
        assert.equal(who['x-auth-email'], 'ana@loja.example');
        assert.equal(decodeURIComponent(who['x-auth-name']), 'Ana Prova');
        assert.equal(who['x-auth-provider'], 'playground');
        assert.match(who['x-auth-uid'], /^.+$/);
        assert.deepEqual(answer.headers.filter(([name]) => /^x.auth/i.test(name)), []);
        assert.equal(world.lookout.questions.length, 1, 'the broker is asked once');
    });

    for (const name of NAMES) {
        // Attack A-02
        // Lessons 105, 106
        it(`a forged ${name} never reaches the store, however it is spelled`, async () => {
            await world.asAna({ path: '/private' });
            const herself = identity(world.store.seen[0]);
            assert.equal(herself['x-auth-email'], 'ana@loja.example');

            for (const lines of spellings(name)) {
                world.store.forget();
                const without = await world.ask({ path: '/private', lines });
                assert.ok(without.status >= 400, JSON.stringify(lines));
                world.nothingReached();

                const answer = await world.asAna({ path: '/private', lines });
                // What a proxy lets through as the value of another header, the store's own parser may refuse.
                const refused = world.store.seen.some((request) => request.broken);
                assert.ok(answer.status === 200 || (answer.status >= 400 && answer.status < 500) || refused, `${answer.status}: ${JSON.stringify(lines)}`);
                if (refused) continue;
                assert.equal(world.store.seen.length, answer.status === 200 ? 1 : 0, JSON.stringify(lines));
                for (const request of world.store.seen) assert.deepEqual(identity(request), herself, JSON.stringify(lines));
            }
        });
    }

    // Attack A-03
    // Lesson 108
    it('no header can be named hop-by-hop to make it vanish', async () => {
        const forwarded = 'X-Forwarded-Host, X-Forwarded-For, X-Forwarded-Uri, X-Forwarded-Proto';
        const hops = [...NAMES, 'Cookie'].join(', ');
        const named = [
            ...[...NAMES, 'Cookie', forwarded].map((name) => [`Connection: ${name}`]),
            [`Connection: close, ${hops}`], [`Connection: ${hops}, ${forwarded}`], ['Connection: close', `Connection: ${hops}`], [`Connection: keep-alive, ${hops}`, 'Keep-Alive: timeout=5'],
            [`Connection: Upgrade, ${hops}`, ...WEBSOCKET], [`Connection: ${hops}, Upgrade`, ...WEBSOCKET],
        ];
        for (const lines of named) {
            world.store.forget();
            const answer = await world.asAna({ path: '/private', lines });

            // It may be refused, but it may not arrive as no one.
            const arrives = [101, 200].includes(answer.status);
            assert.ok(arrives || (answer.status >= 400 && answer.status < 500), `${answer.status}: ${lines}`);
            assert.equal(world.store.seen.length, arrives ? 1 : 0, lines.join());
            for (const request of world.store.seen) {
                assert.equal(identity(request)['x-auth-email'], 'ana@loja.example', lines.join());
                const told = request.headers.filter(([name]) => name.toLowerCase() === 'connection').map(([, value]) => value).join();
                assert.doesNotMatch(told, /auth|cookie|forwarded/i, 'the store is not told to drop anything either');
            }
        }
    });

    // Attack A-04
    it('what a client says was forwarded is overwritten for the broker and for the store', async () => {
        const lines = [
            'X-Forwarded-For: 203.0.113.7', 'X-Forwarded-For: 203.0.113.8', 'x_forwarded_for: 203.0.113.9', 'X.Forwarded.For: 203.0.113.9', 'X_Forwarded-Host: evil.example', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https',
            'X-Forwarded-Uri: //evil.example/', 'X-Forwarded-Method: OPTIONS', 'Forwarded: for=203.0.113.7;host=evil.example',
            'X-Request-Id: 4bf92f3577b34da6a3ce929d0e0e4736', 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'tracestate: evil=1',
        ];

        await world.asAna({ path: '/private?q=1', lines });
        await world.ask({ path: '/session', lines });
        const redirect = await world.ask({ path: '/private?q=1', lines: [...lines, 'Accept: text/html', 'Sec-Fetch-Mode: navigate'] });

        assert.equal(world.lookout.seen.length, 3);
        for (const request of world.lookout.seen) {
            assert.equal(request.headers['x-forwarded-for'], '127.0.0.1', request.url);
            assert.equal(request.headers['x-forwarded-proto'], 'http', request.url);
            assert.equal(request.headers['x-forwarded-host'], world.host, request.url);
            // To the broker's own pages Traefik sends neither of these two.
            const [method, uri] = ['x-forwarded-method', 'x-forwarded-uri'].map((name) => request.headers[name]);
            const isLeftOut = world.name === 'traefik' && request.url === '/session';
            assert.deepEqual([method, uri], isLeftOut ? [undefined, undefined] : ['GET', request.url.startsWith('/auth') ? '/private?q=1' : '/session'], request.url);
            assert.equal(request.headers.forwarded, undefined, request.url);
            assert.notEqual(request.headers['x-request-id'], '4bf92f3577b34da6a3ce929d0e0e4736', request.url);
            assert.deepEqual([request.headers.traceparent, request.headers.tracestate], [undefined, undefined], request.url);
            assert.equal(request.headers.host, world.host, request.url);
        }
        const told = Object.fromEntries(world.store.seen[0].headers.map(([name, value]) => [name.toLowerCase(), value]));
        assert.equal(told['x-forwarded-for'], '127.0.0.1');
        assert.equal(told['x-forwarded-host'], world.host);
        assert.equal(told['x-forwarded-proto'], 'http');
        assert.equal(told['x-forwarded-uri'] ?? '/private?q=1', '/private?q=1');
        assert.equal(told.forwarded, undefined);
        assert.deepEqual(Object.keys(told).filter((name) => /^x[^a-z0-9]forwarded/.test(name) && !/^x-forwarded-[a-z]+$/.test(name)), []);
        assert.equal(new URL(redirect.header('location')).searchParams.get('return_to'), `${world.origin}/private?q=1`);
    });

    it('no header names another path than the one that was asked about', async () => {
        const lines = ['X-Original-URL: /open', 'x-original-url: /open', 'X_Original_URL: /open', 'X-Rewrite-URL: /open', 'X_Rewrite_URL: /open'];

        assert.equal((await world.asAna({ path: '/private', lines })).status, 200);
        await world.ask({ path: '/session', lines });

        const named = (names) => names.filter((name) => /^x[^a-z0-9](?:original|rewrite)[^a-z0-9]url$/i.test(name));
        assert.deepEqual(named(world.store.seen[0].headers.map(([name]) => name)), []);
        for (const request of world.lookout.seen) assert.deepEqual(named(Object.keys(request.headers)), [], request.url);
    });

    // Attack A-12
    it('a name in any script arrives as it was written', async () => {
        const name = encodeURIComponent('João “Zé” 王');
        world.lookout.answers = (_, response) => response.writeHead(200, { 'X-Auth-Email': 'ze@loja.example', 'X-Auth-Name': name, 'X-Auth-Uid': 'u1', 'X-Auth-Provider': 'p', 'X-Auth-Store': 'atacado', 'X-Auth-App': '', 'X-Auth-Scope': '' }).end();

        await world.ask({ path: '/private' });

        assert.deepEqual(identity(world.store.seen[0]), {
            'x-auth-email': 'ze@loja.example', 'x-auth-name': name, 'x-auth-uid': 'u1', 'x-auth-provider': 'p', 'x-auth-store': 'atacado', 'x-auth-app': '', 'x-auth-scope': '',
        });
    });

    it('a program comes with its access token as its app and as no person, and without a valid one not at all', async () => {
        const token = await world.tokenOfProgram();
        const forged = NAMES.map((name) => `${name}: ${FORGED}`);

        const answer = await world.ask({ path: '/private', lines: [`Authorization: Bearer ${token}`, ...forged] });
        assert.equal(answer.status, 200, answer.body);
        const who = Object.entries(identity(world.store.seen[0])).filter(([, value]) => value !== '');
        assert.deepEqual(who.sort(), [['x-auth-app', 'robo'], ['x-auth-scope', 'orders:read']]);

        world.forget();
        for (const [lines, accept] of [[[], 'application/json'], [forged, 'text/html']]) {
            const refused = await world.asAna({ path: '/private', lines: [`Authorization: Bearer ${token}x`, `Accept: ${accept}`, ...lines] });
            assert.equal(refused.status, 401, 'the session beside it does not count');
            assert.deepEqual(refused.all('www-authenticate'), ['Bearer error="invalid_token"']);
        }
        world.nothingReached();
    });

    it('two people and a stranger at the same time are never taken for one another', async () => {
        const [ana, other] = [await world.ana(), await world.welcome('Nakamura')];
        const people = [
            { lines: [ana.cookieLine], status: 200, email: 'ana@loja.example' },
            { lines: [], status: 401 },
            { lines: [other.cookieLine], status: 200, email: 'nakamura@loja.example' },
        ];

        await Promise.all(Array.from({ length: 24 }, async (_, visitor) => {
            const { lines, status, email } = people[visitor % people.length];
            for (let round = 0; round < 5; round += 1) {
                const answer = await world.ask({ path: `/private/${visitor}/${round}`, lines });
                assert.equal(answer.status, status);
                if (email) assert.equal(identity({ headers: pairs(JSON.parse(answer.body).headers) })['x-auth-email'], email);
            }
        }));

        assert.equal(world.store.seen.length, 80);
    });
}
