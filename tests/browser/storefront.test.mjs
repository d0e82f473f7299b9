// The pages of docs/storefront.md, word for word; only the two addresses of the page, of the broker and of the shop, are replaced by those of the test.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { checkout, installed } from './packages.mjs';
import { ana, choose, publicUrl, shop, shopper } from './world.mjs';

const document = await readFile(`${checkout}docs/storefront.md`, 'utf8');
const files = new Map([...document.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name, text.replaceAll('https://login.loja.example', publicUrl)]));
const apps = `${installed}/apps`;
const withReact = existsSync(`${apps}/node_modules/react-dom`) ? false : 'the packages of tests/apps/package.json are not installed';

// What a bundler does: JSX becomes calls, and React's modules are put together.
async function bundled(text) {
  const require = createRequire(`${apps}/package.json`);
  const { transformSync } = require('next/dist/compiled/babel/core');
  const presets = [[require.resolve('next/dist/compiled/babel/preset-react'), { runtime: 'classic' }]];
  const { code } = transformSync(`import React from 'react';\n${text}`, { presets, plugins: [require.resolve('next/dist/compiled/babel/plugin-transform-modules-commonjs')], babelrc: false, configFile: false });
  const modules = { react: 'react/cjs/react.production.js', 'react-dom': 'react-dom/cjs/react-dom.production.js', 'react-dom/client': 'react-dom/cjs/react-dom-client.production.js', scheduler: 'scheduler/cjs/scheduler.production.js' };
  const parts = await Promise.all(Object.entries(modules).map(async ([name, path]) => `${JSON.stringify(name)}: (module, exports, require) => {${await readFile(`${apps}/node_modules/${path}`, 'utf8')}\n}`));
  return `const modules = {${parts.join(',\n')}}, loaded = {};
const require = (name) => { if (!loaded[name]) { loaded[name] = { exports: {} }; modules[name](loaded[name], loaded[name].exports, require); } return loaded[name].exports; };
const exports = {};
${code}`;
}

for (const [name, text] of files) {
  const type = name.endsWith('.html') ? 'text/html' : 'text/javascript';
  if (name.endsWith('.jsx')) continue;
  shop.serve(`/exemplos/${name}`, (request, response) => response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(text));
}

const button = (page) => page.locator('portaria-login a[href*="/login/playground?"]');

async function signInByPopup(page) {
  const opened = page.waitForEvent('popup');
  await button(page).click();
  const popup = await opened;
  const closed = popup.waitForEvent('close');
  await choose(popup, ana.name).click();
  await closed;
}

test('the plain page shows the buttons, and then who is signed in', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.origin}/exemplos/index.html`);
  await button(page).click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${shop.origin}/pedidos`);
  await page.goto(`${shop.origin}/exemplos/index.html`);

  await page.locator('portaria-login').getByText(ana.name).waitFor();
}));

test('the checkout keeps what was typed and greets the person', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.origin}/exemplos/checkout.html`);
  await page.locator('input[name=cep]').fill('01310-100');
  await signInByPopup(page);

  await page.locator('#quem').getByText('Olá, Ana Prova!').waitFor();
  assert.equal(await page.locator('input[name=cep]').inputValue(), '01310-100');
}));

test('the component of React learns of a sign-in, and of a session that is there', { skip: withReact }, () => shopper({}, async ({ page, context }) => {
  const script = await bundled(files.get('app.jsx'));
  shop.serve('/exemplos/app.js', (request, response) => response.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' }).end(script));
  await page.goto(`${shop.origin}/exemplos/app.html`);
  await page.getByRole('heading', { name: 'Entre para continuar' }).waitFor();
  await signInByPopup(page);
  await page.getByRole('heading', { name: 'Olá, Ana Prova!' }).waitFor();

  const other = await context.newPage();
  await other.goto(`${shop.origin}/exemplos/app.html`);
  await other.getByRole('heading', { name: 'Olá, Ana Prova!' }).waitFor();
}));

test('types and page name the attributes and events of the element', async () => {
  const script = await readFile(`${checkout}src/pages/embed.js`, 'utf8');
  const types = await readFile(`${checkout}docs/portaria-login.d.ts`, 'utf8');
  const attributes = new Set([...script.matchAll(/(?:get|has)Attribute\("([a-z-]+)"\)/g)].map(([, name]) => name));
  const events = new Set([...script.matchAll(/#dispatch\("([a-z-]+)"/g)].map(([, name]) => `portaria-${name}`));

  assert.ok(attributes.size >= 4 && events.size === 4);
  for (const name of attributes) {
    assert.match(document, new RegExp(`^\\| \`${name}\` \\|`, 'm'));
    assert.match(types, new RegExp(`^  "?${name}"?\\?: `, 'm'));
  }
  for (const name of events) {
    assert.match(document, new RegExp(`^\\| \`${name}\` \\|`, 'm'));
    assert.match(types, new RegExp(`^  "${name}": `, 'm'));
  }
});
