// A shopper is offered a passkey once, uses it at the next visit, in a popup too, signs in to an app by it, and removes it, with an authenticator of
// Chromium.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertRightAtEveryWidth, assertWellBuilt } from './looks.mjs';
import { checkout } from './packages.mjs';
import { freePort, start } from './processes.mjs';
import { ana, binary, button, choose, screenshots, shop, shopper } from './world.mjs';

let store;
let folder;
let broker;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portaria-'));
  await mkdir(`${folder}/providers.d`);
  const port = await freePort();
  store = `http://localhost:${port}`;
  await writeFile(`${folder}/providers.d/playground.yaml`, await readFile(`${checkout}providers.d/playground.yaml`, 'utf8'));
  await writeFile(`${folder}/portaria.yaml`, `
publicUrl: ${store}
listen: 127.0.0.1:${port}
returnTo: [ "${shop.origin}" ]
login: { title: Loja Exemplo, accent: "#0a6", languages: [ pt-BR, es, en, ru, zh-TW, ja ] }
limits: off
ways: [ email, passkey ]
mail: { smtp: "smtp://127.0.0.1:9", from: "Loja Exemplo <nao-responda@loja.example>" }
apps:
  painel: { name: Painel da loja, secret: none, redirectUris: [ "${shop.entrance}" ], scopes: [ openid, email ] }
`);
  broker = await start('portaria', binary, ['serve'], { cwd: folder, ready: `${store}/health/ready` });
});

