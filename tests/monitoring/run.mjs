// The dashboard and the alerts, judged by a real Prometheus that reads a real broker: `node tests/monitoring/run.mjs`. PORTARIA_BIN is the broker's
// binary; Prometheus and promtool come with the Debian package `prometheus`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkout } from '../browser/packages.mjs';
import { freePort, start } from '../browser/processes.mjs';

const binary = process.env.PORTARIA_BIN ?? join(process.env.CARGO_TARGET_DIR ?? `${checkout}target`, 'debug/portaria');
const folder = mkdtempSync(join(tmpdir(), 'portaria-monitoring-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const [port, metricsPort, providerPort, prometheusPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
const dashboard = JSON.parse(readFileSync(`${checkout}docker/grafana/portaria.json`, 'utf8'));
const alerts = readFileSync(`${checkout}docker/prometheus/alerts.yaml`, 'utf8');
const [document, translated] = ['', 'pt-BR/'].map((folder) => readFileSync(`${checkout}docs/${folder}monitoring.md`, 'utf8'));

// A provider with one person for each code. The code `broken` has no person.
const provider = createServer((request, response) => {
  const json = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  let body = '';
  request.on('data', (text) => { body += text; });
  request.on('end', () => {
    if (request.url === '/token') return json(200, { access_token: new URLSearchParams(body).get('code'), token_type: 'Bearer' });
    const who = request.headers.authorization?.replace('Bearer ', '');
    if (who === 'broken') return json(500, { error: 'broken' });
    return json(200, { id: `id-${who}`, email: `${who}@clientes.example`, verified: true, name: who });
  });
});

const file = (read) => `name: Clube Acme
clientId: loja-42
clientSecret: env:ACME_CLIENT_SECRET
getAuthorizationCode: { get: "http://127.0.0.1:${providerPort}/entrar" }
getAccessCode: { post: "http://127.0.0.1:${providerPort}/token" }
getUserInfo:
  get: "http://127.0.0.1:${providerPort}/me"
  read: { id: $.id, email: $.email, emailVerified: $.verified, ${read} }
`;

const prometheusFile = join(folder, 'prometheus.yaml');
let broker;
let prometheus;

before(async () => {
  await new Promise((up) => { provider.listen(providerPort, '127.0.0.1', up); });
  mkdirSync(join(folder, 'providers.d'));
  writeFileSync(join(folder, 'providers.d/acme.yaml'), file('name: $.name'));
  writeFileSync(join(folder, 'providers.d/acme.next.yaml'), file('name: $.id'));
  writeFileSync(join(folder, 'portaria.yaml'), `publicUrl: http://localhost:${port}
listen: 127.0.0.1:${port}
metricsListen: 127.0.0.1:${metricsPort}
limits: { login: 1000, callback: 1000 }
events: { to: "http://127.0.0.1:${providerPort}/events", secret: env:EVENTS }
apps: { painel: { secret: env:PAINEL, redirectUris: [ "http://127.0.0.1:${providerPort}/back" ], backChannelLogout: "http://127.0.0.1:${providerPort}/out" } }
`);
  writeFileSync(prometheusFile, `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [ "${checkout}docker/prometheus/alerts.yaml" ]
scrape_configs: [ { job_name: portaria, static_configs: [ { targets: [ "127.0.0.1:${metricsPort}" ] } ] } ]
`);
  broker = await start('portaria', binary, ['serve'], { cwd: folder, env: { PAINEL: randomBytes(16).toString('hex'), EVENTS: `whsec_${randomBytes(32).toString('base64')}`, ACME_CLIENT_SECRET: randomBytes(16).toString('hex') }, ready: `http://127.0.0.1:${port}/health/ready` });
  prometheus = await start('prometheus', 'prometheus', [
    `--config.file=${prometheusFile}`, `--storage.tsdb.path=${join(folder, 'tsdb')}`, `--web.listen-address=127.0.0.1:${prometheusPort}`,
  ], { cwd: folder, ready: `http://127.0.0.1:${prometheusPort}/-/ready` });
  await scrapes(2);
  for (const who of ['ana', 'bia', 'caio', 'broken', 'davi', 'broken', 'ana']) await login(who);
  // The broker gives the comparison of both versions and the counts of drift to the metrics when they are read.
  await scrapes(4);
});

after(async () => {
  await prometheus?.stop();
  await broker?.stop();
  provider.close();
  provider.closeAllConnections();
});

// A login from its start to the answer to its callback.
async function login(who) {
  const begun = await fetch(`http://localhost:${port}/login/acme`, { redirect: 'manual' });
  assert.equal(begun.status, 303);
  const state = new URL(begun.headers.get('location')).searchParams.get('state');
  const cookie = begun.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  const ended = await fetch(`http://localhost:${port}/callback/acme?code=${who}&state=${state}`, { redirect: 'manual', headers: { cookie } });
  assert.equal(ended.status, who === 'broken' ? 502 : 303, `${await ended.text()}${broker.said()}`);
}

async function ask(path, parameters) {
  const answer = await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const { status, error, data } = await answer.json();
  assert.equal(status, 'success', `${JSON.stringify(parameters)}: ${error}`);
  return data;
}

const query = async (expression) => (await ask('query', { query: expression })).result;

// Waits until Prometheus has read the broker so many times more.
async function scrapes(many) {
  const count = async () => Number((await query('sum(count_over_time(portaria_storage_up[10m]))'))[0]?.value[1] ?? 0);
  const wanted = await count() + many;
  for (let tried = 0; await count() < wanted; tried += 1) {
    assert.ok(tried < 600, `Prometheus reads the broker: ${prometheus.said()}`);
    await new Promise((go) => { setTimeout(go, 100); });
  }
}

// What Grafana puts in the place of its variables.
const filled = (expression) => expression.replaceAll('$__rate_interval', '30s').replaceAll(/\$(store|provider)\b/g, '.*');

const panels = dashboard.panels.filter(({ type }) => type !== 'row');
assert.ok(panels.length > 30);
for (const panel of panels) {
  test(`the panel “${panel.title}” shows something`, async () => {
    for (const { expr } of panel.targets) assert.notDeepEqual(await query(filled(expr)), [], expr);
  });
}

test('each variable of the dashboard has values', async () => {
  for (const { query: wanted } of dashboard.templating.list.filter(({ type }) => type === 'query')) {
    const [, series, label] = /label_values\((\w+), (\w+)\)/.exec(wanted.query);
    const values = await ask(`label/${label}/values`, { 'match[]': series });
    assert.ok(values.length > 0, wanted.query);
  }
});

test('each alert is evaluated without an error, on series that the broker has', async () => {
  await scrapes(2);
  const { groups } = await ask('rules', { type: 'alert' });
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 15);
  for (const rule of rules) {
    assert.equal(rule.health, 'ok', `${rule.name}: ${rule.lastError}`);
    for (const [series] of rule.query.matchAll(/\b(portaria|process)_\w+/g)) {
      const known = await query(`last_over_time(${series}[10m])`);
      assert.notDeepEqual(known, [], `${rule.name}: ${series}`);
    }
  }
});

test('the alerts that fire are those of what is wrong here', async () => {
  const firing = await query('ALERTS{alertstate="firing"}');
  const names = new Set(firing.map(({ metric }) => metric.alertname));
  assert.ok(!names.has('PortariaDown') && !names.has('PortariaStorageDown') && !names.has('PortariaCertificate'), [...names].join(' '));
});

const promtool = (...words) => {
  const { status, stdout, stderr } = spawnSync('promtool', words, { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
};

test('the alerts are right, and fire when they have to', () => {
  promtool('check', 'config', `${checkout}docker/prometheus/prometheus.yaml`);
  promtool('check', 'rules', `${checkout}docker/prometheus/alerts.yaml`);
  promtool('test', 'rules', `${checkout}tests/monitoring/alerts.test.yaml`);
});

test('the metrics have the form that Prometheus wants', async () => {
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  assert.match(answer.headers.get('content-type'), /^application\/openmetrics-text/);
  assert.equal((await query('up{job="portaria"}'))[0].value[1], '1');
});

test('the document says what to do about each alert', () => {
  const written = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const explained = [...document.matchAll(/^\| `(Portaria\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(explained.toSorted(), written.toSorted());
  // The translation has the same rows.
  const rows = (page) => [...page.matchAll(/^\| (`(?:portaria_|process_|Portaria)[^|]*)\|/gm)].map(([, name]) => name);
  assert.ok(rows(document).length > 60);
  assert.deepEqual(rows(translated), rows(document));
});
