// What a container engine would do with the Dockerfile and with the files of Compose, on this machine's own programs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../proxies/world.mjs';
import { Container, Network, quoted, run, yaml } from './clean.mjs';

/** The stages of the Dockerfile: each with its name and its instructions. */
export function stages(text) {
    const found = [];
    const lines = text.split('\n').filter((line) => !line.startsWith('#')).join('\n').replaceAll('\\\n', ' ').split('\n');
    for (const line of lines.map((one) => one.trim()).filter(Boolean)) {
        const [word, rest] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()];
        if (word === 'FROM') found.push({ name: /AS (\S+)$/.exec(rest)?.[1], from: rest, instructions: [] });
        else found.at(-1)?.instructions.push({ word, rest });
    }
    return found;
}

/** Copies what the Dockerfile's list of the context lets through. */
function copyContext(target) {
    const patterns = fs.readFileSync(path.join(root, 'docker/Dockerfile.dockerignore'), 'utf8').trim().split('\n');
    assert.equal(patterns[0], '*', 'only what is listed is sent to the builder');
    for (const pattern of patterns.slice(1)) {
        assert.ok(pattern.startsWith('!'), pattern);
        for (const file of fs.globSync?.(pattern.slice(1), { cwd: root }) ?? run('sh', ['-c', `ls -d ${pattern.slice(1)}`], { cwd: root }).trim().split('\n')) {
            fs.mkdirSync(path.dirname(path.join(target, file)), { recursive: true });
            fs.cpSync(path.join(root, file), path.join(target, file), { recursive: true });
        }
    }
}

/**
 * The root of the image, by the Dockerfile's own instructions. The machine stands in for the builder's image, and a program that is built already for
 * the compilation; every other step is run as it is written, on an overlay of this machine.
 */
export function buildImage(dockerfile, program, folder) {
    const [build, final] = stages(fs.readFileSync(dockerfile, 'utf8'));
    const image = path.join(folder, 'image');
    const context = path.join(folder, 'context');
    fs.mkdirSync(image, { recursive: true });
    copyContext(context);
    const steps = [];
    let place = '/';
    const variables = [];
    const inPlace = (command) => `chroot /run/builder/root sh -euc ${quoted(`cd ${place}; ${variables.map((one) => `export ${one};`).join(' ')} ${command}`)}`;
    for (const { word, rest } of build.instructions) {
        if (word === 'ARG') variables.push(rest.startsWith('TARGETARCH') ? `TARGETARCH=${run('dpkg', ['--print-architecture']).trim()}` : rest);
        else if (word === 'WORKDIR') { place = rest; steps.push(`mkdir -p ${quoted(`/run/builder/root${rest}`)}`); }
        else if (word === 'COPY') {
            assert.equal(rest, '. .');
            steps.push(`cp -a ${quoted(`${context}/.`)} ${quoted(`/run/builder/root${place}`)}`);
            // In the place of the compilation.
            steps.push(`printf '#!/bin/sh\\necho %s\\n' ${quoted(program)} >${quoted(`/run/builder/root${place}/docker/build`)}`);
        } else {
            assert.equal(word, 'RUN');
            steps.push(inPlace(rest));
        }
    }
    for (const { word, rest } of final.instructions) {
        if (word !== 'COPY') continue;
        const [, , owner, source, target] = /^--from=build( --chown=(\S+))? (\S+) (\S+)$/.exec(rest);
        steps.push(`mkdir -p ${quoted(image + target)}`, `cp -a /run/builder/root${source}/. ${quoted(image + target)}`, `chown -R ${owner ?? '0:0'} ${quoted(image + target)}`);
    }
    const overlay = ['set -eu', 'mkdir -p /run/builder', 'mount -t tmpfs builder /run/builder', 'mkdir /run/builder/upper /run/builder/work /run/builder/root', 'chmod 0755 /run/builder/upper',
        'mount -t overlay -o lowerdir=/,upperdir=/run/builder/upper,workdir=/run/builder/work overlay /run/builder/root', 'mount --rbind /dev /run/builder/root/dev'];
    run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', [...overlay, ...steps].join('\n')]);
    return image;
}

