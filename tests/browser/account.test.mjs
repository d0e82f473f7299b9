// A shopper adds and removes ways in, proves an address by a letter of a real mail server, and leaves everywhere at once.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible, assertRightAtEveryWidth, assertWellBuilt } from './looks.mjs';
import { openMailbox } from './mailbox.mjs';
import { checkout } from './packages.mjs';
import { logIn } from './peers.mjs';
import { freePort, start } from './processes.mjs';
import { ana, binary, button, publicUrl, screenshots, shop, shopper, signIn, whoIsThere } from './world.mjs';

// A second store, whose provider vouches for no address, with a mail server that wants TLS, a name and a password.
let asking;
let mailbox;
let folder;
let broker;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portaria-'));
  await mkdir(`${folder}/providers.d`);
  const password = randomBytes(12).toString('base64url');
  const certificate = [`${folder}/cert.pem`, `${folder}/key.pem`];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=Correio de teste',
    '-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=critical,CA:FALSE', '-out', certificate[0], '-keyout', certificate[1]], { stdio: 'ignore' });
  mailbox = await openMailbox('0', '--tls', ...certificate, '--user', 'loja', `--password=${password}`);
  const port = await freePort();
  asking = `http://localhost:${port}`;
  const playground = await readFile(`${checkout}providers.d/playground.yaml`, 'utf8');
  const unproven = playground.replace(/    emailVerified:.*\n/, '').replace('clientSecret: none', 'clientSecret: none\ntrustEmail: never\nmissingEmail: ask');
  assert.notEqual(unproven, playground);
  await writeFile(`${folder}/providers.d/playground.yaml`, unproven);
  await writeFile(`${folder}/portaria.yaml`, `
publicUrl: ${asking}
listen: 127.0.0.1:${port}
returnTo: [ "${shop.origin}" ]
login: { title: Loja Exemplo, accent: "#0a6", languages: [ pt-BR, es, en ] }
limits: off
mail: { smtp: "smtps://localhost:${mailbox.port}", user: "env:MAIL_USER", password: "env:MAIL_PASSWORD", from: "Loja Exemplo <nao-responda@loja.example>" }
`);
  const env = { MAIL_USER: 'loja', MAIL_PASSWORD: password, SSL_CERT_FILE: certificate[0] };
  broker = await start('portaria', binary, ['serve'], { cwd: folder, env, ready: `${asking}/health/ready` });
});

after(async () => {
  await broker?.stop();
  mailbox?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

// A person comes for the first time.
async function isAsked(page, email = `${randomBytes(4).toString('hex')}@loja.example`) {
  await page.goto(`${asking}/login?return_to=${encodeURIComponent(`${shop.origin}/carrinho`)}`);
  await button(page, 'playground').click();
  await page.locator('#name').fill('Alguém Novo');
  await page.locator('#email').fill(email);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${asking}/prove`);
}

const askingSession = async (context) => (await context.request.get(`${asking}/session`)).json();

test('an address is proven by the code of a letter, and nobody is asked twice', () => shopper({}, async ({ page, context }) => {
  await isAsked(page, ana.email);
  assert.equal(await page.locator('input[name=email]').inputValue(), ana.email, 'what the provider names is a suggestion');
  await assertWellBuilt(page);
  await page.locator('input[name=email]').fill('ana.nova@loja.example');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${asking}/prove`);
  await page.locator('input[name=code]').waitFor();
  const letter = await mailbox.letter(1);
  assert.deepEqual(letter.to, ['ana.nova@loja.example']);
  assert.match(letter.headers.From, /Loja Exemplo <nao-responda@loja\.example>/);
  const [code] = letter.subject.match(/^\d{6}/);
  assert.ok(letter.text.replace(/\s/g, '').includes(code) && letter.html.replace(/<[^>]*>|\s/g, '').includes(code));
  assert.doesNotMatch(letter.text + letter.html, /https?:|<script|<img/);

  await page.locator('input[name=code]').fill(`${code.slice(0, 3)} ${code.slice(3)}`);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${shop.origin}/carrinho`);

  const session = await askingSession(context);
  assert.deepEqual([session.email, session.emailVerified], ['ana.nova@loja.example', true]);
  await page.goto(`${asking}/login/playground?return_to=${encodeURIComponent(`${shop.origin}/pedidos`)}`);
  await page.locator('#name').fill('Alguém Novo');
  await page.locator('#email').fill(ana.email);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${shop.origin}/pedidos`);
  assert.ok(!broker.said().includes('ana.nova@loja.example') && !broker.said().includes(code), 'neither address nor code is logged');
}));

test('a wrong code says so at the field, and another address may be given', () => shopper({ failing: 422 }, async ({ page, context }) => {
  await isAsked(page);
  await page.locator('input[name=email]').fill('outra@loja.example');
  await page.keyboard.press('Enter');
  await page.locator('input[name=code]').fill('000000');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  assert.equal(await page.locator('input[name=code]').getAttribute('aria-invalid'), 'true');
  await assertWellBuilt(page);

  await page.locator('a[href="/prove?change=1"]').click();
  assert.equal(await page.locator('input[name=email]').inputValue(), 'outra@loja.example');
  assert.equal((await askingSession(context)).authenticated, false);
}));