after(async () => {
  await broker?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

// The device has an authenticator of its own, which takes the person's finger for granted. Answers with the number of its passkeys.
async function withAuthenticator(page) {
  const client = await page.context().newCDPSession(page);
  await client.send('WebAuthn.enable', { enableUI: false });
  const options = {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', { options });
  const presses = (enabled) => client.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  const passkeys = async () => (await client.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  const count = async () => (await passkeys()).length;
  const takes = (all) => Promise.all(all.map((credential) => client.send('WebAuthn.addCredential', { authenticatorId, credential })));
  return { presses, passkeys, count, takes };
}

// A person whom the store does not have yet: one who has a passkey is offered none.
async function newShopper(wishes, story) {
  await new Promise((done) => execFile(binary, ['users', 'erase', ana.email, '--yes'], { cwd: folder }, () => done()));
  return shopper(wishes, story);
}

const login = (returnTo) => `${store}/login?return_to=${encodeURIComponent(returnTo)}`;
const session = async (context) => (await context.request.get(`${store}/session`)).json();
const forgetSession = (context) => context.clearCookies({ name: 'portaria' });

// The script of the login page has looked at the device.
const sawDevice = (page, can) => page.waitForFunction((can) => document.cookie.includes('portaria-device=1') === can, can);

async function signsInAtPlayground(page, returnTo) {
  await page.goto(login(returnTo));
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
}

async function makesPasskey(page) {
  await page.goto(login(`${shop.origin}/carrinho`));
  await sawDevice(page, true);
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${store}/account/passkeys/new?**`);
  await page.getByRole('button', { name: 'Criar chave de acesso' }).click();
  await page.waitForURL(`${shop.origin}/carrinho`);
}

// A checkout with the element, which keeps its events where a test finds them.
shop.serve('/finalizar', (request, response) => response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`<!doctype html>
<html lang="pt-BR"><title>Finalizar compra</title><h1>Finalizar compra</h1>
<script src="/escuta.js"></script><portaria-login mode="popup"></portaria-login><script src="${store}/embed.js" defer></script></html>`));

async function opensPopup(page, id) {
  const opened = page.waitForEvent('popup');
  await page.locator(`portaria-login a[href*="/login/${id}?"]`).click();
  return opened;
}

// The session of the last event, once there was a sign-in.
async function signedIn(page) {
  await page.waitForFunction(() => window.told.some(([name]) => name === 'signed-in'));
  const [, { session }] = await page.evaluate(() => window.told.at(-1));
  return session;
}

// A login in a popup, in a browser of which the login page has found out that it can keep passkeys.
async function isOfferedInPopup(page) {
  await page.goto(login(`${shop.origin}/finalizar`));
  await sawDevice(page, true);
  await page.goto(`${shop.origin}/finalizar`);
  const popup = await opensPopup(page, 'playground');
  await choose(popup, ana.name).click();
  await popup.waitForURL(`${store}/account/passkeys/new?**`);
  return popup;
}

const usePasskey = (page) => page.getByRole('button', { name: 'Usar chave de acesso' });

test('a passkey is offered once after a login, and used at the next visit', () => newShopper({}, async ({ page, context }) => {
  const authenticator = await withAuthenticator(page);
  await authenticator.presses(true);
  await makesPasskey(page);
  assert.equal(await authenticator.count(), 1);
  const { uid } = await session(context);

  await authenticator.presses(false);
  await forgetSession(context);
  await page.goto(login(`${shop.origin}/pedidos`));
  await usePasskey(page).waitFor();
  assert.equal(await page.locator('#email').getAttribute('autocomplete'), 'email webauthn');
  await assertWellBuilt(page);
  await authenticator.presses(true);
  await Promise.all([page.waitForURL(`${shop.origin}/pedidos`), usePasskey(page).click().catch(() => {})]);

  const now = await session(context);
  assert.deepEqual([now.uid, now.provider], [uid, 'passkey']);
}));

test('a person who says no is not asked again', () => newShopper({}, async ({ page, context }) => {
  await withAuthenticator(page);
  await page.goto(login(`${shop.origin}/carrinho`));
  await sawDevice(page, true);
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${store}/account/passkeys/new?**`);
  await assertWellBuilt(page);
  await page.getByRole('link', { name: 'Agora não' }).click();
  await page.waitForURL(`${shop.origin}/carrinho`);

  await forgetSession(context);
  await signsInAtPlayground(page, `${shop.origin}/carrinho`);
  await page.waitForURL(`${shop.origin}/carrinho`);
}));

test('without a script the sign-in goes on, and no passkey is shown', () => newShopper({ javaScriptEnabled: false }, async ({ page }) => {
  await page.goto(login(`${shop.origin}/carrinho`));
  assert.equal(await usePasskey(page).isVisible(), false);
  await assertWellBuilt(page);
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${shop.origin}/carrinho`);
}));

test('a passkey is added and removed on the account page', () => newShopper({}, async ({ page, context }) => {
  const authenticator = await withAuthenticator(page);
  await page.addInitScript(() => { delete PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable; });
  await signsInAtPlayground(page, `${store}/account`);
  await page.waitForURL(`${store}/account`);
  await page.getByRole('button', { name: 'Criar chave de acesso' }).click();
  await page.waitForURL(`${store}/account?done=passkey`);
  await page.getByRole('status').waitFor();
  assert.equal(await authenticator.count(), 1);
  await assertWellBuilt(page);

  const row = page.locator('section[aria-labelledby=passkeys] li').last();
  await row.locator('summary').click();
  await row.locator('form[action="/account/passkeys/remove"] button').click();
  await page.waitForURL(`${store}/account?done=passkeyRemoved`);
  await forgetSession(context);
  await page.goto(`${store}/login/passkey`);
  await usePasskey(page).click();
  await page.getByRole('heading', { name: 'Não foi possível usar esta chave de acesso' }).waitFor();
  await assertWellBuilt(page);
}));

test('an app gets its answer by a passkey', () => newShopper({}, async ({ page, context }) => {
  const authenticator = await withAuthenticator(page);
  await makesPasskey(page);
  await authenticator.presses(false);
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
  const request = new URLSearchParams({
    client_id: 'painel', redirect_uri: shop.entrance, response_type: 'code', scope: 'openid', state: 'st', code_challenge: challenge,
    code_challenge_method: 'S256', prompt: 'login',
  });
  await page.goto(`${store}/authorize?${request}`);
  await usePasskey(page).waitFor();
  await authenticator.presses(true);
  const answered = page.waitForRequest((asked) => asked.url().startsWith(`${shop.entrance}?`));
  await usePasskey(page).click().catch(() => {});

  const answer = new URL((await answered).url());
  assert.ok(answer.searchParams.get('code'), answer.href);
  assert.equal((await session(context)).provider, 'passkey');
}));

test('a passkey signs in inside of a popup', () => newShopper({}, async ({ page, context }) => {
  const authenticator = await withAuthenticator(page);
  await makesPasskey(page);
  const { uid } = await session(context);
  await forgetSession(context);
  await page.goto(`${shop.origin}/finalizar`);
  const popup = await opensPopup(page, 'passkey');
  await (await withAuthenticator(popup)).takes(await authenticator.passkeys());
  const closed = popup.waitForEvent('close');
  await usePasskey(popup).click().catch(() => {});
  await closed;

  const now = await signedIn(page);
  assert.deepEqual([now.uid, now.provider], [uid, 'passkey']);
  assert.equal(page.url(), `${shop.origin}/finalizar`);
}));

test('after a login in a popup a passkey is offered in it, and then the popup reports', () => newShopper({}, async ({ page }) => {
  await withAuthenticator(page);
  const popup = await isOfferedInPopup(page);
  await assertWellBuilt(popup);
  await popup.screenshot({ path: `${screenshots}/passkey-offer-popup.png` });
  assert.deepEqual(await page.evaluate(() => window.told.map(([name]) => name)), ['session'], 'the login goes on in the popup');
  await withAuthenticator(popup);
  const closed = popup.waitForEvent('close');
  await popup.getByRole('button', { name: 'Criar chave de acesso' }).click().catch(() => {});
  await closed;

  assert.equal((await signedIn(page)).provider, 'playground');
  await page.goto(`${store}/account`);
  assert.equal(await page.locator('section[aria-labelledby=passkeys] li').count(), 1);
}));

test('a person who wants no passkey, or closes the popup that offers one, is signed in', () => newShopper({}, async ({ page, context }) => {
  await withAuthenticator(page);
  const popup = await isOfferedInPopup(page);
  const closed = popup.waitForEvent('close');
  await popup.getByRole('link', { name: 'Agora não' }).click();
  await closed;
  assert.equal((await signedIn(page)).email, ana.email);

  await context.clearCookies();
  const other = await isOfferedInPopup(page);
  await other.close();
  await page.bringToFront();
  assert.equal((await signedIn(page)).email, ana.email);
}));

test('where a login ends on the page of the store itself, a device that can keep a passkey is offered one there', () => newShopper({}, async ({ page, context }) => {
  const address = `${store}/login/playground?return_to=${encodeURIComponent(`${store}/login`)}`;
  const offer = page.getByRole('button', { name: 'Criar chave de acesso' });
  await page.goto(address);
  await choose(page, ana.name).click();
  await page.waitForURL(`${store}/login`);
  await page.waitForLoadState('networkidle');
  assert.equal(await page.locator('form[data-passkey=create]').count(), 1);
  assert.equal(await offer.isVisible(), false, 'this device keeps none');

  await withAuthenticator(page);
  await page.reload();
  await offer.waitFor();
  await assertWellBuilt(page);
  await offer.click();
  await page.waitForURL(`${store}/account?done=passkey`);
  await page.goto(`${store}/login`);
  assert.equal(await page.locator('form[data-passkey=create]').count(), 0, 'a person who has one needs no offer');
  assert.equal((await session(context)).provider, 'playground');
}));

for (const colorScheme of ['light', 'dark']) {
  test(`the pages with passkeys are right at every width, ${colorScheme}`, () => newShopper({ colorScheme }, async ({ page, context }) => {
    const authenticator = await withAuthenticator(page);
    await authenticator.presses(false);
    await page.goto(login(`${shop.origin}/carrinho`));
    await usePasskey(page).waitFor();
    await assertRightAtEveryWidth(page, `${screenshots}/passkey-login`, colorScheme);
    await signsInAtPlayground(page, `${shop.origin}/carrinho`);
    await page.waitForURL(`${store}/account/passkeys/new?**`);
    await assertRightAtEveryWidth(page, `${screenshots}/passkey-offer`, colorScheme);
    await page.goto(`${store}/account`);
    await assertRightAtEveryWidth(page, `${screenshots}/passkey-account`, colorScheme);
    await context.clearCookies({ name: 'portaria-passkey-offered' });
    await page.goto(`${store}/login`);
    await page.getByRole('button', { name: 'Criar chave de acesso' }).waitFor();
    await assertRightAtEveryWidth(page, `${screenshots}/passkey-signed-in`, colorScheme);
  }));
}
