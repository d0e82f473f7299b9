// A real Chromium, and what a shopper should never meet in it.
import { load } from './packages.mjs';

const { default: { chromium } } = await load('playwright-core');

// Names in `here` lead to this machine as well.
export const launch = (here = []) => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
    // No name but this machine's own leads anywhere.
    `--host-resolver-rules=${here.map((name) => `MAP ${name} 127.0.0.1, `).join('')}MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1`,
  ],
});

// Adds to `complaints` every error in the console, every broken promise of the content policy and every request to a third party on pages of
// these origins, and every failure of theirs but the one that is looked for. What happens on the providers' own pages is the providers'.
export function watch(page, origins, failing, complaints) {
  const ours = (address) => origins.some((origin) => address.startsWith(`${origin}/`));
  const here = /^(data:|blob:|http:\/\/(localhost|127\.0\.0\.1)[:/])/;

  page.on('console', (message) => {
    const text = message.text();
    if (!ours(page.url()) || (message.type() !== 'error' && !text.includes('Content Security Policy'))) return;
    // The browser notes every status that says no; those are looked at below.
    if (/the server responded with a status of/.test(text)) return;
    // It notes, too, that a person has closed its dialog with the accounts.
    if (text.startsWith('Prompt dismissed')) return;
    complaints.push(`console of ${page.url()}: ${text}`);
  });
  page.on('pageerror', (error) => { if (ours(page.url())) complaints.push(`script of ${page.url()}: ${error.message}`); });
  page.on('request', (request) => { if (ours(page.url()) && !here.test(request.url())) complaints.push(`${page.url()} asks ${request.url()}`); });
  page.on('response', (response) => {
    if (!ours(response.url()) || response.status() === failing) return;
    const missing = response.status() === 404 && !response.request().isNavigationRequest();
    if (missing || response.status() >= 500) complaints.push(`${response.status()} from ${response.url()}`);
  });
}
