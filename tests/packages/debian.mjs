// The package for Debian: installed in a clean root by dpkg itself, started there as its service says, and removed again.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Container, rootOfPackages, run } from './clean.mjs';
import { signIn } from './image.mjs';
import { databaseContainer } from './engine.mjs';
import { block, command } from './shell.mjs';
import { Program, until } from '../proxies/places.mjs';
import { root } from '../proxies/world.mjs';
import { allowedCalls, values } from './systemd.mjs';

const hasTools = ['strace', 'systemd-analyze'].every((name) => fs.existsSync(`/usr/bin/${name}`));
const hasSystemd = fs.existsSync('/usr/bin/systemd-nspawn');
const hasLintian = fs.existsSync('/usr/bin/lintian');

/** The mode and the owner of a file, by the names of the root that it stands in. */
function rights(clean, file) {
    return run('chroot', [clean, 'stat', '--format=%a %U:%G', file]).trim();
}

/** The program as its service starts it: with the user, the credential and the folders that it may write to. */
function started(world, clean, more = {}) {
    const [uid, gid] = run('chroot', [clean, 'sh', '-c', `id -u ${values('User')[0]}; id -g ${values('Group')[0]}`]).trim().split('\n');
    const [name, source] = values('LoadCredential')[0].split(':');
    const credential = path.join(world.folder, `credential-${name}`);
    fs.copyFileSync(path.join(clean, source), credential);
    fs.chmodSync(credential, 0o400);
    fs.chownSync(credential, Number(uid), Number(gid));
    const [folder] = values('StateDirectory');
    const state = path.join(clean, 'var/lib', folder);
    fs.mkdirSync(state, { recursive: true, mode: 0o700 });
    fs.chownSync(state, Number(uid), Number(gid));
    return new Container({
        name: 'the service', root: clean, readOnly: values('ProtectSystem')[0] === 'strict', user: `${uid}:${gid}`, workingDirectory: values('WorkingDirectory')[0],
        command: values('ExecStart')[0].split(' '), health: ['/usr/bin/portaria', 'health', '--config', '/etc/portaria/portaria.yaml'],
        mounts: [
            { source: credential, target: `/run/credentials/portaria.service/${name}`, readOnly: true },
            { source: state, target: `/var/lib/${folder}` },
            { target: '/tmp', tmpfs: true },
        ],
        ...more,
    }).start();
}

