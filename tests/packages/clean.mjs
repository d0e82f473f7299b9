// Clean roots, and programs that run in them as in a container: with namespaces of their own, as a user without rights, on a root that is read-only.
// All of it needs root, and lives in the namespaces that tests/packages/run.mjs has made for itself, so nothing is left behind.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { until } from '../proxies/places.mjs';
import { root } from '../proxies/world.mjs';

/** The packages of tests/packages/package.json. */
export const PACKAGES = path.join(process.env.PORTARIA_TEST_PACKAGES ?? path.join(root, 'target/tests'), 'packages/node_modules');
/** Whether they are there. Where CI is set, a test that needs them fails without them. */
export const HAS_PACKAGES = fs.existsSync(path.join(PACKAGES, 'typescript')) || Boolean(process.env.CI);

/** Runs a command to its end; what it prints. */
export function run(command, words, options = {}) {
    const { allowed = [0], ...rest } = options;
    const done = spawnSync(command, words, { encoding: 'utf8', maxBuffer: 1 << 28, ...rest });
    assert.ok(allowed.includes(done.status), `${command} ${words.join(' ')}: ${done.status ?? done.error}\n${done.stdout}${done.stderr}`);
    return done.stdout;
}

/** A text as one word of a shell. */
export const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

/** The documents of a YAML file. */
export function yaml(file) {
    const program = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1], encoding="utf-8")))))';
    return JSON.parse(run('python3', ['-c', program, file]));
}

/** A network of its own for containers. This machine has the first address, as with a container engine. */
export class Network {
    static count = 0;

    constructor(subnet) {
        this.base = subnet.replace(/\.0\/24$/, '');
        this.bridge = `bridge${Network.count += 1}`;
        this.names = new Map();
        run('ip', ['link', 'add', this.bridge, 'type', 'bridge']);
        run('ip', ['address', 'add', `${this.base}.1/24`, 'dev', this.bridge]);
        run('ip', ['link', 'set', this.bridge, 'up']);
    }

