// Walks through the hosted login with the playground.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertWellBuilt, tabTo } from './looks.mjs';
import { ana, button, choose, login, publicUrl, shop, shopper, signIn, whoIsThere } from './world.mjs';

const words = { 'pt-BR': /Continuar com/, en: /Sign in|Continue/ };

for (const locale of ['pt-BR', 'en']) {
  test(`a shopper who reads ${locale} signs in and comes back to the page they left`, () => shopper({ locale }, async ({ page, context }) => {
    await page.goto(login(`${shop.origin}/carrinho?item=7`));
    assert.equal(await page.locator('html').getAttribute('lang'), locale);
    assert.match(await page.locator('.sheet').innerText(), words[locale]);
    await assertWellBuilt(page);

    await button(page, 'playground').click();
    await choose(page, ana.name).click();
    await page.waitForURL(`${shop.origin}/carrinho?item=7`);

    const session = await whoIsThere(context);
    assert.equal(session.email, ana.email);
    assert.equal(session.emailVerified, true);
    assert.equal(session.provider, 'playground');
  }));
}

test('the language is chosen on the page and stays chosen', () => shopper({ locale: 'pt-BR' }, async ({ page }) => {
  await page.goto(login(`${shop.origin}/carrinho`));
  await page.locator('.menu > summary').click();
  await page.locator('a[hreflang=es]').click();
  await page.waitForURL(/lang=es/);

  assert.equal(await page.locator('html').getAttribute('lang'), 'es');
  assert.match(await button(page, 'playground').getAttribute('href'), /return_to=/);

  await page.goto(`${publicUrl}/callback/playground?nonce_of_yours=nobody&ticket=t`);
  assert.equal(await page.locator('html').getAttribute('lang'), 'es');
}));

test('an error page is read in another language', () => shopper({ locale: 'pt-BR', failing: 400 }, async ({ page }) => {
  await page.goto(`${publicUrl}/callback/playground?nonce_of_yours=nobody&ticket=t`);
  const code = await page.locator('output').innerText();
  await page.locator('.menu > summary').click();
  await page.locator('a[hreflang=en]').click();
  await page.waitForURL(/login-error/);

  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  assert.equal(await page.locator('output').innerText(), code);
  await assertWellBuilt(page);
}));

test('a deep link goes straight to the provider', () => shopper({}, async ({ page, context }) => {
  await page.goto(`${publicUrl}/login/playground?return_to=${encodeURIComponent(`${shop.origin}/pedidos`)}`);
  await choose(page, ana.name).click();
  await page.waitForURL(`${shop.origin}/pedidos`);

  assert.equal((await whoIsThere(context)).email, ana.email);
}));

test('no login ends at a place that the shop does not name', () => shopper({}, async ({ page, context }) => {
  const asked = [];
  context.on('request', (request) => asked.push(new URL(request.url()).hostname));
  await page.goto(login('https://longe.example/'));
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
  await page.waitForURL((url) => url.origin === shop.origin || (url.origin === publicUrl && !url.pathname.startsWith('/playground')));

  assert.deepEqual([...new Set(asked)].filter((host) => host !== 'localhost'), []);
}));

// Every address that the grammar gives, thinned out evenly: where the broker leads, as Chromium reads it.
// Attacks L-01, O-02
test('no address that a browser reads otherwise leads away from the shop', () => shopper({}, async ({ page }) => {
  const listed = new URL(shop.origin).host;
  const grammar = JSON.parse(readFileSync(new URL('../attacks/addresses.json', import.meta.url), 'utf8').replaceAll('LISTED', listed));
  const separators = ['', ...grammar.separators, ...grammar.separators.flatMap((one) => grammar.separators.map((other) => one + other))];
  const all = grammar.schemes.flatMap((scheme) => separators.flatMap((separator) => grammar.users.flatMap((user) => grammar.hosts.map((host) => scheme + separator + user + host))));
  const wanted = all.filter((_, at) => at % 211 === 0).map((address, at) => address + grammar.tails[at % grammar.tails.length]);
  wanted.push(`${shop.origin}/x`, `http://${listed.toUpperCase()}/x`);

  const led = [];
  for (const address of wanted) {
    const answer = await fetch(`${publicUrl}/logout`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ return_to: address }) });
    assert.ok([303, 400].includes(answer.status), JSON.stringify(address));
    if (answer.status === 303) led.push({ address, location: answer.headers.get('location') });
  }
  assert.ok(led.length > 500 && led.some(({ location }) => location === `${shop.origin}/x`), `${led.length} of ${wanted.length}`);

  await page.goto(`${publicUrl}/login`);
  const elsewhere = await page.evaluate(([places, origins]) => places.filter(({ location }) => !origins.includes(new URL(location, document.baseURI).origin)), [led, [shop.origin, publicUrl]]);
  assert.deepEqual(elsewhere, []);
}));

