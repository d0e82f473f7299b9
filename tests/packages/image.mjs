// The image: what stands in it, what it may write, and that a person can sign in.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Browser } from '../proxies/wire.mjs';
import { root } from '../proxies/world.mjs';
import { run } from './clean.mjs';
import { buildImage, configuration, container, dockerRun } from './engine.mjs';
import { block, command, inShell } from './shell.mjs';

/** Every file of a folder with its mode and its owner. */
export function listing(folder) {
    return run('find', ['.', '-printf', '%y %m %U:%G %p\n'], { cwd: folder }).trim().split('\n').sort();
}

/** Ana signs in at the playground of the broker on this machine. */
export async function signIn() {
    const browser = new Browser(8080, 'http://localhost:8080');
    const chooser = await browser.follow(await browser.visit('/login'), '/login/playground');
    await browser.follow(chooser, 'Ana Prova');
    assert.ok(browser.cookies.has('portaria'), `signed in at ${browser.url}`);
    return browser;
}

export function images(world) {
    describe('the image', { concurrency: 1 }, () => {
        let running, data;

        before(() => {
            world.image = buildImage(path.join(root, 'docker/Dockerfile'), world.program, world.folder);
            const file = path.join(world.folder, 'image.tar');
            run(path.join(root, 'docker/image'), [world.image, file]);
            world.config = configuration(file);
            data = path.join(world.folder, 'data');
            run('cp', ['-a', path.join(world.image, 'portaria/data'), data]);
        });
        after(() => running?.end());

        it('holds the program, its libraries, certificates and provider files, and no shell', () => {
            const files = listing(world.image);
            const programs = files.filter((line) => /^f [0-7]*[1357] /.test(line)).map((line) => line.split(' ')[3]);

            assert.ok(programs.every((file) => /^\.\/usr\/bin\/portaria$|\/ld-linux[^/]*$|\/lib(c|m|gcc_s)\.so\.[0-9]+$/.test(file)), programs.join(' '));
            assert.deepEqual(files.filter((line) => / (65532:65532) /.test(line)), ['d 700 65532:65532 ./portaria/data'], 'the user owns one folder');
            assert.deepEqual(files.filter((line) => /^[fd] [0-7]*[2367] /.test(line)), ['d 1777 0:0 ./tmp'], 'no other place can be written to');
            assert.ok(fs.readFileSync(path.join(world.image, 'etc/ssl/certs/ca-certificates.crt'), 'utf8').includes('BEGIN CERTIFICATE'));
            assert.ok(fs.existsSync(path.join(world.image, 'portaria/providers.d/playground.yaml')));
        });

        it('adds less than 5 MB to the program', () => {
            const bytes = (words) => Number(run('du', ['--summarize', '--bytes', ...words, world.image]).split('\t')[0]);

            assert.ok(bytes(['--exclude=usr/bin/portaria']) < 5_000_000, `${bytes(['--exclude=usr/bin/portaria'])} bytes`);
        });

        it('is the same when docker/image packs it', () => {
            const packed = path.join(world.folder, 'packed');
            fs.mkdirSync(packed);
            const file = path.join(world.folder, 'image.tar');
            const [{ Layers: [layer] }] = JSON.parse(run('tar', ['--extract', '--to-stdout', `--file=${file}`, 'manifest.json']));
            run('sh', ['-c', `tar --extract --to-stdout --file=${file} ${layer} | tar --extract --same-owner --preserve-permissions --directory=${packed}`]);

            assert.deepEqual(listing(packed).slice(1), listing(world.image).slice(1));
            assert.equal(world.config.User, '65532:65532');
            assert.deepEqual(world.config.Healthcheck, { Test: ['CMD', '/usr/bin/portaria', 'health'], Interval: 10e9, Timeout: 5e9, StartPeriod: 20e9, Retries: 3 });
        });

        it('serves for trying out on a root that is read-only, as a user without rights', async () => {
            running = container(world.image, world.config, { name: 'portaria', readOnly: true, mounts: [{ source: data, target: '/portaria/data' }] }).start();
            await running.healthy();
            const browser = await signIn();
            const status = fs.readFileSync(`/proc/${running.pid}/status`, 'utf8');

            assert.equal(JSON.parse((await browser.request('/session')).body).email, 'ana@loja.example');
            assert.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m);
            assert.match(status, /^Cap(Prm|Eff):\t0+$/m);
            assert.match(status, /^NoNewPrivs:\t1$/m);
            assert.deepEqual(fs.readdirSync(data).sort(), ['master.key', 'portaria.db', 'portaria.db-shm', 'portaria.db-wal'], 'all that it writes');
        });

        it('is said to be ill when it cannot work, and ends at once when it is asked to', async () => {
            assert.match(running.execute(running.health).text, /^ready /);
            assert.equal(running.execute([...running.health, '--listen', '127.0.0.1:8081']).status, 1);
            assert.equal(await running.end(), 0);
        });

        it('is run by the lines of docs/install.md', async () => {
            const page = fs.readFileSync(path.join(root, 'docs/install.md'), 'utf8');
            const [trial, network] = page.split('\n').filter((line) => line.startsWith('docker run ')).map((line) => line.split(/\s+/).slice(2));
            const beside = path.join(world.folder, 'beside');
            fs.mkdirSync(beside);
            fs.symlinkSync(path.join(root, 'providers.d'), path.join(beside, 'providers.d'));
            fs.writeFileSync(path.join(beside, 'portaria.yaml'), /```yaml\n([\s\S]*?)```/.exec(page)[1]);
            const place = { folder: world.folder, beside };
            const first = dockerRun(trial, world.image, world.config, place).start();
            await first.healthy();
            await signIn();
            await first.end();
            const second = dockerRun(network, world.image, world.config, place).start();
            await second.healthy();
            assert.equal((await new Browser(8080, 'http://localhost:8080').request('/health/live')).status, 200);
            assert.equal(await second.end(), 0);
        });

        it('is backed up, and restored while the broker is stopped, by the lines of docs/install.md', async () => {
            const folder = path.join(world.folder, 'by-lines');
            fs.mkdirSync(folder);
            const volume = path.join(folder, 'data');
            run('cp', ['-a', path.join(world.image, 'portaria/data'), volume]);
            const begin = () => container(world.image, world.config, { name: 'portaria', readOnly: true, mounts: [{ source: volume, target: '/portaria/data' }] }).start();
            running = begin();
            await running.healthy();
            const docker = async ([what, ...words], streams) => {
                if (what === 'exec') {
                    const { status, text } = running.execute(words.slice(1), streams);
                    return { status, said: text };
                }
                if (what === 'stop') return { status: await running.end() };
                if (what === 'start') return (running = begin()).healthy();
                const known = { portaria: running, PORTARIA_MASTER_KEY: fs.readFileSync(path.join(folder, 'master.key'), 'utf8') };
                const one = dockerRun(words, world.image, world.config, { folder, beside: folder, known, streams }).start();
                return { status: await one.over, said: one.said };
            };
            const keys = async () => (await new Browser(8080, 'http://localhost:8080').request('/.well-known/jwks.json')).body;
            const lines = (name) => inShell(block('docs/install.md', name), { docker }, { folder });
            await signIn();
            const before = await keys();
            fs.copyFileSync(path.join(volume, 'master.key'), path.join(folder, 'master.key'));
            await lines('backup-image');
            assert.match(await lines('rehearsal'), /people: 1, .*, as they were at/);
            assert.equal(running.execute(['/usr/bin/portaria', 'keys', 'replace-all', '--yes']).status, 0);

            assert.match(await lines('stopped-image'), /people: 1, .*, as they were at/);
            assert.equal(await keys(), before);
            await running.end();
            fs.rmSync(path.join(volume, 'master.key'));
            const recovery = command('docs/install.md', 'keys recover --yes --backup');
            const commands = block('docs/install.md', 'stopped-image').replace(/restore - .*$/m, recovery);
            assert.match(await inShell(commands, { docker }, { folder }), /the storage goes on with the master key in the file data\/master\.key/);
            assert.notEqual(await keys(), before);
            assert.ok(fs.existsSync(path.join(volume, 'before-recovery.backup')));
            assert.equal(await running.end(), 0);
        });
    });
}

