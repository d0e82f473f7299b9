// The providers of tests/peers: how they are started, and how a person logs in with them by hand.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { checkout, installed } from './packages.mjs';
import { freePort, start } from './processes.mjs';

const folder = `${checkout}tests/peers`;
const python = `${installed}/python/bin/python`;
const password = randomBytes(12).toString('base64url');

const programs = {
  oidc: { program: process.execPath, script: 'oidc_provider.mjs', ready: '/.well-known/openid-configuration' },
  authlib: { program: python, script: 'authlib_server.py', ready: '/' },
  django: { program: python, script: 'django_server.py', ready: '/' },
  // Of these the file is made here: its name, and where the issuer is.
  pyop: { program: python, script: 'pyop_server.py', ready: '/jwks', file: ['name: Praia'] },
  django_oidc: { program: python, script: 'django_oidc_server.py', ready: '/jwks', file: ['name: Museu'] },
  mock: { program: process.execPath, script: 'mock_server.mjs', ready: '/jwks', file: ['name: Ensaio'] },
  // This server never says that an address is verified, so its owner has to.
  canaille: { program: python, script: 'canaille_server.py', ready: '/oauth/jwks.json', file: [
    'name: Biblioteca', 'trustEmail: always',
    // Its tokens name their audience in a list, and then it asks for the client as well.
    'logout: ${endSessionEndpoint}?id_token_hint=${idToken}&client_id=${clientId}&post_logout_redirect_uri=${publicUrl}/login',
  ] },
};

export const providerFiles = `${folder}/providers.d`;

// Writes the provider files that are made here, and answers with the variables that the files name, and a way to end the providers.
export async function startPeers(publicUrl, files) {
  const env = {};
  const started = await Promise.all(Object.entries(programs).map(async ([name, { program, script, ready, file }]) => {
    const port = await freePort();
    if (file) await writeFile(`${files}/${name}.yaml`, [...file, `discovery: http://127.0.0.1:${port}`, ''].join('\n'));
    const id = `shop-${randomBytes(4).toString('hex')}`;
    const secret = randomBytes(24).toString('base64url');
    env[`${name.toUpperCase()}_HOST`] = `127.0.0.1:${port}`;
    env[`${name.toUpperCase()}_CLIENT_ID`] = id;
    env[`${name.toUpperCase()}_CLIENT_SECRET`] = secret;
    return start(name, program, [`${folder}/${script}`, String(port)], {
      ready: `http://127.0.0.1:${port}${ready}`,
      env: { PUBLIC_URL: publicUrl, CLIENT_ID: id, CLIENT_SECRET: secret, PASSWORD: password },
    });
  }));
  return { env, stop: () => Promise.all(started.map((peer) => peer.stop())) };
}

// What a person does on each provider's own pages until the browser is sent back.
export const logIn = {
  async oidc(page, login) {
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill(password);
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
  },
  async authlib(page, login) {
    await page.getByLabel('Usuário').fill(login);
    await page.getByLabel('Senha').fill(password);
    await page.getByRole('button', { name: 'Permitir' }).click();
  },
  async django(page, login) {
    await page.getByLabel('Username:').fill(login);
    await page.getByLabel('Password:').fill(password);
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.getByRole('button', { name: 'Authorize' }).click();
  },
  async pyop(page, login) {
    await page.getByLabel('Usuário').fill(login);
    await page.getByLabel('Senha').fill(password);
    await page.getByRole('button', { name: 'Permitir' }).click();
  },
  async django_oidc(page, login) {
    await page.getByLabel('Username:').fill(login);
    await page.getByLabel('Password:').fill(password);
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.getByRole('button', { name: 'Autorizar' }).click();
  },
  // It has no page of its own.
  async mock() {},
  async canaille(page, login) {
    await page.locator('input[name=login]').fill(login);
    await page.locator('button[name=answer]').first().click();
    await page.locator('input[name=password]').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    // Who has agreed before is not asked again.
    const { origin } = new URL(page.url());
    const [accept, away] = [page.locator('button#accept'), page.waitForURL((url) => url.origin !== origin)];
    if (await Promise.race([accept.waitFor().then(() => true, () => false), away.then(() => false, () => false)])) await accept.click();
  },
};

export const refuse = {
  oidc: (page) => page.getByRole('link', { name: 'Cancel' }).click(),
  authlib: (page) => page.getByRole('button', { name: 'Recusar' }).click(),
  async django(page, login) {
    await page.getByLabel('Username:').fill(login);
    await page.getByLabel('Password:').fill(password);
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
  },
  pyop: (page) => page.getByRole('button', { name: 'Recusar' }).click(),
  async django_oidc(page, login) {
    await page.getByLabel('Username:').fill(login);
    await page.getByLabel('Password:').fill(password);
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.getByRole('button', { name: 'Recusar' }).click();
  },
  async canaille(page, login) {
    await page.locator('input[name=login]').fill(login);
    await page.locator('button[name=answer]').first().click();
    await page.locator('input[name=password]').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('button#deny').click();
  },
};
