// A person's browser without a window: it keeps cookies, follows redirects, presses links and buttons, and goes to this machine only. Each host and
// port has cookies of its own here, as the hosts of a real installation have.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';

const named = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' };

export function unescaped(html) {
  return html.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (written, tens, hex, name) => (
    name ? named[name] ?? written : String.fromCodePoint(Number.parseInt(tens ?? hex, tens ? 10 : 16))
  ));
}

const plain = (html) => unescaped(html.replaceAll(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ').trim());

const attribute = (tag, name) => {
  const found = tag.match(new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i'));
  return found ? unescaped(found[1] ?? found[2] ?? found[3]) : undefined;
};

class Page {
  constructor(url, { status, headers, body }, way) {
    Object.assign(this, { url, status, headers, body, way, text: plain(body) });
  }

  links() {
    return [...this.body.matchAll(/<a\s[^>]*>/gi)].map(([tag]) => attribute(tag, 'href')).filter(Boolean).map((href) => new URL(href, this.url).href);
  }

  forms() {
    return [...this.body.matchAll(/(<form\b[^>]*>)([\s\S]*?)<\/form>/gi)].map(([, head, inside]) => ({
      method: (attribute(head, 'method') ?? 'get').toLowerCase(),
      action: new URL(attribute(head, 'action') ?? '', this.url).href,
      fields: [...inside.matchAll(/<input\b[^>]*>/gi)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value') ?? '']).filter(([name]) => name),
    }));
  }

  toString() {
    return `${this.url} (${this.status}, by ${this.way.join(' → ')}): ${this.text.slice(0, 1500)}`;
  }
}

export class Browser {
  #authority;
  #jar = new Map();

  constructor(authority) {
    this.#authority = authority;
  }

  #cookies(url) {
    const path = (cookie) => url.pathname === cookie.path || url.pathname.startsWith(cookie.path.replace(/\/?$/, '/'));
    return [...this.#jar.values()].filter((cookie) => cookie.host === url.host && path(cookie) && (!cookie.secure || url.protocol === 'https:'));
  }

  #keep(url, lines) {
    for (const line of lines) {
      const [pair, ...rest] = line.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf('='));
      const attributes = new Map(rest.map((one) => [one.split('=')[0].toLowerCase(), one.slice(one.indexOf('=') + 1)]));
      const path = attributes.get('path')?.startsWith('/') ? attributes.get('path') : '/';
      const key = `${url.host} ${path} ${name}`;
      const over = attributes.has('max-age') ? Number(attributes.get('max-age')) <= 0 : Date.parse(attributes.get('expires')) <= Date.now();
      if (over) this.#jar.delete(key);
      else this.#jar.set(key, { name, value: pair.slice(name.length + 1), host: url.host, path, secure: attributes.has('secure') });
    }
  }

  async #request(url, { method = 'GET', form, headers = {} } = {}) {
    assert.ok(['localhost', '127.0.0.1'].includes(url.hostname), `a browser of these tests stays on this machine: ${url}`);
    const body = form && new URLSearchParams(form).toString();
    const sent = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'accept-language': 'en', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', ...headers };
    if (body !== undefined) Object.assign(sent, { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) });
    const cookies = this.#cookies(url);
    if (cookies.length) sent.cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const answer = await new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? https : http).request(url, { method, headers: sent, ca: this.#authority, agent: false, timeout: 20_000 }, resolve);
      request.on('timeout', () => request.destroy(new Error(`no answer from ${url}`))).on('error', reject).end(body);
    });
    let text = '';
    for await (const part of answer.setEncoding('utf8')) text += part;
    this.#keep(url, answer.headers['set-cookie'] ?? []);
    return { status: answer.statusCode, headers: answer.headers, body: text };
  }

  // Goes to an address and on to wherever it leads.
  async visit(address, how) {
    let url = new URL(address);
    const way = [`${how?.method ?? 'GET'} ${url.href}`];
    let answer = await this.#request(url, how);
    for (;;) {
      assert.ok(way.length < 25, `an endless way: ${way.join(' → ')}`);
      const from = url;
      if ([301, 302, 303, 307, 308].includes(answer.status)) {
        url = new URL(answer.headers.location, url);
        way.push(url.href);
        answer = await this.#request(url, { headers: { 'sec-fetch-site': url.host === from.host ? 'same-origin' : 'cross-site' } });
        continue;
      }
      return new Page(url.href, answer, way);
    }
  }

  follow(page, wanted) {
    const link = page.links().find((href) => wanted.test(href));
    assert.ok(link, `no link ${wanted} on ${page}`);
    return this.visit(link, { headers: { 'sec-fetch-site': new URL(link).host === new URL(page.url).host ? 'same-origin' : 'cross-site' } });
  }

  submit(page, wanted) {
    const form = page.forms().find(({ action }) => wanted.test(action));
    assert.ok(form, `no form to ${wanted} on ${page}`);
    const site = new URL(form.action).host === new URL(page.url).host ? 'same-origin' : 'cross-site';
    const headers = { 'sec-fetch-site': site, ...(form.method === 'post' && { origin: new URL(page.url).origin }) };
    if (form.method === 'post') return this.visit(form.action, { method: 'POST', form: form.fields, headers });
    const address = new URL(form.action);
    for (const [name, value] of form.fields) address.searchParams.set(name, value);
    return this.visit(address, { headers });
  }

  async json(address, how) {
    const page = await this.visit(address, { ...how, headers: { accept: 'application/json', ...how?.headers } });
    try {
      return JSON.parse(page.body);
    } catch {
      throw new Error(`no JSON from ${page}`);
    }
  }
}
