// What the apps stand in: one broker behind TLS with odd providers, and the programs of docs/apps.md at addresses of their own.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { checkout, installed } from '../browser/packages.mjs';
import { freePort, start } from '../browser/processes.mjs';
import { Browser } from './browser.mjs';
import { entry, issuerOfThePage, replaced, sections, writeProgram } from './document.mjs';

export const packages = `${installed}/apps`;
export const python = `${packages}/python/bin/python`;
const binary = process.env.PORTARIA_BIN ?? join(process.env.CARGO_TARGET_DIR ?? `${checkout}target`, 'debug/portaria');

// Below the packages, so that the programs find them as they would in a project of their own.
const folder = mkdtempSync(`${packages}/run-`);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const secret = () => randomBytes(24).toString('base64url');

// The odd ones: `playground` takes JSON and wraps its answers, `wechat` renames what it is sent, says no with status 200 and has no addresses,
// `kakao` nests what it says.
const first = /[?&]choice=story-1(&|$)/;
export const providers = {
  playground: { press: /[?&]who=ana(&|$)/, name: 'Ana Prova', email: 'ana@loja.example', verified: true },
  wechat: { press: first, name: '诺拉', email: 'o6_q7712nora@wechat.invalid', verified: false },
  kakao: { press: first, name: 'Nora Quist', email: 'nora.quist@example.org', verified: true },
};

const [authorityFile, keyFile] = [`${folder}/authority.pem`, `${folder}/key.pem`];
execFileSync('openssl', [
  'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
  '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'keyUsage=critical,digitalSignature,keyCertSign', '-keyout', keyFile, '-out', authorityFile,
], { stdio: 'ignore' });
const authority = readFileSync(authorityFile);
// Every program here trusts the certificate by the variable that its own language has for that.
const trust = { NODE_EXTRA_CA_CERTS: authorityFile, SSL_CERT_FILE: authorityFile, REQUESTS_CA_BUNDLE: authorityFile };

const [inner, outer] = [await freePort(), await freePort()];
export const issuer = `https://localhost:${outer}`;

