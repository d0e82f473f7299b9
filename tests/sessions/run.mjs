// The programs of docs/sessions.md, run as they stand on the page against a real broker: `node tests/sessions/run.mjs`. PORTARIA_BIN is the
// broker's binary, PORTARIA_TEST_PACKAGES the folder of the installed packages; tests/run installs and builds them.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http, { createServer } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Browser } from '../apps/browser.mjs';
import { issuerOfThePage, replaced, sectionsOf } from '../apps/document.mjs';
import { checkout, installed } from '../browser/packages.mjs';
import { freePort, start } from '../browser/processes.mjs';

const packages = `${installed}/apps`;
const binary = process.env.PORTARIA_BIN ?? join(process.env.CARGO_TARGET_DIR ?? `${checkout}target`, 'debug/portaria');
const folder = mkdtempSync(join(tmpdir(), 'portaria-sessions-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const [port, shopPort, backPort, proxyPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
const issuer = `http://localhost:${port}`;
const otherStore = `http://127.0.0.1:${port}`;
const back = `http://127.0.0.1:${backPort}/volta`;
const settings = (session) => `publicUrl: ${issuer}\nlisten: 127.0.0.1:${port}\nhandOver: [ "${back}" ]\nlimits: off\nsession: ${session}\nstores: { outra: { publicUrl: "${otherStore}" } }\n`;
const portaria = join(folder, 'portaria.yaml');

// How each program is run: what to build first, and the command. `asks` says that it verifies nothing itself, so it never accepts a token whose
// session has ended, and leaves to the broker for which pages a token is.
const programs = {
  Node: { command: ['node', 'check.mjs'], prepare: (home) => symlinkSync(`${packages}/node_modules`, join(home, 'node_modules')) },
  Python: { command: [`${packages}/python/bin/python`, 'check.py'] },
  Ruby: { command: ['ruby', 'check.rb'], needs: ['ruby', '-e', 'require "jwt"'] },
  PHP: { command: ['php', 'check.php'], needs: ['php', '--version'], asks: true },
  Java: { command: ['java', 'Check'], build: ['javac', 'Check.java'], needs: ['javac', '-version'], asks: true },
  Go: { command: ['./check'], build: ['go', 'build', '-o', 'check', 'main.go'], needs: ['go', 'version'], asks: true },
};
const sections = await sectionsOf('docs/sessions.md');
const isThere = ([program, ...words]) => spawnSync(program, words).status === 0;
const env = { ...process.env, GO111MODULE: 'off', GOCACHE: join(folder, 'go-build'), GOFLAGS: '' };

const shop = createServer((request, response) => response.end(JSON.stringify({ uid: request.headers['x-auth-uid'] ?? null, email: request.headers['x-auth-email'] ?? null })));
const landing = createServer((request, response) => response.end('volta'));
mkdirSync(join(folder, 'providers.d'));
writeFileSync(join(folder, 'providers.d/playground.yaml'), readFileSync(`${checkout}providers.d/playground.yaml`));
writeFileSync(portaria, settings('{ lifetime: 2s, idle: 2s }'));
await Promise.all([[shop, shopPort], [landing, backPort]].map(([server, at]) => new Promise((up) => { server.listen(at, '127.0.0.1', up); })));
const broker = await start('portaria', binary, ['serve'], { cwd: folder, ready: `http://127.0.0.1:${port}/health/ready` });
after(async () => {
  await broker.stop();
  for (const server of [shop, landing]) {
    server.close();
    server.closeAllConnections();
  }
});

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
const pause = (time) => new Promise((go) => { setTimeout(go, time); });

// A person signs in and returns to a page on another site: the token that its server gets, and the browser.
async function signIn() {
  const browser = new Browser();
  const verifier = randomBytes(40).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const chooser = await browser.visit(`${issuer}/login/playground?return_to=${encodeURIComponent(`${back}?portaria_challenge=${challenge}`)}`);
  const landed = await browser.follow(chooser, /[?&]who=ana(&|$)/);
  const code = new URL(landed.url).searchParams.get('portaria_code');
  const answer = await fetch(`${issuer}/session/redeem`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code, verifier }) });
  assert.equal(answer.status, 200, `${landed}`);
  const { token } = await answer.json();
  return { token, browser, uid: claimsOf(token).uid };
}