    /** A place in the network; programs in it find each other by name. */
    join(name, address) {
        const space = `${this.bridge}-${name}`;
        const outside = `v${this.bridge.slice(6)}-${this.names.size}`;
        this.names.set(name, address);
        run('ip', ['netns', 'add', space]);
        run('ip', ['link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space]);
        run('ip', ['link', 'set', outside, 'master', this.bridge, 'up']);
        run('ip', ['-n', space, 'address', 'add', `${address}/24`, 'dev', 'eth0']);
        for (const link of ['lo', 'eth0']) run('ip', ['-n', space, 'link', 'set', link, 'up']);
        run('ip', ['-n', space, 'route', 'add', 'default', 'via', `${this.base}.1`]);
        return `/run/netns/${space}`;
    }

    hosts() {
        return [...this.names].map(([name, address]) => `${address} ${name}\n`).join('');
    }
}

/** Starts a program with its standard streams, which are files where they are named. */
function withStreams(streams, begin) {
    const files = streams ? [fs.openSync(streams.input, 'r'), fs.openSync(streams.output, 'a')] : [];
    try {
        return begin([files[0] ?? 'ignore', files[1] ?? 'pipe', 'pipe']);
    } finally {
        for (const file of files) fs.closeSync(file);
    }
}

const containers = new Set();
process.on('exit', () => { for (const one of containers) one.child?.kill('SIGKILL'); });

/**
 * A program in a root. `mounts` are `{ source, target, readOnly }`, or `{ target, tmpfs: true }`; `user` is `uid:gid`, or nothing for root; `space` is its
 * place in a network, or nothing for that of this machine; `trace` is a file to which its system calls are written; `streams` are the files of the standard
 * `input` and `output`, which otherwise is kept in `said`.
 */
export class Container {
    constructor(described) {
        Object.assign(this, { mounts: [], env: {}, workingDirectory: '/', hosts: '', readOnly: false, said: '' }, described);
    }

    get ids() {
        return this.user ? this.user.split(':') : [];
    }

    /** The shell program that makes the root and becomes the program. */
    script() {
        const inside = (target) => quoted(path.join('/run/container/root', target));
        const lines = [
            'set -eu', 'mkdir -p /run/container', 'mount -t tmpfs -o mode=0755 container /run/container', 'mkdir /run/container/upper /run/container/work /run/container/root',
            // The overlay has the mode of its upper folder.
            'chmod 0755 /run/container/upper',
            `mount -t overlay -o lowerdir=${quoted(this.root)},upperdir=/run/container/upper,workdir=/run/container/work overlay /run/container/root`,
            `mkdir -p ${inside('/proc')} ${inside('/dev')} ${inside('/etc')} ${inside('/tmp')}`,
            `mount -t proc proc ${inside('/proc')}`, `mount --rbind /dev ${inside('/dev')}`,
            `rm -f ${inside('/etc/hosts')}`, `printf '127.0.0.1 localhost\\n%s' ${quoted(this.hosts)} >${inside('/etc/hosts')}`,
        ];
        for (const { source, target, readOnly, tmpfs } of this.mounts) {
            if (tmpfs) {
                lines.push(`mkdir -p ${inside(target)}`, `mount -t tmpfs -o mode=1777 tmpfs ${inside(target)}`);
                continue;
            }
            const point = fs.statSync(source).isDirectory() ? `mkdir -p ${inside(target)}` : `mkdir -p ${inside(path.dirname(target))} && touch ${inside(target)}`;
            lines.push(point, `mount --bind ${quoted(source)} ${inside(target)}`);
            if (readOnly) lines.push(`mount -o remount,bind,ro ${inside(target)}`);
        }
        if (this.readOnly) lines.push('mount -o remount,ro /run/container/root');
        const [uid, gid] = this.ids;
        const rights = uid === undefined ? '' : 'setpriv --no-new-privs ';
        const user = uid === undefined ? '' : ` --setgid=${gid} --setuid=${uid}`;
        lines.push(`exec ${this.trace ? `strace -f -qq -o ${quoted(this.trace)} ` : ''}${rights}unshare --root=/run/container/root --wd=${quoted(this.workingDirectory)}${user} ${this.command.map(quoted).join(' ')}`);
        return lines.join('\n');
    }

    start() {
        const words = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private', 'sh', '-c', this.script()];
        const [command, all] = this.space ? ['nsenter', [`--net=${this.space}`, 'unshare', ...words]] : ['unshare', words];
        const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...this.env };
        this.child = withStreams(this.streams, (stdio) => spawn(command, all, { env, stdio }));
        containers.add(this);
        for (const stream of [this.child.stdout, this.child.stderr].filter(Boolean)) stream.on('data', (text) => { this.said += text; });
        this.over = new Promise((done) => { this.child.once('exit', (code) => { this.code = code; containers.delete(this); done(code); }); });
        return this;
    }

    /** The process that is the first one in the container. */
    get pid() {
        const child = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
        const first = child(this.child.pid);
        return this.trace ? child(first) : first;
    }

    /** Runs a command in the container as its user; its status and what it prints. */
    execute(command, streams) {
        const [uid, gid] = this.ids;
        const user = uid === undefined ? [] : ['--setuid', uid, '--setgid', gid];
        const words = ['--target', this.pid, '--mount', '--net', '--pid', '--root', '--wd', ...user, '--', ...command];
        const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...this.env };
        const { status, stdout, stderr } = withStreams(streams, (stdio) => spawnSync('nsenter', words, { encoding: 'utf8', env, stdio }));
        return { status, text: `${stdout ?? ''}${stderr}` };
    }

    /** Waits until the health check says yes. */
    async healthy() {
        await until(() => {
            assert.equal(this.code, undefined, `${this.name} ended: ${this.said}`);
            try {
                return this.execute(this.health).status === 0;
            } catch {
                return false;
            }
        }, `the health check of ${this.name}: ${this.said}`);
    }

    /** Ends the program as an engine does; its exit code. */
    async end(signal = 'SIGTERM') {
        if (this.code !== undefined || !this.child) return this.code;
        process.kill(Number(this.pid), signal);
        const alarm = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
        await this.over;
        clearTimeout(alarm);
        return this.code;
    }
}

