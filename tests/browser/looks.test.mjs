// The pages that a shopper sees, at four widths, light and dark, and in every language; and the store's colour. The pictures are kept in
// target/screenshots.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertRightAtEveryWidth, assertRoomForLargeText, assertTouchable, assertWellBuilt } from './looks.mjs';
import { everything, openShowcase } from './showcase.mjs';
import { login, meet, publicUrl, screenshots, shop, shopper, signIn } from './world.mjs';

let marks;
let one;

before(async () => {
  [marks, one] = await Promise.all([openShowcase({ more: everything }), openShowcase({ providers: ['google'] })]);
});

after(() => Promise.all([marks, one].map((store) => store?.stop())));

const pages = {
  login: (page) => page.goto(login(`${shop.origin}/carrinho`)),
  'login-last': async (page) => {
    await signIn(page);
    await page.context().clearCookies({ name: 'portaria' });
    await page.goto(login(`${shop.origin}/carrinho`));
  },
  'login-marks': (page) => page.goto(`${marks.publicUrl}/login`),
  'login-one': (page) => page.goto(`${one.publicUrl}/login`),
  'signed-in': async (page) => {
    await signIn(page);
    await page.goto(login(`${shop.origin}/carrinho`));
  },
  'signed-out': async (page) => {
    await signIn(page);
    await page.goto(login());
    await page.locator('form[action="/logout"] button').last().click();
    await page.waitForURL(/signed_out/);
  },
  account: async (page) => {
    await signIn(page);
    await page.goto(`${publicUrl}/account`);
    for (const summary of await page.locator('.sheet details > summary').all()) if (await summary.isVisible()) await summary.click();
  },
  error: (page) => meet(page, 'no-email'),
  cancelled: (page) => meet(page, 'cancel'),
  lost: (page) => page.goto(`${publicUrl}/callback/playground?nonce_of_yours=nobody&ticket=t`),
  'no-page': (page) => page.goto(`${publicUrl}/login/nobody`),
};
const failing = { lost: 400, 'no-page': 404 };

for (const colorScheme of ['light', 'dark']) {
  for (const [name, open] of Object.entries(pages)) {
    test(`the page ${name} is right at every width, ${colorScheme}`, () => shopper({ colorScheme, failing: failing[name] }, async ({ page }) => {
      await open(page);
      await assertRightAtEveryWidth(page, `${screenshots}/${name}`, colorScheme);
    }));
  }
}

for (const [name, open] of Object.entries(pages)) {
  test(`the page ${name} has room for text of twice the size`, () => shopper({ failing: failing[name], viewport: { width: 360, height: 800 } }, async ({ page }) => {
    await open(page);
    await assertRoomForLargeText(page);
  }));
}

test('the mark of the last choice covers no name', () => shopper({ viewport: { width: 360, height: 800 } }, async ({ page }) => {
  await pages['login-last'](page);
  const [badge, name] = await page.locator('.last').evaluate((last) => {
    const text = document.createRange();
    text.selectNodeContents(last.querySelector('.grow'));
    return [last.querySelector('.badge'), text].map((part) => part.getBoundingClientRect().toJSON());
  });

  assert.ok(badge.bottom <= name.top || badge.left >= name.right, JSON.stringify({ badge, name }));
}));

for (const locale of ['es', 'en', 'ru', 'zh-TW', 'ja']) {
  for (const [name, open] of Object.entries(pages)) {
    test(`the page ${name} is right in ${locale}`, () => shopper({ locale, failing: failing[name], viewport: { width: 320, height: 700 } }, async ({ page }) => {
      await open(page);
      assert.equal(await page.locator('html').getAttribute('lang'), locale);
      await page.locator('.menu > summary').click();
      await assertWellBuilt(page);
      await assertTouchable(page);
      // What the open menu covers is not there to be pressed.
      await page.locator('.menu > summary').click();
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await assertAccessible(page);
      }
    }));
  }
}

// What is written in one colour on another: WCAG asks for 4.5, and 3 for the border of a field.
const pairs = [
  ['--on-fill', '--fill', 4.5], ['--on-fill', '--hover', 4.5], ['--on-pane', '--pane', 4.5], ['--on-pane', '--arch', 4.5],
  ['--text', '--card', 4.5], ['--text', '--tint', 4.5], ['--ink', '--tint', 4.5], ['--ink-2', '--tint', 4.5], ['--edge', '--card', 3],
];

for (const colorScheme of ['light', 'dark']) {
  test(`any colour of a store can be read, ${colorScheme}`, () => shopper({ colorScheme }, async ({ page }) => {
    await page.goto(login());
    const worst = await page.evaluate((pairs) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
      const probe = document.body.appendChild(document.createElement('i'));
      const luminance = (name) => {
        probe.style.color = `var(${name})`;
        canvas.fillStyle = getComputedStyle(probe).color;
        canvas.fillRect(0, 0, 1, 1);
        const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const low = [];
      for (let at = 0; at < 512; at += 1) {
        const accent = `#${[at >> 6, (at >> 3) & 7, at & 7].map((part) => Math.round(part * 255 / 7).toString(16).padStart(2, '0')).join('')}`;
        document.documentElement.style.setProperty('--store', accent);
        for (const [front, back, least] of pairs) {
          const [one, other] = [luminance(front), luminance(back)].sort((a, b) => b - a);
          const reached = (one + 0.05) / (other + 0.05);
          if (reached < least) low.push(`${accent}: ${front} on ${back} reaches ${reached.toFixed(2)}`);
        }
      }
      return low;
    }, pairs);
    assert.deepEqual(worst, []);
  }));
}
