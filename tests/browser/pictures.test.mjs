// The pictures at the beginning of the README, in twice the size in which it shows them: `ACCEPT=1 node tests/browser/run.mjs pictures` takes them anew.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { keep, odd, told } from './incident.mjs';
import { checkout } from './packages.mjs';
import { small } from './png.mjs';
import { everything, openShowcase } from './showcase.mjs';
import { screenshots, shopper } from './world.mjs';

const shown = `${checkout}docs/images`;
const most = 120_000;
const open = [];

after(() => Promise.all(open.map((broker) => broker.stop())));

async function showcase(wishes) {
  const broker = await openShowcase(wishes);
  open.push(broker);
  return broker;
}

async function take(page, name, colours, part) {
  const picture = small(await page.screenshot(part), colours);
  assert.ok(picture.length < most, `${name}.png has ${picture.length} bytes`);
  const folder = process.env.ACCEPT ? shown : screenshots;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${name}.png`, picture);
}

const twice = (width, height) => ({ viewport: { width, height }, deviceScaleFactor: 2, colorScheme: 'light', locale: 'en' });

test('a picture of the login page is taken', () => shopper(twice(1000, 700), async ({ page }) => {
  const store = await showcase({ more: everything });
  await page.goto(`${store.publicUrl}/login?return_to=${encodeURIComponent('https://www.loja.example/carrinho')}`);
  const { x, y, width, height } = await page.locator('main').boundingBox();

  await take(page, 'login', 256, { clip: { x: x - 8, y: y - 8, width: width + 16, height: height + 16 } });
}));

test('a picture of the lab is taken', () => shopper(twice(1040, 900), async ({ page }) => {
  const files = { 'clube-acme': odd.replace('env:CLUBE_ACME_NEVER_SET', 'env:CLUBE_ACME_SECRET') };
  const store = await showcase({ providers: ['google', 'facebook', 'discord', 'twitch'], files, env: { CLUBE_ACME_SECRET: 'made-up' } });
  keep(store.folder, 'K7Q-2MD', { ...told, test: false });
  await page.goto(`${store.publicUrl}/lab/incidents/K7Q-2MD`);

  await take(page, 'lab', 32, { fullPage: true });
}));
