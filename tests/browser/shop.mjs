// A storefront: pages on an origin of their own, some of which have the broker's buttons; the same pages on another site, which gets a session by a
// code; and an app that receives people on another site and sends them on to a page of the storefront.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { freePort } from './processes.mjs';

const page = (contents) => `<!doctype html>
<html lang="pt-BR">
<meta charset="utf-8">
<title>Loja Exemplo</title>
<h1>Loja Exemplo</h1>
${contents}
`;

const classic = (publicUrl) => `<script src="${publicUrl}/embed.js" defer></script>`;
const module = (publicUrl) => `<script type="module" src="${publicUrl}/embed.js" crossorigin></script>`;

// The pages with the element.
const pages = {
  '/vitrine': (publicUrl) => `${classic(publicUrl)}<portaria-login></portaria-login>`,
  '/loja/modulo': (publicUrl) => `${module(publicUrl)}<portaria-login return-to="../carrinho?item=7" providers="seguro, playground" lang="en"></portaria-login>`,
  '/mostra': (publicUrl) => `${classic(publicUrl)}<portaria-login signed-in="ignore"></portaria-login><portaria-login signed-in="hide"></portaria-login>`,
  '/checkout': (publicUrl) => `<script src="/escuta.js"></script>${module(publicUrl)}<label>CEP <input id="cep"></label><portaria-login mode="popup" return-to="/checkout"></portaria-login>`,
  '/toque': (publicUrl) => `<script src="/escuta.js"></script>${module(publicUrl)}<portaria-login one-tap></portaria-login>`,
  '/volta': (publicUrl) => `<script src="/escuta.js"></script>${module(publicUrl)}<portaria-login mode="popup"></portaria-login>`,
};

// Keeps the events of the element where a test finds them.
const listener = `window.told = [];
for (const name of ['session', 'signed-in', 'cancelled', 'error']) {
  addEventListener('portaria-' + name, ({ detail }) => window.told.push([name, detail]));
}`;

// A strict policy: the element needs no more of its page than this.
const policy = (publicUrl, accounts) => `default-src 'none'; script-src 'self' ${publicUrl}; connect-src ${publicUrl} ${accounts.origin}; img-src ${publicUrl}; form-action 'self' ${publicUrl}`;

export async function openShop(publicUrl, accounts) {
  const [port, otherPort] = [await freePort(), await freePort()];
  const served = new Map();
  const answer = (request, response) => {
    let body = '';
    if (request.url === '/favicon.ico') return response.writeHead(204).end();
    if (request.url.startsWith('/entrada')) return request.on('data', (part) => { body += part; }).on('end', () => {
      const query = body || request.url.split('?')[1];
      response.writeHead(303, { Location: `http://localhost:${port}/painel?${query}` }).end();
    });
    // The page of a provider that cuts the tie between its window and the page that opened it.
    if (request.url.startsWith('/provedor?')) {
      const address = `${publicUrl}/playground/enter?${request.url.split('?')[1]}`.replaceAll('&', '&amp;');
      return response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cross-Origin-Opener-Policy': 'same-origin' }).end(page(`<a href="${address}">Entrar</a>`));
    }
    if (request.url === '/escuta.js') return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(listener);
    const [path] = request.url.split('?');
    if (served.has(path)) return served.get(path)(request, response);
    const contents = pages[path]?.(publicUrl) ?? '';
    return response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy(publicUrl, accounts) }).end(page(contents));
  };
  const servers = await Promise.all([port, otherPort].map(async (at) => {
    const server = createServer(answer).listen(at, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }));
  return {
    // The same site as the broker's; another site, which is named nowhere; and another site that gets sessions by a code.
    origin: `http://localhost:${port}`,
    stranger: `http://127.0.0.1:${port}`,
    other: `http://127.0.0.1:${otherPort}`,
    entrance: `http://127.0.0.1:${port}/entrada`,
    // A test's own page or answer at this path.
    serve: (path, answers) => served.set(path, answers),
    stop() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}