test('a second way in is added, used and removed', () => shopper({}, async ({ page, context }) => {
  await signIn(page);
  const { uid } = await whoIsThere(context);
  await page.goto(`${publicUrl}/login`);
  await page.locator('a[href="/account"]').click();
  await page.locator('.sheet details > summary').first().click();
  await page.locator('form[action="/account/link/oidc"] button').click();
  await logIn.oidc(page, 'edu');
  await page.waitForURL(`${publicUrl}/account?done=linked`);
  await page.getByRole('status').waitFor();
  assert.equal((await whoIsThere(context)).uid, uid);
  await assertWellBuilt(page);

  const other = await context.browser().newContext({ locale: 'pt-BR' });
  const elsewhere = await other.newPage();
  await elsewhere.goto(`${publicUrl}/login/oidc?return_to=${encodeURIComponent(`${shop.origin}/carrinho`)}`);
  await logIn.oidc(elsewhere, 'edu');
  await elsewhere.waitForURL(`${shop.origin}/carrinho`);
  const there = await whoIsThere(other);
  assert.deepEqual([there.uid, there.email], [uid, ana.email], 'the address stays, whichever way is used');

  // Both identities may have been linked in the same second, so their order says nothing.
  const remove = async () => {
    const entrada = page.locator('ul.rows li', { has: page.locator('form[action="/account/unlink"]'), hasText: 'Entrada' });
    await entrada.locator('summary').click();
    await entrada.locator('form[action="/account/unlink"] button').click();
    await page.waitForURL(/\/account\?done=unlinked&undo=/);
  };
  await remove();
  await assertAccessible(page);
  await page.locator('form[action="/account/undo"] button').click();
  await page.waitForURL(`${publicUrl}/account?done=restored`);
  assert.equal(await page.locator('form[action="/account/unlink"]').count(), 2, 'both ways are there again');
  await remove();
  assert.equal(await page.locator('form[action="/account/unlink"]').count(), 0, 'the last way cannot be removed');
  assert.equal((await whoIsThere(other)).authenticated, false, 'what came in by it is signed out');
  await other.close();
}));

test('signing out everywhere leaves nobody signed in', () => shopper({}, async ({ page, context }) => {
  await signIn(page);
  const other = await context.browser().newContext({ locale: 'pt-BR' });
  await signIn(await other.newPage());
  await page.goto(`${publicUrl}/account`);

  await page.locator('form[action="/account/sign-out"] button').click();
  await page.waitForURL(`${publicUrl}/login?signed_out=1`);

  assert.equal((await whoIsThere(context)).authenticated, false);
  assert.equal((await whoIsThere(other)).authenticated, false);
  await other.close();
}));

test('the other sessions are listed by their devices, and one of them is ended', () => shopper({}, async ({ page, context }) => {
  await signIn(page);
  const other = await context.browser().newContext({ locale: 'pt-BR' });
  await signIn(await other.newPage());
  await page.goto(`${publicUrl}/account`);
  const rows = page.locator('section[aria-labelledby=places] li');
  await rows.filter({ hasText: 'Este aparelho' }).getByText('Chrome no Linux').waitFor();

  await rows.locator('form[action="/account/sessions/end"] button').first().click();
  await page.waitForURL(`${publicUrl}/account?done=left`);

  assert.equal((await whoIsThere(context)).authenticated, true);
  assert.equal((await whoIsThere(other)).authenticated, false, 'the newest of the others comes first');
  await other.close();
}));

test('a person downloads the own data and erases the account', () => shopper({}, async ({ page, context }) => {
  const name = `Lia ${randomBytes(3).toString('hex')}`;
  await page.goto(`${publicUrl}/login/playground?return_to=${encodeURIComponent(`${shop.origin}/carrinho`)}`);
  await page.locator('#name').fill(name);
  await page.locator('#email').fill(`${name.toLowerCase().replace(' ', '.')}@loja.example`);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${shop.origin}/carrinho`);
  const { uid } = await whoIsThere(context);
  await page.goto(`${publicUrl}/account`);

  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('form[action="/account/data"] button').click()]);
  assert.equal(download.suggestedFilename(), 'account.json');
  const data = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.deepEqual([data.uid, data.name, data.waysIn.length, data.sessions.length], [uid, name, 1, 1]);
  await page.locator('a[href="/account/erase"]').click();
  await assertWellBuilt(page);
  await assertAccessible(page);
  await page.locator('form[action="/account/erase"] button').click();
  await page.getByRole('status').waitFor();
  await assertWellBuilt(page);
  await assertAccessible(page);

  assert.equal((await whoIsThere(context)).authenticated, false);
}));

const pages = {
  'account-erase': async (page) => {
    await signIn(page);
    await page.goto(`${publicUrl}/account/erase`);
  },
  account: async (page) => {
    await signIn(page);
    await page.goto(`${publicUrl}/account`);
  },
  'prove-address': isAsked,
  'prove-code': async (page) => {
    await isAsked(page);
    await page.locator('input[name=email]').fill(`foto${randomBytes(3).toString('hex')}@loja.example`);
    await page.keyboard.press('Enter');
    await page.locator('input[name=code]').waitFor();
  },
};

for (const colorScheme of ['light', 'dark']) {
  for (const [name, open] of Object.entries(pages)) {
    test(`the page ${name} is right at every width, ${colorScheme}`, () => shopper({ colorScheme }, async ({ page }) => {
      await open(page);
      await assertRightAtEveryWidth(page, `${screenshots}/${name}`, colorScheme);
    }));
  }
}