// The token of the broker's own cookie.
async function cookieOf(origin) {
  let cookie;
  let address = `${origin}/login/playground`;
  let cookies = '';
  for (let step = 0; step < 12 && !cookie; step += 1) {
    const answer = await new Promise((resolve, reject) => { http.get(address, { headers: { cookie: cookies, accept: 'text/html' } }, resolve).on('error', reject); });
    let body = '';
    for await (const part of answer.setEncoding('utf8')) body += part;
    for (const line of answer.headers['set-cookie'] ?? []) {
      cookies += `${line.split(';')[0]}; `;
      if (line.startsWith('portaria=')) cookie = line.slice('portaria='.length).split(';')[0];
    }
    const link = body.match(/href="([^"]*[?&][^"]*who=ana[^"]*)"/)?.[1].replaceAll(/&(amp|#38);/g, '&');
    address = new URL(answer.headers.location ?? link ?? address, address).href;
  }
  assert.ok(cookie, `no session at ${origin}`);
  return cookie;
}

// The same claims, signed by another key under the same name, or not at all.
function forged(token) {
  const [header, claims] = token.split('.');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signature = sign('sha256', Buffer.from(`${header}.${claims}`), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const none = Buffer.from(JSON.stringify({ typ: 'JWT', alg: 'none' })).toString('base64url');
  return [`${header}.${claims}.${signature}`, `${none}.${claims}.`, 'x.y.z'];
}

async function withLongSessions() {
  writeFileSync(portaria, settings('{ lifetime: 12h }'));
  for (const late = Date.now() + 30_000; ; await pause(100)) {
    const signedIn = await signIn();
    const { exp, iat } = claimsOf(signedIn.token);
    if (exp - iat > 60) return signedIn;
    assert.ok(Date.now() < late, 'the settings are not read again');
  }
}

const tokens = {};
const { token: short } = await signIn();
tokens.valid = await withLongSessions();
tokens.left = await signIn();
await tokens.left.browser.visit(`${issuer}/logout`, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin', origin: issuer } });
tokens.refused = [short, await cookieOf(otherStore), ...forged(tokens.valid.token)];
tokens.broker = await cookieOf(issuer);
while (Date.now() / 1000 < claimsOf(short).exp + 1) await pause(100);

test('every section of the page with a program is one that is tested', () => {
  const shown = [...sections].filter(([, files]) => Object.keys(files).length > 0).map(([section]) => section);
  assert.deepEqual(shown, [...Object.keys(programs), 'nginx']);
});

test('every program is one that a person reads at a glance', () => {
  for (const [section, files] of sections) {
    for (const [file, text] of Object.entries(files)) assert.ok(text.split('\n').length <= 40, `${section}: ${file} has ${text.split('\n').length} lines`);
  }
});

test('the claims that the page lists are those of a token', () => {
  const listed = [...sectionOf('What the token holds').matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, claim]) => claim);
  assert.deepEqual(listed.toSorted(), Object.keys(claimsOf(tokens.valid.token)).toSorted());
});

function sectionOf(title) {
  const page = readFileSync(`${checkout}docs/sessions.md`, 'utf8');
  return page.split(/^## /m).find((section) => section.startsWith(`${title}\n`));
}

for (const [section, { command, prepare, build, needs, asks }] of Object.entries(programs)) {
  const missing = needs && !isThere(needs);
  test(`${section} knows who is signed in, and who is no more`, { skip: missing && !process.env.CI ? `${needs[0]} is missing` : false, timeout: 120_000 }, async () => {
    assert.ok(!missing, `${needs?.[0]} is missing`);
    const home = join(folder, section);
    mkdirSync(home);
    for (const [file, text] of Object.entries(sections.get(section))) writeFileSync(join(home, file), replaced(text, { [issuerOfThePage]: issuer }));
    prepare?.(home);
    if (build) await run(build, home, '');
    const { valid, left, refused, broker: ownCookie } = tokens;
    const given = [valid.token, left.token, ...refused, ...(asks ? [] : [ownCookie])];

    const printed = await run(command, home, given.map((token) => `${token}\n`).join(''));

    const ended = asks ? 'refused' : `${left.uid} has ended`;
    assert.deepEqual(printed.trim().split('\n'), [`${valid.uid} goes on`, ended, ...given.slice(2).map(() => 'refused')]);
  });
}

function run([program, ...words], cwd, input) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, words, { cwd, env }, (error, stdout, stderr) => (error ? reject(new Error(`${error.message}\n${stdout}${stderr}`)) : resolve(stdout)));
    child.stdin.end(input);
  });
}

