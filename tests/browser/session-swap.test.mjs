// A provider that returns no state: a login begins with the button of our own page, and another site begins none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRightAtEveryWidth } from './looks.mjs';
import { ana, choose, login, publicUrl, screenshots, shop, shopper, whoIsThere } from './world.mjs';

const start = `${publicUrl}/login/sem-estado?return_to=${encodeURIComponent(`${shop.origin}/carrinho?item=7`)}`;
const go = (page) => page.locator('form[action^="/login/sem-estado"] button');
const attempts = async (context) => (await context.cookies()).filter(({ name }) => name.includes('attempt'));

for (const colorScheme of ['light', 'dark']) {
  test(`the page before such a login is right at every width, ${colorScheme}`, () => shopper({ colorScheme }, async ({ page }) => {
    await page.goto(start);
    await assertRightAtEveryWidth(page, `${screenshots}/start`, colorScheme);
  }));
}

for (const javaScriptEnabled of [true, false]) {
  test(`a link leads to the page and the page to the provider and back, ${javaScriptEnabled ? 'with' : 'without'} scripts`, () => shopper({ javaScriptEnabled }, async ({ page, context }) => {
    assert.equal((await page.goto(start)).status(), 200);
    assert.deepEqual(await attempts(context), [], 'nothing has begun');

    await page.locator('.menu > summary').click();
    await page.locator('a[hreflang=es]').click();
    await page.waitForURL(/lang=es/);
    await go(page).click();
    await choose(page, ana.name).click();
    await page.waitForURL(`${shop.origin}/carrinho?item=7`);

    assert.equal((await whoIsThere(context)).email, ana.email);
  }));
}

test('the button of the login page leads there at once', () => shopper({}, async ({ page, context }) => {
  await page.goto(login(`${shop.origin}/pedidos`));
  await go(page).click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${shop.origin}/pedidos`);

  assert.equal((await whoIsThere(context)).provider, 'sem-estado');
}));

test('another site begins no login, neither by a link nor by a form of its own', () => shopper({}, async ({ page, context }) => {
  await page.goto(start);
  const token = await page.locator('input[name=form]').getAttribute('value');
  const foreign = `<form method="post" action="${start}"><input name="form" value="${token}"><button>go</button></form><a href="${start}">link</a>`;

  await page.goto(`data:text/html,${encodeURIComponent(foreign)}`);
  const posted = page.waitForResponse((answer) => answer.url() === start);
  await page.locator('button').click();
  assert.equal((await posted).status(), 403);
  await page.goto(`data:text/html,${encodeURIComponent(foreign)}`);
  await page.locator('a').click();
  await page.waitForURL(start);

  assert.deepEqual(await attempts(context), []);
  await page.goto(`${publicUrl}/callback/sem-estado?ticket=of-somebody-else`);
  assert.equal((await whoIsThere(context)).authenticated, false);
}));
