// The playground's odd people and its mishaps: what they look like from the browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, assertRightAtEveryWidth, assertWellBuilt } from './looks.mjs';
import { button, choose, incident, login, meet, publicUrl, screenshots, shop, shopper, whoIsThere } from './world.mjs';

const cart = () => `${shop.origin}/carrinho`;

async function enter(page) {
  await page.goto(login(cart()));
  await button(page, 'playground').click();
  await choose(page, 'Ana Prova').waitFor();
}

// Each page of the playground itself.
const pages = {
  chooser: enter,
  nobody: async (page) => {
    await enter(page);
    await page.locator('.desk button').click();
    await page.locator('[role=alert]').waitFor();
  },
  'form-post': async (page) => {
    await enter(page);
    await page.locator('a[href*="form-post"]').click();
    await page.locator('form button').waitFor();
  },
  start: (page) => page.goto(`${publicUrl}/playground`),
  'bad-request': (page) => page.goto(`${publicUrl}/playground/enter?app=x`),
  'not-found': (page) => page.goto(`${publicUrl}/playground/nowhere`),
};
const statuses = { nobody: 400, 'bad-request': 400, 'not-found': 404 };

for (const colorScheme of ['light', 'dark']) {
  for (const [name, open] of Object.entries(pages)) {
    test(`the playground's page ${name} is right at every width, ${colorScheme}`, () => shopper({ colorScheme, failing: statuses[name] }, async ({ page }) => {
      await open(page);
      await assertRightAtEveryWidth(page, `${screenshots}/playground-${name}`, colorScheme);
    }));
  }
}

for (const [fault, status] of Object.entries({
  cancel: 200, 'wrong-state': 400, refuse: 502, 'spent-ticket': 502, 'web-page': 502, 'no-email': 403, 'no-id': 502, oversize: 502,
})) {
  test(`the mishap ${fault} is a page that helps`, () => shopper({ failing: status }, async ({ page, context }) => {
    const answer = await meet(page, fault);

    assert.equal(answer.status(), status);
    await assertWellBuilt(page);
    if (fault !== 'cancel') assert.match(await page.locator('main').innerText(), incident);
    assert.equal((await whoIsThere(context)).authenticated, false);

    // The first thing that is offered leads to a login that works.
    await page.locator('.sheet a').first().click();
    await page.waitForURL((url) => !url.pathname.startsWith('/callback'));
    if (page.url().startsWith(`${publicUrl}/login`)) await button(page, 'playground').click();
    await choose(page, 'Ana Prova').click();
    await page.waitForURL(cart());
  }));
}

for (const javaScriptEnabled of [true, false]) {
  test(`a shopper comes back by a form, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, () => shopper({ javaScriptEnabled }, async ({ page, context }) => {
    await enter(page);
    await page.locator('a[href*="form-post"]').click();
    await page.locator('form button').click();
    await page.waitForURL(cart());

    assert.equal((await whoIsThere(context)).email, 'ana@loja.example');
  }));
}

test('somebody who is typed in comes back to the shop', () => shopper({}, async ({ page, context }) => {
  await enter(page);
  await page.locator('#name').fill('Nora Digitada');
  await page.locator('#email').fill('nora@loja.example');
  await page.locator('#checked').check();
  await page.keyboard.press('Enter');
  await page.waitForURL(cart());

  assert.equal((await whoIsThere(context)).email, 'nora@loja.example');
}));

for (const [email, name] of Object.entries({
  'lia@loja.example': '🦊 Lia Raposa 🎈',
  'layla@loja.example': 'ليلى المثال',
  'bia@loja.example': '<b>Bia</b> &amp; <i>Filhos</i>',
  'pedro@loja.example': /^Pedro [\p{L} ]{1,58}$/u,
  "tess.o'neil@loja.example": 'Tess O\'Neil "Quote"',
  'maria.silva+compras@loja.example': 'Maria Silva',
})) {
  test(`${email} is shown as they are`, () => shopper({ viewport: { width: 320, height: 700 } }, async ({ page, context }) => {
    await enter(page);
    await page.getByRole('link', { name: new RegExp(email.replaceAll(/[.+]/g, '\\$&'), 'i') }).click();
    await page.waitForURL(cart());

    const session = await whoIsThere(context);
    assert.equal(session.email, email);
    if (name instanceof RegExp) assert.match(session.name, name);
    else assert.equal(session.name, name);
    await page.goto(login(cart()));
    await assertWellBuilt(page);
    await assertAccessible(page);
    assert.ok((await page.locator('main').innerText()).includes(session.email));
  }));
}

for (const person of ['Bruno Incerto', 'Chen']) {
  test(`${person} has no address that is proven, and is not let in`, () => shopper({ failing: 403 }, async ({ page, context }) => {
    await enter(page);
    await choose(page, person).click();
    await page.waitForURL(`${publicUrl}/callback/**`);

    await assertWellBuilt(page);
    assert.equal((await whoIsThere(context)).authenticated, false);
  }));
}
