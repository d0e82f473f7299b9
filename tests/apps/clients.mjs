// The apps of docs/apps.md: how each is started, how a person begins to sign in, and whom the app then shows.
import { execFile } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { addressOf, certificate, packages, python } from './world.mjs';

const apacheModules = '/usr/lib/apache2/modules';
const run = promisify(execFile);
const next = `${packages}/node_modules/next/dist/bin/next`;

const node = (section, app, more) => ({ section, app, program: process.execPath, parameters: ['server.mjs'], ...plainApp(app), ...more });

// Begins at /login and shows the person at its first page.
const plainApp = (app) => ({
  begin: (browser) => browser.visit(`${addressOf(app)}/login`),
  who: (browser) => browser.json(`${addressOf(app)}/`),
});

// Both of these have a page of their own on which a provider is chosen.
const authJs = (app, path) => ({
  begin: async (browser) => browser.submit(await browser.visit(`${addressOf(app)}${path}/signin`), /\/signin\/portaria/),
  who: async (browser) => {
    const session = await browser.json(`${addressOf(app)}${path}/session`);
    return session?.user && { sub: session.user.id, ...session.user };
  },
});

export const clients = {
  openidClient: node('openid-client', 'painel', { logout: '/logout' }),
  oauth4webapi: node('oauth4webapi', 'estoque'),
  nextAuth: {
    section: 'next-auth', app: 'loja', ...authJs('loja', '/api/auth'),
    program: process.execPath,
    parameters: ({ port }) => [next, 'start', '--port', port, '--hostname', '127.0.0.1'],
    before: ({ home, env }) => run(process.execPath, [next, 'build'], { cwd: home, env }),
    ready: '/api/auth/providers',
  },
  authExpress: node('@auth/express', 'blog', authJs('blog', '/auth')),
  passport: node('passport-openidconnect', 'clube'),
  expressOpenid: node('express-openid-connect', 'relatorios', { ready: '/bye', logout: '/logout', hears: true }),
  apache: {
    section: 'mod_auth_openidc', app: 'intranet', program: 'apache2', ready: '/bye.html', hears: true,
    missing: () => !existsSync(`${apacheModules}/mod_auth_openidc.so`) && 'Apache with mod_auth_openidc',
    logout: `/callback?logout=${encodeURIComponent(`${addressOf('intranet')}/bye.html`)}`,
    parameters: ({ home }) => ['-X', '-d', home, '-f', `${home}/httpd.conf`],
    before: apacheAround,
    begin: (browser) => browser.visit(`${addressOf('intranet')}/`),
    who: (browser) => browser.json(`${addressOf('intranet')}/`),
  },
  authlib: {
    section: 'Authlib', app: 'atelier', program: python, parameters: ({ port }) => ['-m', 'flask', '--app', 'app', 'run', '--port', port], logout: '/logout',
    ...plainApp('atelier'),
  },
  allauth: {
    section: 'django-allauth', app: 'forum', program: python,
    parameters: ({ port }) => ['-m', 'django', 'runserver', '--settings', 'forum', '--pythonpath', '.', '--noreload', `127.0.0.1:${port}`],
    before: ({ home, env }) => run(python, ['-m', 'django', 'migrate', '--settings', 'forum', '--pythonpath', '.'], { cwd: home, env }),
    begin: async (browser) => browser.submit(await browser.visit(`${addressOf('forum')}/accounts/oidc/portaria/login/`), /oidc\/portaria\/login/),
    who: (browser) => browser.json(`${addressOf('forum')}/`),
  },
};

// What Debian's own configuration is to Apache, and a page behind it that shows what the module found.
async function apacheAround({ home, port }) {
  const loaded = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'mime', 'include', 'auth_openidc'];
  mkdirSync(`${home}/pages`);
  await writeFile(`${home}/pages/bye.html`, 'Até logo.');
  await writeFile(`${home}/pages/index.shtml`, ['sub', 'email', 'name'].map((claim, at) => (
    `${at ? ', ' : '{ '}"${claim}": "<!--#echo encoding="none" var="OIDC_CLAIM_${claim}" -->"`)).join('') + ' }');
  await writeFile(`${home}/httpd.conf`, `
${loaded.map((name) => `LoadModule ${name}_module ${apacheModules}/mod_${name}.so`).join('\n')}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${home}/apache.pid
DefaultRuntimeDir ${home}
ErrorLog "|/bin/cat"
TypesConfig /dev/null
AddType text/html .html .shtml
AddOutputFilter INCLUDES .shtml
AddDefaultCharset utf-8
DocumentRoot ${home}/pages
DirectoryIndex index.shtml
<Directory ${home}/pages>
    Options +Includes
</Directory>
OIDCCABundlePath ${certificate}
OIDCPassClaimsAs both
Include ${home}/openid.conf
`);
}

// The page of oidc-client-ts is served as a file, beside the script of the package.
export async function servePage(home, port) {
  const files = { '/': `${home}/index.html`, '/oidc-client-ts.min.js': `${packages}/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js` };
  const server = createServer((request, response) => {
    const file = files[new URL(request.url, 'http://127.0.0.1').pathname];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8' });
    return createReadStream(file).pipe(response);
  });
  await new Promise((up) => { server.listen(port, '127.0.0.1', up); });
  return server;
}
