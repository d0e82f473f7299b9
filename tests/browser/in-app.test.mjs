// The login page in the browsers of apps, as Chromium shows it to their user agents.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertWellBuilt } from './looks.mjs';
import { login, shop, shopper } from './world.mjs';

const samples = JSON.parse(readFileSync(new URL('../user_agents.json', import.meta.url), 'utf8')).filter(({ app }) => app !== null);

for (const { app, userAgent } of samples) {
  test(`in the browser of ${app || 'an unknown app'}, in ${userAgent.includes('Android') ? 'Android' : 'iOS'}, the page says first what works`, () => shopper({ userAgent, viewport: { width: 375, height: 740 } }, async ({ page }) => {
    await page.goto(login(`${shop.origin}/carrinho`));

    const said = await page.locator('main').innerText();
    assert.match(said, app ? new RegExp(`navegador do ${app}`) : /navegador de um aplicativo/);
    assert.match(said, /não dá para entrar com Clube Seguro/);
    assert.equal(await page.locator('a[href*="/login/seguro"]').count(), 0);
    assert.equal(await page.locator('a[href^="intent:"]').count(), userAgent.includes('Android') ? 1 : 0);
    assert.ok(said.includes(login(`${shop.origin}/carrinho`)), said);
    assert.ok(await page.locator('.button').count() > 1, 'the other providers are offered');
    await assertWellBuilt(page);
  }));
}
