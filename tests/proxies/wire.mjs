// HTTP/1.1 written and read by hand, so that a test can say what no decent client would say; and a browser that keeps
// cookies and follows redirects, both only on loopback.

import assert from 'node:assert/strict';
import net from 'node:net';

const PATIENCE = 20_000;

/** An answer: status, headers in their order, body. */
class Answer {
    constructor(status, headers, body) {
        Object.assign(this, { status, headers, body });
    }

    all(name) {
        return this.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
    }

    header(name) {
        return this.all(name)[0];
    }
}

/** The answer that the bytes hold so far, or nothing while it is incomplete. */
function parse(bytes, { ended, bodiless }) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(first.split(' ')[1]);
    const rest = bytes.subarray(end + 4);
    if (status >= 100 && status < 200 && status !== 101) return parse(rest, { ended, bodiless });
    const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
    const answer = new Answer(status, headers, '');
    if (bodiless || status === 101 || status === 204 || status === 304) return answer;
    if (/chunked/i.test(answer.header('transfer-encoding') ?? '')) {
        let at = 0;
        for (;;) {
            const lineEnd = rest.indexOf('\r\n', at);
            if (lineEnd < 0) return undefined;
            const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16);
            if (rest.length < lineEnd + 2 + size + 2) return undefined;
            if (size === 0) return answer;
            answer.body += rest.subarray(lineEnd + 2, lineEnd + 2 + size).toString('utf8');
            at = lineEnd + 2 + size + 2;
        }
    }
    const length = answer.header('content-length');
    if (length === undefined ? !ended : rest.length < Number(length)) return undefined;
    answer.body = rest.subarray(0, length === undefined ? rest.length : Number(length)).toString('utf8');
    return answer;
}

/** A connection on which bytes are written as they are, and one answer after the other is read. */
export class Line {
    constructor(port) {
        this.bytes = Buffer.alloc(0);
        this.ended = false;
        this.socket = net.connect(port, '127.0.0.1');
        this.socket.on('data', (more) => { this.bytes = Buffer.concat([this.bytes, more]); this.wake?.(); });
        for (const event of ['end', 'close', 'error']) {
            this.socket.on(event, () => { this.ended = true; this.wake?.(); });
        }
    }

    write(bytes) {
        return new Promise((done) => { this.socket.write(bytes, 'latin1', done); });
    }

    /** Waits until `found(bytes)` is something. */
    async until(found, what) {
        const late = Date.now() + PATIENCE;
        for (;;) {
            const value = found();
            if (value !== undefined) return value;
            assert.ok(!this.ended, `the connection ended before ${what}: ${JSON.stringify(this.bytes.toString('latin1').slice(0, 600))}`);
            assert.ok(Date.now() < late, `no ${what} in ${PATIENCE} ms`);
            await new Promise((go) => {
                const alarm = setTimeout(go, late - Date.now());
                this.wake = () => { clearTimeout(alarm); go(); };
            });
        }
    }

    async answer({ bodiless = false } = {}) {
        const answer = await this.until(() => parse(this.bytes, { ended: this.ended, bodiless }), 'answer');
        if (answer.status === 101) this.bytes = this.bytes.subarray(this.bytes.indexOf('\r\n\r\n') + 4);
        return answer;
    }

    hangUp() {
        this.socket.destroy();
    }
}

/** The bytes of a request. `lines` are header lines exactly as they shall be sent. */
export function bytes({ method = 'GET', path = '/', host, lines = [], body }) {
    const head = [`${method} ${path} HTTP/1.1`];
    if (host !== undefined) head.push(`Host: ${host}`);
    if (!lines.some((line) => /^connection:/i.test(line))) head.push('Connection: close');
    head.push(...lines);
    if (typeof body === 'string') head.push(`Content-Length: ${Buffer.byteLength(body)}`);
    if (Array.isArray(body)) head.push('Transfer-Encoding: chunked');
    const pieces = Array.isArray(body) ? body.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('') + '0\r\n\r\n' : body ?? '';
    return `${head.join('\r\n')}\r\n\r\n${pieces}`;
}

/** One request on a connection of its own. */
export async function ask(port, request) {
    const line = new Line(port);
    try {
        await line.write(bytes(request));
        return await line.answer({ bodiless: request.method === 'HEAD' });
    } finally {
        line.hangUp();
    }
}

function plain(html) {
    return html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ').trim();
}

const NAMED = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' };

function unescape(html) {
    return html.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (written, tens, hex, name) => (name ? NAMED[name] ?? written : String.fromCodePoint(Number.parseInt(tens ?? hex, tens ? 10 : 16))));
}

/** A person's browser at one origin. */
export class Browser {
    constructor(port, origin) {
        Object.assign(this, { port, origin, cookies: new Map() });
    }

    get cookieLine() {
        return `Cookie: ${[...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')}`;
    }

    async request(address, { method = 'GET', lines = [], body } = {}) {
        const url = new URL(address, this.url ?? this.origin);
        assert.equal(url.origin, this.origin, 'a browser of these tests stays with one origin');
        const own = ['Accept: text/html,application/xhtml+xml', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin', `Origin: ${this.origin}`];
        if (method === 'GET') own.pop();
        if (this.cookies.size > 0) own.push(this.cookieLine);
        const answer = await ask(this.port, { method, path: url.pathname + url.search, host: url.host, lines: [...own, ...lines], body });
        for (const cookie of answer.all('set-cookie')) {
            const [pair, ...attributes] = cookie.split(/;\s*/);
            const name = pair.slice(0, pair.indexOf('='));
            const value = pair.slice(name.length + 1);
            if (attributes.some((attribute) => /^max-age=0$/i.test(attribute)) || value === '') this.cookies.delete(name);
            else this.cookies.set(name, value);
        }
        this.url = url.href;
        return answer;
    }

    /** Goes to an address and on to wherever that leads; the addresses on the way are in `this.way`. */
    async visit(address, how) {
        let answer = await this.request(address, how);
        this.way = [this.url];
        while ([301, 302, 303, 307].includes(answer.status)) {
            assert.ok(this.way.length < 12, `an endless way: ${this.way.join(' → ')}`);
            answer = await this.request(answer.header('location'));
            this.way.push(this.url);
        }
        return answer;
    }

    /** Sends the form of a page that leads to an address, with what a person types. */
    async send(page, address, typed) {
        const form = page.body.split('<form ').find((part) => part.includes(`action="${address}"`));
        assert.ok(form, `no form to ${address} on ${this.url} (${page.status}): ${plain(page.body)}`);
        const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, unescape(value)]);
        const body = new URLSearchParams([...hidden, ...Object.entries(typed)]).toString();
        return this.visit(address, { method: 'POST', lines: ['Content-Type: application/x-www-form-urlencoded'], body });
    }

    /** Follows the link of a page whose words or address hold `words`. */
    async follow(page, words) {
        const links = [...page.body.matchAll(/<a\s[^>]*?href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/g)];
        const link = links.find(([, href, text]) => plain(text).includes(words) || unescape(href).includes(words));
        assert.ok(link, `no link “${words}” on ${this.url} (${page.status}): ${plain(page.body)}`);
        return this.visit(unescape(link[1]));
    }
}
