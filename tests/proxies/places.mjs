// What stands around a proxy in these tests: the broker, a lookout in front of the broker that notes what it is asked
// and can stand in for a broker that is broken, and a store that notes what reaches it.

import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

/** Waits for a condition that another program brings about. */
export async function until(condition, what) {
    const late = Date.now() + 20_000;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > late) throw new Error(`waited in vain for ${what}`);
        await new Promise((go) => { setTimeout(go, 10); });
    }
}

/** A free port, below those that outgoing connections are given. */
export async function freePort() {
    for (;;) {
        const port = 12_000 + Math.floor(Math.random() * 18_000);
        const free = await new Promise((done) => {
            const probe = net.createServer();
            probe.once('error', () => done(false));
            probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
        });
        if (free) return port;
    }
}

export function accepts(port) {
    return new Promise((done) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.once('connect', () => { socket.destroy(); done(true); });
        socket.once('error', () => done(false));
    });
}

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

/** A program that runs until it is ended; what it says is kept for the case that something fails. */
export class Program {
    constructor(command, words, { cwd, env }) {
        this.said = '';
        this.child = spawn(command, words, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
        running.add(this.child);
        for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (text) => { this.said += text; });
        this.over = new Promise((done) => {
            this.child.once('error', (error) => { this.said += error; this.ended = true; done(); });
            this.child.once('exit', () => { running.delete(this.child); this.ended = true; done(); });
        });
    }

    async listensAt(port) {
        await until(async () => {
            if (this.ended) throw new Error(`it ended at once: ${this.said}`);
            return accepts(port);
        }, `a listener at ${port}: ${this.said}`);
    }

    async end() {
        this.child.kill('SIGTERM');
        const alarm = setTimeout(() => this.child.kill('SIGKILL'), 3_000);
        await this.over;
        clearTimeout(alarm);
    }
}

/** A PostgreSQL of its own, as the program's own tests start it. */
export class Database {
    constructor(root) {
        this.child = spawn(path.join(root, 'tests/postgres'), [], { stdio: ['pipe', 'pipe', 'inherit'] });
        this.child.stdout.on('data', (text) => { this.folder = `${this.folder ?? ''}${text}`; });
        this.over = new Promise((done) => { this.child.once('exit', done); });
    }

    /** Where a broker finds it. */
    async storage() {
        const folder = await until(() => (this.folder?.endsWith('\n') ? this.folder.trim() : undefined), 'PostgreSQL');
        return `postgres://portaria@localhost/postgres?host=${folder}`;
    }

    async end() {
        this.child.stdin.end();
        await this.over;
    }
}

/** `portaria serve` with the playground as its only provider. Who has no e-mail there is asked for one, and proves it. */
export async function serve({ binary, root, folder, port, publicUrl, mailPort, storage = `sqlite:${folder}/portaria.db`, env = {}, settings = 'loginPaths: [ / ]\n' }) {
    fs.mkdirSync(path.join(folder, 'providers.d'), { recursive: true });
    const playground = fs.readFileSync(path.join(root, 'providers.d/playground.yaml'), 'utf8');
    fs.writeFileSync(path.join(folder, 'providers.d/playground.yaml'), `${playground}missingEmail: ask\n`);
    // The tests knock at more doors in a minute than any visitor may.
    fs.writeFileSync(path.join(folder, 'portaria.yaml'), `${settings}limits: off\nmail: { smtp: "smtp://127.0.0.1:${mailPort}", from: nao-responda@loja.example }\n`);
    const words = ['serve', '--listen', `127.0.0.1:${port}`, '--public-url', publicUrl, '--storage', storage, '--providers', 'providers.d'];
    const program = new Program(binary, words, { cwd: folder, env });
    await program.listensAt(port);
    return program;
}

function listen(server, port) {
    return new Promise((done) => { server.listen(port, '127.0.0.1', done); });
}

/** Stands before the broker. `answers(request, response)` replaces the broker's answers to `/auth`. */
export class Lookout {
    constructor(brokerPort) {
        this.brokerPort = brokerPort;
        this.forget();
        this.agent = new http.Agent({ keepAlive: true });
    }

    forget() {
        this.seen = [];
        this.connections = 0;
        this.answers = undefined;
    }

    /** The questions about sessions, as against requests of the broker's pages. */
    get questions() {
        return this.seen.filter((request) => request.url.startsWith('/auth'));
    }

