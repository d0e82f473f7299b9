// A store on a host of the broker's domain whose own server reads the session, and a store on another site whose server exchanges a code for it.
// The servers are the programs of docs/storefront.md, word for word.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openSites } from './sites.mjs';

const sites = await openSites();
after(() => sites.stop());

// A person with a browser of their own; no page may have an error.
async function shopper(story) {
  const context = await sites.browser.newContext({ locale: 'pt-BR', ignoreHTTPSErrors: true });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error' && !message.text().includes('status of 401')) complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(error.message));
  try {
    await story({ page, context });
    assert.deepEqual(complaints, []);
  } catch (error) {
    error.message += `\nat ${page.url()}: ${(await page.locator('body').innerText().catch(() => '')).slice(0, 500)}\n${complaints.join('\n')}\nthe broker said: ${sites.broker.said().slice(-1500)}`;
    throw error;
  } finally {
    await context.close();
  }
}

// From a page of the broker that asks for an address to wherever the sign-in leads.
async function signInByCode(page, email) {
  const before = sites.mailbox.letters.length;
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=email]').press('Enter');
  const [code] = (await sites.mailbox.letter(before + 1)).subject.match(/^\d{6}/);
  await page.locator('input[name=code]').fill(code);
  await page.locator('input[name=code]').press('Enter');
}

const ordersOf = (page) => page.evaluate(async () => {
  const answer = await fetch('/pedidos.json');
  return [answer.status, (await answer.json())?.email];
});

test('the server of a store on the same domain reads the session of its shopper, until the sign-out', () => shopper(async ({ page }) => {
  const person = page.locator('portaria-login div');
  await page.goto(`${sites.store}/`);
  assert.deepEqual(await ordersOf(page), [401, undefined], 'a guest');

  await page.locator('portaria-login a[href*="/login/email"]').click();
  await signInByCode(page, 'ana@loja.example');
  await page.waitForURL(`${sites.store}/pedidos`);
  await person.getByText('ana@loja.example').waitFor();
  assert.deepEqual(await ordersOf(page), [200, 'ana@loja.example']);

  await page.reload();
  await person.getByText('ana@loja.example').waitFor();
  assert.deepEqual(await ordersOf(page), [200, 'ana@loja.example']);
  const cookie = sites.heard.at(-1);
  assert.match(cookie, /^portaria=[^;]+$/, 'the server gets the cookie of the domain and no other');
  const [auth, account] = [await sites.ask('/auth', cookie), await sites.ask('/account', cookie)];
  assert.deepEqual([auth.statusCode, auth.headers['x-auth-email']], [200, 'ana@loja.example']);
  assert.notEqual(account.statusCode, 200, 'it opens no page of the broker');

  await person.getByRole('button').click();
  await page.locator('portaria-login a[href*="/login/email"]').waitFor();
  assert.equal(page.url(), `${sites.store}/pedidos`);
  assert.deepEqual(await ordersOf(page), [401, undefined], 'a guest again');
  assert.equal((await sites.ask('/auth', cookie)).statusCode, 401, 'and the cookie that the server has seen opens nothing');
}));

test('the server of a store on another site exchanges the code, keeps the session and ends it', () => shopper(async ({ page, context }) => {
  await page.goto(`${sites.elsewhere}/`);
  await page.getByRole('link', { name: 'Entrar' }).click();
  await signInByCode(page, 'bia@loja.example');
  await page.waitForURL(`${sites.elsewhere}/`);
  await page.getByText('bia@loja.example').waitFor();

  await page.reload();
  await page.getByText('bia@loja.example').waitFor();
  const kept = (await context.cookies()).filter(({ domain }) => domain === 'www.outra.example');
  assert.deepEqual(kept.map(({ name, httpOnly, secure }) => [name, httpOnly, secure]), [['__Host-sessao', true, true]]);
  assert.equal((await sites.ask('/session', `portaria=${kept[0].value}`)).statusCode, 200);

  await page.getByRole('button', { name: 'Sair' }).click();
  await page.getByRole('link', { name: 'Entrar' }).waitFor();
  assert.equal((await sites.ask('/session', `portaria=${kept[0].value}`)).statusCode, 401, 'the session is over everywhere');
  await page.goto(`${sites.publicUrl}/login`);
  await page.locator('input[name=email]').waitFor();
  await page.goto(`${sites.elsewhere}/`);
  await page.getByRole('link', { name: 'Entrar' }).waitFor();
}));

test('a code signs no other browser in than the one that began', () => shopper(async ({ page }) => {
  await page.goto(`${sites.elsewhere}/entrar`);
  const held = sites.hold();
  await signInByCode(page, 'caio@loja.example');
  const landing = await held;
  assert.match(landing, /\/volta\?portaria_code=/);

  await shopper(async ({ page: other, context }) => {
    await other.goto(`${sites.elsewhere}/entrar`);
    await other.goto(landing);
    await other.getByRole('link', { name: 'Entrar' }).waitFor();
    assert.deepEqual((await context.cookies()).filter(({ name }) => name === '__Host-sessao'), []);
  });
  await page.goto(landing);
  await page.getByText('caio@loja.example').waitFor();
}));
