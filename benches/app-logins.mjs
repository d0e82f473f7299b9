#!/usr/bin/env node
// What a login through an app costs beside a plain login: CPU of the broker's process, both in one run, round by round.
//
//   node benches/app-logins.mjs target/release/portaria [ROUNDS [LOGINS]]
//
// Starts the broker with SQLite on loopback and a provider that answers at once, in this process. 16 logins run at once, on kept connections, each in a
// browser of its own. A plain login is `/login/NAME` and the callback; one through an app is `/authorize`, the callback, `/token` and `/userinfo`.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, measure, median, send, startProvider, until, writeBrokerFiles } from './driver.mjs';

const [bin, rounds = 5, logins = 2000] = process.argv.slice(2);
if (!bin) {
  console.error('usage: node benches/app-logins.mjs PATH-OF-PORTARIA [ROUNDS [LOGINS]]');
  process.exit(2);
}
const [store, app] = [9511, 9512].map((port) => `http://127.0.0.1:${port}`);
const secret = randomBytes(18).toString('hex');
const verifier = randomBytes(32).toString('base64url');
const provider = await startProvider(9510);

async function plainLogin() {
  const browser = new Browser(store);
  await browser.follow(`${store}/login/bench?return_to=${store}/providers`, `${store}/providers`);
  if (!browser.cookies.has('portaria')) throw new Error('no session');
}

async function appLogin(name) {
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const request = { client_id: name, redirect_uri: `${app}/cb`, response_type: 'code', scope: 'openid email profile', state: 's', nonce: 'n', code_challenge: challenge, code_challenge_method: 'S256' };
  const address = await new Browser(store).follow(`${store}/authorize?${new URLSearchParams(request)}`, `${app}/cb`);
  const form = { grant_type: 'authorization_code', code: new URL(address).searchParams.get('code'), redirect_uri: `${app}/cb`, code_verifier: verifier };
  const headers = { authorization: `Basic ${btoa(`${name}:${secret}`)}`, 'content-type': 'application/x-www-form-urlencoded' };
  const tokens = JSON.parse((await send(`${store}/token`, { method: 'POST', headers, body: new URLSearchParams(form).toString() })).text);
  const person = JSON.parse((await send(`${store}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })).text);
  if (!tokens.id_token || !person.email) throw new Error(JSON.stringify([tokens, person]));
}

const folder = mkdtempSync(join(tmpdir(), 'app-logins-'));
const block = `secret: "sha256:${createHash('sha256').update(secret).digest('hex')}", redirectUris: [ "${app}/cb" ]`;
writeBrokerFiles(folder, provider.address, store, `apps: { es256: { ${block}, signing: ES256 }, rs256: { ${block} } }\n`);
const environment = { ...process.env, BENCH_CLIENT_SECRET: secret, PORTARIA_MASTER_KEY: randomBytes(32).toString('hex') };
const broker = spawn(bin, ['serve', '--config', join(folder, 'portaria.yaml')], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
try {
  await until(() => send(`${store}/.well-known/jwks.json`).then(({ text }) => text.includes('RS256'), () => false), 'the broker');
  const kinds = { plain: plainLogin, 'app, ES256': () => appLogin('es256'), 'app, RS256': () => appLogin('rs256') };
  for (const login of Object.values(kinds)) await measure(broker.pid, login, logins / 10);
  const rows = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, login] of Object.entries(kinds)) rows[name].push(await measure(broker.pid, login, Number(logins)));
  }
  console.log('per login     CPU ms  time ms  CPU : plain');
  for (const [name, row] of Object.entries(rows)) {
    const ratio = median(row.map(([cpu], round) => cpu / rows.plain[round][0]));
    console.log(name.padEnd(12), median(row.map(([cpu]) => cpu)).toFixed(3).padStart(7), median(row.map(([, time]) => time)).toFixed(3).padStart(8), ratio.toFixed(2).padStart(12));
  }
} finally {
  broker.kill();
  await new Promise((ended) => { broker.once('exit', ended); });
  provider.stop();
  rmSync(folder, { recursive: true });
}
