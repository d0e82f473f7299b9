// A shop that has the buttons in a page of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ana, choose, publicUrl, shop, shopper, whoIsThere } from './world.mjs';

const ask = (page) => page.evaluate(async (address) => {
  try {
    return await (await fetch(address, { credentials: 'include' })).json();
  } catch (error) {
    return error.name;
  }
}, `${publicUrl}/session`);

test('a shop draws the buttons itself and learns who came', () => shopper({}, async ({ page, context }) => {
  await page.goto(`${shop.origin}/vitrine`);
  assert.deepEqual(await ask(page), { authenticated: false });

  const offered = page.locator('portaria-login').locator('a, button');
  await offered.first().waitFor();
  assert.equal(await offered.count(), (await (await context.request.get(`${publicUrl}/providers`)).json()).providers.length);
  await page.locator('portaria-login a[href*="/login/playground"]').click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${shop.origin}/vitrine`);

  const session = await ask(page);
  assert.equal(session.email, ana.email);
  assert.equal(session.uid, (await whoIsThere(context)).uid);
}));

test('a page that the shop does not name reads no session', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.stranger}/`);

  assert.equal(await ask(page), 'TypeError');
}));
