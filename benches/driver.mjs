// What the measurements share: a provider that answers at once, browsers that follow redirects, and the CPU of processes.
import { createSign, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

export const atOnce = 16;
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 * atOnce });

export function send(address, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(address, { agent, method, headers }, async (response) => {
      let text = '';
      for await (const part of response) text += part;
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    request.on('error', reject).end(body);
  });
}

/** A browser that keeps the cookies of one origin. */
export class Browser {
  cookies = new Map();

  constructor(origin) { this.origin = origin; }

  async open(address, { method = 'GET', form } = {}) {
    const ours = address.startsWith(`${this.origin}/`);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(ours && cookie && { cookie }), ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) };
    const answer = await send(address, { method, headers, body: form && new URLSearchParams(form).toString() });
    for (const line of (ours && answer.headers['set-cookie']) || []) {
      const [, name, value] = line.match(/^([^=]*)=([^;]*)/);
      if (/Max-Age=0(;|$)/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** Follows redirects until one leads to `end`, and returns that address. */
  async follow(start, end, how) {
    let answer = await this.open(start, how);
    for (let hops = 0, address = start; hops < 8; hops++) {
      if (!answer.headers.location) throw new Error(`${answer.status} at ${address}: ${answer.text.slice(0, 300)}`);
      address = new URL(answer.headers.location, address).href;
      if (address.startsWith(end)) return address;
      answer = await this.open(address);
    }
    throw new Error(`${start} leads in a circle`);
  }
}

/** A provider with a thousand people that answers at once; it signs an ID token where `openid` is asked for. */
export async function startProvider(port) {
  const address = `http://127.0.0.1:${port}`;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const text = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const idToken = (sub, { nonce, client }) => {
    const now = Math.floor(Date.now() / 1000);
    const signed = `${text({ alg: 'RS256', kid: 'k', typ: 'JWT' })}.${text({ iss: address, aud: client, sub, iat: now, exp: now + 600, ...(nonce && { nonce }) })}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  };
  let people = 0;
  const pages = {
    '/.well-known/openid-configuration': () => ({
      json: {
        issuer: address, authorization_endpoint: `${address}/authorize`, token_endpoint: `${address}/token`, userinfo_endpoint: `${address}/userinfo`, jwks_uri: `${address}/jwks`,
        response_types_supported: ['code'], response_modes_supported: ['query'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'], code_challenge_methods_supported: ['S256'],
      },
    }),
    '/jwks': () => ({ json: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' }] } }),
    '/authorize': (query) => {
      const asked = (query.get('scope') ?? '').split(' ').includes('openid') && { nonce: query.get('nonce'), client: query.get('client_id') };
      const code = text({ sub: `u${people++ % 1000}`, asked });
      return { location: `${query.get('redirect_uri')}?${new URLSearchParams({ code, state: query.get('state') ?? '' })}` };
    },
    '/token': (form) => {
      const { sub, asked } = JSON.parse(Buffer.from(form.get('code'), 'base64url'));
      return { json: { access_token: sub, token_type: 'Bearer', expires_in: 3600, ...(asked && { id_token: idToken(sub, asked) }) } };
    },
    '/userinfo': (_, token) => ({ json: { sub: token, email: `${token}@clientes.example`, email_verified: true, name: `User ${token}` } }),
  };
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, address);
    let body = '';
    for await (const part of request) body += part;
    const page = pages[url.pathname];
    if (!page) return void response.writeHead(404).end();
    const { location, json } = page(request.method === 'POST' ? new URLSearchParams(body) : url.searchParams, request.headers.authorization?.split(' ')[1]);
    response.writeHead(location ? 302 : 200, location ? { location } : { 'content-type': 'application/json' }).end(json && JSON.stringify(json));
  });
  await new Promise((ready) => { server.listen(port, '127.0.0.1', ready); });
  return { address, stop: () => { server.close(); server.closeAllConnections(); agent.destroy(); } };
}

/** The files of a broker in a folder, with the provider and SQLite; `further` settings stand at the end. */
export function writeBrokerFiles(folder, provider, store, further = '') {
  mkdirSync(join(folder, 'providers.d'));
  writeFileSync(join(folder, 'providers.d', 'bench.yaml'), `name: Bench
clientId: c
clientSecret: env:BENCH_CLIENT_SECRET
trustEmail: always
getAuthorizationCode: { get: ${provider}/authorize, scope: email }
getAccessCode: { post: ${provider}/token }
getUserInfo: { get: ${provider}/userinfo }
`);
  writeFileSync(join(folder, 'portaria.yaml'), `publicUrl: ${store}
listen: ${new URL(store).host}
storage: sqlite:${folder}/portaria.db
providers: ${folder}/providers.d
returnTo: [ ${store} ]
limits: off
${further}`);
}

/** Waits until `isReady` answers yes. */
export async function until(isReady, what) {
  for (let tries = 0; !(await isReady()); tries++) {
    if (tries > 200) throw new Error(`${what} is not ready`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

function family(pid) {
  const parents = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try { return [[Number(name), Number(readFileSync(`/proc/${name}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')[1])]]; } catch { return []; }
  });
  const found = [pid];
  for (const parent of found) found.push(...parents.filter(([, of]) => of === parent).map(([child]) => child));
  return found;
}

// User and system time of a process and its children, in ticks of 10 ms.
const ticks = (pid) => family(pid).map((one) => readFileSync(`/proc/${one}/stat`, 'utf8').replace(/.*\) /s, '').split(' ').slice(11, 13).reduce((sum, text) => sum + Number(text), 0))
  .reduce((sum, one) => sum + one, 0);

/** MiB of memory that a process and its children hold; a page that several processes share counts for each by its part. */
export const memory = (pid) => family(pid).map((one) => Number(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8').match(/^Pss:\s+(\d+)/m)[1])).reduce((sum, one) => sum + one, 0) / 1024;

/** Milliseconds of CPU, and of time, for each of `many` runs of `work`, 16 at once. */
export async function measure(pid, work, many) {
  const [before, began] = [ticks(pid), performance.now()];
  let left = many;
  await Promise.all(Array.from({ length: atOnce }, async () => { while (left-- > 0) await work(); }));
  return [(ticks(pid) - before) * 10 / many, (performance.now() - began) / many];
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
