// The lab of support staff, on loopback where everybody may use it: its pages at every width, light and dark, with a script and without.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { count, keep, odd, told } from './incident.mjs';
import { assertRightAtEveryWidth, assertWellBuilt } from './looks.mjs';
import { ana, choose, incident, installation, meet, publicUrl, screenshots, shopper } from './world.mjs';

const lab = (path = '') => `${publicUrl}/lab${path}`;
const broken = `name: Vitrine
clientId: loja-42
clientSecret: this-was-pasted-here
getAuthorizationCode:
  get: https://sso.vitrine.example/entrar
getUserInfo:
  get: https://sso.vitrine.example/me
  raed: { id: $.id, email: $.email }   # a word with a slip
trustEmail: sometimes
`;

let code;

// The playground's file under another name, with a path that is wrong by one word.
const right = 'email: $.value';
const wrong = 'email: $.address';
const torto = `${installation.cwd}/providers.d/torto.yaml`;

// Runs a test login as a person, and ends where its story is told.
async function testLogin(page, provider, who) {
  await page.goto(lab(`/${provider}`));
  await page.locator('.run .button').click();
  await page.waitForURL(`${publicUrl}/playground/**`);
  await choose(page, who).click();
  await page.waitForURL(lab(`/${provider}/tests/*`));
}

before(async () => {
  await writeFile(`${installation.cwd}/providers.d/vitrine.yaml`, broken);
  await writeFile(`${installation.cwd}/providers.d/clube-acme.yaml`, odd);
  await writeFile(`${installation.cwd}/providers.d/old.yml`, odd);
  const file = await readFile(`${installation.cwd}/providers.d/playground.yaml`, 'utf8');
  assert.ok(file.includes(right));
  await writeFile(torto, file.replace(right, wrong).replace('name: Playground', 'name: Torto'));
  keep(installation.cwd, 'K7Q-2MD', told);
  keep(installation.cwd, 'K7Q-2MF', { ...told, test: false, provider: 'torto', step: 'getUserInfo', code: 'missingFact' });
  keep(installation.cwd, 'K7Q-2MH', { ...told, test: false, provider: 'torto', step: null, code: 'lost', proposals: [] });
  count(installation.cwd);
  await shopper({ failing: 403 }, async ({ page }) => {
    await meet(page, 'no-email');
    [code] = (await page.locator('main').innerText()).match(incident);
    // The folder is looked over now and then.
    for (let tries = 0; tries < 200; tries += 1) {
      await page.goto(lab('/providers'));
      if (await page.locator('a[href="/lab/clube-acme"]').count() && await page.locator('a[href="/lab/vitrine"]').count() && await page.locator('a[href="/lab/torto"]').count()) return;
      await page.waitForTimeout(100);
    }
    assert.fail('the new files are not noticed');
  });
});

async function paste(page) {
  await page.goto(lab('/clube-acme/answer'));
  await page.locator('#body').fill('{ "status": "ok", "data": { "cliente": { "id": 123456789, "nome": "Ana", "email": null, "contato": { "emailPrincipal": "ana@loja.example" } } } }');
  await page.locator('form.paste', { has: page.locator('#body') }).locator('button').click();
  await page.locator('.result').waitFor();
}

const pages = {
  home: (page) => page.goto(lab()),
  'home-week': (page) => page.goto(lab('?t=7d')),
  found: (page) => page.goto(lab('/find?q=00:00-23:59')),
  address: async (page) => {
    await page.goto(lab());
    await page.locator('#q').fill(ana.email);
    await page.locator('.bar .find button').click();
    await page.getByText('portaria history').waitFor();
  },
  list: (page) => page.goto(lab('/providers')),
  provider: (page) => page.goto(lab('/playground')),
  dormant: (page) => page.goto(lab('/clube-acme')),
  broken: (page) => page.goto(lab('/vitrine')),
  test: (page) => page.goto(lab('/clube-acme/tests/K7Q-2MD')),
  paste,
  incident: (page) => page.goto(lab(`/incidents/${code}`)),
  lookup: (page) => page.goto(lab('/find?q=what')),
};

for (const colorScheme of ['light', 'dark']) {
  for (const [name, open] of Object.entries(pages)) {
    test(`the lab's page ${name} is right at every width, ${colorScheme}`, () => shopper({ colorScheme, locale: 'en' }, async ({ page }) => {
      await open(page);
      await assertRightAtEveryWidth(page, `${screenshots}/lab-${name}`, colorScheme, 24);
      assert.ok(!(await page.content()).includes('this-was-pasted-here'));
    }));
  }
}

for (const locale of ['pt-BR', 'es']) {
  test(`every page of the lab is well built in ${locale}, without JavaScript`, () => shopper({ locale, javaScriptEnabled: false }, async ({ page }) => {
    for (const open of Object.values(pages)) {
      await open(page);
      assert.equal(await page.locator('html').getAttribute('lang'), locale);
      assert.ok(await page.locator('h1').innerText());
    }
    // The code is typed in any spelling, and leads to its story.
    await page.goto(lab());
    await page.locator('#q').fill(code.toLowerCase().replace('-', ' '));
    await page.locator('.bar .find button').click();
    await page.waitForURL(lab(`/incidents/${code}`));
    // What is copied with a script opens by itself.
    await page.goto(lab('/clube-acme/tests/K7Q-2MD'));
    await page.locator('a[href$="change-1.txt"]').click();
    assert.equal((await page.locator('body').innerText()).trim(), 'email: $.data.cliente.contato.emailPrincipal');
  }));
}

