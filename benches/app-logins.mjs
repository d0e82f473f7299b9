#!/usr/bin/env node
// What a login through an app costs beside a plain login: CPU of the broker's process, both in one run, round by round.
//
//   node benches/app-logins.mjs target/release/portaria [ROUNDS [LOGINS]]
//
// Starts the broker with SQLite on loopback and a provider that answers at once, in this process. 16 logins run at once, on kept connections, each in a
// browser of its own. A plain login is `/login/NAME` and the callback; one through an app is `/authorize`, the callback, `/token` and `/userinfo`.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [bin, rounds = 5, logins = 2000] = process.argv.slice(2);
if (!bin) {
  console.error('usage: node benches/app-logins.mjs PATH-OF-PORTARIA [ROUNDS [LOGINS]]');
  process.exit(2);
}
const atOnce = 16;
const [provider, store, app] = [9510, 9511, 9512].map((port) => `http://127.0.0.1:${port}`);
const secret = randomBytes(18).toString('hex');
const verifier = randomBytes(32).toString('base64url');
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 * atOnce });

let people = 0;
const answers = {
  '/authorize': (query) => ({ location: `${query.get('redirect_uri')}?${new URLSearchParams({ code: `u${people++ % 1000}`, state: query.get('state') })}` }),
  '/token': (form) => ({ json: { access_token: form.get('code'), token_type: 'Bearer', expires_in: 3600 } }),
  '/userinfo': (_, token) => ({ json: { sub: token, email: `user${token}@clientes.example`, name: `User ${token}` } }),
};
const upstream = http.createServer(async (request, response) => {
  const url = new URL(request.url, provider);
  let body = '';
  for await (const part of request) body += part;
  const { location, json } = answers[url.pathname](request.method === 'POST' ? new URLSearchParams(body) : url.searchParams, request.headers.authorization?.split(' ')[1]);
  response.writeHead(location ? 302 : 200, location ? { location } : { 'content-type': 'application/json' }).end(json && JSON.stringify(json));
});

function send(address, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(address, { agent, method, headers }, async (response) => {
      let text = '';
      for await (const part of response) text += part;
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    request.on('error', reject).end(body);
  });
}

// Follows the redirects of a new browser until one leads to `end`.
async function browse(start, end) {
  const cookies = new Map();
  for (let address = start, hops = 0; hops < 8; hops++) {
    const ours = address.startsWith(store);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(address, { headers: ours && cookie ? { cookie } : {} });
    for (const line of (ours && answer.headers['set-cookie']) || []) {
      const [, name, value] = line.match(/^([^=]*)=([^;]*)/);
      if (/Max-Age=0(;|$)/.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    if (!answer.headers.location) throw new Error(`${answer.status} at ${address}: ${answer.text.slice(0, 300)}`);
    address = new URL(answer.headers.location, address).href;
    if (address.startsWith(end)) return { address, cookies };
  }
  throw new Error(`${start} leads in a circle`);
}

async function plainLogin() {
  const { cookies } = await browse(`${store}/login/bench?return_to=${store}/providers`, `${store}/providers`);
  if (!cookies.has('portaria')) throw new Error('no session');
}

async function appLogin(name) {
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const request = { client_id: name, redirect_uri: `${app}/cb`, response_type: 'code', scope: 'openid email profile', state: 's', nonce: 'n', code_challenge: challenge, code_challenge_method: 'S256' };
  const { address } = await browse(`${store}/authorize?${new URLSearchParams(request)}`, `${app}/cb`);
  const form = { grant_type: 'authorization_code', code: new URL(address).searchParams.get('code'), redirect_uri: `${app}/cb`, code_verifier: verifier };
  const headers = { authorization: `Basic ${btoa(`${name}:${secret}`)}`, 'content-type': 'application/x-www-form-urlencoded' };
  const tokens = JSON.parse((await send(`${store}/token`, { method: 'POST', headers, body: new URLSearchParams(form).toString() })).text);
  const person = JSON.parse((await send(`${store}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })).text);
  if (!tokens.id_token || !person.email) throw new Error(JSON.stringify([tokens, person]));
}

// User and system time of a process, in ticks of 10 ms.
const ticks = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ').slice(11, 13).reduce((sum, text) => sum + Number(text), 0);

// Milliseconds of the broker's CPU, and of time, for one login.
async function measure(pid, login, many) {
  const [before, began] = [ticks(pid), performance.now()];
  let left = many;
  await Promise.all(Array.from({ length: atOnce }, async () => { while (left-- > 0) await login(); }));
  return [(ticks(pid) - before) * 10 / many, (performance.now() - began) / many];
}

const folder = mkdtempSync(join(tmpdir(), 'app-logins-'));
mkdirSync(join(folder, 'providers.d'));
writeFileSync(join(folder, 'providers.d', 'bench.yaml'), `name: Bench
clientId: c
clientSecret: env:BENCH_CLIENT_SECRET
trustEmail: always
getAuthorizationCode: { get: ${provider}/authorize, scope: email }
getAccessCode: { post: ${provider}/token }
getUserInfo: { get: ${provider}/userinfo }
`);
const block = `secret: "sha256:${createHash('sha256').update(secret).digest('hex')}", redirectUris: [ "${app}/cb" ]`;
writeFileSync(join(folder, 'portaria.yaml'), `publicUrl: ${store}
listen: ${new URL(store).host}
storage: sqlite:${folder}/portaria.db
providers: ${folder}/providers.d
returnTo: [ ${store} ]
limits: off
apps: { es256: { ${block}, signing: ES256 }, rs256: { ${block} } }
`);
await new Promise((ready) => upstream.listen(new URL(provider).port, '127.0.0.1', ready));
const environment = { ...process.env, BENCH_CLIENT_SECRET: secret, PORTARIA_MASTER_KEY: randomBytes(32).toString('hex') };
const broker = spawn(bin, ['serve', '--config', join(folder, 'portaria.yaml')], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
try {
  const isReady = () => send(`${store}/.well-known/jwks.json`).then(({ text }) => text.includes('RS256'), () => false);
  for (let tries = 0; !(await isReady()); tries++) {
    if (tries > 200) throw new Error('the broker is not ready');
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  const kinds = { plain: plainLogin, 'app, ES256': () => appLogin('es256'), 'app, RS256': () => appLogin('rs256') };
  for (const login of Object.values(kinds)) await measure(broker.pid, login, logins / 10);
  const rows = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, login] of Object.entries(kinds)) rows[name].push(await measure(broker.pid, login, Number(logins)));
  }
  const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
  console.log('per login     CPU ms  time ms  CPU : plain');
  for (const [name, row] of Object.entries(rows)) {
    const ratio = median(row.map(([cpu], round) => cpu / rows.plain[round][0]));
    console.log(name.padEnd(12), median(row.map(([cpu]) => cpu)).toFixed(3).padStart(7), median(row.map(([, time]) => time)).toFixed(3).padStart(8), ratio.toFixed(2).padStart(12));
  }
} finally {
  broker.kill();
  await new Promise((ended) => { broker.once('exit', ended); });
  upstream.close();
  upstream.closeAllConnections();
  agent.destroy();
  rmSync(folder, { recursive: true });
}
