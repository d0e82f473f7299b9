// An issuer of OpenID Connect: discovery, PKCE, signed ID tokens with a nonce, and the library's own pages for login and consent.
// Usage: node oidc_provider.mjs PORT. Environment: PUBLIC_URL of the broker, CLIENT_ID, CLIENT_SECRET.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { load } from '../browser/packages.mjs';

const port = Number(process.argv[2]);
const { PUBLIC_URL, CLIENT_ID, CLIENT_SECRET } = process.env;
const { Provider } = await load('oidc-provider');

// The library's login page takes every password; who is not listed here is not let in.
const people = {
  bia: { email: 'bia@entrada.example', email_verified: true, name: 'Bia Fictícia', locale: 'pt-BR' },
  edu: { email: 'edu@entrada.example', email_verified: true, name: 'Edu Inventado', locale: 'pt-BR' },
  sem: { email: 'sem@entrada.example', email_verified: false, name: 'Sem Prova' },
};

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    redirect_uris: ['oidc', 'oidc_hint', 'oidc_post'].map((name) => `${PUBLIC_URL}/callback/${name}`),
    post_logout_redirect_uris: [`${PUBLIC_URL}/login`],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'locale'] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] },
  // Without this parameter the person is shown by the userinfo end point alone, as OpenID Connect has it.
  features: { claimsParameter: { enabled: true } },
  pkce: { required: () => true },
  findAccount: (context, login) => people[login] && {
    accountId: login,
    claims: () => ({ sub: login, ...people[login] }),
  },
});

provider.on('server_error', (context, error) => console.error(error));
provider.listen(port, '127.0.0.1', () => console.log(`serving`));
