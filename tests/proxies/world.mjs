// One proxy with everything around it: a broker and a store of its own, and people who come in.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lookout, Mailbox, Program, Store, freePort, serve, until } from './places.mjs';
import { proxies } from './proxies.mjs';
import { NAMES } from './tricks.mjs';
import { Browser, ask } from './wire.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const binary = path.resolve(process.env.PORTARIA_BIN ?? path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'debug/portaria'));

/** Names and values of node's flat list of headers. */
export function pairs(raw) {
    return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1]]] : []));
}

/** What of a request the store might take for an identity, however it is spelled. */
export function identity(request) {
    const claims = {};
    for (const [name, value] of request.headers) {
        const plain = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
        if (!/^x-?auth/.test(plain)) continue;
        assert.ok(NAMES.some((own) => own.toLowerCase() === name.toLowerCase()), `the store was sent “${name}: ${value}”`);
        assert.ok(!(plain in claims), `the store was sent ${plain} twice`);
        claims[plain] = value;
    }
    // A proxy may leave an empty header out.
    return { ...Object.fromEntries(['x-auth-store', 'x-auth-app', 'x-auth-scope'].map((name) => [name, ''])), ...claims };
}

export class World {
    constructor(name, settings = 'loginPaths: [ / ]\n') {
        this.name = name;
        this.settings = settings;
    }

    async open() {
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portaria-proxy-'));
        this.port = await freePort();
        this.host = `localhost:${this.port}`;
        this.origin = `http://${this.host}`;
        const brokerPort = await freePort();
        const brokersFolder = path.join(this.folder, 'broker');
        fs.mkdirSync(brokersFolder);
        this.mailbox = new Mailbox();
        await this.mailbox.open();
        this.brokerOrigin = this.isOnOwnHost ? `http://localhost:${brokerPort}` : this.origin;
        const returnTo = this.isOnOwnHost ? `returnTo: [ "${this.origin}" ]\n` : '';
        const settings = `${this.settings}${this.apps()}${returnTo}`;
        this.broker = await serve({ binary, root, folder: brokersFolder, port: brokerPort, publicUrl: this.brokerOrigin, mailPort: this.mailbox.port, settings });
        this.lookout = new Lookout(brokerPort);
        await this.lookout.stand();
        this.store = new Store();
        await this.store.open();
        const variables = {
            PUBLIC_SCHEME: 'http', PUBLIC_HOST: this.host,
            PROXY_ADDRESS: '127.0.0.1', PROXY_PORT: String(this.port),
            BROKER_ADDRESS: '127.0.0.1', BROKER_PORT: String(this.lookout.port),
            BACKEND_ADDRESS: '127.0.0.1', BACKEND_PORT: String(this.store.port),
        };
        const proxy = proxies[this.name];
        for (const name of proxy.ports ?? []) variables[name] = String(await freePort());
        const { words, env } = proxy.start({ files: this.changed?.(path.join(root, 'docker/proxies')) ?? path.join(root, 'docker/proxies'), folder: this.folder, variables });
        this.proxy = new Program(proxy.program({ root }), words, { cwd: this.folder, env });
        await this.proxy.listensAt(this.port);
        // Traefik listens before it has read where requests go.
        await until(async () => (await this.ask({ path: '/login' })).status !== 404, 'the routes of the proxy');
    }

    async close() {
        for (const place of [this.proxy, this.broker, this.lookout]) await place?.end();
        this.mailbox?.close();
        await this.store?.close();
        fs.rmSync(this.folder, { recursive: true, force: true });
    }

    /** A program with a token for the service behind the proxy. */
    apps() {
        this.secret = randomBytes(24).toString('base64url');
        const hash = createHash('sha256').update(this.secret).digest('hex');
        return `auth: { bearer: "https://api.loja.example" }\napps: { robo: { secret: "sha256:${hash}", grants: clientCredentials, scopes: "orders:read", audience: "https://api.loja.example", signing: ES256 } }\n`;
    }

    async tokenOfProgram() {
        const body = `grant_type=client_credentials&client_id=robo&client_secret=${this.secret}`;
        const answer = await this.ask({ method: 'POST', path: '/token', body, lines: ['Content-Type: application/x-www-form-urlencoded'] });
        return JSON.parse(answer.body).access_token;
    }

    forget() {
        this.store.forget();
        this.lookout.forget();
    }

    browser() {
        return new Browser(this.port, this.origin);
    }

    /** A person who came in through the login page of the playground. */
    async welcome(who, browser = this.browser()) {
        const chooser = await browser.follow(await browser.visit('/login'), '/login/playground');
        const page = await browser.follow(chooser, who);
        assert.ok(browser.cookies.has('portaria'), `${who} is signed in, not at ${browser.url}: ${page.status}`);
        return browser;
    }

    /** The token of Ana's session, from the broker's own host. */
    async tokenFromBroker() {
        const browser = new Browser(Number(new URL(this.brokerOrigin).port), this.brokerOrigin);
        const chooser = await browser.follow(await browser.visit(`/login?return_to=${encodeURIComponent(`${this.brokerOrigin}/login`)}`), '/login/playground');
        await browser.follow(chooser, 'Ana Prova');
        return browser.cookies.get('portaria');
    }

    /** Ana, signed in once for all tests. */
    ana() {
        this.signedIn ??= this.welcome('Ana Prova');
        return this.signedIn;
    }

    ask(request) {
        return ask(this.port, { host: this.host, ...request });
    }

    /** A request with Ana's session. */
    async asAna(request = {}) {
        return this.ask({ ...request, lines: [(await this.ana()).cookieLine, ...(request.lines ?? [])] });
    }

    nothingReached() {
        assert.deepEqual(this.store.seen, [], 'nothing reaches the store');
    }
}
