// What browsers and impatient people do to the last step of a login.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { assertWellBuilt } from './looks.mjs';
import {
  ana, binary, button, callbackOf, choose, incident, installation, login, meet, publicUrl, shop, shopper, signIn, whoIsThere,
} from './world.mjs';

// Neither a dead end nor an alarm: it says what happened, and there is a way on.
async function assertFriendly(page) {
  await assertWellBuilt(page);
  assert.ok(await page.locator('main a[href], main button').count() > 0, 'there is a way on');
}

test('a callback that is opened again does no harm', () => shopper({}, async ({ page, context }) => {
  const callback = await callbackOf(page);
  await page.goto(callback);
  await page.waitForURL(`${shop.origin}/carrinho`);
  const before = await whoIsThere(context);

  const answer = await page.goto(callback);

  assert.ok(answer.status() < 500);
  if (page.url().startsWith(publicUrl)) await assertFriendly(page);
  assert.equal((await whoIsThere(context)).uid, before.uid);
}));

test('of two callbacks at once one signs in, and the other is told so kindly', () => shopper({}, async ({ page, context }) => {
  const callback = await callbackOf(page);

  const answers = await Promise.all([1, 2].map(() => context.request.get(callback, { maxRedirects: 0 })));

  assert.equal(answers.filter((answer) => answer.status() === 303 && answer.headers().location === `${shop.origin}/carrinho`).length, 1);
  assert.ok(answers.every((answer) => answer.status() < 500));
  assert.equal((await whoIsThere(context)).email, ana.email);
}));

test('a double click on a person is one login', () => shopper({}, async ({ page, context }) => {
  await page.goto(login(`${shop.origin}/carrinho`));
  await button(page, 'playground').click();
  await choose(page, ana.name).dblclick();
  await page.waitForURL((url) => !url.pathname.startsWith('/playground'));
  await page.waitForLoadState();

  if (page.url().startsWith(publicUrl)) {
    await assertFriendly(page);
    await page.goto(login(`${shop.origin}/carrinho`));
  }
  if ((await whoIsThere(context)).authenticated) assert.equal((await whoIsThere(context)).email, ana.email);
  else await signIn(page);
}));

test('the back button leads to pages that still know what to do', () => shopper({}, async ({ page, context }) => {
  await signIn(page);

  // Back to the playground's page, where the same person is chosen for an attempt that is over.
  await page.goBack();
  await choose(page, ana.name).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/playground'));
  if (page.url().startsWith(publicUrl)) await assertFriendly(page);

  // And further back, to a login page that was drawn for no one.
  await page.goto(login(`${shop.origin}/carrinho`));
  await assertFriendly(page);
  assert.equal((await whoIsThere(context)).email, ana.email);
}));

test('a login of another browser is not continued here', () => shopper({}, async ({ page }) => {
  const callback = await callbackOf(page);

  await shopper({}, async ({ page: theirs, context }) => {
    const answer = await theirs.goto(callback);
    assert.ok(answer.status() >= 400 && answer.status() < 500);
    await assertFriendly(theirs);
    assert.equal((await whoIsThere(context)).authenticated, false);
  });
}));

test('an error page has an incident code, and says nothing that it should not', () => shopper({ failing: 502 }, async ({ page, context }) => {
  const answer = await meet(page, 'no-id');
  const sent = [...new URL(answer.url()).searchParams.values()];

  assert.match(await page.locator('main').innerText(), incident);
  const source = await page.content();
  for (const word of [...sent, ana.name, ana.email, 'missingId']) assert.ok(!source.includes(word), `the page says ${word}`);
  await assertFriendly(page);
  assert.equal((await whoIsThere(context)).authenticated, false);
}));

test('support reads the story behind the code, and nobody is named in it', () => shopper({ failing: 502 }, async ({ page }) => {
  const answer = await meet(page, 'no-id');
  const sent = [...new URL(answer.url()).searchParams.values()];
  const [code] = (await page.locator('main').innerText()).match(incident);

  const { stdout } = await promisify(execFile)(binary, ['incident', code.toLowerCase()], { ...installation, env: { ...process.env, ...installation.env } });

  assert.match(stdout, /providers\.d\/playground\.yaml/);
  assert.match(stdout, /missingId/);
  for (const word of [...sent, ana.name, ana.email]) assert.ok(!stdout.includes(word), `the story says ${word}:\n${stdout}`);
}));

test('a callback out of nowhere leads to a new login', () => shopper({}, async ({ page, context }) => {
  const answer = await page.goto(`${publicUrl}/callback/playground?nonce_of_yours=nobody&ticket=t`);

  assert.equal(answer.status(), 400);
  await assertFriendly(page);
  assert.equal((await whoIsThere(context)).authenticated, false);

  await page.locator('.sheet a').first().click();
  await choose(page, ana.name).waitFor();
}));
