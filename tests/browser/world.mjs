// What every test walks in: one broker with the playground and the real providers, and a shop. Started once, ended after the last test.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openAccounts } from './accounts.mjs';
import { launch, watch } from './browser.mjs';
import { checkout } from './packages.mjs';
import { providerFiles, startPeers } from './peers.mjs';
import { freePort, start } from './processes.mjs';
import { openShop } from './shop.mjs';

export const binary = process.env.PORTARIA_BIN ?? join(process.env.CARGO_TARGET_DIR ?? `${checkout}target`, 'debug/portaria');
export const screenshots = `${checkout}target/screenshots`;

const folder = await mkdtemp(join(tmpdir(), 'portaria-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const port = await freePort();
export const publicUrl = `http://localhost:${port}`;
export const accounts = await openAccounts();
export const shop = await openShop(publicUrl, accounts);
await mkdir(screenshots, { recursive: true });
await cp(providerFiles, `${folder}/providers.d`, { recursive: true });
const [peers, browser] = await Promise.all([startPeers(publicUrl, `${folder}/providers.d`), launch()]);

await cp(`${checkout}providers.d/playground.yaml`, `${folder}/providers.d/playground.yaml`);
// The same provider as one that returns no state.
const playground = await readFile(`${checkout}providers.d/playground.yaml`, 'utf8');
const stateless = playground.replace('name: Playground', 'name: Clube Sem Estado').replace('callback: either', 'stateIn: cookie').replace(', state: $.nonce_of_yours', '');
await writeFile(`${folder}/providers.d/sem-estado.yaml`, stateless);
// The same provider as one that refuses sign-ins in the browsers of apps.
const careful = playground.replace('name: Playground', 'name: Clube Seguro\nrefusesEmbeddedBrowsers: true');
await writeFile(`${folder}/providers.d/seguro.yaml`, careful);
// The same provider as one whose first page cuts the window from its opener.
const jealous = playground.replace('name: Playground', 'name: Clube Ciumento').replace('${publicUrl}/playground/enter', `${shop.stranger}/provedor`);
await writeFile(`${folder}/providers.d/ciumento.yaml`, jealous);
await writeFile(`${folder}/providers.d/contas.yaml`, accounts.file);
await writeFile(`${folder}/portaria.yaml`, `
publicUrl: ${publicUrl}
listen: 127.0.0.1:${port}
storage: sqlite:data/portaria.db
providers: providers.d
returnTo: [ "${shop.origin}" ]
handOver: [ "${shop.other}/volta" ]
login: { title: Loja Exemplo, accent: "#0a6", languages: [ pt-BR, es, en, ru, zh-TW, ja ] }
limits: off
account: { deletion: byPerson }
filesMayRead: { env: [ "{NAME}_*", "OIDC_*" ] }
apps:
  painel: { name: Painel da loja, secret: none, redirectUris: [ "${shop.entrance}" ], grants: [ authorizationCode, refreshToken ], consent: ask, scopes: [ openid, email, profile, offline_access, orders:read ] }
  balcao: { name: Balcão, secret: none, redirectUris: [ "${shop.entrance}" ], providers: [ playground, sem-estado ] }
`);
export const installation = { cwd: folder, env: { ...peers.env, CONTAS_CLIENT_ID: 'loja', CONTAS_CLIENT_SECRET: randomBytes(18).toString('base64url') } };
export const broker = await start('portaria', binary, ['serve'], { ...installation, ready: `${publicUrl}/health/ready` });

after(async () => {
  await browser.close();
  await Promise.all([broker.stop(), peers.stop()]);
  shop.stop();
  accounts.stop();
});

// A person with a browser of their own. Whatever they do, nothing may break in front of them.
export async function shopper({ failing, ...wishes }, story) {
  const context = await browser.newContext({ locale: 'pt-BR', viewport: { width: 768, height: 900 }, ...wishes });
  context.setDefaultTimeout(20_000);
  const complaints = [];
  context.on('page', (page) => watch(page, [publicUrl, shop.origin, shop.other], failing, complaints));
  const page = await context.newPage();
  try {
    await story({ page, context });
    assert.deepEqual(complaints, []);
  } catch (error) {
    await page.screenshot({ path: `${screenshots}/failed-${Date.now()}.png` }).catch(() => {});
    error.stack += `\nat ${page.url()}${complaints.map((complaint) => `\n${complaint}`).join('')}\nthe broker said: ${broker.said().slice(-2000)}`;
    throw error;
  } finally {
    await context.close();
  }
}

export const login = (returnTo) => `${publicUrl}/login${returnTo ? `?return_to=${encodeURIComponent(returnTo)}` : ''}`;

export const button = (page, provider) => page.locator(`a[href$="/login/${provider}"], a[href*="/login/${provider}?"]`);

// The playground's page, on which a person is chosen.
export const choose = (page, name) => page.getByRole('button', { name }).or(page.getByRole('link', { name })).first();

export const ana = { name: 'Ana Prova', email: 'ana@loja.example' };

// Who the storefront would be told is there.
export async function whoIsThere(context) {
  const answer = await context.request.get(`${publicUrl}/session`);
  const said = await answer.json();
  assert.equal(answer.status(), said.authenticated ? 200 : 401);
  return said;
}

// Chooses a mishap of the playground and ends where it leads.
export async function meet(page, mishap) {
  await page.goto(login(`${shop.origin}/carrinho`));
  await button(page, 'playground').click();
  const answered = page.waitForResponse(`${publicUrl}/callback/**`);
  await page.locator(`a[href*="fault=${mishap}"]`).click();
  const answer = await answered;
  await page.waitForURL(`${publicUrl}/callback/**`);
  return answer;
}

// What a shopper says on the telephone.
export const incident = /\b[0-9A-Z]{3}-[0-9A-Z]{3}\b/;

// Walks up to the callback and no further; answers with its address.
export async function callbackOf(page) {
  await page.goto(login(`${shop.origin}/carrinho`));
  await button(page, 'playground').click();
  let found;
  const callback = new Promise((resolve) => { found = resolve; });
  await page.route(`${publicUrl}/playground/**`, async (route) => {
    const response = await route.fetch({ maxRedirects: 0 });
    const { location } = response.headers();
    if (!location?.includes('/callback/')) return route.fulfill({ response });
    found(new URL(location, publicUrl).href);
    return route.fulfill({ status: 204 });
  });
  await choose(page, ana.name).click();
  const address = await callback;
  await page.unrouteAll({ behavior: 'wait' });
  return address;
}

export async function signIn(page, returnTo = `${shop.origin}/carrinho`) {
  await page.goto(login(returnTo));
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
  await page.waitForURL(returnTo);
}
