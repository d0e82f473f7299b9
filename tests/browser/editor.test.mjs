// The lab's editor, on loopback where everybody may use it: what is wrong and what would be sent appears as one types, with a keyboard alone,
// and the buttons do the same without a script.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { assertRightAtEveryWidth, assertWellBuilt, tabTo } from './looks.mjs';
import { ana, choose, installation, publicUrl, screenshots, shopper } from './world.mjs';

const editor = (path = '') => `${publicUrl}/lab/editor${path}`;
const field = (page) => page.locator('#yaml');

// The file of the reference, with two mistakes and a word with a slip.
const trevo = `name: Trevo
clientId: env:TREVO_CLIENT_ID
clientSecret: env:TREVO_CLIENT_SECRET
inputs:
  loja:
    label: Endereço da sua loja
    pattern: "[a-z0-9-]+"
getAuthorizationCode:
  get: https://\${loja}.trevo.example/oauth/authorize
  scope: ler_perfil
getAccessCode:
  post: https://\${loja}.trevo.example/oauth/token
  credencials: basic
getUserInfo:
  get: https://\${loja}.trevo.example/v1/eu
  read:
    id: $.usuario.id
    email: $.usuario.email
    emailVerified: $.usuario.email_ok
    name: $.usuario.nome
`;

before(async () => {
  await writeFile(`${installation.cwd}/providers.d/trevo.yaml`, trevo);
  await shopper({}, async ({ page }) => {
    for (let tries = 0; tries < 200; tries += 1) {
      await page.goto(editor());
      if (await page.locator('a[href="/lab/editor/trevo"]').count()) return;
      await page.waitForTimeout(100);
    }
    assert.fail('the new file is not noticed');
  });
});

// Types the whole text as a person pastes it.
async function write(page, text) {
  await field(page).fill(text);
}

const pages = {
  start: (page) => page.goto(editor()),
  broken: (page) => page.goto(editor('/trevo')),
  fine: (page) => page.goto(editor('/playground')),
  new: (page) => page.goto(editor('/nova?from=.discovery')),
};

for (const colorScheme of ['light', 'dark']) {
  for (const [name, open] of Object.entries(pages)) {
    test(`the editor's page ${name} is right at every width, ${colorScheme}`, () => shopper({ colorScheme, locale: 'pt-BR' }, async ({ page }) => {
      await open(page);
      await assertRightAtEveryWidth(page, `${screenshots}/editor-${name}`, colorScheme, 24);
    }));
  }
}

test('typing shows a complaint at its line and the requests, and the caret stays', () => shopper({ locale: 'en' }, async ({ page }) => {
  await page.goto(editor('/playground'));
  const right = await field(page).inputValue();
  assert.match(await page.locator('[data-result]').innerText(), /3\. getAccessCode|2\. getAccessCode/);
  const at = right.indexOf('getUserInfo');
  const line = right.slice(0, at).split('\n').length;
  await field(page).evaluate((area, to) => { area.focus(); area.setSelectionRange(to, to); }, at + 3);

  await page.keyboard.type('x');

  await page.locator(`li[data-line="${line}"]`).waitFor();
  assert.equal(await page.locator(`.lines li:nth-child(${line}) u`).innerText(), 'getxUserInfo');
  assert.deepEqual(await field(page).evaluate((area) => [area.selectionStart, area.selectionEnd, document.activeElement === area]), [at + 4, at + 4, true]);
  assert.match(await page.locator('[role=status]').first().innerText(), /1 mistake/);
  assert.ok(await page.locator('[data-stale] .body').count() > 0, 'the requests before stay in sight');

  // What was probably meant is one press away, and can be undone.
  await page.locator('[data-meant="getUserInfo"]').click();
  await page.locator('[data-requests=shown]').waitFor();
  assert.equal(await field(page).inputValue(), right);
  await page.keyboard.press('ControlOrMeta+z');
  await page.locator(`li[data-line="${line}"]`).waitFor();
  await assertWellBuilt(page);
}));

test('the editor is used with a keyboard alone', () => shopper({ locale: 'en' }, async ({ page }) => {
  await page.goto(editor('/trevo'));
  await tabTo(page, field(page));
  await page.keyboard.press('Tab');
  assert.equal(await field(page).evaluate((area) => document.activeElement !== area && area.value.includes('\t')), false, 'Tab writes nothing');
  assert.ok(await field(page).evaluate((area) => document.activeElement !== area), 'Tab leaves the field');
  const apply = page.locator('[data-meant="credentials"]');
  await tabTo(page, apply);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('#yaml').value.includes('  credentials: basic'));
}));

test('a text is copied and downloaded as it stands in the field', () => shopper({ locale: 'en', permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page }) => {
  await page.goto(editor('/nova?from=.empty'));
  await write(page, 'name: Nova\n');
  await page.locator('[data-copy-text]').click();
  await page.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'name: Nova\n');
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('button[value=download]').click()]);
  assert.equal(download.suggestedFilename(), 'nova.yaml');
  assert.equal(await readFile(await download.path(), 'utf8'), 'name: Nova\n');
}));

for (const javaScriptEnabled of [true, false]) {
  test(`an edited text reaches the playground, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, () => shopper({ locale: 'en', javaScriptEnabled }, async ({ page, context }) => {
    await page.goto(editor('/playground'));
    const right = await field(page).inputValue();
    await write(page, right.replace('email: $.value', 'email: $.address'));
    if (!javaScriptEnabled) {
      await page.locator('button[value=check]').click();
      assert.match(await page.locator('[role=status]').first().innerText(), /No mistakes/);
      assert.match(await field(page).inputValue(), /\$\.address/);
    }
    await page.locator('button[value=try]').click();
    await page.waitForURL(`${publicUrl}/playground/**`);
    await choose(page, ana.name).click();
    await page.waitForURL(`${publicUrl}/lab/playground/tests/*`);

    assert.match(await page.locator('main').innerText(), /getUserInfo/);
    assert.equal((await context.request.get(`${publicUrl}/session`)).status(), 401);
    await page.goto(editor('/playground'));
    assert.equal(await field(page).inputValue(), right, 'the file is as it was');
  }));
}

test('without JavaScript a button checks, and another applies what was meant', () => shopper({ locale: 'pt-BR', javaScriptEnabled: false }, async ({ page }) => {
  await page.goto(editor('/trevo'));
  assert.equal(await page.locator('.lines li.bad').count(), 2);
  await page.locator('li[data-line="13"] button').click();
  assert.match(await field(page).inputValue(), /  credentials: basic/);
  assert.equal(await page.locator('li[data-line="13"]').count(), 0);
  await page.locator('button[value=try]').click();
  assert.match(await page.locator('[role=alert]').innerText(), /O teste não começou/);
}));
