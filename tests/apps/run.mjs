// The programs of docs/apps.md, with the real packages, sign people in through the broker: `node tests/apps/run.mjs`, with names such as `authlib`
// only those. PORTARIA_BIN is the broker's binary, PORTARIA_TEST_PACKAGES the folder of the installed packages; tests/run installs and builds them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { launch } from '../browser/browser.mjs';
import { clients, servePage } from './clients.mjs';
import { sections } from './document.mjs';
import { addressOf, broker, browser, clubRefreshes, clubToken, end, issuer, providers, python, secrets, startApp, titles, write } from './world.mjs';

const wanted = process.argv.slice(2);
const chosen = Object.entries(clients).filter(([name]) => wanted.length === 0 || wanted.includes(name));

after(end);

// From the store's login page, through a provider, to wherever the app leads.
async function enter(person, page, provider, app) {
  assert.ok(page.url.startsWith(`${issuer}/login`), `the app leads to the login page, not to ${page}`);
  assert.ok(page.text.includes(titles[app]), `the login page says that ${titles[app]} asks: ${page}`);
  const chooser = await person.follow(page, new RegExp(`/login/${provider}([?/]|$)`));
  return person.follow(chooser, providers[provider].press);
}

const pause = (time) => new Promise((go) => { setTimeout(go, time); });

test('every program of the page is one that is tested', () => {
  const tested = [...Object.values(clients).map(({ section }) => section), 'oidc-client-ts', 'FastAPI', 'Client credentials', 'Keys in place of a secret', 'Token exchange', "The provider's own tokens"];
  const shown = [...sections].filter(([, files]) => Object.keys(files).length > 0).map(([section]) => section);
  assert.deepEqual(shown.sort(), tested.sort());
});

const sessionOf = (person) => person.json(`${issuer}/session`);

async function assertShown(shown, person, provider) {
  const session = await sessionOf(person);
  assert.equal(session.provider, provider);
  assert.deepEqual(
    { sub: shown?.sub, email: shown?.email, name: shown?.name },
    { sub: session.uid, email: providers[provider].email, name: providers[provider].name },
  );
}

async function signedIn({ app, begin, who }, provider = 'playground', person = browser()) {
  await enter(person, await begin(person), provider, app);
  await assertShown(await who(person), person, provider);
  return person;
}

