#!/usr/bin/env node
// What a login and a check of a session cost, beside libraries that do the same: CPU and memory of each process, all in one run, round by round.
//
//   node benches/peers.mjs target/release/portaria [ROUNDS [LOGINS]]
//
// Auth.js, Passport and express-openid-connect come from `target/tests/apps`, where `tests/run` installs them; those that are not there are left out. All have one provider,
// in this process, that answers at once. 16 logins run at once, each in a browser of its own: the redirect to the provider, the callback with its two calls,
// and the session. A check is one request that asks who the cookie belongs to, of 64 sessions in turn.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser, measure, median, memory, send, startProvider, until, writeBrokerFiles } from './driver.mjs';

const [bin, rounds = 5, logins = 1000] = process.argv.slice(2);
if (!bin) {
  console.error('usage: node benches/peers.mjs PATH-OF-PORTARIA [ROUNDS [LOGINS]]');
  process.exit(2);
}
const here = fileURLToPath(new URL('.', import.meta.url));
const apps = resolve(process.env.PORTARIA_TEST_PACKAGES ?? join(here, '../target/tests'), 'apps');
const folder = mkdtempSync(join(tmpdir(), 'portaria-peers-'));
const programs = join(apps, 'bench');
const provider = await startProvider(9520);
const node = (file) => ({ needs: join(apps, 'node_modules'), command: process.execPath, arguments: [join(programs, file)] });

// Where each begins a login, where it ends, and who says to whom a session belongs.
const login = (path, done, how) => async (browser) => browser.follow(`${browser.origin}${path}`, `${browser.origin}${done}`, how && await how(browser));
const peers = {
  portaria: {
    command: resolve(bin), arguments: ['serve', '--config', join(folder, 'portaria.yaml')], ready: '/health/ready', check: '/auth', header: 'x-auth-email',
    login: login('/login/bench?return_to=http://127.0.0.1:9521/providers', '/providers'),
  },
  'Auth.js': {
    ...node('authjs.mjs'), check: '/check', header: 'x-user',
    login: login('/auth/signin/bench', '/done', async (browser) => {
      const { csrfToken } = JSON.parse((await browser.open(`${browser.origin}/auth/csrf`)).text);
      return { method: 'POST', form: { csrfToken, callbackUrl: `${browser.origin}/done` } };
    }),
  },
  Passport: { ...node('passport.mjs'), check: '/check', header: 'x-user', login: login('/login', '/done') },
  'express-openid-connect': { ...node('express-openid-connect.mjs'), check: '/check', header: 'x-user', login: login('/login', '/done') },
};

writeBrokerFiles(folder, provider.address, 'http://127.0.0.1:9521');
const secrets = { BENCH_CLIENT_SECRET: randomBytes(18).toString('hex'), PORTARIA_MASTER_KEY: randomBytes(32).toString('hex'), SECRET: randomBytes(32).toString('hex') };
const running = [];
try {
  if (existsSync(apps)) {
    mkdirSync(programs, { recursive: true });
    for (const file of ['authjs.mjs', 'passport.mjs', 'express-openid-connect.mjs']) copyFileSync(join(here, 'peers', file), join(programs, file));
  }
  let port = 9521;
  for (const [name, peer] of Object.entries(peers)) {
    if (peer.needs && !existsSync(peer.needs)) {
      console.log(`left out: ${name}, because ${peer.needs} is not there; tests/run installs it`);
      continue;
    }
    const origin = `http://127.0.0.1:${port}`;
    const env = { ...process.env, ...secrets, NODE_ENV: 'production', PORT: port, PROVIDER: provider.address };
    const child = spawn(peer.command, peer.arguments, { env, stdio: 'ignore' });
    running.push({ name, ...peer, origin, child, rows: [] });
    await until(() => send(`${origin}${peer.ready ?? '/ready'}`).then(({ status }) => status === 200, () => false), name);
    port++;
  }
  for (const peer of running) {
    const { pid } = peer.child;
    const enter = () => peer.login(new Browser(peer.origin));
    await measure(pid, enter, Number(logins) / 5);
    peer.browsers = await Promise.all(Array.from({ length: 64 }, async () => {
      const browser = new Browser(peer.origin);
      await peer.login(browser);
      return browser;
    }));
    let turn = 0;
    peer.measure = async () => {
      const [cpu, time] = await measure(pid, enter, Number(logins));
      const check = async () => {
        const answer = await peer.browsers[turn++ % 64].open(`${peer.origin}${peer.check}`);
        if (answer.status !== 200 || !answer.headers[peer.header]?.includes('clientes.example')) throw new Error(`${peer.name}: ${answer.status} ${answer.text}`);
      };
      const [checkCpu] = await measure(pid, check, 5 * logins);
      peer.rows.push({ cpu, time, checkCpu, memory: memory(pid) });
    };
  }
  for (let round = 0; round < rounds; round++) for (const peer of running) await peer.measure();
  console.log('                          login: CPU ms  : portaria  check: CPU ms  : portaria  memory MiB');
  const [ours] = running;
  const ratio = (peer, what) => median(peer.rows.map((row, round) => row[what] / ours.rows[round][what])).toFixed(1);
  for (const peer of running) {
    const shown = (what, digits) => median(peer.rows.map((row) => row[what])).toFixed(digits);
    console.log(peer.name.padEnd(24), shown('cpu', 2).padStart(15), ratio(peer, 'cpu').padStart(11), shown('checkCpu', 3).padStart(14), ratio(peer, 'checkCpu').padStart(11), shown('memory', 0).padStart(11));
  }
} finally {
  for (const { child } of running) {
    child.kill();
    await new Promise((ended) => { child.exitCode === null ? child.once('exit', ended) : ended(); });
  }
  provider.stop();
  rmSync(folder, { recursive: true });
  rmSync(programs, { recursive: true, force: true });
}
