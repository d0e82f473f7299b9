// A shop that has the buttons in a page of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from './looks.mjs';
import { ana, choose, publicUrl, screenshots, shop, shopper, signIn, whoIsThere } from './world.mjs';

const ask = (page) => page.evaluate(async (address) => {
  try {
    return await (await fetch(address, { credentials: 'include' })).json();
  } catch (error) {
    return error.name;
  }
}, `${publicUrl}/session`);

// A page that says to the one that opened it that a login has ended.
shop.serve('/mensagem', (request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><title>Mensagem</title><script>
opener.postMessage({ portaria: 'signed-in', landing: 'https://evil.example/?portaria_code=forged' }, '*');
opener.postMessage('sent', '*');
</script>`));

const told = (page) => page.evaluate(() => window.told);
const names = async (page) => (await told(page)).map(([name]) => name);
const button = (page, provider) => page.locator(`portaria-login a[href*="/login/${provider}?"]`);
const person = (page) => page.locator('portaria-login div');

// Opens the login window of a button.
async function openPopup(page, provider = 'playground') {
  const opened = page.waitForEvent('popup');
  await button(page, provider).click();
  const popup = await opened;
  await choose(popup, ana.name).waitFor();
  return popup;
}

test('a shop draws the buttons itself and learns who came', () => shopper({}, async ({ page, context }) => {
  await page.goto(`${shop.origin}/vitrine`);
  assert.deepEqual(await ask(page), { authenticated: false });

  const offered = page.locator('portaria-login').locator('a, button');
  await offered.first().waitFor();
  assert.equal(await offered.count(), (await (await context.request.get(`${publicUrl}/providers`)).json()).providers.length);
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${shop.origin}/vitrine`);

  const session = await ask(page);
  assert.equal(session.email, ana.email);
  assert.equal(session.uid, (await whoIsThere(context)).uid);
}));

test('a page that the shop does not name reads no session', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.stranger}/`);

  assert.equal(await ask(page), 'TypeError');
}));

test('the element shows who is signed in, leads to the account and signs out', () => shopper({}, async ({ page, context }) => {
  await signIn(page, `${shop.origin}/vitrine`);
  await person(page).waitFor();
  assert.match(await person(page).innerText(), /Ana Prova/);
  assert.equal(await page.locator('portaria-login a').getAttribute('href'), `${publicUrl}/account`);

  await person(page).getByRole('button').click();
  await button(page, 'playground').waitFor();

  assert.equal(page.url(), `${shop.origin}/vitrine`);
  assert.equal((await whoIsThere(context)).authenticated, false);
  assert.match(await page.locator('portaria-login li').first().innerText(), /Playground\s+Usado da última vez/, 'and the way that was used stands first');
}));

test('a page can have the buttons alone, or nothing for a person who is signed in', () => shopper({}, async ({ page }) => {
  await signIn(page, `${shop.origin}/mostra`);
  const [ignoring, hiding] = [page.locator('portaria-login').first(), page.locator('portaria-login').last()];

  await ignoring.locator('a').first().waitFor();
  assert.equal(await hiding.evaluate((element) => element.shadowRoot.childElementCount), 0);
}));

test('it works as a module, with a relative address, some of the providers, and a language of its own', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.origin}/loja/modulo`);
  await button(page, 'playground').waitFor();

  assert.deepEqual(await page.locator('portaria-login li').allInnerTexts(), ['P\nContinue with Playground', 'C\nContinue with Clube Seguro'].sort());
  const address = new URL(await button(page, 'playground').getAttribute('href'));
  assert.equal(address.origin, publicUrl);
  assert.equal(address.searchParams.get('return_to'), `${shop.origin}/carrinho?item=7`);
}));

for (const colorScheme of ['light', 'dark']) {
  test(`buttons and person are accessible and look right, ${colorScheme}`, () => shopper({ colorScheme, viewport: { width: 360, height: 800 } }, async ({ page }) => {
    await page.goto(`${shop.origin}/vitrine`);
    await page.evaluate((scheme) => { document.documentElement.style.colorScheme = scheme; }, colorScheme);
    await button(page, 'playground').waitFor();
    await assertAccessible(page);
    await page.screenshot({ path: `${screenshots}/embed-360-${colorScheme}.png`, fullPage: true });
    await signIn(page, `${shop.origin}/vitrine`);
    await page.evaluate((scheme) => { document.documentElement.style.colorScheme = scheme; }, colorScheme);
    await person(page).waitFor();
    await assertAccessible(page);
    const small = await page.locator('portaria-login').locator('a, button').evaluateAll((all) => all.filter((element) => element.getBoundingClientRect().height < 44).length);
    assert.equal(small, 0);
    await page.screenshot({ path: `${screenshots}/embed-person-360-${colorScheme}.png`, fullPage: true });
  }));
}

