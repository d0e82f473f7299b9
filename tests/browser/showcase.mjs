// Brokers with files of the catalogue, as operators have them: a login page with the marks of five providers, a code by e-mail and passkeys; and a
// lab with a login that failed. The secrets are made here, and no provider is asked anything.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout } from './packages.mjs';
import { freePort, start } from './processes.mjs';

export const binary = process.env.PORTARIA_BIN ?? join(process.env.CARGO_TARGET_DIR ?? `${checkout}target`, 'debug/portaria');

export const fiveMarks = ['google', 'facebook', 'apple', 'discord', 'twitch'];

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">
<path fill="#0a6" d="M16 2 28 9v14l-12 7-12-7V9z"/><path fill="#fff" d="M11 10h3.5v9H21v3H11z"/></svg>
`;

const settings = (port, more) => `
publicUrl: http://localhost:${port}
listen: 127.0.0.1:${port}
returnTo: [ "https://www.loja.example" ]
login: { title: Loja Exemplo, logo: logo.svg, accent: "#0a6", help: ajuda@loja.example, privacy: "https://www.loja.example/privacidade" }
limits: off
playground: false
${more}
`;

// Two settings of a store with everything that its login page can have.
export const everything = `ways: [ email, passkey ]
mail: { smtp: "smtp://127.0.0.1:9", from: "Loja Exemplo <nao-responda@loja.example>" }`;

function secretsOf(providers) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const env = { APPLE_SERVICE_ID: 'example.loja', APPLE_TEAM_ID: 'A1B2C3D4E5', APPLE_KEY_ID: 'F6G7H8I9J0', APPLE_P8: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  for (const name of providers) {
    env[`${name.toUpperCase()}_CLIENT_ID`] = 'loja-42';
    env[`${name.toUpperCase()}_CLIENT_SECRET`] = randomBytes(18).toString('base64url');
  }
  return env;
}

// Starts a broker with these files of the catalogue, and with files that are given as text.
export async function openShowcase({ providers = fiveMarks, files = {}, env = {}, more = '' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'portaria-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  await mkdir(`${folder}/providers.d`);
  await writeFile(`${folder}/logo.svg`, logo);
  await writeFile(`${folder}/portaria.yaml`, settings(port, more));
  await Promise.all(providers.map((name) => copyFile(`${checkout}providers.d/${name}.yaml`, `${folder}/providers.d/${name}.yaml`)));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(`${folder}/providers.d/${name}.yaml`, text)));
  const publicUrl = `http://localhost:${port}`;
  const broker = await start('portaria', binary, ['serve'], { cwd: folder, env: { ...secretsOf(providers), ...env }, ready: `${publicUrl}/health/ready` });
  return { publicUrl, folder, stop: () => broker.stop() };
}
