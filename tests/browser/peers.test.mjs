// A browser logs people in through providers that others wrote.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWellBuilt } from './looks.mjs';
import { logIn, refuse } from './peers.mjs';
import { button, login, publicUrl, shop, shopper, whoIsThere } from './world.mjs';

const goTo = async (page, provider) => {
  await page.goto(login(`${shop.origin}/carrinho`));
  await button(page, provider).click();
};

for (const { provider, person, email, name } of [
  { provider: 'oidc', person: 'bia', email: 'bia@entrada.example', name: 'Bia Fictícia' },
  { provider: 'authlib', person: 'caio', email: 'caio@oficina.example', name: 'Caio Suposto' },
  { provider: 'django', person: 'dora', email: 'dora@galeria.example', name: 'Dora Imaginária' },
  { provider: 'pyop', person: 'gil', email: 'gil@praia.example', name: 'Gil Imaginado' },
  { provider: 'django_oidc', person: 'hugo', email: 'hugo@museu.example', name: 'Hugo Fantasiado' },
  { provider: 'mock', person: 'johndoe', email: 'joao@ensaio.example', name: 'João Ensaiado' },
  { provider: 'canaille', person: 'iara', email: 'iara@biblioteca.example', name: 'Iara Inventada' },
]) {
  // First, because a provider may remember who has agreed.
  if (refuse[provider]) test(`a refusal at ${provider} is a page, not a session`, () => shopper({}, async ({ page, context }) => {
    await goTo(page, provider);
    await refuse[provider](page, person);
    await page.waitForURL((url) => url.origin === publicUrl);

    await assertWellBuilt(page);
    assert.equal((await whoIsThere(context)).authenticated, false);
  }));

  test(`${provider} shows the broker who ${person} is`, () => shopper({}, async ({ page, context }) => {
    await goTo(page, provider);
    await logIn[provider](page, person);
    await page.waitForURL(`${shop.origin}/carrinho`);

    const session = await whoIsThere(context);
    assert.equal(session.email, email);
    assert.equal(session.emailVerified, true);
    assert.equal(session.name, name);
    assert.equal(session.provider, provider);
  }));
}

test('a provider may send the browser back by a form from another site', () => shopper({}, async ({ page, context }) => {
  await page.goto(`${publicUrl}/login/oidc_post?return_to=${encodeURIComponent(`${shop.origin}/carrinho`)}`);
  const posted = page.waitForRequest((request) => request.method() === 'POST' && request.url() === `${publicUrl}/callback/oidc_post`);
  await logIn.oidc(page, 'edu');
  await posted;
  await page.waitForURL(`${shop.origin}/carrinho`);

  assert.equal((await whoIsThere(context)).email, 'edu@entrada.example');
}));

test('signing out ends the session at the provider too', () => shopper({}, async ({ page, context }) => {
  await goTo(page, 'oidc');
  await logIn.oidc(page, 'bia');
  await page.waitForURL(`${shop.origin}/carrinho`);

  await page.goto(login(`${shop.origin}/carrinho`));
  await page.locator('main form[action$="/logout"] button').first().click();
  assert.equal((await whoIsThere(context)).authenticated, false);
  await page.getByRole('button', { name: 'Yes, sign me out' }).click();
  await page.getByText('Sign-out Success').waitFor();

  await goTo(page, 'oidc');
  await page.locator('input[name=login]').waitFor();
}));

test('a provider is told by its ID token which session ends', () => shopper({}, async ({ page, context }) => {
  await goTo(page, 'canaille');
  await logIn.canaille(page, 'iara');
  await page.waitForURL(`${shop.origin}/carrinho`);

  await page.goto(login(`${shop.origin}/carrinho`));
  const asked = page.waitForRequest((request) => request.url().includes('/oauth/end_session?id_token_hint='));
  await page.locator('main form[action$="/logout"] button').first().click();
  await asked;
  await page.waitForURL(`${publicUrl}/login`);

  assert.equal((await whoIsThere(context)).authenticated, false);
  await goTo(page, 'canaille');
  await page.locator('input[name=login]').waitFor();
}));

test('what is asked on the login page travels to the provider', () => shopper({}, async ({ page, context }) => {
  await page.goto(login(`${shop.origin}/carrinho`));
  await page.getByText('Entrada com usuário').click();
  await page.getByLabel('Seu usuário').fill('bia');
  await page.keyboard.press('Enter');
  await page.locator('input[name=login]').waitFor();
  assert.equal(await page.locator('input[name=login]').inputValue(), 'bia');
  await logIn.oidc(page, 'bia');
  await page.waitForURL(`${shop.origin}/carrinho`);

  assert.equal((await whoIsThere(context)).provider, 'oidc_hint');
}));

test('an address that its provider has not checked lets nobody in', () => shopper({}, async ({ page, context }) => {
  await goTo(page, 'authlib');
  await logIn.authlib(page, 'lia');
  await page.waitForURL((url) => url.origin === publicUrl);

  await assertWellBuilt(page);
  assert.equal((await whoIsThere(context)).authenticated, false);
}));
