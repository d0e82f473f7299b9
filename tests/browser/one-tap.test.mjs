// The browser offers the account that a person has at a provider (FedCM).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, publicUrl, shop, shopper, whoIsThere } from './world.mjs';

// Answers the dialog of the browser, of which pages see nothing.
async function answerDialog(context, page, answer) {
  const devtools = await context.newCDPSession(page);
  const shown = [];
  devtools.on('FedCm.dialogShown', ({ dialogId, accounts: offered, dialogType }) => {
    shown.push([dialogType, offered.map(({ email }) => email)]);
    devtools.send(answer === 'accept' ? 'FedCm.selectAccount' : 'FedCm.dismissDialog', answer === 'accept' ? { dialogId, accountIndex: 0 } : { dialogId }).catch(() => {});
  });
  await devtools.send('FedCm.enable', { disableRejectionDelay: true });
  return shown;
}

test('a person who accepts is signed in without leaving the page', () => shopper({}, async ({ page, context }) => {
  await page.goto(`${accounts.origin}/`);
  const shown = await answerDialog(context, page, 'accept');
  await page.goto(`${shop.origin}/toque`);
  await page.locator('portaria-login').getByText(accounts.person.name).waitFor();

  assert.deepEqual(shown.at(0)?.[1], [accounts.person.email]);
  assert.equal((await whoIsThere(context)).email, accounts.person.email);
  assert.deepEqual(await page.evaluate(() => window.told.map(([name]) => name)), ['session', 'signed-in']);
  assert.equal(await page.evaluate(() => JSON.stringify(window.told).includes('eyJ')), false);
  const { client, nonce } = accounts.asked.at(-1);
  assert.ok(client && nonce.length === 43, nonce);
}));

test('a person who declines sees the buttons', () => shopper({}, async ({ page, context }) => {
  await page.goto(`${accounts.origin}/`);
  const shown = await answerDialog(context, page, 'decline');
  const dismissed = page.waitForEvent('console').catch(() => null);
  await page.goto(`${shop.origin}/toque`);
  await page.locator(`portaria-login a[href^="${publicUrl}/login/contas"]`).waitFor();
  await dismissed;

  assert.equal(shown.length, 1);
  assert.equal((await whoIsThere(context)).authenticated, false);
}));
