// The proxy in front of a broker on a host of its own, with the blocks of docs/proxies.md: everything is passed on, except the question of proxies.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Lookout, Mailbox, Program, freePort, serve } from './places.mjs';
import { nginx, proxies } from './proxies.mjs';
import { Browser, ask } from './wire.mjs';
import { binary, root } from './world.mjs';

/** Each proxy of the page: the name of its block, what this machine has in the place of a public one, and how it is started. */
const BLOCKS = {
    nginx: {
        block: 'login.conf',
        changes: (port) => [['listen 443 ssl;', `listen 127.0.0.1:${port};`], [/ +ssl_certificate.*\n/g, '']],
        start: (folder) => nginx(() => 'access_log off;', 'login.conf').start({ files: path.join(folder, 'page'), folder, variables: {} }),
    },
    caddy: {
        block: 'login.Caddyfile',
        changes: (port) => [[/^/, '{\n\tadmin off\n}\n'], ['login.loja.example {', `http://localhost:${port} {\n\tbind 127.0.0.1`]],
        start: (folder) => ({
            words: ['run', '--adapter', 'caddyfile', '--config', path.join(folder, 'page/login.Caddyfile')], env: { XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
        }),
    },
};

export function loginHost(name) {
    const described = BLOCKS[name];
    if (!described) return;
    describe(`${name}, in front of the broker's own host`, { concurrency: 1, timeout: 60_000 }, () => {
        let folder, port, broker, lookout, mailbox, proxy;

        before(async () => {
            folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portaria-login-'));
            const brokerPort = await freePort();
            port = await freePort();
            mailbox = new Mailbox();
            await mailbox.open();
            fs.mkdirSync(path.join(folder, 'broker'));
            broker = await serve({ binary, root, folder: path.join(folder, 'broker'), port: brokerPort, publicUrl: `http://localhost:${port}`, mailPort: mailbox.port });
            lookout = new Lookout(brokerPort);
            await lookout.stand();
            const page = fs.readFileSync(path.join(root, 'docs/proxies.md'), 'utf8');
            let [, text] = new RegExp(`\`\`\`\\w+ ${described.block.replace('.', '\\.')}\\n([\\s\\S]*?)\`\`\``).exec(page);
            const lines = text.trim().split('\n').length;
            for (const [written, here] of [...described.changes(port), ['10.0.0.5:8080', `127.0.0.1:${lookout.port}`]]) {
                assert.notEqual(text.replace(written, here), text, String(written));
                text = text.replace(written, here);
            }
            fs.mkdirSync(path.join(folder, 'page'));
            fs.writeFileSync(path.join(folder, 'page', described.block), text.replaceAll('login.loja.example', 'localhost'));
            assert.ok(lines <= 14, `${lines} lines`);
            const { words, env } = described.start(folder);
            proxy = new Program(proxies[name].program({ root }), words, { cwd: folder, env });
            await proxy.listensAt(port);
        });
        after(async () => {
            for (const place of [proxy, broker, lookout]) await place?.end();
            mailbox?.close();
            fs.rmSync(folder, { recursive: true, force: true });
        });

        it('a person signs in, and the session is known', async () => {
            const browser = new Browser(port, `http://localhost:${port}`);
            const chooser = await browser.follow(await browser.visit('/login'), '/login/playground');
            await browser.follow(chooser, 'Ana Prova');

            assert.ok(browser.cookies.has('portaria'), browser.url);
            assert.equal(JSON.parse((await browser.request('/session')).body).email, 'ana@loja.example');
        });

        it('the broker gets the host as it was asked for, and the address of the visitor and no other', async () => {
            lookout.forget();
            await ask(port, { host: `localhost:${port}`, path: '/login?x=%2F', lines: ['X-Forwarded-For: 203.0.113.7'] });

            const [{ url, headers }] = lookout.seen;
            assert.equal(url, '/login?x=%2F');
            assert.equal(headers.host, `localhost:${port}`);
            assert.equal(headers['x-forwarded-for'], '127.0.0.1');
        });

        it('the question of proxies cannot be asked from outside, and apps find what has a name like it', async () => {
            lookout.forget();
            for (const target of ['/auth', '/auth?redirect&optional', '/auth/', '/auth/x?optional', '//auth', '/x/../auth', '/%61uth']) {
                const { status } = await ask(port, { host: `localhost:${port}`, path: target });
                assert.ok(status >= 400, `${target}: ${status}`);
            }
            assert.deepEqual(lookout.seen.filter(({ url }) => /^\/auth(?![a-z])/.test(decodeURIComponent(url))), []);
            await ask(port, { host: `localhost:${port}`, path: '/authorize' });
            assert.equal(lookout.seen.at(-1).url, '/authorize');
        });
    });
}
