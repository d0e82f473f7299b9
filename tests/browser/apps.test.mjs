// Apps sign people in through the store: who asks, what they get, the way back, and the list on the account page.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { assertAccessible, assertRightAtEveryWidth, assertWellBuilt } from './looks.mjs';
import { ana, button, choose, publicUrl, screenshots, shop, shopper, signIn, whoIsThere } from './world.mjs';

const verifier = randomBytes(32).toString('base64url');

// The address at which an app asks.
function request(app, more = {}) {
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const parameters = { client_id: app, redirect_uri: shop.entrance, response_type: 'code', scope: 'openid email profile', state: 's-1', code_challenge: challenge, code_challenge_method: 'S256', ...more };
  return `${publicUrl}/authorize?${new URLSearchParams(parameters)}`;
}

// What the app receives; it lies on another site, and sends the browser on to a page of the storefront.
async function received(page) {
  await page.waitForURL(`${shop.origin}/painel?**`);
  return Object.fromEntries(new URL(page.url()).searchParams);
}

async function redeem(app, code) {
  const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: shop.entrance, client_id: app, code_verifier: verifier });
  const answer = await fetch(`${publicUrl}/token`, { method: 'POST', body });
  assert.equal(answer.status, 200);
  return answer.json();
}

const userinfo = ({ access_token: token }) => fetch(`${publicUrl}/userinfo`, { headers: { Authorization: `Bearer ${token}` } });

const words = {
  'pt-BR': { login: 'Para continuar em Painel da loja.', title: 'Painel da loja quer usar a sua conta', allow: 'Permitir', back: 'Voltar para Painel da loja' },
  en: { login: 'To continue to Painel da loja.', title: 'Painel da loja wants to use your account', allow: 'Allow', back: 'Back to Painel da loja' },
};

for (const [locale, say] of Object.entries(words)) {
  test(`a person who reads ${locale} signs in for an app, agrees once, and comes to the app`, () => shopper({ locale }, async ({ page }) => {
    const scope = 'openid email profile offline_access orders:read';
    await page.goto(request('painel', { scope, prompt: 'consent' }));
    await page.getByText(say.login).waitFor();
    await assertWellBuilt(page);
    await button(page, 'playground').click();
    await choose(page, ana.name).click();
    await page.getByRole('heading', { level: 1, name: say.title }).waitFor();
    const text = await page.locator('main').innerText();
    for (const part of ['127.0.0.1', ana.name, ana.email, 'orders:read']) assert.ok(text.includes(part), `${part}: ${text}`);

    await page.getByRole('button', { name: say.allow, exact: true }).click();

    const { code, state, iss } = await received(page);
    assert.deepEqual([state, iss], ['s-1', publicUrl]);
    assert.equal((await redeem('painel', code)).scope, scope);
    await page.goto(request('painel', { scope }));
    assert.ok((await received(page)).code, 'who has agreed is not asked again');
  }));

  test(`who does not want to, in ${locale}, goes back to the app without access`, () => shopper({ locale }, async ({ page }) => {
    await page.goto(request('painel'));
    await button(page, 'playground').click();
    await page.locator('a[href*="fault=cancel"]').click();
    await page.getByRole('button', { name: say.back }).waitFor();
    await assertWellBuilt(page);
    await assertAccessible(page);

    await page.getByRole('button', { name: say.back }).click();

    const { error, code } = await received(page);
    assert.deepEqual([error, code], ['access_denied', undefined]);
  }));
}

test('the buttons are those of the providers that the app allows, also where a login begins with a form', () => shopper({}, async ({ page }) => {
  await page.goto(request('balcao'));
  assert.equal(await page.locator('main .ways li').count(), 2);

  await page.locator('form[action*="/login/sem-estado"] button').click();
  await choose(page, ana.name).click();

  assert.ok((await received(page)).code);
}));

test('an app that wants a new sign-in is not offered the old one, and one that lets the person choose is', () => shopper({}, async ({ page }) => {
  await signIn(page);
  await page.goto(request('balcao', { prompt: 'login' }));
  assert.equal(await button(page, 'playground').count(), 1);
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
  assert.ok((await received(page)).code);

  await page.goto(request('balcao', { prompt: 'select_account' }));
  assert.equal(await button(page, 'playground').count(), 0);
  await page.getByRole('link', { name: 'Continuar para Balcão' }).click();
  assert.ok((await received(page)).code);
}));

for (const javaScriptEnabled of [true, false]) {
  test(`an answer as a form reaches the app ${javaScriptEnabled ? 'by itself' : 'without JavaScript'}`, () => shopper({ javaScriptEnabled }, async ({ page }) => {
    await signIn(page);
    await page.goto(request('balcao', { response_mode: 'form_post' }), { waitUntil: 'commit' });
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continuar' }).click();

    const { code, state } = await received(page);

    assert.ok(code);
    assert.equal(state, 's-1');
  }));
}

test('an app is listed on the account page and loses its access there', () => shopper({}, async ({ page, context }) => {
  await signIn(page);
  await page.goto(request('balcao'));
  const tokens = await redeem('balcao', (await received(page)).code);
  assert.equal((await userinfo(tokens)).status, 200);
  await page.goto(`${publicUrl}/account`);
  await assertWellBuilt(page);

  await page.getByRole('button', { name: 'Retirar o acesso de Balcão' }).click();
  await page.waitForURL(`${publicUrl}/account?done=ended`);

  await page.getByRole('status').waitFor();
  assert.equal(await page.getByText('Balcão').count(), 0);
  assert.equal((await userinfo(tokens)).status, 401);
  assert.equal((await whoIsThere(context)).authenticated, true, 'the person stays signed in');
}));

test('no person is sent to an app that is not known', () => shopper({ failing: 400 }, async ({ page }) => {
  await page.goto(request('ninguem'));
  await page.getByRole('heading', { level: 1, name: 'O aplicativo fez um pedido que não podemos atender' }).waitFor();
  await assertWellBuilt(page);
  await page.goto(`${publicUrl}/login?return_to=${encodeURIComponent(`${publicUrl}/authorize/0a1b2c3d`)}`);
  await page.getByRole('heading', { level: 1, name: 'Não encontramos o pedido do aplicativo' }).waitFor();
  await assertAccessible(page);
}));

const pages = {
  'login-for-app': (page) => page.goto(request('painel')),
  consent: async (page) => {
    await signIn(page);
    await page.goto(request('painel', { prompt: 'consent', scope: 'openid email profile offline_access orders:read' }));
    await page.locator('button[value=yes]').waitFor();
  },
  'account-apps': async (page) => {
    await signIn(page);
    await page.goto(request('balcao'));
    await redeem('balcao', (await received(page)).code);
    await page.goto(`${publicUrl}/account`);
    await page.locator('#apps').waitFor();
  },
};

for (const colorScheme of ['light', 'dark']) {
  for (const locale of ['pt-BR', 'en']) {
    for (const [name, open] of Object.entries(pages)) {
      test(`the page ${name} in ${locale} is right at every width, ${colorScheme}`, () => shopper({ colorScheme, locale }, async ({ page }) => {
        await open(page);
        await assertRightAtEveryWidth(page, `${screenshots}/${name}-${locale}`, colorScheme);
      }));
    }
  }
}
