// Traces, judged by a collector on loopback that reads what a broker with the feature `opentelemetry` sends: `node tests/monitoring/traces.mjs`.
// PORTARIA_TRACES_BIN is a binary with the feature, PORTARIA_BIN one without.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createServer as createMailServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkout } from '../browser/packages.mjs';
import { freePort, start } from '../browser/processes.mjs';

const target = process.env.CARGO_TARGET_DIR ?? `${checkout}target`;
const plain = process.env.PORTARIA_BIN ?? join(target, 'debug/portaria');
const binary = process.env.PORTARIA_TRACES_BIN ?? join(target, 'tests/portaria-with-traces');
const folder = mkdtempSync(join(tmpdir(), 'portaria-traces-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const closing = [];
after(async () => { for (const close of closing.reverse()) await close(); });

// A value that no span may hold.
const canary = (name) => `${name}-${randomBytes(9).toString('hex')}`;
const secrets = { client: canary('secret'), events: `whsec_${randomBytes(32).toString('base64')}`, header: canary('header') };
const person = { id: canary('id'), email: `${canary('ana')}@clientes.example`, name: canary('Ana'), token: canary('token') };

async function until(what, condition) {
  for (let tried = 0; tried < 600; tried += 1) {
    const found = await condition();
    if (found) return found;
    await new Promise((go) => { setTimeout(go, 50); });
  }
  throw new Error(`waited in vain for ${what}`);
}

async function listening(server) {
  await new Promise((up) => { server.listen(0, '127.0.0.1', up); });
  closing.push(() => { server.close(); server.closeAllConnections?.(); });
  return server.address().port;
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

// The fields of a message of protobuf by their numbers: numbers, or bytes.
function fields(bytes) {
  const found = {};
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    let value;
    switch (key & 7) {
      case 0: value = Number(varint()); break;
      case 1: value = bytes.readBigUInt64LE(at); at += 8; break;
      case 2: { const length = Number(varint()); value = bytes.subarray(at, at + length); at += length; break; }
      case 5: value = bytes.readUInt32LE(at); at += 4; break;
      default: throw new Error(`a field of the kind ${key & 7}`);
    }
    (found[key >> 3] ??= []).push(value);
  }
  return found;
}

const attributes = (list = []) => Object.fromEntries(list.map((entry) => {
  const { 1: [key], 2: [any] } = fields(entry);
  const value = fields(any);
  return [key.toString(), value[1] ? value[1][0].toString() : value[3][0]];
}));

function spansOf(bytes) {
  return (fields(bytes)[1] ?? []).flatMap((group) => {
    const { 1: [resource], 2: scopes } = fields(group);
    return scopes.flatMap((scope) => fields(scope)[2] ?? []).map((span) => {
      const read = fields(span);
      return {
        trace: read[1][0].toString('hex'),
        id: read[2][0].toString('hex'),
        parent: read[4]?.[0].toString('hex') ?? '',
        name: read[5][0].toString(),
        kind: { 2: 'server', 3: 'client' }[read[6][0]],
        nanoseconds: read[8][0] - read[7][0],
        failed: read[15] !== undefined && fields(read[15][0])[3]?.[0] === 2,
        with: attributes(read[9]),
        resource: attributes(fields(resource)[1]),
      };
    });
  });
}

async function collector() {
  const got = { spans: [], requests: [] };
  const server = createServer(async (request, response) => {
    const bytes = await body(request);
    got.requests.push({ path: request.url, headers: request.headers, bytes });
    got.spans.push(...spansOf(bytes));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  got.address = `http://127.0.0.1:${await listening(server)}`;
  return got;
}

// Everything that the broker calls by HTTP: a provider, and the receiver of events. A code that begins with `broken` has no person.
const called = [];
const outside = createServer(async (request, response) => {
  const json = (status, answer) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  const text = (await body(request)).toString();
  called.push({ path: request.url, headers: request.headers });
  if (request.url === '/events') return response.writeHead(204).end();
  if (request.url === '/token') return json(200, { access_token: `${new URLSearchParams(text).get('code').split('-')[0]}-${person.token}`, token_type: 'Bearer' });
  if (request.headers.authorization.startsWith('Bearer broken')) return json(500, { error: person.name });
  return json(200, { id: person.id, email: person.email, verified: true, name: person.name });
});
const outsidePort = await listening(outside);

const letters = [];
const mailServer = createMailServer((socket) => {
  let isLetter = false;
  let read = '';
  socket.on('error', () => {});
  socket.write('220 correio\r\n');
  socket.on('data', (bytes) => {
    read += bytes;
    for (;;) {
      const end = read.indexOf(isLetter ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const line = read.slice(0, end);
      read = read.slice(end + (isLetter ? 5 : 2));
      if (isLetter) letters.push(line);
      isLetter = !isLetter && line === 'DATA';
      socket.write(isLetter ? '354 go on\r\n' : '250 fine\r\n');
      if (line === 'QUIT') socket.end();
    }
  });
});
const mailPort = await listening(mailServer);

const file = (name, read) => `name: Clube Acme
clientId: loja-42
clientSecret: env:${name}_CLIENT_SECRET
getAuthorizationCode: { get: "http://127.0.0.1:${outsidePort}/entrar" }
getAccessCode: { post: "http://127.0.0.1:${outsidePort}/token" }
getUserInfo: { get: "http://127.0.0.1:${outsidePort}/me", read: { id: $.id, name: $.name, ${read} } }
`;

async function serve(program, env, settings) {
  const place = mkdtempSync(join(folder, 'broker-'));
  const [port, metrics] = [await freePort(), await freePort()];
  mkdirSync(join(place, 'providers.d'));
  writeFileSync(join(place, 'providers.d/acme.yaml'), file('ACME', 'email: $.email, emailVerified: $.verified'));
  writeFileSync(join(place, 'providers.d/silent.yaml'), file('SILENT', 'email: $.address').replace('getAuth', 'trustEmail: never\nmissingEmail: ask\ngetAuth'));
  writeFileSync(join(place, 'portaria.yaml'), `${settings ?? `publicUrl: http://localhost:${port}`}
listen: 127.0.0.1:${port}
metricsListen: 127.0.0.1:${metrics}
limits: { login: 1000, callback: 1000, mail: 1000 }
mail: { smtp: "smtp://127.0.0.1:${mailPort}", from: "Loja <nao-responda@loja.example>" }
events: { to: "http://127.0.0.1:${outsidePort}/events", secret: env:EVENTS }
`);
  const origin = `http://localhost:${port}`;
  const all = { ACME_CLIENT_SECRET: secrets.client, SILENT_CLIENT_SECRET: secrets.client, EVENTS: secrets.events, ...env };
  const broker = await start('portaria', program, ['serve'], { cwd: place, env: all, ready: `${origin}/health/ready` });
  closing.push(() => broker.stop());
  return { ...broker, origin, metrics: async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text() };
}

// A browser that keeps cookies, and the values that it saw.
function browser(origin, headers = {}) {
  const cookies = new Map();
  const ask = async (path, more = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${origin}${path}`, { redirect: 'manual', ...more, headers: { cookie, ...headers, ...more.headers } });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    return answer;
  };
  const seen = [];
  async function logIn(provider, code) {
    const begun = await ask(`/login/${provider}`);
    assert.equal(begun.status, 303);
    const state = new URL(begun.headers.get('location')).searchParams.get('state');
    seen.push(state, code, ...cookies.values());
    const ended = await ask(`/callback/${provider}?code=${code}&state=${state}`);
    seen.push(...cookies.values());
    return { status: ended.status, location: ended.headers.get('location') };
  }
  return { ask, logIn, seen: () => seen.filter((value) => value.length > 7) };
}

const named = (spans, name, trace) => spans.filter((span) => span.name === name && (!trace || span.trace === trace));
const answered = (got, path) => got.spans.find((span) => span.kind === 'server' && span.with['http.route']?.startsWith(path));

test('a login is one trace for each request, with a span for each call, and no span holds personal data or a secret', async () => {
  const got = await collector();
  const broker = await serve(binary, {
    OTEL_EXPORTER_OTLP_ENDPOINT: got.address,
    OTEL_EXPORTER_OTLP_HEADERS: `x-key=${secrets.header}`,
    OTEL_SERVICE_NAME: 'entrada',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=teste',
  });
  const ana = browser(broker.origin, { 'user-agent': canary('agent') });
  const canaries = [secrets.client, secrets.events, secrets.header, ...Object.values(person), canary('query'), canary('path'), canary('method')];
  const [query, path, method] = canaries.slice(-3);
  assert.equal((await ana.logIn('acme', canary('code'))).status, 303);
  assert.equal((await ana.logIn('acme', canary('broken'))).status, 502);
  const { uid } = await (await ana.ask(`/session?q=${query}`)).json();
  assert.ok(uid);
  await ana.ask(`/${path}`);
  await ana.ask('/session', { method: `X${method.replace('-', '')}` });
  const asked = browser(broker.origin);
  const proving = await asked.logIn('silent', canary('code'));
  const page = await (await asked.ask(new URL(proving.location, broker.origin).pathname)).text();
  const form = /name="form" value="([^"]+)"/.exec(page)[1];
  const sent = await asked.ask('/prove/address', { method: 'POST', headers: { origin: broker.origin }, body: new URLSearchParams({ form, email: person.email }) });
  assert.equal(sent.status, 303, `${await sent.text()}${broker.said()}`);
  await until('the letter and an event', () => letters.length > 0 && called.some((request) => request.path === '/events'));
  await until('the spans of them', () => named(got.spans, 'mail').length > 0 && named(got.spans, 'event').length > 0);
  await broker.stop();

  const { spans } = got;
  const callbacks = spans.filter((span) => span.name.startsWith('GET /callback'));
  assert.equal(callbacks.length, 3, spans.map((span) => span.name).join('\n'));
  const [ended, broken] = callbacks;
  assert.deepEqual([ended.kind, ended.parent, ended.with['http.route'], ended.with['http.response.status_code']], ['server', '', ended.name.slice(4), 303]);
  assert.deepEqual([ended.with['portaria.provider'], ended.with['portaria.login.outcome'], ended.failed], ['acme', 'welcome', false]);
  for (const [step, word] of [['getAccessCode', 'POST'], ['getUserInfo', 'GET']]) {
    const [call, ...more] = named(spans, step, ended.trace);
    assert.deepEqual(more, []);
    assert.deepEqual([call.kind, call.parent, call.failed], ['client', ended.id, false]);
    assert.deepEqual(call.with, {
      'portaria.provider': 'acme', 'portaria.step': step, 'http.request.method': word, 'server.address': '127.0.0.1', 'server.port': outsidePort, 'http.response.status_code': 200,
    });
    assert.ok(call.nanoseconds > 0n && call.nanoseconds < ended.nanoseconds);
  }
  const [call] = named(spans, 'getUserInfo', broken.trace);
  assert.deepEqual([call.parent, call.failed, call.with['http.response.status_code'], call.with['error.type']], [broken.id, true, 500, broken.with['portaria.login.cause']]);
  assert.ok(broken.failed && call.with['error.type'].length > 2);
  assert.ok(spans.some((span) => span.with['db.system.name'] === 'sqlite' && span.parent === ended.id));

  const [mail] = named(spans, 'mail');
  const posted = spans.find((span) => span.name === 'POST /prove/address');
  assert.deepEqual([mail.kind, mail.trace, mail.with['server.port'], mail.failed], ['client', posted.trace, mailPort, false]);
  const event = named(spans, 'event').find((span) => span.with['portaria.event'] === 'signIn');
  assert.deepEqual([event.kind, event.with['http.request.method'], event.with['server.address']], ['client', 'POST', '127.0.0.1']);
  const received = called.filter((request) => request.path === '/events').map(({ headers }) => headers.traceparent);
  assert.ok(received.includes(`00-${event.trace}-${event.id}-01`), `${received}`);

  assert.ok(spans.some((span) => span.name === '_OTHER /session' || span.name === '_OTHER'), spans.map((span) => span.name).join('\n'));
  assert.ok(!spans.some((span) => /health|metrics/.test(span.name)));
  for (const { resource } of spans) assert.deepEqual([resource['service.name'], resource['deployment.environment.name']], ['entrada', 'teste']);
  for (const request of got.requests) {
    assert.deepEqual([request.path, request.headers['content-type'], request.headers['x-key']], ['/v1/traces', 'application/x-protobuf', secrets.header]);
  }
  const calls = called.filter((request) => request.path !== '/events');
  assert.ok(calls.length >= 6 && calls.every(({ headers }) => !headers.traceparent && !headers.tracestate), 'providers learn of no trace');
  const exported = Buffer.concat(got.requests.map((request) => request.bytes)).toString('latin1').toLowerCase();
  assert.ok(exported.includes('getuserinfo'));
  // Of an address the part before the @, of a canary that which was made at random.
  const parts = canaries.map((word) => word.split('@')[0].split('-').at(-1));
  for (const word of [...parts, uid, ...ana.seen(), ...asked.seen()]) assert.ok(!exported.includes(word.toLowerCase()), `${word} was exported`);
  assert.ok(!broker.said().includes(secrets.header));
  assert.match(broker.said(), new RegExp(`trace_id="?${broken.trace}`), 'lines of the log name the trace');
});

test('a traceparent counts from a proxy that is trusted, and from no one else', async () => {
  const [trace, parent] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  for (const [proxy, isTaken] of [['127.0.0.1', true], ['10.0.0.7', false]]) {
    const got = await collector();
    const settings = `publicUrl: https://login.loja.example\ntrustedProxies: [ ${proxy} ]`;
    const broker = await serve(binary, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${got.address}/v1/traces` }, settings);
    for (const traceparent of [`00-${trace}-${parent}-01`, `00-${trace}-${parent}-00`, 'no parent']) {
      const headers = { host: 'login.loja.example', 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', traceparent };
      const answer = await new Promise((resolve, reject) => { get(`${broker.origin}/session`, { headers }, resolve).on('error', reject); });
      answer.resume();
      assert.equal(answer.statusCode, 401);
    }
    await broker.stop();

    const served = named(got.spans, 'GET /session');
    assert.deepEqual(served.filter((span) => span.trace === trace).map((span) => span.parent), isTaken ? [parent] : [], proxy);
    // The second one is not kept by the wish of the proxy alone.
    assert.equal(served.length, isTaken ? 2 : 3, proxy);
  }
});

test('a sampler that keeps nothing sends nothing, and neither does a program that is asked not to', async () => {
  const got = await collector();
  for (const env of [{ OTEL_TRACES_SAMPLER: 'always_off' }, { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, { OTEL_SDK_DISABLED: 'true' }]) {
    const broker = await serve(binary, { OTEL_EXPORTER_OTLP_ENDPOINT: got.address, ...env });
    assert.equal((await browser(broker.origin).logIn('acme', canary('code'))).status, 303);
    await broker.stop();
    assert.deepEqual(got.requests.length, 0, JSON.stringify(env));
  }
});

test('the end of the broker sends what is left', async () => {
  const got = await collector();
  const broker = await serve(binary, { OTEL_EXPORTER_OTLP_ENDPOINT: got.address });
  assert.equal((await browser(broker.origin).logIn('acme', canary('code'))).status, 303);
  await broker.stop();

  assert.ok(answered(got, '/callback'), got.spans.map((span) => span.name).join('\n'));
});

test('a collector that is away changes no login, is logged once, and what it misses is counted', async () => {
  const silent = createServer(() => {});
  const [away, quiet] = [await freePort(), await listening(silent)];
  const [broker, hanging, without] = [
    await serve(binary, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${away}` }),
    await serve(binary, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${quiet}` }),
    await serve(plain, {}),
  ];
  const lost = async () => Number(/^portaria_spans_lost_total (\d+)$/m.exec(await broker.metrics())?.[1]);
  const ends = [];
  for (const { origin } of [broker, hanging, without]) {
    const { status, location } = await browser(origin).logIn('acme', canary('code'));
    ends.push([status, location.replace(origin, '')]);
  }
  assert.deepEqual(ends, [ends[2], ends[2], ends[2]]);
  const first = await until('lost spans', lost);
  await browser(broker.origin).logIn('acme', canary('code'));
  await until('more of them', async () => await lost() > first);
  assert.equal(broker.said().match(/the collector takes no spans/g).length, 1, broker.said());
  await hanging.stop();
  assert.match(hanging.said(), /the broker has ended/, 'it does not wait for ever');
  assert.doesNotMatch(await without.metrics(), /spans_lost/);
});

test('a program without traces says at the start what to build, and is the same', async () => {
  const broker = await serve(plain, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' });
  assert.equal(broker.said().match(/was built without traces: build it with `--features opentelemetry`/g).length, 1, broker.said());
  const silent = await serve(plain, { OTEL_SERVICE_NAME: 'entrada' });
  assert.doesNotMatch(silent.said(), /traces/);
});

test('a value that cannot be used ends the start', () => {
  for (const [name, value] of [['OTEL_TRACES_SAMPLER', 'canary'], ['OTEL_EXPORTER_OTLP_ENDPOINT', 'canary:4318'], ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc']]) {
    const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', [name]: value };
    const { status, stderr } = spawnSync(binary, ['serve'], { cwd: folder, env, encoding: 'utf8', timeout: 20_000 });
    assert.notEqual(status, 0, name);
    assert.ok(stderr.includes(`${name} `) && stderr.includes('help:') && !stderr.includes('canary'), stderr);
  }
});