/** What the image says of the container, as docker/image has read it from the Dockerfile. */
export function configuration(file) {
    const [{ Config: name }] = JSON.parse(run('tar', ['--extract', '--to-stdout', `--file=${file}`, 'manifest.json']));
    return JSON.parse(run('tar', ['--extract', '--to-stdout', `--file=${file}`, name])).config;
}

/** The container that the image describes; what is given replaces parts of it. */
export function container(image, config, changes) {
    const { environment = {}, command = config.Cmd, ...rest } = changes;
    const env = Object.fromEntries(config.Env.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
    const described = { root: image, user: config.User, workingDirectory: config.WorkingDir, command: [...config.Entrypoint, ...command], env: { ...env, ...environment } };
    return new Container({ ...described, health: config.Healthcheck.Test.slice(1), ...rest });
}

/**
 * The container that the words behind `docker run` describe. Named volumes are folders of `folder`, and files beside the line are those of `beside`; `known` are
 * containers by their names.
 */
export function dockerRun(given, image, config, { folder, beside, space, known = {}, streams }) {
    const words = [...given];
    const described = { name: 'the container', mounts: [], environment: {}, space, streams };
    const volume = (value) => {
        const [from, target, mode] = value.split(':');
        if (from.startsWith('.')) return { source: path.resolve(beside, from), target, readOnly: mode === 'ro' };
        const source = path.join(folder, `volume-${from}`);
        if (!fs.existsSync(source)) run('cp', ['-a', path.join(image, target), source]);
        return { source, target };
    };
    const options = {
        '--volume': (value) => described.mounts.push(volume(value)),
        '--env': (value) => { described.environment[value] = known[value] ?? 'a secret'; },
        '--network': (value) => assert.equal(value, 'host'),
        '--security-opt': (value) => assert.equal(value, 'no-new-privileges:true'),
        '--cap-drop': (value) => assert.equal(value, 'ALL'),
        '--publish': (value) => assert.match(value, /^127\.0\.0\.1:8080:8080$/),
        '--name': () => {},
        '--restart': (value) => assert.equal(value, 'unless-stopped'),
        '--volumes-from': (value) => described.mounts.push(...known[value].mounts),
        '--tmpfs': (value) => described.mounts.push({ target: value, tmpfs: true }),
    };
    while (words[0].startsWith('--')) {
        const word = words.shift();
        if (word === '--read-only') described.readOnly = true;
        else if (options[word]) options[word](words.shift());
        else assert.ok(['--rm', '--detach', '--interactive'].includes(word), word);
    }
    assert.match(words.shift(), /^portaria:\d/);
    return container(image, config, { ...described, ...(words.length > 0 ? { command: words } : {}) });
}

/** The keys that the Compose files use, each of which `start` below acts on or which needs no act here. */
const SERVICE_KEYS = ['image', 'build', 'command', 'env_file', 'environment', 'user', 'volumes', 'secrets', 'read_only', 'tmpfs', 'cap_drop', 'security_opt', 'depends_on',
    'stop_grace_period', 'restart', 'networks', 'ports', 'healthcheck'];

/** A Compose file with its variables filled in, and what is wrong with it. */
export function readCompose(file, variables) {
    const text = fs.readFileSync(file, 'utf8');
    const head = text.split('\n').filter((line) => line.startsWith('#')).join('\n');
    const complaints = [];
    const fill = (value) => {
        if (typeof value === 'string') {
            return value.replaceAll(/\$\{([A-Z_]+)(?::([?-])([^}]*))?\}/g, (written, name, kind, rest) => {
                if (!new RegExp(`\\b${name}\\b`).test(head)) complaints.push(`the comment at the top does not describe ${name}`);
                if (variables[name] !== undefined) return variables[name];
                if (kind !== '-') complaints.push(`${name} is not set: ${rest}`);
                return rest;
            });
        }
        if (Array.isArray(value)) return value.map(fill);
        if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, fill(below)]));
        return value;
    };
    const compose = fill(yaml(file)[0]);
    const known = (kind, name, place) => { if (!(name in (compose[kind] ?? {}))) complaints.push(`${place}: there is no ${kind} \`${name}\``); };
    for (const [name, service] of Object.entries(compose.services)) {
        for (const key of Object.keys(service)) if (!SERVICE_KEYS.includes(key)) complaints.push(`${name}: \`${key}\` is not known here`);
        if (!/:\d/.test(service.image ?? '')) complaints.push(`${name}: the image has no version`);
        for (const secret of service.secrets ?? []) known('secrets', secret, name);
        for (const network of Object.keys(service.networks ?? {})) known('networks', network, name);
        for (const other of Object.keys(service.depends_on ?? {})) known('services', other, name);
        for (const volume of service.volumes ?? []) {
            const [source] = volume.split(':');
            if (!source.startsWith('.')) known('volumes', source, name);
            else if (!fs.existsSync(path.resolve(path.dirname(file), source))) complaints.push(`${name}: ${source} does not exist`);
        }
        for (const [key, value] of Object.entries(service.environment ?? {})) if (typeof value !== 'string') complaints.push(`${name}: ${key} is not a text`);
    }
    return { compose, complaints };
}