test('a login in a popup keeps the checkout as it is', () => shopper({}, async ({ page, context }) => {
  await page.goto(`${shop.origin}/checkout`);
  await page.locator('#cep').fill('01310-100');
  const popup = await openPopup(page);
  const closed = popup.waitForEvent('close');
  await choose(popup, ana.name).click();
  await closed;
  await person(page).waitFor();

  assert.equal(await page.locator('#cep').inputValue(), '01310-100');
  assert.equal((await whoIsThere(context)).email, ana.email);
  const [first, last] = (await told(page)).filter(([name]) => name !== 'cancelled');
  assert.deepEqual([first[0], first[1].session], ['session', null]);
  assert.deepEqual([last[0], last[1].session.email, last[1].code], ['signed-in', ana.email, undefined]);
  assert.doesNotMatch(JSON.stringify(await told(page)), /eyJ/, 'no token is among them');
}));

test('a popup that is closed early leaves the page as it is', () => shopper({}, async ({ page, context }) => {
  await page.goto(`${shop.origin}/checkout`);
  const popup = await openPopup(page);
  await popup.close();
  await page.bringToFront();
  await page.waitForFunction(() => window.told.some(([name]) => name === 'cancelled'));

  assert.deepEqual(await names(page), ['session', 'cancelled']);
  assert.equal((await whoIsThere(context)).authenticated, false);
  await openPopup(page);
}));

test('where popups are blocked the login goes from page to page', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.origin}/checkout`);
  await page.evaluate(() => { window.open = () => null; });
  await button(page, 'playground').click();
  await choose(page, ana.name).click();
  await page.waitForURL(`${shop.origin}/checkout`);

  await person(page).waitFor();
}));

test('a provider that cuts the popup from its opener is no obstacle', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.origin}/checkout`);
  const opened = page.waitForEvent('popup');
  await button(page, 'ciumento').click();
  const popup = await opened;
  await popup.getByRole('link', { name: 'Entrar' }).click();
  await choose(popup, ana.name).waitFor();
  assert.equal(await popup.evaluate(() => window.opener), null);
  await choose(popup, ana.name).click();
  await popup.waitForURL(`${publicUrl}/session/popup?**`).catch((error) => { if (!popup.isClosed()) throw error; });
  if (!popup.isClosed()) {
    assert.match(await popup.locator('main').innerText(), /Você pode fechar esta janela/);
    await popup.close();
  }
  await page.bringToFront();
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await person(page).waitFor();

  assert.equal((await names(page)).at(-1), 'signed-in');
}));

// Opens a window from a page of another site, and waits until it stands still.
async function openFromElsewhere(page, address) {
  await page.goto(`${shop.stranger}/`);
  await page.evaluate(() => { window.heard = []; addEventListener('message', ({ data }) => window.heard.push(data)); });
  const opened = page.waitForEvent('popup');
  await page.evaluate((address) => { window.held = window.open(address); }, address);
  const popup = await opened;
  await popup.waitForLoadState('load').catch((error) => { if (!popup.isClosed()) throw error; });
  return popup;
}

const endOfPopup = (returnTo) => `${publicUrl}/session/popup?return_to=${encodeURIComponent(returnTo)}`;

// Attack Q-07
test('the last page of a popup reports to no page of another origin', () => shopper({}, async ({ page, context }) => {
  await signIn(page);
  const popup = await openFromElsewhere(page, endOfPopup(`${shop.origin}/checkout`));

  assert.match(await popup.locator('main').innerText(), /Você pode fechar esta janela/);
  assert.deepEqual(await page.evaluate(() => window.heard), []);
  const foreign = await context.request.get(endOfPopup(`${shop.stranger}/x`), { maxRedirects: 0 });
  assert.equal(foreign.headers().location, '/login');
}));

// Attack Q-08
test('a page of another site learns from no window whether a person is signed in', () => shopper({}, async ({ page, context }) => {
  const end = endOfPopup(`${shop.origin}/checkout`);
  const addresses = ['/session/continue', '/account/passkeys/new', '/login'].map((path) => `${publicUrl}${path}?return_to=${encodeURIComponent(end)}`);
  const seen = [];
  for (const signedIn of [false, true]) {
    await context.clearCookies();
    if (signedIn) await signIn(page);
    for (const address of [end, ...addresses]) {
      const popup = await openFromElsewhere(page, address);
      seen.push([signedIn, address, await page.evaluate(() => window.held.closed)]);
      if (!popup.isClosed()) await popup.close();
    }
  }

  assert.deepEqual(seen.filter(([signedIn]) => signedIn).map(([, ...rest]) => rest), seen.filter(([signedIn]) => !signedIn).map(([, ...rest]) => rest));
}));