/** Boots systemd in a root, which runs a script once it is up; what the script says. Meanwhile the test does its part. */
async function booted(machine, folder, script, meanwhile) {
    fs.rmSync(path.join(machine, 'result'), { force: true });
    fs.writeFileSync(path.join(machine, 'script'), `#!/bin/sh\nexec >/result 2>&1\n${script}\nsystemctl poweroff\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(machine, 'etc/systemd/system/test.service'), '[Unit]\nAfter=basic.target\n[Service]\nType=oneshot\nExecStart=/script\n');
    const wanted = path.join(machine, 'etc/systemd/system/multi-user.target.wants');
    fs.mkdirSync(wanted, { recursive: true });
    fs.rmSync(path.join(wanted, 'test.service'), { force: true });
    fs.symlinkSync('../test.service', path.join(wanted, 'test.service'));
    const words = [`--directory=${machine}`, '--boot', '--register=no', '--keep-unit', '--machine=portaria-test', '--console=pipe'];
    const system = new Program('systemd-nspawn', words, { cwd: folder, env: {} });
    try {
        await meanwhile(system);
        await system.over;
    } finally {
        await system.end();
    }
    return fs.readFileSync(path.join(machine, 'result'), 'utf8');
}

export function debian(world) {
    describe('the package for Debian', { concurrency: 1 }, () => {
        let clean, service, file, other, depends;
        const machine = path.join(world.folder, 'machine');
        const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
        const inside = ['--mount', '--propagation', 'private', 'sh', '-c', 'mount --rbind /dev "$1/dev"; exec chroot "$@"', 'sh'];
        const dpkg = (...words) => run('unshare', [...inside, clean, 'dpkg', ...words], { env });
        const refused = (...words) => run('chroot', [clean, 'dpkg', ...words], { env, allowed: [1], stdio: 'pipe' });

        before(() => {
            const env = { ...process.env, DPKG_DEB_COMPRESSOR_TYPE: 'gzip', DPKG_DEB_COMPRESSOR_LEVEL: '1', DEBEMAIL: 'ana@portaria.invalid' };
            file = run(path.join(root, 'docker/deb'), [world.program, world.folder], { env }).trim();
            // It takes long, and the other tests need one core at most.
            // lintian takes a static program for a library that lacks what it needs.
            const expected = 'bogus-mail-host,bogus-mail-host-in-debian-changelog,shared-library-lacks-prerequisites';
            const words = ['--allow-root', '--fail-on=none', `--suppress-tags=${expected}`, file];
            world.opinion = hasLintian ? promisify(execFile)('lintian', words).then(({ stdout, stderr }) => stdout + stderr) : Promise.reject(new Error('lintian is missing'));
            world.opinion.catch(() => {});
            clean = path.join(world.folder, 'clean');
            fs.mkdirSync(clean);
            depends = run('dpkg-deb', ['--field', file, 'Depends']).trim().split(/, /).map((one) => one.split(' ')[0]);
            rootOfPackages(clean, depends);
            fs.copyFileSync(file, path.join(clean, 'portaria.deb'));
            other = path.join(world.folder, 'other');
            run('cp', ['-a', clean, other]);
        });
        after(() => service?.end());

        it('holds what Debian expects', () => {
            const content = run('dpkg-deb', ['--contents', file]);
            for (const part of ['./usr/bin/portaria', './lib/systemd/system/portaria.service', './usr/share/man/man1/portaria-serve.1.gz',
                './usr/share/bash-completion/completions/portaria', './usr/share/zsh/vendor-completions/_portaria', './usr/share/doc/portaria/copyright']) {
                assert.ok(content.includes(` ${part}\n`), `${part}\n${content}`);
            }
            assert.ok(content.trim().split('\n').every((line) => line.includes(' root/root ')), content);
            assert.doesNotMatch(content, /examples\.yaml/);
        });

        it('is not installed where no key can be made', () => {
            refused('--install', '/portaria.deb');

            assert.ok(!fs.existsSync(path.join(clean, 'etc/portaria/master.key')));
        });

        it('is installed with a user and a key of its own', () => {
            dpkg('--install', '/portaria.deb');

            assert.equal(rights(clean, '/etc/portaria/master.key'), '600 root:root');
            assert.equal(rights(clean, '/etc/portaria/secrets'), '750 root:portaria');
            assert.equal(rights(clean, '/var/lib/portaria'), '700 portaria:portaria');
            assert.match(fs.readFileSync(path.join(clean, 'etc/portaria/master.key'), 'utf8'), /^[0-9a-f]{64}$/);
            assert.match(dpkg('--verify', 'portaria'), /^$/);
        });

        it('serves as its service says, and people sign in at the playground', async () => {
            service = started(world, clean);
            await service.healthy();
            await signIn();

            assert.deepEqual(fs.readdirSync(path.join(clean, 'var/lib/portaria')).filter((name) => !/-(wal|shm)$/.test(name)), ['portaria.db']);
            assert.notEqual(service.execute(['cat', '/etc/portaria/master.key']).status, 0, 'the program reads the key from the credential alone');
            assert.match(service.execute(['portaria', 'users', 'find', 'ana@loja.example', '--config', '/etc/portaria/portaria.yaml']).text, /ana@loja\.example/);
            assert.equal(await service.end(), 0);
        });

        it('serves without the name of its proxy, and complains, as docs/production.md says', async () => {
            const settings = path.join(clean, 'etc/portaria/portaria.yaml');
            const text = fs.readFileSync(settings, 'utf8');
            fs.writeFileSync(settings, `${text}publicUrl: https://login.loja.example\n`);
            service = started(world, clean);
            await service.healthy();
            const doctor = service.execute(['/usr/bin/portaria', 'doctor', '--offline', '--config', '/etc/portaria/portaria.yaml']);
            assert.doesNotMatch(service.said, /trustedProxies/);
            await new Promise((done, failed) => {
                const headers = { Host: 'login.loja.example', 'X-Forwarded-For': '203.0.113.9' };
                http.get({ host: '127.0.0.1', port: 8080, path: '/login', headers, agent: false }, (answer) => answer.resume().on('end', done)).on('error', failed);
            });

            await until(() => /127\.0\.0\.1 forwards requests and is not among `trustedProxies`/.test(service.said), 'the complaint');
            assert.match(doctor.text, /^wrong .*`trustedProxies` names none/m);
            assert.equal(await service.end(), 0);
            const command = [...values('ExecStart')[0].split(' '), '--listen', '0.0.0.0:8080'];
            service = started(world, clean, { command });
            assert.equal(await service.over, 2);
            fs.writeFileSync(settings, text);
        });

        it('serves under systemd itself, with the rights of its service', { skip: hasSystemd || process.env.CI ? false : 'systemd-nspawn is missing', timeout: 120_000 }, async () => {
            fs.mkdirSync(machine);
            rootOfPackages(machine, [...depends, 'systemd', 'systemd-sysv', 'dbus']);
            fs.copyFileSync(file, path.join(machine, 'portaria.deb'));
            run('unshare', [...inside, machine, 'dpkg', '--install', '/portaria.deb'], { env });
            const lines = (name) => block('docs/install.md', name).replaceAll('sudo ', '');
            fs.writeFileSync(path.join(machine, 'etc/portaria/environment'), "CLUBE_ACME_CLIENT_ID=loja-42\nCLUBE_ACME_CLIENT_SECRET='a $ecret #1'\n", { mode: 0o600 });
            fs.writeFileSync(path.join(machine, 'etc/portaria/providers.d/clube-acme.yaml'), 'name: Clube Acme\ndiscovery: https://sso.acme.example\n');
            // It starts the service, waits until the test has signed in, and writes down what it sees.
            const result = await booted(machine, world.folder, `systemctl start portaria
while [ ! -e /signed-in ]; do sleep 0.1; done
cat /proc/$(systemctl show --property MainPID --value portaria)/status
echo "health: $(portaria health --config /etc/portaria/portaria.yaml)"
${lines('commands')}
printf 'email,emailVerified,name\\nbia@loja.example,true,Bia Prova\\n' >people.csv
${command('docs/operations.md', 'sudo install -o portaria').replace('sudo ', '')}
${command('docs/operations.md', 'as_portaria users import')}
${lines('backup')}
as_portaria restore - --storage sqlite:/tmp/rehearsal/portaria.db <portaria-2026-01-05.backup
rm -r /tmp/rehearsal && echo rehearsed
stat --format='backup: %a %U' portaria-2026-01-05.backup
${lines('stopped')}
echo "restored: $(systemctl show --property ActiveState --value portaria)"
${lines('recover')}
stat --format='kept: %U' /var/lib/portaria/before-recovery.backup
echo "recovered: $(systemctl show --property ActiveState --value portaria)"
# The program has only begun, and is ended by this: it comes back.
systemctl reload portaria
until portaria health --config /etc/portaria/portaria.yaml >/dev/null 2>&1; do sleep 0.1; done
systemctl reload portaria
echo "reload: $?, $(systemctl show --property ActiveState --value portaria)"
systemctl stop portaria
echo "ended: $(systemctl show --property Result --value portaria)"`, async (system) => {
                await system.listensAt(8080);
                await signIn();
                fs.writeFileSync(path.join(machine, 'signed-in'), '');
            });

            for (const expected of [/^CapEff:\t0+$/m, /^NoNewPrivs:\t1$/m, /^Seccomp:\t2$/m, /^health: ready /m, /^offered +\S+clube-acme\.yaml/m, /^ana@loja\.example/m, /^backup: 600 root$/m, /^rehearsed$/m, /^\/var\/lib\/portaria\/portaria\.db: .*people: 2, .*, as they were at/m, /^restored: active$/m, /^the storage goes on with the master key in/m, /^kept: portaria$/m, /^recovered: active$/m, /^reload: 0, active$/m, /^ended: success$/m]) assert.match(result, expected);
            assert.doesNotMatch(result, /^Uid:\t0\t/m);
        });

        it('is started by systemd until a storage that is away comes back', { skip: hasSystemd || process.env.CI ? false : 'systemd-nspawn is missing', timeout: 120_000 }, async () => {
            const password = path.join(world.folder, 'password');
            fs.writeFileSync(password, 'a-password-of-the-role');
            fs.chownSync(password, 999, 999);
            fs.writeFileSync(path.join(machine, 'etc/portaria/portaria.yaml'), 'listen: 127.0.0.1:8080\nstorage: postgres://portaria@127.0.0.1/portaria\nmasterKey: file:/run/credentials/portaria.service/master-key\n');
            fs.writeFileSync(path.join(machine, 'etc/portaria/environment'), `PGPASSWORD=${fs.readFileSync(password)}\n`, { mode: 0o600 });
            const folder = path.join(world.folder, 'storage-that-comes-back');
            fs.mkdirSync(folder);
            let database;
            try {
                // The pause between two starts is the one thing that is changed.
                const result = await booted(machine, world.folder, `touch /booted
mkdir /run/systemd/system/portaria.service.d
printf '[Service]\\nRestartSec=50ms\\n' >/run/systemd/system/portaria.service.d/pause.conf
systemctl daemon-reload
systemctl start portaria
until [ "$(systemctl show --property NRestarts --value portaria)" -gt 5 ] || systemctl is-failed --quiet portaria; do sleep 0.1; done
echo "without it: $(systemctl show --property ActiveState --value portaria)"
touch /tried
systemctl is-failed --quiet portaria || until portaria health --config /etc/portaria/portaria.yaml >/dev/null 2>&1; do sleep 0.1; done
echo "with it: $(systemctl show --property ActiveState --value portaria)"
${block('docs/install.md', 'commands').replaceAll('sudo ', '')}
${block('docs/install.md', 'stopped').replaceAll('sudo ', '').replace(/^as_portaria .*$/m, 'as_portaria storage move --from sqlite:/var/lib/portaria/portaria.db --to postgres://portaria@127.0.0.1/portaria')}
echo "moved: $(systemctl show --property ActiveState --value portaria)"`, async (system) => {
                    await until(() => fs.existsSync(path.join(machine, 'booted')), 'systemd');
                    await until(() => fs.existsSync(path.join(machine, 'tried')), 'the starts without a storage');
                    database = databaseContainer({ folder, password });
                    await database.healthy();
                });

                assert.match(result, /^without it: activating$/m);
                assert.match(result, /^with it: active$/m);
                assert.match(result, /^postgres:.* people: 2, /m);
                assert.match(result, /^moved: active$/m);
            } finally {
                await database?.end('SIGINT');
            }
        });

        it('makes no system call that its service forbids', { skip: hasTools || process.env.CI ? false : 'strace or systemd-analyze is missing' }, async () => {
            const trace = path.join(world.folder, 'calls');
            service = started(world, clean, { trace });
            await service.healthy();
            await signIn();
            assert.equal(await service.end(), 0);
            const lines = fs.readFileSync(trace, 'utf8').split('\n');
            const begin = lines.findIndex((line) => line.includes('execve("/usr/bin/portaria"'));
            const made = new Set(lines.slice(begin).map((line) => /^\d+ +([a-z_0-9]+)\(/.exec(line)?.[1]).filter(Boolean));
            const allowed = allowedCalls();

            assert.ok(begin >= 0 && made.has('accept4') && made.size > 40 && !allowed.has('ptrace') && allowed.size > 100, `${made.size} of ${allowed.size}`);
            assert.deepEqual([...made].filter((call) => !allowed.has(call)), []);
        });

        it('keeps the key and the data when it is upgraded or removed, and nothing when it is purged', () => {
            const key = () => fs.readFileSync(path.join(clean, 'etc/portaria/master.key'), 'utf8');
            const first = key();
            dpkg('--install', '/portaria.deb');
            assert.equal(key(), first);
            dpkg('--remove', 'portaria');
            assert.equal(key(), first);
            assert.ok(fs.existsSync(path.join(clean, 'var/lib/portaria/portaria.db')));
            assert.ok(!fs.existsSync(path.join(clean, 'usr/bin/portaria')));
            dpkg('--purge', 'portaria');

            for (const left of ['etc/portaria', 'var/lib/portaria']) assert.ok(!fs.existsSync(path.join(clean, left)), left);
        });

        it('is not needed: one file and its service are installed by the lines of docs/install.md', async () => {
            const page = fs.readFileSync(path.join(root, 'docs/install.md'), 'utf8');
            const lines = /## One file[\s\S]*?```sh\n([\s\S]*?)```/.exec(page)[1].replaceAll('sudo ', '').split('\n').filter((line) => !line.startsWith('systemctl '));
            const source = path.join(other, 'source');
            fs.mkdirSync(source);
            for (const folder of ['docker', 'providers.d']) fs.cpSync(path.join(root, folder), path.join(source, folder), { recursive: true });
            fs.copyFileSync(world.program, path.join(other, 'program'));
            // In the place of the compilation.
            fs.writeFileSync(path.join(source, 'docker/build'), '#!/bin/sh\necho /program\n', { mode: 0o755 });
            run('unshare', [...inside, other, 'sh', '-euc', `cd /source; ${lines.join('\n')}`], { env });
            service = started(world, other);
            await service.healthy();

            await signIn();
            assert.equal(rights(other, '/etc/portaria/master.key'), '600 root:root');
            assert.equal(await service.end(), 0);
        });
    });
}

/** What lintian has found meanwhile. */
export function opinions(world) {
    it('the package for Debian has nothing that lintian warns of', { skip: hasLintian || process.env.CI ? false : 'lintian is missing' }, async () => {
        assert.doesNotMatch(await world.opinion, /^[EW]: /m);
    });
}