const nginx = ['nginx', '/usr/sbin/nginx'].find((program) => isThere([program, '-v']));
describe('nginx', { skip: nginx || process.env.CI ? false : 'nginx is missing' }, () => {
  let proxy;
  before(async () => {
    assert.ok(nginx, 'nginx is missing');
    const places = { '127.0.0.1:8080': `127.0.0.1:${port}`, '127.0.0.1:8081': `127.0.0.1:${proxyPort}`, '127.0.0.1:8090': `127.0.0.1:${shopPort}`, 'login.loja.example': `localhost:${port}` };
    const home = join(folder, 'nginx');
    mkdirSync(home);
    writeFileSync(join(home, 'shop.conf'), replaced(sections.get('nginx')['shop.conf'], places));
    const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${home}/${kind};`).join(' ');
    const user = process.getuid() === 0 ? `user ${userInfo().username};` : '';
    writeFileSync(join(home, 'nginx.conf'), `daemon off; pid ${home}/nginx.pid; ${user} events { } http { access_log off; ${scratch} include ${home}/shop.conf; }`);
    proxy = await start('nginx', nginx, ['-p', home, '-e', 'stderr', '-c', 'nginx.conf'], { ready: `http://127.0.0.1:${proxyPort}/`, isReady: ({ status }) => status === 401 });
  }, { timeout: 60_000 });
  after(() => proxy?.stop());

  const visit = (token) => fetch(`http://127.0.0.1:${proxyPort}/`, { headers: { 'x-auth-uid': 'forged', 'x-auth-email': 'forged', ...(token && { cookie: `portaria=${token}` }) } });

  test('passes on who is signed in, and nothing that a visitor writes', async () => {
    const answer = await visit(tokens.valid.token);

    assert.deepEqual([answer.status, await answer.json()], [200, { uid: tokens.valid.uid, email: 'ana@loja.example' }]);
  });

  test('lets no one else through', async () => {
    for (const token of [undefined, tokens.left.token, ...tokens.refused]) assert.equal((await visit(token)).status, 401, token);
  });
});

test('every block of JavaScript and TOML of the documents can be read', async () => {
  const pages = ['docs', 'docs/pt-BR'].flatMap((place) => readdirSync(checkout + place).filter((name) => name.endsWith('.md')).map((name) => `${place}/${name}`));
  let found = 0;
  for (const page of pages) {
    const blocks = readFileSync(checkout + page, 'utf8').matchAll(/^```(js|toml)\b.*\n([\s\S]*?)^```$/gm);
    for (const [, language, text] of blocks) {
      const file = join(folder, language === 'js' ? 'block.mjs' : 'block.toml');
      writeFileSync(file, text);
      const check = language === 'js' ? ['node', '--check', file] : ['python3', '-c', 'import sys, tomllib; tomllib.load(open(sys.argv[1], "rb"))', file];
      await run(check, folder, '').catch((error) => assert.fail(`${page}: ${error.message}`));
      found += 1;
    }
  }
  assert.ok(found > 10, `${found} blocks`);
});

test('the site of the documents is built, and every link of it leads somewhere', async () => {
  await run(['node', 'docs/site.mjs'], checkout, '');

  const site = join(checkout, 'target/site');
  const pages = readdirSync(site, { recursive: true }).filter((name) => name.endsWith('.html'));
  let found = 0;
  for (const page of pages) {
    const text = readFileSync(join(site, page), 'utf8');
    assert.doesNotMatch(text.replaceAll(/<pre[\s\S]*?<\/pre>|<code>.*?<\/code>/g, ''), /\0|\*\*|\]\(/, `${page} has a mark that is not shown`);
    for (const [, link] of text.matchAll(/(?:href|src)="([^"]*)"/g)) {
      if (/^(https?|mailto):/.test(link)) continue;
      const [path, place] = link.split('#');
      const target = path ? join(site, dirname(page), path) : join(site, page);
      assert.ok(existsSync(target) && (!place || readFileSync(target, 'utf8').includes(`id="${place}"`)), `${page} links ${link}`);
      found += 1;
    }
  }
  assert.ok(pages.length > 25 && found > 300, `${pages.length} pages, ${found} links`);
});
