// Two brokers on one PostgreSQL behind nginx, with the file of docker/two-brokers: a login that begins at one and ends at the other, a
// sign-out, a broker that is killed while people log in, and what nginx sends twice.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Database, Program, Store, freePort, serve, until } from './places.mjs';
import { nginx } from './proxies.mjs';
import { Browser, ask } from './wire.mjs';
import { binary, root } from './world.mjs';

/** A log of which brokers got which request: method, path, the brokers that were tried, status. */
const withLog = nginx((folder) => `log_format tried '$request_method $uri|$upstream_addr|$status'; access_log ${folder}/tried tried;`, 'two-brokers/portaria.conf.template');

/** nginx in front of two ports. */
async function proxy(folder, brokers, store, name) {
    const place = path.join(folder, name);
    fs.mkdirSync(place);
    const port = await freePort();
    const variables = {
        PUBLIC_SCHEME: 'http', PUBLIC_HOST: `localhost:${port}`, PROXY_ADDRESS: '127.0.0.1', PROXY_PORT: String(port),
        BROKER_1_ADDRESS: '127.0.0.1', BROKER_1_PORT: String(brokers[0]), BROKER_2_ADDRESS: '127.0.0.1', BROKER_2_PORT: String(brokers[1]),
        BACKEND_ADDRESS: '127.0.0.1', BACKEND_PORT: String(store),
    };
    const start = async () => {
        const { words, env } = withLog.start({ files: path.join(root, 'docker'), folder: place, variables });
        const program = new Program(withLog.program(), words, { cwd: place, env });
        await program.listensAt(port);
        return program;
    };
    const tried = () => fs.readFileSync(path.join(place, 'tried'), 'utf8').trim().split('\n').map((line) => {
        const [request, upstreams, status] = line.split('|');
        return { request, brokers: upstreams.split(', '), status: Number(status) };
    });
    return { port, host: `localhost:${port}`, start, tried };
}

/** A whole login through the playground; the page at which it ends. */
async function login(front, who) {
    const browser = new Browser(front.port, `http://${front.host}`);
    const chooser = await browser.follow(await browser.visit('/login'), '/login/playground');
    const page = await browser.follow(chooser, who);
    return { browser, status: page.status, isSignedIn: browser.cookies.has('portaria') };
}