test('what is copied is copied, and the list can be narrowed', () => shopper({ locale: 'en', permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page }) => {
  await page.goto(lab('/clube-acme/tests/K7Q-2MD'));
  await page.locator('a[href$="change-1.txt"]').click();
  await page.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '    email: $.data.cliente.contato.emailPrincipal\n');
  await page.locator('a[href$="report.txt"]').click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('K7Q-2MD'));

  await page.goto(lab('/providers'));
  await page.locator('#filter').fill('vitr');
  assert.equal(await page.locator('.board li:visible').count(), 1);
  await page.locator('#filter').fill('nobody has this');
  await page.locator('.unmatched').waitFor();
  await assertWellBuilt(page);
}));

test('the step that failed is open, and its link leads to the line', () => shopper({ locale: 'en' }, async ({ page }) => {
  await page.goto(lab('/clube-acme/tests/K7Q-2MD'));
  assert.equal(await page.locator('[id^="step-"] details[open]').count(), 1);
  await page.locator('#step-4 a', { hasText: 'line 20' }).first().click();
  assert.equal(new URL(page.url()).hash, '#L20');
  assert.match(await page.locator('li:target').innerText(), /email: \$\.data\.cliente\.email/);
}));

test('a test login goes to the provider and comes back to its story, and nobody is signed in', () => shopper({ locale: 'en' }, async ({ page, context }) => {
  await testLogin(page, 'playground', ana.name);
  const told = await page.locator('main').innerText();
  assert.match(told, /The test login passed/);
  assert.ok(!told.includes(ana.email) && !told.includes('Prova'), told);
  assert.equal((await context.request.get(`${publicUrl}/session`)).status(), 401);
  await assertRightAtEveryWidth(page, `${screenshots}/lab-passed`, 'light', 24);
}));

for (const javaScriptEnabled of [true, false]) {
  test(`a test login that fails proposes what mends its file, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, () => shopper({ locale: 'en', javaScriptEnabled }, async ({ page }) => {
    const broken = (await readFile(torto, 'utf8')).replace(right, wrong);
    await writeFile(torto, broken);
    await shows(page, wrong);
    await testLogin(page, 'torto', ana.name);
    assert.match(await page.locator('.answer').innerText(), /What happened[^]*In step 4, getUserInfo[^]*The change/);
    if (javaScriptEnabled) await assertRightAtEveryWidth(page, `${screenshots}/lab-failed`, 'light', 24);
    const story = page.url();

    // The first change, as it is copied, is all that the file needs.
    const change = await (await page.request.get(`${story}/change-1.txt`)).text();
    assert.equal(change.trim(), right);
    await writeFile(torto, broken.replace(wrong, change.trim()));
    await shows(page, right);
    await testLogin(page, 'torto', ana.name);
    assert.match(await page.locator('main').innerText(), /The test login passed/);
  }));
}

// Waits until the folder was looked over.
async function shows(page, line) {
  for (let tries = 0; tries < 200; tries += 1) {
    await page.goto(lab('/torto'));
    if ((await page.locator('main').textContent()).includes(line)) return;
    await page.waitForTimeout(100);
  }
  assert.fail(`the page never shows ${line}`);
}

test('the answers that a file takes for a refusal stand beside it', () => shopper({ locale: 'en' }, async ({ page }) => {
  await page.goto(lab('/playground'));
  await page.evaluate(() => document.querySelectorAll('details').forEach((folded) => { folded.open = true; }));
  assert.match(await page.locator('main').innerText(), /2\. getAccessCode[^]*accepted\s+only if \$\.outcome\.ok is true line \d+\s+accepted\.code\s+\$\.outcome\.why line \d+/);
}));

test('a login that fails after one that worked says what changed, what to say, and gives the changed file', () => shopper({ locale: 'pt-BR', failing: 403 }, async ({ page }) => {
  const file = await readFile(torto, 'utf8');
  const good = file.replace(wrong, right);
  await writeFile(torto, good);
  await shows(page, right);
  await testLogin(page, 'torto', ana.name);
  await writeFile(torto, good.replace(right, wrong));
  await shows(page, wrong);
  await page.goto(`${publicUrl}/login/torto`);
  await choose(page, ana.name).click();
  await page.waitForURL(`${publicUrl}/callback/**`);
  const [code] = (await page.locator('main').innerText()).match(incident);

  await page.goto(lab(`/incidents/${code}`));

  const told = await page.locator('main').innerText();
  assert.match(told, /O que aconteceu[^]*O que a pessoa viu[^]*O que dizer a ela[^]*A mudança[^]*O que mudou desde/);
  assert.match(told, /A linha \d+ mudou desde o último login que deu certo/);
  assert.deepEqual(await page.locator('.answer .lines').first().locator('li').allInnerTexts().then((lines) => lines.map((line) => line.trim())), [wrong, right]);
  const href = await page.locator('a[download]').getAttribute('href');
  const download = await page.request.get(`${publicUrl}${href}`);
  assert.equal(await download.text(), good);
  assert.match(download.headers()['content-disposition'], /^attachment; filename="torto\.yaml"/);
  assert.match(await (await page.request.get(lab(`/incidents/${code}/message.txt`))).text(), /^Oi! .*Nada mudou na sua conta\./);
  await assertRightAtEveryWidth(page, `${screenshots}/lab-changed`, 'light', 24);

  // One press leads to the editor with the change in its text.
  await page.locator('.answer a[href*="/lab/editor/torto?incident="]').click();
  assert.equal((await page.locator('#yaml').inputValue()).trimEnd(), good.trimEnd());
  assert.match(await page.locator('[role=status]').first().innerText(), /Nenhum erro/);
}));