// Attack C-26
test('no page after the callback is told its address', () => shopper({}, async ({ page, context }) => {
  const told = [];
  context.on('request', async (request) => {
    const { referer } = await request.allHeaders().catch(() => ({}));
    if (referer) told.push(referer);
  });
  await page.goto(login(`${shop.origin}/carrinho`));
  await button(page, 'playground').click();
  const back = page.waitForResponse((response) => response.url().includes('/callback/playground'));
  await choose(page, ana.name).click();

  assert.equal((await back).status(), 303);
  await page.waitForURL(`${shop.origin}/carrinho`);
  assert.deepEqual(told.filter((referer) => /callback|state|code|ticket|riddle/.test(referer)), []);
  assert.equal(await page.evaluate(() => document.referrer), '');
}));

test('two tabs log in side by side', () => shopper({}, async ({ page, context }) => {
  const other = await context.newPage();
  await page.goto(login(`${shop.origin}/um`));
  await other.goto(login(`${shop.origin}/dois`));
  await button(page, 'playground').click();
  await button(other, 'playground').click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${shop.origin}/um`);
  await choose(other, ana.name).click();
  await other.waitForURL(`${shop.origin}/dois`);

  assert.equal((await whoIsThere(context)).email, ana.email);
}));

test('who is signed in sees who they are, and goes on or changes the account', () => shopper({}, async ({ page, context }) => {
  await signIn(page);
  await page.goto(login(`${shop.origin}/carrinho`));
  await assertWellBuilt(page);
  assert.match(await page.locator('main').innerText(), new RegExp(ana.email));

  await page.locator(`main a[href="${shop.origin}/carrinho"]`).click();
  await page.waitForURL(`${shop.origin}/carrinho`);

  await page.goto(login(`${shop.origin}/carrinho`));
  await page.locator('main form[action$="/logout"] button').first().click();
  await button(page, 'playground').waitFor();
  assert.equal((await whoIsThere(context)).authenticated, false);
}));

test('after signing out the back button shows nobody', () => shopper({}, async ({ page }) => {
  await signIn(page);
  await page.goto(login(`${shop.origin}/carrinho`));
  await page.locator('main form[action$="/logout"] button').first().click();
  await button(page, 'playground').waitFor();
  await page.goBack();

  await button(page, 'playground').waitFor();
  assert.ok(!(await page.locator('body').innerText()).includes(ana.email));
}));

test('the way that was used last stands first', () => shopper({}, async ({ page, context }) => {
  await page.goto(login(`${shop.origin}/carrinho`));
  const way = async () => new URL(await page.locator('main li a').first().getAttribute('href'), publicUrl).pathname;
  assert.notEqual(await way(), '/login/playground');

  await signIn(page);
  await context.clearCookies({ name: 'portaria' });
  await page.goto(login(`${shop.origin}/carrinho`));

  assert.equal(await way(), '/login/playground');
  assert.match(await page.locator('main li').first().innerText(), /Usado da última vez/);
}));

test('after a login one cookie is left, which no script reads', () => shopper({}, async ({ page, context }) => {
  await signIn(page);
  const cookies = await context.cookies(publicUrl);

  assert.deepEqual(cookies.filter(({ name }) => name.startsWith('portaria-attempt')), []);
  const session = cookies.find(({ name }) => name === 'portaria');
  assert.equal(session.httpOnly, true);
  assert.equal(session.sameSite, 'Lax');
  assert.equal(session.path, '/');
  assert.ok(session.value.length < 1024);
}));

test('another site cannot sign a shopper out', () => shopper({}, async ({ page, context }) => {
  await signIn(page);
  await page.goto(shop.stranger);
  const answered = page.waitForResponse((response) => response.url().startsWith(`${publicUrl}/logout`));
  await page.evaluate((address) => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: address });
    document.body.append(form);
    form.submit();
  }, `${publicUrl}/logout`);
  assert.equal((await answered).status(), 403);

  assert.equal((await whoIsThere(context)).email, ana.email);
}));

test('the keyboard alone is enough, and shows where it is', () => shopper({}, async ({ page, context }) => {
  await page.goto(login(`${shop.origin}/carrinho`));
  await tabTo(page, button(page, 'playground'));
  await page.keyboard.press('Enter');
  await choose(page, ana.name).waitFor();
  await tabTo(page, choose(page, ana.name));
  await page.keyboard.press('Enter');
  await page.waitForURL(`${shop.origin}/carrinho`);

  assert.equal((await whoIsThere(context)).email, ana.email);
}));

test('everything works without JavaScript', () => shopper({ javaScriptEnabled: false }, async ({ page, context }) => {
  await signIn(page);
  assert.equal((await whoIsThere(context)).email, ana.email);

  await page.goto(login(`${shop.origin}/carrinho`));
  await page.locator('main form[action$="/logout"] button').first().click();
  await button(page, 'playground').waitFor();
  assert.equal((await whoIsThere(context)).authenticated, false);
}));