/** The page about installing in each of its languages. */
export function commands() {
    const blocks = (page) => [...fs.readFileSync(path.join(root, page), 'utf8').matchAll(/```(?:sh|yaml).*\n([\s\S]*?)```/g)].map(([, code]) => code);

    it('every file that a command of docs/install.md names exists', () => {
        const named = [...blocks('docs/install.md').join('').matchAll(/(?<![\w/.])(?:\.\/)?((?:docker|providers\.d)(?:\/[\w./-]+)?)(?=[\s")]|$)/gm)].map(([, file]) => file);
        const files = named.filter((file) => file !== 'docker' && file !== 'docker/.env' && !file.startsWith('docker/secrets'));

        assert.ok(files.length > 10, files.join(' '));
        for (const file of files) assert.ok(fs.existsSync(path.join(root, file)), file);
    });

    it('the backups of docs/operations.md are those of docs/install.md', () => {
        const rows = (page) => [...fs.readFileSync(path.join(root, page), 'utf8').matchAll(/^\| .* \| `(.* backup - .*)` \|$/gm)].map(([, line]) => line);
        const written = blocks('docs/install.md').join('');

        assert.equal(rows('docs/operations.md').length, 4);
        for (const line of rows('docs/operations.md')) assert.ok(written.includes(line), line);
        assert.deepEqual(rows('docs/pt-BR/operations.md'), rows('docs/operations.md'));
    });

    it('the commands of docs/install.md are the same in each language', () => {
        assert.deepEqual(blocks('docs/pt-BR/install.md'), blocks('docs/install.md'));
    });
}
