// A broker and two stores at names of their own, as in docs/storefront.md: one store on a host of the broker's domain, one on another site. All are
// served behind TLS on one port of this machine; the servers of the stores are the programs of the page. People sign in by a code by e-mail.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { openMailbox } from './mailbox.mjs';
import { checkout } from './packages.mjs';
import { freePort, start } from './processes.mjs';

const names = ['login.loja.example', 'www.loja.example', 'www.outra.example'];
const binary = process.env.PORTARIA_BIN ?? join(process.env.CARGO_TARGET_DIR ?? `${checkout}target`, 'debug/portaria');

// The blocks of the page that name a file, with the ports of this test.
export async function programs(replaced) {
  const page = await readFile(`${checkout}docs/storefront.md`, 'utf8');
  return new Map([...page.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name, replaced(text)]));
}

export async function openSites() {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-sites-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [certificate, key] = [`${folder}/certificate.pem`, `${folder}/key.pem`];
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=loja.example',
    '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`, '-addext', 'keyUsage=critical,digitalSignature,keyCertSign',
    '-keyout', key, '-out', certificate,
  ], { stdio: 'ignore' });
  const [outer, inner, shop, other] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const [publicUrl, store, elsewhere] = names.map((name) => `https://${name}:${outer}`);
  const files = await programs((text) => names.reduce((done, name) => done.replaceAll(`https://${name}`, `https://${name}:${outer}`), text));

  // What the hosts answer: pages of the document, and behind them the programs.
  const heard = [];
  let holding = null;
  const pass = (request, response, port) => {
    const headers = { ...request.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': request.socket.remoteAddress };
    const on = http.request({ port, host: '127.0.0.1', method: request.method, path: request.url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    on.on('error', () => response.writeHead(502).end());
    request.pipe(on);
  };
  const front = https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
    const [name, path] = [request.headers.host.split(':')[0], request.url.split('?')[0]];
    if (path === '/favicon.ico') return response.writeHead(204).end();
    if (name === 'login.loja.example') return pass(request, response, inner);
    if (holding && path === '/volta') {
      holding(`https://${request.headers.host}${request.url}`);
      holding = null;
      return response.writeHead(204).end();
    }
    if (name === 'www.outra.example') return pass(request, response, other);
    if (path === '/pedidos.json') {
      heard.push(request.headers.cookie ?? '');
      return pass(request, response, shop);
    }
    return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(files.get('index.html'));
  });
  await new Promise((up) => { front.listen(outer, '127.0.0.1', up); });

  const mailbox = await openMailbox();
  await mkdir(`${folder}/providers.d`);
  await writeFile(`${folder}/portaria.yaml`, `
publicUrl: ${publicUrl}
listen: 127.0.0.1:${inner}
storage: sqlite:data/portaria.db
providers: providers.d
returnTo: [ "${store}" ]
handOver: [ "${elsewhere}/volta" ]
session: { domain: loja.example }
ways: [ email ]
mail: { smtp: "smtp://127.0.0.1:${mailbox.port}", from: nao-responda@loja.example }
trustedProxies: [ 127.0.0.1 ]
`);
  // The names lead to this machine, and the programs trust the certificate.
  await writeFile(`${folder}/here.mjs`, "import dns from 'node:dns';\nconst { lookup } = dns;\ndns.lookup = (name, ...rest) => lookup('127.0.0.1', ...rest);\n");
  const program = async (name, port) => {
    await writeFile(`${folder}/${name}`, files.get(name));
    return start(name, process.execPath, ['--import', `${folder}/here.mjs`, name], {
      cwd: folder, env: { PORT: String(port), NODE_EXTRA_CA_CERTS: certificate }, ready: `http://127.0.0.1:${port}/`, isReady: ({ status }) => status < 500,
    });
  };
  const broker = await start('portaria', binary, ['serve'], { cwd: folder, ready: `http://127.0.0.1:${inner}/health/ready` });
  const servers = [await program('server.mjs', shop), await program('outra.mjs', other)];
  const browser = await launch(names);

  return {
    publicUrl, store, elsewhere, heard, mailbox, browser, broker,
    // The address with the next code, which does not get to its store.
    hold: () => new Promise((resolve) => { holding = resolve; }),
    // A server asks the broker with a cookie.
    ask: (path, cookie) => new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: outer, servername: names[0], ca: readFileSync(certificate), path, headers: { host: `${names[0]}:${outer}`, cookie } };
      https.get(options, (answer) => { answer.resume(); resolve(answer); }).on('error', reject);
    }),
    async stop() {
      await browser.close();
      await Promise.all([broker, ...servers].map((running) => running.stop()));
      mailbox.stop();
      front.close();
      front.closeAllConnections();
    },
  };
}