/** A root made of the files of this machine's packages: the essential ones, those that are named, and what they depend on. */
export function rootOfPackages(folder, wanted) {
    const fields = '${Package}\\t${Essential}\\t${Pre-Depends}, ${Depends}\\t${Provides}\\n';
    const known = new Map();
    const providers = new Map();
    // A line may end with an empty field.
    for (const line of run('dpkg-query', ['--show', `--showformat=${fields}`]).split('\n').filter(Boolean)) {
        const [name, essential, depends, provides] = line.split('\t');
        const alternatives = depends.split(/,\s*/).filter(Boolean).map((one) => one.split('|').map((choice) => choice.trim().split(/[ :(]/)[0]));
        known.set(name, { essential: essential === 'yes', alternatives });
        for (const other of provides.split(/,\s*/).filter(Boolean)) providers.set(other.split(' ')[0], name);
    }
    const names = new Set();
    const waiting = [...wanted, ...[...known].filter(([, { essential }]) => essential).map(([name]) => name)];
    while (waiting.length > 0) {
        const name = waiting.pop();
        if (names.has(name) || !known.has(name)) continue;
        names.add(name);
        for (const choices of known.get(name).alternatives) {
            const chosen = choices.find((choice) => known.has(choice)) ?? providers.get(choices.find((choice) => providers.has(choice)));
            if (chosen) waiting.push(chosen);
        }
    }
    for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32', 'libx32']) {
        if (!fs.existsSync(`/${name}`) || !fs.lstatSync(`/${name}`).isSymbolicLink()) continue;
        fs.mkdirSync(path.join(folder, 'usr', name), { recursive: true });
        fs.symlinkSync(`usr/${name}`, path.join(folder, name));
    }
    const listed = run('dpkg-query', ['--listfiles', ...names]).split('\n').filter((file) => file.startsWith('/') && file !== '/.');
    const useless = /^\/usr\/share\/(man|locale|info|doc|i18n|zoneinfo)\//;
    const files = listed.filter((file) => !useless.test(file) && fs.existsSync(file)).concat('/etc/alternatives');
    const list = path.join(folder, '.files');
    fs.writeFileSync(list, `${[...new Set(files)].map((file) => file.slice(1)).join('\n')}\n`);
    run('sh', ['-c', `tar --create --directory=/ --no-recursion --files-from=${quoted(list)} | tar --extract --directory=${quoted(folder)} --keep-directory-symlink`]);
    run('cp', ['-a', '/etc/alternatives', path.join(folder, 'etc')]);
    fs.rmSync(list);
    const database = path.join(folder, 'var/lib/dpkg');
    fs.mkdirSync(path.join(database, 'info'), { recursive: true });
    fs.mkdirSync(path.join(database, 'updates'), { recursive: true });
    fs.writeFileSync(path.join(database, 'status'), run('dpkg-query', ['--status', ...names]).replaceAll(/\n(?=Package: )/g, '\n\n'));
    for (const info of fs.readdirSync('/var/lib/dpkg/info')) {
        if (info.endsWith('.list') && names.has(info.replace(/(:[a-z0-9]+)?\.list$/, ''))) fs.copyFileSync(`/var/lib/dpkg/info/${info}`, path.join(database, 'info', info));
    }
    fs.writeFileSync(path.join(database, 'info/format'), '1\n');
    for (const kind of ['passwd', 'group']) fs.copyFileSync(`/usr/share/base-passwd/${kind}.master`, path.join(folder, 'etc', kind));
    for (const kind of ['shadow', 'gshadow']) fs.writeFileSync(path.join(folder, 'etc', kind), '', { mode: 0o600 });
    for (const place of ['tmp', 'run', 'var/log', 'proc', 'dev', 'var/tmp']) fs.mkdirSync(path.join(folder, place), { recursive: true });
    run('chroot', [folder, '/sbin/ldconfig']);
    return [...names].sort();
}
