// The three pages a shopper sees, at three widths, light and dark. The pictures are kept in target/screenshots.
import { test } from 'node:test';
import { assertAccessible, assertTouchable, assertWellBuilt } from './looks.mjs';
import { login, meet, screenshots, shop, shopper, signIn } from './world.mjs';

const pages = {
  login: (page) => page.goto(login(`${shop.origin}/carrinho`)),
  'signed-in': async (page) => {
    await signIn(page);
    await page.goto(login(`${shop.origin}/carrinho`));
  },
  error: (page) => meet(page, 'no-email'),
};

for (const colorScheme of ['light', 'dark']) {
  for (const [name, open] of Object.entries(pages)) {
    test(`the page ${name} is right at every width, ${colorScheme}`, () => shopper({ colorScheme }, async ({ page }) => {
      await open(page);
      for (const width of [320, 360, 768, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        await assertWellBuilt(page);
        await assertTouchable(page);
        if (width !== 320) await page.screenshot({ path: `${screenshots}/${name}-${width}-${colorScheme}.png`, fullPage: true, caret: 'initial' });
      }
      await assertAccessible(page);
    }));
  }
}