/** The variables of a file that `env_file` names. */
export function environmentOf(file) {
    const lines = fs.readFileSync(file, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/^'(.*)'$/, '$1')]));
}

/** The users that the images of PostgreSQL and nginx have. */
const PASSWD = 'root:x:0:0::/root:/bin/sh\nnginx:x:101:101::/nonexistent:/bin/false\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n';

/** What the image of PostgreSQL does at its first start, as a user that is not root. */
const POSTGRES = `set -eu
bin="$(dirname "$(readlink -f "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")")"
data=/var/lib/postgresql/data
chmod 0700 "$data"
"$bin/initdb" --pgdata="$data" --username="$POSTGRES_USER" --auth-local=trust --auth-host=scram-sha-256 --pwfile="$POSTGRES_PASSWORD_FILE" --encoding=UTF8 --locale=C --no-sync >/dev/null
echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
echo "CREATE DATABASE $POSTGRES_DB" | "$bin/postgres" --single -D "$data" postgres >/dev/null
exec "$bin/postgres" -D "$data" -k /run/postgresql -c listen_addresses='*' -c fsync=off`;

/** A database that other machines reach, for `portaria`. */
export function databaseContainer({ folder, password, space }) {
    const env = { POSTGRES_USER: 'portaria', POSTGRES_DB: 'portaria', POSTGRES_PASSWORD_FILE: '/run/secrets/password' };
    fs.chownSync(folder, 999, 999);
    const passwd = `${folder}-passwd`;
    fs.writeFileSync(passwd, PASSWD);
    const mounts = [
        { source: folder, target: '/var/lib/postgresql/data' }, { source: password, target: '/run/secrets/password', readOnly: true },
        { source: passwd, target: '/etc/passwd', readOnly: true }, { target: '/run/postgresql', tmpfs: true },
    ];
    return new Container({ name: 'the database', root: '/', user: '999:999', command: ['sh', '-c', POSTGRES], env, mounts, space, health: ['pg_isready', '--host=localhost'] }).start();
}

/** What the image of nginx does: templates are filled in with the variables that exist. What it says goes into a pipe, as that of an engine does. */
const NGINX = `set -eu
for template in /etc/nginx/templates/*.template; do
    perl -pe 's/\\$\\{(\\w+)\\}/exists $ENV{$1} ? $ENV{$1} : $&/ge' "$template" >"$NGINX_ENVSUBST_OUTPUT_DIR/$(basename "$template" .template)"
done
mkfifo /tmp/output
cat /tmp/output &
exec >/tmp/output
exec nginx -e stderr -g 'daemon off;'`;

/** The services of a Compose file, started in the order of `depends_on`, on a network with the addresses that the file gives. */
export class Project {
    constructor(file, variables, { image, config, folder }) {
        const { compose, complaints } = readCompose(file, variables);
        assert.deepEqual(complaints, []);
        Object.assign(this, { file, compose, image, config, folder, running: {} });
        const [name] = Object.keys(compose.networks);
        this.network = new Network(compose.networks[name].ipam.config[0].subnet);
        this.spaces = {};
        for (const [service, { networks }] of Object.entries(compose.services)) this.spaces[service] = this.network.join(service, networks[name].ipv4_address);
    }