export function twoBrokers() {
    describe('two brokers', { concurrency: 1, timeout: 180_000, skip: withLog.program() ? false : 'nginx is missing' }, () => {
        let folder, database, store, front, program, ports, brokers;

        before(async () => {
            folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portaria-two-'));
            database = new Database(root);
            const storage = await database.storage();
            store = new Store();
            await store.open();
            ports = [await freePort(), await freePort()];
            front = await proxy(folder, ports, store.port, 'nginx');
            const env = { PORTARIA_MASTER_KEY: crypto.randomBytes(32).toString('hex') };
            // The settings of both, with the addresses of this machine.
            const settings = fs.readFileSync(path.join(root, 'docker/two-brokers/portaria.yaml'), 'utf8')
                .replaceAll('https://login.loja.example', `http://${front.host}`).replace('10.77.0.10', '127.0.0.1').replace('file:/run/secrets/master-key', 'env:PORTARIA_MASTER_KEY');
            const start = (port, name) => serve({ binary, root, folder: path.join(folder, name), port, publicUrl: `http://${front.host}`, mailPort: 1, storage, env, settings });
            brokers = [await start(ports[0], 'one'), await start(ports[1], 'two')];
            program = await front.start();
        });
        after(async () => {
            for (const one of [program, ...(brokers ?? []), database]) await one?.end();
            await store?.close();
            fs.rmSync(folder, { recursive: true, force: true });
        });

        it('its page fills in every variable of the file, and each with a value', () => {
            const page = fs.readFileSync(path.join(root, 'docker/two-brokers/README.md'), 'utf8');
            const template = fs.readFileSync(path.join(root, 'docker/two-brokers/portaria.conf.template'), 'utf8');
            const inFile = new Set([...template.matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(([, variable]) => variable));
            const [, named] = /^variables='(.*)'$/m.exec(page);

            assert.deepEqual(new Set(named.split(' ').map((word) => word.slice(1))), inFile);
            for (const variable of inFile) assert.match(page, new RegExp(`^export .*\\b${variable}=`, 'm'));
        });

        it('a login begins at one broker and ends at the other', async () => {
            for (const who of ['Ana Prova', 'Nakamura', 'Ana Prova', 'Nakamura']) assert.ok((await login(front, who)).isSignedIn, who);

            const at = (pattern) => front.tried().filter(({ request }) => pattern.test(request)).map((line) => line.brokers.join());
            const [starts, ends] = [at(/^\w+ \/login\/playground/), at(/^\w+ \/callback\//)];
            assert.equal(starts.length, ends.length);
            assert.ok(starts.some((broker, round) => broker !== ends[round]), JSON.stringify({ starts, ends }));
        });

        it('a sign-out at one broker is known at the other within a second', async () => {
            const { browser } = await login(front, 'Ana Prova');
            const { cookieLine } = browser;
            const known = (port) => ask(port, { path: '/auth', host: front.host, lines: [cookieLine] }).then(({ status }) => status);
            for (const port of ports) assert.equal(await known(port), 200);

            const answer = await browser.request('/logout', { method: 'POST', body: '', lines: ['Content-Type: application/x-www-form-urlencoded'] });
            const began = Date.now();
            for (const port of ports) await until(async () => await known(port) === 401, 'the sign-out');

            assert.equal(answer.status, 303);
            assert.ok(Date.now() - began < 1_000, `${Date.now() - began} ms`);
        });

        it('a broker is killed while people log in, and they go on at the other', async () => {
            const { browser } = await login(front, 'Ana Prova');
            const checks = async () => {
                const statuses = [];
                for (let round = 0; round < 60; round += 1) statuses.push((await ask(front.port, { path: '/private', host: front.host, lines: [browser.cookieLine] })).status);
                return statuses;
            };
            const logins = async () => {
                const done = [];
                for (let round = 0; round < 8; round += 1) done.push(await login(front, 'Nakamura').then(({ isSignedIn, status }) => (isSignedIn ? 303 : status), (error) => String(error)));
                return done;
            };
            const going = [checks(), logins(), logins(), logins()];
            await until(() => front.tried().filter(({ request }) => request.includes('/callback/')).length > 8, 'some logins');
            brokers[0].child.kill('SIGKILL');
            const [checked, ...came] = await Promise.all(going);
            const afterwards = await logins();

            assert.deepEqual([...new Set(checked)], [200], 'no check is lost');
            const lost = came.flat().filter((status) => status !== 303);
            assert.ok(lost.length <= 3, `only who was on the way to the dead broker starts again: ${JSON.stringify(lost)}`);
            assert.deepEqual(afterwards.filter((status) => status !== 303).length <= 1, true, JSON.stringify(afterwards));
            for (const line of front.tried().filter(({ request }) => request.includes('/callback/'))) assert.equal(line.brokers.length, 1, JSON.stringify(line));
        });

        it('what may change something is sent to one broker alone, everything else to the next if there is no answer', async () => {
            const seen = [];
            const broken = await Promise.all([0, 1].map((at) => new Promise((ready) => {
                const server = net.createServer((socket) => {
                    socket.on('error', () => {});
                    socket.once('data', (head) => { seen.push(`${at} ${head.toString('latin1').split(' HTTP')[0]}`); socket.destroy(); });
                });
                server.listen(0, '127.0.0.1', () => ready(server));
            })));
            const form = { lines: ['Content-Type: application/x-www-form-urlencoded'], body: 'a=1' };
            try {
                for (const [what, request, times] of [
                    ['a callback', { path: '/callback/playground?code=x&state=y' }, 1],
                    ['a callback with a path of its own', { path: '/callback/playground/x?code=x' }, 1],
                    ['a callback as a form', { method: 'POST', path: '/callback/playground', ...form }, 1],
                    ['a sign-out', { method: 'POST', path: '/logout', ...form }, 1],
                    ['a code', { method: 'POST', path: '/prove/code', ...form }, 1],
                    ['the login page', { path: '/login' }, 2],
                    ['the question about a session', { path: '/private' }, 2],
                ]) {
                    // A fresh nginx knows of no broken broker.
                    const other = await proxy(folder, broken.map((server) => server.address().port), store.port, what.replaceAll(' ', '-'));
                    const running = await other.start();
                    seen.length = 0;
                    try {
                        const answer = await ask(other.port, { host: other.host, ...request });

                        assert.ok(answer.status >= 500, `${what}: ${answer.status}`);
                        assert.equal(seen.length, times, `${what}: ${seen.join(', ')}`);
                    } finally {
                        await running.end();
                    }
                }
            } finally {
                for (const server of broken) server.close();
            }
        });
    });
}
