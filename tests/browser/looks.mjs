// What holds on every page that the broker draws, whoever looks at it and on whatever.
import assert from 'node:assert/strict';
import { load } from './packages.mjs';

const { default: axe } = await load('axe-core');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];

export async function assertWellBuilt(page) {
  const found = await page.evaluate(() => ({
    headings: document.querySelectorAll('h1').length,
    title: document.title,
    language: document.documentElement.lang,
    inline: [...document.querySelectorAll('[style], style, script:not([src])')].map((element) => element.outerHTML.slice(0, 80)),
    wide: document.scrollingElement.scrollWidth - window.innerWidth,
    uneven: [...document.querySelectorAll('.row')].filter((row) => {
      const boxes = [...row.querySelectorAll(':scope > .button, :scope > form > .button')].map((button) => button.getBoundingClientRect());
      const beside = (one, other) => one.top < other.bottom && other.top < one.bottom;
      return boxes.some((one) => boxes.some((other) => beside(one, other) && (one.top !== other.top || one.height !== other.height)));
    }).map((row) => row.innerText),
  }));
  assert.equal(found.headings, 1, 'a page has one h1');
  assert.notEqual(found.title, '');
  assert.match(found.language, /^(pt-BR|es|en|ru|zh-TW|ja)$/);
  assert.deepEqual(found.inline, [], 'no style and no script stand in the page itself');
  assert.ok(found.wide <= 0, `the page is ${found.wide} px wider than its window`);
  assert.deepEqual(found.uneven, [], 'buttons beside each other stand on one line');
}

// With text of twice the size, as a person sets it in the browser or the system.
export async function assertRoomForLargeText(page) {
  const wide = await page.evaluate(() => {
    document.documentElement.style.fontSize = '200%';
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.checkVisibility() && !element.closest('.unseen') && element.getBoundingClientRect().right > window.innerWidth)
      .map((element) => element.outerHTML.slice(0, 80));
  });
  assert.deepEqual(wide, []);
}

export async function assertAccessible(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), rules);
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`), []);
}

// Fingers need room: everything that is pressed, but for words in a line of text. The lab is denser where a mouse points.
export async function assertTouchable(page, wanted) {
  const dense = await page.evaluate(() => document.body.classList.contains('lab') && !matchMedia('(pointer: coarse)').matches);
  const least = wanted ?? (dense ? 24 : 44);
  const small = await page.evaluate((least) => [...document.querySelectorAll('main a, main button, main summary, main input:not([type=hidden]), .foot a, .foot summary')]
    .filter((element) => element.checkVisibility() && getComputedStyle(element).display !== 'inline')
    .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
    .filter(([, { width, height }]) => width < least || height < least)
    .map(([html, { width, height }]) => `${width}×${height}: ${html}`), least);
  assert.deepEqual(small, []);
}

// All of it from the narrowest window to a wide one; the pictures lie at this path.
export async function assertRightAtEveryWidth(page, path, colorScheme, least) {
  for (const width of [320, 360, 768, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await assertWellBuilt(page);
    await assertTouchable(page, least);
    if (width !== 320) await page.screenshot({ path: `${path}-${width}-${colorScheme}.png`, fullPage: true, caret: 'initial' });
  }
  await assertAccessible(page);
}

// Presses Tab until `wanted` has the focus; each stop on the way has to be seen.
export async function tabTo(page, wanted) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const stop = page.locator('*:focus');
    if (await stop.count() === 0) continue;
    assert.ok(await isSeen(stop), `the focus does not show on ${await stop.evaluate((element) => element.outerHTML.slice(0, 120))}`);
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail('sixty presses of Tab do not lead there');
}

const isSeen = (stop) => stop.evaluate((element) => {
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
});