    mounts(service) {
        const { volumes = [], secrets = [], tmpfs = [] } = this.compose.services[service];
        const mounts = volumes.map((volume) => {
            const [from, target, mode] = volume.split(':');
            if (from.startsWith('.')) return { source: path.resolve(path.dirname(this.file), from), target, readOnly: mode === 'ro' };
            const source = path.join(this.folder, from);
            if (!fs.existsSync(source)) {
                // A new volume begins as that place of the image.
                fs.mkdirSync(source);
                const begin = path.join(this.image, target);
                const [owner, group] = this.compose.services[service].user?.split(':').map(Number) ?? [0, 0];
                if (fs.existsSync(begin)) fs.chownSync(source, fs.statSync(begin).uid, fs.statSync(begin).gid);
                else fs.chownSync(source, owner, group);
            }
            return { source, target, readOnly: false };
        });
        for (const secret of secrets) mounts.push({ source: path.resolve(path.dirname(this.file), this.compose.secrets[secret].file), target: `/run/secrets/${secret}`, readOnly: true });
        return [...mounts, ...tmpfs.map((target) => ({ target, tmpfs: true }))];
    }

    /** The container of a service; what is given replaces parts of it. */
    container(service, changes = {}) {
        const described = this.compose.services[service];
        const { mounts: more = [], ...rest } = changes;
        const common = { name: service, hosts: this.network.hosts(), space: this.spaces[service], readOnly: described.read_only ?? false };
        const { test } = described.healthcheck ?? {};
        const health = test && { health: test.slice(1) };
        const kind = described.image.split(':')[0];
        const foreign = { postgres: POSTGRES, nginx: NGINX }[kind];
        const files = (described.env_file ?? []).map((file) => environmentOf(path.resolve(path.dirname(this.file), file)));
        const environment = Object.assign({}, ...files, described.environment);
        const mounts = [...this.mounts(service), ...more];
        if (!foreign) return container(this.image, this.config, { ...common, ...health, mounts, command: described.command, environment, ...rest });
        const passwd = path.join(this.folder, 'passwd');
        fs.writeFileSync(passwd, PASSWD);
        const users = { source: passwd, target: '/etc/passwd', readOnly: true };
        return new Container({ ...common, ...health, mounts: [...mounts, users], root: '/', user: described.user, command: ['sh', '-c', foreign], env: environment });
    }

    async start(service) {
        this.running[service] = this.container(service).start();
        if (this.running[service].health) await this.running[service].healthy();
    }

    /** Acts on the words behind `docker compose --file …`. A named volume is a folder of the project's. */
    async act([what, ...words], streams) {
        const options = [];
        while (words[0]?.startsWith('-')) options.push(...words.splice(0, words[0] === '--volume' ? 2 : 1));
        if (['stop', 'start', 'up'].includes(what)) {
            const ended = Object.keys(this.running).filter((service) => this.running[service].code !== undefined);
            for (const service of what === 'up' ? ended : words) await (what === 'stop' ? this.running[service].end() : this.start(service));
            return { status: 0 };
        }
        const [service, ...command] = words;
        if (what === 'exec') {
            assert.deepEqual(options, ['-T']);
            const { status, text } = this.running[service].execute(command, streams);
            return { status, said: text };
        }
        assert.equal(what, 'run');
        assert.notEqual(this.running[service].code, undefined, `the address of ${service} is taken while it runs`);
        assert.deepEqual(options.slice(0, 2), ['--rm', '-T']);
        const mounts = options.slice(2).filter((word) => word !== '--volume').map((volume) => {
            const [from, target] = volume.split(':');
            return { source: path.join(this.folder, from), target };
        });
        const one = this.container(service, { command, mounts, streams }).start();
        const status = await one.over;
        return { status, said: one.said };
    }

    /** Starts all services, each after those that it depends on. */
    async up() {
        const waiting = Object.keys(this.compose.services);
        while (waiting.length > 0) {
            const next = waiting.findIndex((service) => Object.keys(this.compose.services[service].depends_on ?? {}).every((other) => other in this.running));
            await this.start(...waiting.splice(next, 1));
        }
    }

    async down() {
        for (const service of Object.keys(this.running).reverse()) await this.running[service].end();
    }
}