const front = https.createServer({ cert: authority, key: readFileSync(keyFile) }, (request, response) => {
  const headers = { ...request.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': request.socket.remoteAddress };
  const on = http.request({ port: inner, host: '127.0.0.1', method: request.method, path: request.url, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  on.on('error', () => response.writeHead(502).end());
  request.pipe(on);
});
await new Promise((up) => { front.listen(outer, '127.0.0.1', up); });

export const certificate = authorityFile;
export const browser = () => new Browser(authority);

// Each section with a block of settings is an app; the app's name is the first label of its host.
export const secrets = {};
export const places = { [issuerOfThePage]: issuer };
const settings = [];
export const titles = {};
for (const section of sections.keys()) {
  if (!sections.get(section)['portaria.yaml']) continue;
  const { text, names } = entry(section);
  settings.push(text);
  titles[names[0]] = text.match(/^ {4}name: (.*)$/m)[1];
  for (const name of names) {
    places[`https://${name}.loja.example`] = `http://127.0.0.1:${await freePort()}`;
    secrets[`${name.toUpperCase()}_SECRET`] = secret();
  }
}
// One app has a key in place of a secret.
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const kid = randomBytes(6).toString('hex');
const asJwk = (key) => ({ ...key.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });
await writeFile(`${folder}/arquivista.jwks.json`, JSON.stringify({ keys: [asJwk(pair.publicKey)] }));
places['https://api.loja.example'] = `http://127.0.0.1:${await freePort()}`;
export const addressOf = (app) => places[`https://${app}.loja.example`];

mkdirSync(`${folder}/providers.d`);
for (const name of Object.keys(providers)) {
  for (const ending of ['yaml', 'examples.yaml']) await copyFile(`${checkout}providers.d/${name}.${ending}`, `${folder}/providers.d/${name}.${ending}`);
}
// A provider that speaks OpenID Connect, for the app that hands in its ID token, and for the one that fetches tokens of it: those of a login
// expire at once, and those of a refresh in an hour. It has an API of its own.
const club = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const clubTokens = { login: secret(), refresh: secret(), refreshed: [] };
export const clubRefreshes = () => clubTokens.refreshed.length;
const clubServer = http.createServer(async (request, response) => {
  const at = `http://127.0.0.1:${clubServer.address().port}`;
  const [path, query] = request.url.split('?');
  let body = '';
  for await (const part of request) body += part;
  const [asked, sent] = [new URLSearchParams(query), new URLSearchParams(body)];
  const say = (status, said) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  if (path === '/a') return response.writeHead(303, { location: `${asked.get('redirect_uri')}?${new URLSearchParams({ code: asked.get('nonce') ?? 'c', state: asked.get('state') })}` }).end();
  if (path === '/keys') return say(200, { keys: [asJwk(club.publicKey)] });
  if (path === '/orders') return say(request.headers.authorization === `Bearer ${clubTokens.refreshed.at(-1)}` ? 200 : 401, { for: 'ana' });
  if (path === '/t' && sent.get('grant_type') === 'refresh_token') {
    if (sent.get('refresh_token') !== clubTokens.refresh) return say(400, { error: 'invalid_grant' });
    clubTokens.refreshed.push(secret());
    return say(200, { access_token: clubTokens.refreshed.at(-1), token_type: 'Bearer', expires_in: 3600, scope: 'pedidos' });
  }
  if (path === '/t') {
    const nonce = sent.get('code') === 'c' ? {} : { nonce: sent.get('code') };
    return say(200, { access_token: clubTokens.login, token_type: 'Bearer', expires_in: 30, refresh_token: clubTokens.refresh, id_token: clubToken(nonce) });
  }
  return say(200, { issuer: at, authorization_endpoint: `${at}/a`, token_endpoint: `${at}/t`, jwks_uri: `${at}/keys` });
});
await new Promise((up) => { clubServer.listen(0, '127.0.0.1', up); });
const clubAddress = `http://127.0.0.1:${clubServer.address().port}`;
places['https://api.clube-acme.example'] = clubAddress;
await writeFile(`${folder}/providers.d/clube-acme.yaml`, `name: Clube Acme
clientId: loja-42
clientSecret: env:CLUBE_ACME_CLIENT_SECRET
discovery: ${clubAddress}
keepTokens: true
`);

// An ID token of that provider for the store's client there.
export function clubToken(claims) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const said = { iss: clubAddress, aud: 'loja-42', sub: 'ana', iat: now, exp: now + 300, email: 'ana@clube.example', email_verified: true, ...claims };
  const signed = `${part({ alg: 'ES256', typ: 'JWT', kid })}.${part(said)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: club.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

await writeFile(`${folder}/portaria.yaml`, `
publicUrl: ${issuer}
listen: 127.0.0.1:${inner}
storage: sqlite:data/portaria.db
providers: providers.d
limits: off
apps:
${replaced(settings.join(''), places)}`);
const simulated = Object.keys(providers).filter((name) => name !== 'playground').flatMap((name) => ['--simulate', name]);
export const broker = await start('portaria', binary, ['serve', ...simulated], { cwd: folder, env: { ...secrets, CLUBE_ACME_CLIENT_SECRET: secret() }, ready: `http://127.0.0.1:${inner}/health/ready` });

const programs = [];

// Writes the program of a section, and says where it is and what its environment holds.
export async function write(section, app) {
  const [home, address] = [`${folder}/${app}`, addressOf(app)];
  await writeProgram(section, home, places);
  const { port } = new URL(address);
  const env = {
    ...process.env, ...trust, PORT: port, SESSION_SECRET: secret(), AUTH_SECRET: secret(), NEXTAUTH_SECRET: secret(), NEXTAUTH_URL: address,
    NEXT_TELEMETRY_DISABLED: '1', ARQUIVISTA_KEY: JSON.stringify(asJwk(pair.privateKey)),
  };
  for (const name of entry(section).names) env[`${name.toUpperCase()}_SECRET`] = secrets[`${name.toUpperCase()}_SECRET`];
  return { home, address, port, env };
}

export async function startApp({ section, app, program, parameters, ready = '/', before }) {
  const place = await write(section, app);
  await before?.(place);
  const words = typeof parameters === 'function' ? parameters(place) : parameters;
  const running = await start(app, program, words, { cwd: place.home, env: place.env, ready: `${place.address}${ready}` });
  programs.push(running);
  return running;
}

export async function end() {
  await Promise.all(programs.map((program) => program.stop()));
  await broker.stop();
  for (const server of [front, clubServer]) {
    server.closeAllConnections();
    server.close();
  }
}
