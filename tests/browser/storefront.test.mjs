// The pages of docs/storefront.md, word for word; only the two addresses of the page, of the broker and of the shop, are replaced by those of the test.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  await page.reload();
  await page.locator('#quem').getByText('Olá, Ana Prova!').waitFor();
}));

test('the script of a page listens before the element asks, however late it comes', () => shopper({}, async ({ page }) => {
  const asked = page.waitForRequest(`${publicUrl}/session?**`);
  let hold;
  const held = new Promise((go) => { hold = go; });
  await page.route('**/exemplos/checkout.js', async (route) => { await held; await route.continue(); });
  const script = page.waitForResponse(`${publicUrl}/embed.js`);
  await page.goto(`${shop.origin}/exemplos/checkout.html`, { waitUntil: 'commit' });
  await (await script).finished();

  const first = await Promise.race([asked.then(() => 'the element has asked'), page.evaluate(() => new Promise((go) => { requestAnimationFrame(() => requestAnimationFrame(() => go('it waits'))); }))]);
  hold();
  await asked;
  assert.equal(first, 'it waits');
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

// Compiles texts beside the types of the element, strictly. Below the packages the compiler finds the types of React, and elsewhere it does not.
function compiled(above, texts) {
  const folder = mkdtempSync(join(above, 'types-'));
  try {
    const types = readFileSync(`${checkout}docs/portaria-login.d.ts`, 'utf8');
    for (const [name, text] of Object.entries({ 'portaria-login.d.ts': types, ...texts })) writeFileSync(join(folder, name), text);
    const options = ['--noEmit', '--strict', '--pretty', 'false', '--jsx', 'react-jsx', '--lib', 'dom,dom.iterable,es2022', '--module', 'esnext', '--moduleResolution', 'bundler'];
    execFileSync(process.execPath, [`${apps}/node_modules/typescript/lib/tsc.js`, ...options, 'portaria-login.d.ts', ...Object.keys(texts)], { cwd: folder, encoding: 'utf8' });
    return '';
  } catch (error) {
    return error.stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const withTypes = existsSync(`${apps}/node_modules/typescript`) ? false : 'the packages of tests/apps/package.json are not installed';
const uses = (name) => readFileSync(`${checkout}tests/browser/types/${name}`, 'utf8');

for (const [where, above, ending] of [['a page without a framework', tmpdir(), 'ts'], ['React', apps, 'tsx']]) {
  test(`the types of the element take every right use and no wrong one: ${where}`, { skip: withTypes }, () => {
    const [right, wrong] = [uses(`right.${ending}`), uses(`wrong.${ending}`)];
    assert.equal(compiled(above, { [`right.${ending}`]: right, [`wrong.${ending}`]: wrong }), '');

    // Without the marks, each of the lines is an error, and no other.
    const lines = wrong.split('\n');
    const marked = lines.flatMap((line, at) => (line === '// @ts-expect-error' ? [at + 2] : []));
    const said = compiled(above, { [`wrong.${ending}`]: wrong.replaceAll('// @ts-expect-error', '//') });
    const refused = new Set([...said.matchAll(/^wrong\.tsx?\((\d+),/gm)].map(([, line]) => Number(line)));
    assert.deepEqual([...refused], marked, said);
  });
}

test('right uses name every attribute, event and property', () => {
  const types = readFileSync(`${checkout}docs/portaria-login.d.ts`, 'utf8');
  const named = [...types.matchAll(/^ {2}"?([a-z-]+)"?\??: /gm)].map(([, name]) => name);
  assert.ok(named.includes('return-to') && named.includes('portaria-error') && named.includes('session'));
  for (const name of named) assert.match(uses('right.ts') + uses('right.tsx'), new RegExp(`\\b${name}\\b`), name);
});
