// The three pages a shopper sees, at three widths, light and dark. The pictures are kept in target/screenshots.
import { test } from 'node:test';
import { assertRightAtEveryWidth } from './looks.mjs';
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
      await assertRightAtEveryWidth(page, `${screenshots}/${name}`, colorScheme);
    }));
  }
}
