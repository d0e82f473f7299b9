// What a login page costs a shopper's phone: `node tests/browser/first-paint.mjs [LOADS]`. It prints the bytes and the requests of the page, and when
// Chromium first paints something and when it has painted the largest part: the median of the loads, each with an empty cache, in the window of a
// phone, with the processor slowed down four times. Everything is on this machine, so no network counts. benches/README.md has figures.
import { launch } from './browser.mjs';
import { everything, openShowcase } from './showcase.mjs';

const loads = Number(process.argv[2] ?? 9);
const slowdown = 4;
const phone = { viewport: { width: 412, height: 915 }, deviceScaleFactor: 2.625, isMobile: true, hasTouch: true, locale: 'pt-BR' };

const kinds = { document: 'page', stylesheet: 'style', script: 'script', image: 'pictures', fetch: 'calls' };

// The moments in milliseconds after the navigation began.
const paints = () => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [first] = performance.getEntriesByName('first-contentful-paint');
    resolve({ first: first.startTime, largest: list.getEntries().at(-1).startTime });
  }).observe({ type: 'largest-contentful-paint', buffered: true });
});

async function load(browser, address) {
  const context = await browser.newContext(phone);
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await client.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const requests = [];
  page.on('requestfinished', (request) => requests.push(request));
  await page.goto(address, { waitUntil: 'networkidle' });
  const moments = await page.evaluate(paints);
  const answers = await Promise.all(requests.map(async (request) => {
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    const body = await (await request.response()).body();
    return { kind: kinds[request.resourceType()] ?? 'other', plain: body.length, sent: responseBodySize + responseHeadersSize };
  }));
  await context.close();
  return { moments, answers };
}

const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];

const store = await openShowcase({ more: everything });
const browser = await launch();
try {
  const address = `${store.publicUrl}/login?return_to=${encodeURIComponent('https://www.loja.example/carrinho')}`;
  await load(browser, address);
  const all = [];
  for (let count = 0; count < loads; count += 1) all.push(await load(browser, address));

  const [{ answers }] = all;
  console.log(`${address}\n`);
  for (const kind of [...Object.values(kinds), 'other', 'all']) {
    const those = answers.filter((answer) => kind === 'all' || answer.kind === kind);
    const sum = (of) => those.reduce((total, answer) => total + answer[of], 0);
    if (those.length > 0) console.log(`${kind.padEnd(9)} ${String(those.length).padStart(2)} requests ${String(sum('plain')).padStart(6)} bytes, ${String(sum('sent')).padStart(6)} as sent with headers`);
  }
  console.log(`\nmedian of ${loads}, processor slowed down ${slowdown} times`);
  for (const moment of ['first', 'largest']) {
    const values = all.map(({ moments }) => moments[moment]);
    console.log(`${moment.padEnd(8)} paint ${median(values).toFixed(0).padStart(4)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`);
  }
} finally {
  await browser.close();
  await store.stop();
}