for (const [name, client] of chosen) {
  if (client.missing?.()) {
    console.error(`\n  ${client.missing()} is MISSING: section ${client.section} of docs/apps.md is not tested.\n`);
    test(client.section, { skip: process.env.CI ? false : `${client.missing()} is missing` }, () => assert.fail(`${client.missing()} is missing`));
    continue;
  }
  describe(client.section, () => {
    let running;
    before(async () => { running = await startApp(client); }, { timeout: 120_000 });

    for (const provider of Object.keys(providers)) {
      test(`signs in through ${provider}`, async () => {
        try {
          await signedIn(client, provider);
        } catch (error) {
          error.message += `\n${client.app} said: ${running.said().slice(-3000)}\nthe broker said: ${broker.said().slice(-1500)}`;
          throw error;
        }
      });
    }

    test('needs no second login in one browser', async () => {
      const person = browser();
      await person.follow(await person.follow(await person.visit(`${issuer}/login`), /\/login\/kakao/), providers.kakao.press);

      const page = await client.begin(person);

      assert.ok(page.url.startsWith(addressOf(client.app)), `${page}`);
      await assertShown(await client.who(person), person, 'kakao');
    });

    if (client.logout) {
      test('signs out here and at the store', async () => {
        const person = await signedIn(client);

        const page = await person.visit(`${addressOf(client.app)}${client.logout}`);

        assert.ok(page.url.startsWith(addressOf(client.app)), `${page}`);
        assert.equal((await sessionOf(person)).authenticated, false);
        assert.ok(await isOut(person, client.app));
      });
    }

    if (client.hears) {
      test('is notified when its session ends', async () => {
        const person = await signedIn(client);

        await person.visit(`${issuer}/logout`, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin', origin: issuer } });

        await untilOut(person, client.app);
      });
    }
  });
}

// Whether an app shows no person any more, or asks for a login.
async function isOut(person, app) {
  const page = await person.visit(`${addressOf(app)}/`);
  return page.url.startsWith(`${issuer}/login`) || page.body === 'null' || page.body === 'null\n';
}

async function untilOut(person, app) {
  for (const late = Date.now() + 20_000; !await isOut(person, app); await pause(200)) assert.ok(Date.now() < late, `${app} goes on`);
}

if (wanted.length === 0 || wanted.includes('openidClient')) {
  test('openid-client renews its tokens', async () => {
    const person = await signedIn(clients.openidClient, 'kakao');
    const { uid } = await sessionOf(person);

    for (const round of [1, 2, 3]) {
      const said = await person.json(`${addressOf('painel')}/profile`);
      assert.deepEqual([said.sub, said.email, said.name], [uid, providers.kakao.email, providers.kakao.name], `round ${round}`);
    }
  });
}

const listeners = [clients.expressOpenid, clients.apache].filter((client) => !client.missing?.());

if (wanted.length === 0) {
  test('a sign-out at one app reaches the others', async () => {
    const person = await signedIn(clients.openidClient);
    for (const client of listeners) {
      await client.begin(person);
      await assertShown(await client.who(person), person, 'playground');
    }

    await person.visit(`${addressOf('painel')}/logout`);

    for (const { app } of listeners) await untilOut(person, app);
  });
}

if (wanted.length === 0 || wanted.includes('page') || wanted.includes('fastapi')) {
  describe('oidc-client-ts in Chromium, and FastAPI behind it', () => {
    let chromium;
    let server;
    let api;
    before(async () => {
      const { home, port } = await write('oidc-client-ts', 'vitrine');
      [chromium, server, api] = await Promise.all([launch(), servePage(home, port), startApp({
        section: 'FastAPI', app: 'api', program: python, parameters: (place) => ['-m', 'uvicorn', 'api:app', '--port', place.port], ready: '/openapi.json',
      })]);
    }, { timeout: 60_000 });
    after(async () => {
      await chromium?.close();
      server?.close();
    });

    async function shopper(provider, story) {
      const context = await chromium.newContext({ ignoreHTTPSErrors: true, locale: 'pt-BR' });
      context.setDefaultTimeout(20_000);
      const page = await context.newPage();
      const said = [];
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(error.message));
      const shown = async () => {
        const text = await page.locator('#person:not(:empty)').textContent();
        return text === 'ninguém' ? null : JSON.parse(text);
      };
      try {
        await page.goto(addressOf('vitrine'));
        assert.equal(await shown(), null);
        await page.click('#login');
        await page.locator(`a[href*="/login/${provider}"]`).click();
        await page.locator(provider === 'playground' ? 'a[href*="who=ana"]:not([href*="fault="])' : 'a[href*="choice=story-1"]').first().click();
        await page.waitForURL(`${addressOf('vitrine')}/**`);
        await page.locator('#person:not(:empty)').waitFor();
        await story({ page, context, shown });
      } catch (error) {
        error.message += `\nat ${page.url()}: ${(await page.locator('body').innerText().catch(() => '')).slice(0, 800)}\n${said.join('\n')}\nthe broker said: ${broker.said().slice(-1500)}`;
        throw error;
      } finally {
        await context.close();
      }
    }

    const sessionIn = async (context) => (await context.request.get(`${issuer}/session`)).json();

    for (const provider of Object.keys(providers)) {
      test(`a page signs in through ${provider}`, () => shopper(provider, async ({ context, shown }) => {
        const session = await sessionIn(context);
        const { sub, email, name } = await shown();
        assert.deepEqual({ sub, email, name }, { sub: session.uid, email: providers[provider].email, name: providers[provider].name });
      }));
    }

    test('a page renews its tokens and signs out', () => shopper('playground', async ({ page, context, shown }) => {
      const token = () => page.evaluate(() => JSON.parse(Object.entries(sessionStorage).find(([name]) => name.startsWith('oidc.user'))[1]).access_token);
      const before = await token();
      await page.click('#refresh');
      await page.waitForFunction((old) => !Object.values(sessionStorage).some((value) => value.includes(old)), before);
      assert.equal((await shown()).email, providers.playground.email);

      await page.click('#logout');
      await page.waitForURL(`${addressOf('vitrine')}/**`);
      assert.equal(await shown(), null);
      assert.equal((await sessionIn(context)).authenticated, false);
    }));

    test('a backend checks the ID token by the keys, makes a token of its own, and a call passes with it', () => shopper('playground', async ({ page, context }) => {
      const { id_token: idToken, access_token: accessToken } = await page.evaluate(() => (
        JSON.parse(Object.entries(sessionStorage).find(([name]) => name.startsWith('oidc.user'))[1])));
      const call = (path, bearer, method = 'GET') => fetch(`${addressOf('api')}${path}`, { method, headers: { authorization: `Bearer ${bearer}` } });

      const made = await call('/session', idToken, 'POST');
      assert.equal(made.status, 200, api.said());
      const { token } = await made.json();
      const me = await call('/me', token);

      assert.deepEqual(await me.json(), { sub: (await sessionIn(context)).uid, name: providers.playground.name, email: providers.playground.email });
      const [head, body, signature] = idToken.split('.');
      const spoilt = `${head}.${body}.${signature.slice(0, -4)}${signature.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
      for (const [path, bearer, method] of [['/session', accessToken, 'POST'], ['/session', spoilt, 'POST'], ['/me', idToken], ['/me', accessToken], ['/orders', idToken], ['/orders', token]]) {
        assert.equal((await call(path, bearer, method)).status, 401, `${path} takes a token that is not for it`);
      }
    }));

    for (const [section, app] of [['Client credentials', 'robo'], ['Keys in place of a secret', 'arquivista']]) {
      test(`a program calls the API on its own behalf: ${section}`, async () => {
        const { home, env } = await write(section, app);

        const { stdout } = await promisify(execFile)(process.execPath, ['job.mjs'], { cwd: home, env });

        assert.equal(stdout, `200 {"for":"${app}","orders":[]}\n`);
      });
    }
  });
}

if (wanted.length === 0 || wanted.includes('exchange')) {
  test('a program hands in a token of the provider: Token exchange', async () => {
    const { home, env } = await write('Token exchange', 'aplicativo');
    const nonce = randomUUID();

    const { stdout } = await promisify(execFile)(process.execPath, ['exchange.mjs'], {
      cwd: home, env: { ...env, ID_TOKEN: clubToken({ nonce }), NONCE: nonce },
    });

    assert.equal(stdout, 'ana@clube.example urn:ietf:params:oauth:token-type:access_token true\n');
  });
}

if (wanted.length === 0 || wanted.includes('tokens')) {
  test("an app fetches the provider's token for its person, fresh when it is due: The provider's own tokens", async () => {
    const { home, address, port, env } = await write("The provider's own tokens", 'pedidos');
    const landing = createServer((request, response) => response.end('pronto'));
    await new Promise((up) => { landing.listen(port, '127.0.0.1', up); });
    try {
      const person = browser();
      const verifier = randomUUID() + randomUUID();
      const asked = {
        client_id: 'pedidos', redirect_uri: `${address}/callback`, response_type: 'code', scope: 'openid email',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
      };
      const login = await person.visit(`${issuer}/authorize?${new URLSearchParams(asked)}`);
      const landed = await person.follow(login, /\/login\/clube-acme/);
      const code = new URL(landed.url).searchParams.get('code');
      assert.ok(code, `${landed}`);
      const redeemed = { grant_type: 'authorization_code', code, redirect_uri: asked.redirect_uri, code_verifier: verifier, client_id: 'pedidos', client_secret: secrets.PEDIDOS_SECRET };
      const { access_token: accessToken } = await person.json(`${issuer}/token`, { method: 'POST', form: redeemed });
      const runs = async (token) => promisify(execFile)(process.execPath, ['orders.mjs'], { cwd: home, env: { ...env, ACCESS_TOKEN: token } });

      const { stdout } = await runs(accessToken);

      const [status, orders, scope, expiresAt] = stdout.trim().split(' ');
      assert.deepEqual([status, JSON.parse(orders).for, scope], ['200', 'ana', 'pedidos'], 'the token of the login has expired soon, so it was refreshed');
      assert.ok(Date.parse(expiresAt) > Date.now() + 3_000_000, expiresAt);
      assert.equal(clubRefreshes(), 1);
      await runs(accessToken);
      assert.equal(clubRefreshes(), 1, 'and not once more');
      await assert.rejects(runs(`${accessToken}x`), /401/);
    } finally {
      landing.close();
      landing.closeAllConnections();
    }
  });
}

test('what the broker wrote down meanwhile names no secret and no person', () => {
  for (const word of [...Object.values(secrets), ...Object.values(providers).flatMap(({ name, email }) => [name, email])]) {
    assert.ok(!broker.said().includes(word), `${word} stands in the log`);
  }
});
