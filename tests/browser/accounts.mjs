// A provider at which browsers sign in by FedCM: it knows one person, and its ID tokens are made when the browser asks.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { load } from './packages.mjs';
import { freePort } from './processes.mjs';

const { SignJWT, exportJWK, generateKeyPair } = await load('jose');

const person = { id: 'conta-7', name: 'Nina Conta', given_name: 'Nina', email: 'nina@contas.example' };

export async function openAccounts() {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keys = { keys: [{ ...await exportJWK(publicKey), kid: 'k1', alg: 'ES256', use: 'sig' }] };
  const asked = [];

  async function assertion(form) {
    const nonce = form.get('nonce') ?? JSON.parse(form.get('params') ?? '{}').nonce;
    asked.push({ client: form.get('client_id'), nonce });
    const claims = { sub: person.id, email: person.email, email_verified: true, name: person.name, nonce };
    const token = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).setIssuer(origin).setAudience(form.get('client_id'));
    return { token: await token.setIssuedAt().setExpirationTime('5m').sign(privateKey) };
  }

  const answers = {
    '/.well-known/web-identity': () => ({ provider_urls: [`${origin}/fedcm.json`], accounts_endpoint: `${origin}/accounts`, login_url: `${origin}/` }),
    '/fedcm.json': () => ({ accounts_endpoint: '/accounts', client_metadata_endpoint: '/client', id_assertion_endpoint: '/assertion', login_url: '/' }),
    '/accounts': () => ({ accounts: [person] }),
    '/client': () => ({}),
    '/assertion': assertion,
    '/jwks': () => keys,
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const [path] = request.url.split('?');
    const headers = { 'Access-Control-Allow-Origin': request.headers.origin ?? '*', 'Access-Control-Allow-Credentials': 'true', 'Set-Login': 'logged-in' };
    if (!answers[path]) return response.writeHead(200, { ...headers, 'Content-Type': 'text/html' }).end('<!doctype html><title>Contas</title>');
    return response.writeHead(200, { ...headers, 'Content-Type': 'application/json' }).end(JSON.stringify(await answers[path](new URLSearchParams(body))));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const file = `name: Contas Exemplo
getAuthorizationCode: { get: "${origin}/authorize", scope: openid }
getAccessCode: { post: "${origin}/token" }
getUserInfo: { get: "${origin}/me", read: { id: $.sub, email: $.email, emailVerified: $.email_verified } }
exchange:
  idToken: { issuer: "${origin}", keys: "${origin}/jwks", read: { id: $.sub, email: $.email, emailVerified: $.email_verified, name: $.name } }
  fedcm: ${origin}/fedcm.json
`;
  return {
    origin,
    person,
    file,
    asked,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
