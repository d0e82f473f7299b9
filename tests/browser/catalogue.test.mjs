// The lab's gallery of providers: a store in Brazil finds gov.br, copies the address that it registers there, and opens its file in the editor.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { assertRightAtEveryWidth, assertRoomForLargeText, assertWellBuilt, tabTo } from './looks.mjs';
import { checkout } from './packages.mjs';
import { ana, choose, installation, publicUrl, screenshots, shopper } from './world.mjs';

const catalogue = (path = '') => `${publicUrl}/lab/catalogue${path}`;
const shipped = (name) => readFile(`${checkout}providers.d/${name}.yaml`, 'utf8');
const shown = (page) => page.locator('.tiles a:visible');

before(async () => {
  // One that waits for its values, one that is broken, and one that the playground answers.
  await writeFile(`${installation.cwd}/providers.d/discord.yaml`, await shipped('discord'));
  await writeFile(`${installation.cwd}/providers.d/twitch.yaml`, (await shipped('twitch')).replace('catalogue:', 'katalogue:'));
  await writeFile(`${installation.cwd}/providers.d/github.yaml`, (await shipped('playground')).replace('name: Playground', 'name: GitHub'));
  await shopper({}, async ({ page }) => {
    for (let tries = 0; tries < 200; tries += 1) {
      await page.goto(`${publicUrl}/lab/providers`);
      const links = ['discord', 'twitch', 'github'].map((name) => page.locator(`a[href="/lab/${name}"]`).count());
      if ((await Promise.all(links)).every((count) => count > 0)) return;
      await page.waitForTimeout(100);
    }
    assert.fail('the new files are not noticed');
  });
});

const pages = {
  all: '',
  found: '?q=brasil&kind=government',
  none: '?q=nada-disso',
  new: '/govbr',
  dormant: '/discord',
  broken: '/twitch',
  offered: '/github',
};

for (const colorScheme of ['light', 'dark']) {
  for (const [name, path] of Object.entries(pages)) {
    test(`the gallery's page ${name} is right at every width, ${colorScheme}`, () => shopper({ colorScheme, locale: 'pt-BR' }, async ({ page }) => {
      await page.goto(catalogue(path));
      await assertRightAtEveryWidth(page, `${screenshots}/catalogue-${name}`, colorScheme, 24);
    }));
  }
}

test('gov.br is found while typing, its address is copied, and its file opens in the editor', () => shopper({ locale: 'pt-BR', permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page }) => {
  await page.goto(`${publicUrl}/lab/providers`);
  await page.locator('main a[href="/lab/catalogue"]').click();
  const all = await shown(page).count();
  assert.ok(all > 150);
  assert.match(await page.locator('main h2').first().innerText(), /^Brasil · \d+$/);

  await page.locator('#filter').fill('governo BRASIL gov');
  assert.ok(await shown(page).count() < 10);
  await page.locator('#filter').fill('nada disso');
  await page.getByText('Nenhum provedor do catálogo corresponde a isso.').waitFor();
  await page.locator('#filter').fill('japao');
  assert.ok(await shown(page).count() > 0, 'accents need not be typed');
  await page.locator('#filter').fill('gov.br');
  const govbr = page.locator('a[href="/lab/catalogue/govbr"]');
  await tabTo(page, govbr);
  await page.keyboard.press('Enter');
  await page.waitForURL(catalogue('/govbr'));

  await page.locator('a[data-copy]').click();
  await page.getByText('Copiado').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${publicUrl}/callback/govbr`);
  await page.locator('a[href="/lab/editor/govbr?from=govbr"]').click();
  await page.waitForURL(`${publicUrl}/lab/editor/govbr?from=govbr`);
  assert.equal(await page.locator('#yaml').inputValue(), await shipped('govbr'));
  assert.match(await page.locator('[role=status]').first().innerText(), /Nenhum erro/);
}));

test('without JavaScript words find, marks load, and the address opens as a text', () => shopper({ locale: 'pt-BR', javaScriptEnabled: false }, async ({ page }) => {
  await page.goto(catalogue());
  await page.locator('main input[name=q]').fill('governo brasil');
  await page.locator('main form button').click();
  await page.waitForURL(catalogue('?q=governo+brasil&kind=&country='));
  assert.ok(await shown(page).count() > 0 && await shown(page).count() < 10);
  assert.equal(await page.locator('main input[name=q]').inputValue(), 'governo brasil');
  await page.locator('a[href="/lab/catalogue/govbr"]').click();
  await page.locator('a[data-copy]').click();
  assert.equal(await page.locator('body').innerText(), `${publicUrl}/callback/govbr`);
}));

test('a login that worked here is shown beside the grade', () => shopper({ locale: 'en' }, async ({ page }) => {
  await page.goto(catalogue('/github'));
  await page.locator('main form button').click();
  await page.waitForURL(`${publicUrl}/playground/**`);
  await choose(page, ana.name).click();
  await page.waitForURL(`${publicUrl}/lab/github/tests/*`);
  assert.match(await page.locator('main').innerText(), /A login worked here on \d{4}-\d\d-\d\d\./);
  await page.goto(catalogue('/github'));
  assert.match(await page.locator('main').innerText(), /Grade A: [\s\S]*A login worked here on \d{4}-\d\d-\d\d\./);
}));

test('the gallery has room for large text, and every mark is there', () => shopper({ locale: 'es' }, async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  for (const path of ['', '/govbr']) {
    await page.goto(catalogue(path));
    await assertWellBuilt(page);
    const missing = await page.evaluate(async () => {
      const marks = [...document.querySelectorAll('img.mark')];
      marks.forEach((mark) => { mark.loading = 'eager'; });
      await Promise.all(marks.map((mark) => mark.decode().catch(() => {})));
      return marks.filter((mark) => mark.naturalWidth === 0).map((mark) => mark.src);
    });
    assert.deepEqual(missing, []);
    await assertRoomForLargeText(page);
  }
}));