    async stand() {
        this.server = http.createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
            const note = { method: request.method, url: request.url, headers: request.headers, raw: request.rawHeaders, body: 0 };
            this.seen.push(note);
            request.on('data', (piece) => { note.body += piece.length; });
            if (this.answers && request.url.startsWith('/auth')) {
                this.answers(request, response);
                return;
            }
            const onward = http.request({ host: '127.0.0.1', port: this.brokerPort, method: request.method, path: request.url, headers: request.rawHeaders, setHost: false, agent: this.agent });
            onward.on('response', (answer) => {
                const headers = [...answer.rawHeaders];
                for (const cookie of this.renews ?? []) headers.push('Set-Cookie', cookie);
                response.writeHead(answer.statusCode, headers);
                answer.pipe(response);
            });
            onward.on('error', () => response.destroy());
            request.pipe(onward);
        });
        this.server.on('connection', () => { this.connections += 1; });
        await listen(this.server, this.port ?? 0);
        this.port = this.server.address().port;
    }

    /** As if the broker were not there at all. */
    async leave() {
        const gone = new Promise((done) => { this.server.close(done); });
        this.server.closeAllConnections();
        await gone;
    }

    async end() {
        await this.leave();
        this.agent.destroy();
    }
}

/** A mail server that keeps every letter as it came. */
export class Mailbox {
    constructor() {
        this.letters = [];
    }

    async open() {
        this.server = net.createServer((socket) => {
            const letter = { to: undefined, text: '' };
            let [heard, inLetter] = ['', false];
            socket.on('error', () => {});
            socket.write('220 mailbox\r\n');
            socket.on('data', (piece) => {
                heard += piece;
                for (let end = heard.indexOf('\r\n'); end >= 0; end = heard.indexOf('\r\n')) {
                    const line = heard.slice(0, end);
                    heard = heard.slice(end + 2);
                    if (inLetter && line !== '.') letter.text += `${line}\n`;
                    else if (inLetter) { inLetter = false; this.letters.push({ ...letter }); socket.write('250 taken\r\n'); }
                    else if (/^DATA/i.test(line)) { inLetter = true; socket.write('354 go on\r\n'); }
                    else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
                    else { letter.to = /^RCPT TO:<(.*?)>/i.exec(line)?.[1] ?? letter.to; socket.write('250 fine\r\n'); }
                }
            });
        });
        await listen(this.server, 0);
        this.port = this.server.address().port;
    }

    close() {
        this.server.close();
    }
}

/** The store behind the proxy: answers with what it was sent. */
export class Store {
    constructor() {
        this.forget();
    }

    forget() {
        this.seen = [];
        this.received = 0;
    }

    async open() {
        this.sockets = new Set();
        this.server = http.createServer((request, response) => {
            this.note(request);
            const pieces = [];
            request.on('data', (piece) => { this.received += piece.length; if (this.received < 1_000) pieces.push(piece); });
            request.on('end', () => {
                const status = Number(/^\/status\/(\d+)/.exec(request.url)?.[1] ?? 200);
                const more = request.url.startsWith('/kept/') ? { 'Cache-Control': 'public, max-age=60' } : { 'Set-Cookie': 'basket=3; Path=/' };
                response.writeHead(status, { 'Content-Type': 'application/json', ...more });
                response.end(JSON.stringify({ store: true, method: request.method, url: request.url, headers: request.rawHeaders, body: Buffer.concat(pieces).toString('latin1') }));
            });
        });
        this.server.on('connection', (socket) => { this.sockets.add(socket); socket.once('close', () => this.sockets.delete(socket)); });
        this.server.on('clientError', (error, socket) => {
            if (error.code?.startsWith('HPE_')) this.seen.push({ broken: error.code, headers: [] });
            socket.destroy();
        });
        this.server.on('upgrade', (request, socket) => {
            this.note(request);
            socket.on('error', () => {});
            if (request.url === '/private/no-socket') {
                // A page like any other, on a connection that stays open for the next request.
                socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno');
                this.plain = socket;
                socket.on('data', (more) => this.seen.push({ url: more.toString('latin1').split(' ')[1], headers: [] }));
                return;
            }
            // The constant is that of RFC 6455, 4.2.2.
            const accept = crypto.createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
            socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
            socket.on('data', (piece) => socket.write(piece));
        });
        await listen(this.server, 0);
        this.port = this.server.address().port;
    }

    note(request) {
        const headers = [];
        for (let at = 0; at < request.rawHeaders.length; at += 2) headers.push([request.rawHeaders[at], request.rawHeaders[at + 1]]);
        this.seen.push({ method: request.method, url: request.url, headers });
    }

    async close() {
        const closed = new Promise((done) => { this.server.close(done); });
        for (const socket of this.sockets) socket.destroy();
        await closed;
    }
}