// Attack Q-09
test('a window that a page of another site holds already is not the one of the login', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.stranger}/`);
  const opened = page.waitForEvent('popup');
  await page.evaluate((address) => { window.held = window.open(address, 'portaria'); }, `${shop.origin}/volta`);
  const held = await opened;
  await held.waitForLoadState('load');
  const checkoutOpened = page.waitForEvent('popup');
  await page.evaluate((address) => { window.open(address); }, `${shop.origin}/checkout`);
  const checkout = await checkoutOpened;
  const loginOpened = checkout.waitForEvent('popup', { timeout: 5000 }).catch(() => null);
  await button(checkout, 'playground').click();
  const login = await loginOpened;

  assert.equal(held.url(), `${shop.origin}/volta`, 'the page of the other site would hold the window of the login');
  await choose(login, ana.name).waitFor();
}));

// Attack Q-10
test('no other window and no other origin can say how a login has ended', () => shopper({}, async ({ page }) => {
  await page.goto(`${shop.origin}/checkout`);
  const popup = await openPopup(page);
  const forged = { portaria: 'signed-in', landing: `${shop.origin}/checkout?portaria_code=forged` };
  await page.evaluate((forged) => window.postMessage(forged, '*'), forged);
  const frame = await page.evaluateHandle((address) => new Promise((done) => {
    const other = window.open(address);
    addEventListener('message', ({ data }) => { if (data === 'sent') done(other); });
  }), `${shop.stranger}/mensagem`);

  assert.ok(frame);
  assert.deepEqual(await names(page), ['session']);
  assert.equal(popup.isClosed(), false);
}));

// A store on another site makes a secret and its hash, as docs/storefront.md says.
const challenge = (page) => page.evaluate(async () => {
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  window.secret = text(crypto.getRandomValues(new Uint8Array(32)));
  const hash = text(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(window.secret)));
  document.querySelector('portaria-login').setAttribute('return-to', `/volta?portaria_challenge=${hash}`);
});

for (const blocked of [false, true]) {
  test(`a store on another site gets a code from the popup, third-party cookies ${blocked ? 'blocked' : 'allowed'}`, () => shopper({}, async ({ page, context }) => {
    if (blocked) await blockThirdPartyCookies(context, page);
    await page.goto(`${shop.other}/volta`);
    await button(page, 'playground').waitFor();
    await challenge(page);
    const popup = await openPopup(page);
    const closed = popup.waitForEvent('close');
    await choose(popup, ana.name).click();
    await closed;
    await page.waitForFunction(() => window.told.some(([name]) => name === 'signed-in'));

    const [, { session, code }] = (await told(page)).at(-1);
    assert.equal(session, null, 'the cookie of the broker does not come along to another site');
    const redeemed = await page.evaluate(async ([address, code]) => {
      const body = JSON.stringify({ code, verifier: window.secret });
      return (await fetch(address, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).json();
    }, [`${publicUrl}/session/redeem`, code]);
    const answer = await fetch(`${publicUrl}/session`, { headers: { Authorization: `Bearer ${redeemed.token}` } });
    assert.equal((await answer.json()).email, ana.email);
  }));
}

async function blockThirdPartyCookies(context, page) {
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.setCookieControls', { enableThirdPartyCookieRestriction: true, disableThirdPartyCookieMetadata: true, disableThirdPartyCookieHeuristics: true });
}

for (const [name, origin] of Object.entries({ 'the same site': shop.origin, 'another site': shop.other })) {
  test(`with third-party cookies blocked a page of ${name} shows the buttons and no error`, () => shopper({}, async ({ page, context }) => {
    const said = [];
    page.on('console', (message) => said.push(message.text()));
    await blockThirdPartyCookies(context, page);
    await page.goto(`${origin}/vitrine`);
    await button(page, 'playground').click();
    await choose(page, ana.name).click();
    await page.waitForURL((url) => url.origin === origin && url.pathname === '/vitrine');
    await page.locator('portaria-login').locator('a').first().waitFor();

    assert.equal(await person(page).count(), origin === shop.origin ? 1 : 0, 'a sibling of the broker knows the person all the same');
    assert.deepEqual(said, []);
  }));
}
