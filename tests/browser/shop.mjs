// A storefront: pages on an origin of their own, one of which has the broker's buttons; and an app that receives people on another site and sends
// them on to a page of the storefront.
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

export async function openShop(publicUrl) {
  const port = await freePort();
  const server = createServer((request, response) => {
    let body = '';
    if (request.url === '/favicon.ico') return response.writeHead(204).end();
    if (request.url.startsWith('/entrada')) return request.on('data', (part) => { body += part; }).on('end', () => {
      const query = body || request.url.split('?')[1];
      response.writeHead(303, { Location: `http://localhost:${port}/painel?${query}` }).end();
    });
    const contents = request.url === '/vitrine' ? `<script src="${publicUrl}/embed.js" defer></script><portaria-login></portaria-login>` : '';
    return response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page(contents));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    // The same site as the broker's; the other one is another site, and is named nowhere.
    origin: `http://localhost:${port}`,
    stranger: `http://127.0.0.1:${port}`,
    entrance: `http://127.0.0.1:${port}/entrada`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
