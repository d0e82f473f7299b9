// The release: all of its files by one command, the same ones each time.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { root } from '../proxies/world.mjs';
import { run } from './clean.mjs';

const release = promisify(execFile);

export function releases(world) {
    describe('the release', { concurrency: 1 }, () => {
        let folders;

        before(async () => {
            const env = { ...process.env, PORTARIA_BIN: world.program, DPKG_DEB_COMPRESSOR_TYPE: 'gzip', DPKG_DEB_COMPRESSOR_LEVEL: '1', SOURCE_DATE_EPOCH: '1700000000' };
            // What the machine happens to be set to changes nothing.
            const others = { first: {}, second: { TZ: 'America/Sao_Paulo', LANG: 'pt_BR.UTF-8' } };
            folders = await Promise.all(Object.entries(others).map(async ([name, other]) => {
                const folder = path.join(world.folder, name);
                await release(path.join(root, 'docker/release'), [folder], { env: { ...env, ...other } });
                return folder;
            }));
        });

        it('has checksums for each of its files, and is the same each time', () => {
            const [sums, again] = folders.map((folder) => fs.readFileSync(path.join(folder, 'SHA256SUMS'), 'utf8'));
            const named = sums.trim().split('\n').map((line) => line.split('  ')[1]).sort();

            assert.deepEqual(named, fs.readdirSync(folders[0]).filter((name) => name !== 'SHA256SUMS').sort());
            assert.equal(again, sums);
            run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: folders[0] });
            const architecture = run('dpkg', ['--print-architecture']).trim();
            const kinds = [`-image-${architecture}\\.tar`, `-${os.machine()}-unknown-linux-(gnu|musl)\\.tar\\.gz`, '\\.cdx\\.json', `_${architecture}\\.deb`];
            assert.equal(named.length, kinds.length);
            for (const kind of kinds) assert.ok(named.some((name) => new RegExp(`^portaria[-_0-9.]*?${kind}$`).test(name)), `${kind}: ${named.join(' ')}`);
        });

        it('has a file with the program and all that belongs to it', () => {
            const [file] = fs.readdirSync(folders[0]).filter((name) => name.endsWith('.tar.gz'));
            const content = run('tar', ['--list', `--file=${path.join(folders[0], file)}`]).split('\n').map((name) => name.slice(name.indexOf('/') + 1));

            for (const part of ['portaria', 'portaria.service', 'portaria.yaml', 'providers.d/playground.yaml', 'schemas/provider.schema.json', 'man1/portaria.1', 'completions/portaria.fish', 'LICENSE-MIT']) {
                assert.ok(content.includes(part), part);
            }
        });

        it('is compiled for the target that is there, each linked in its own manner', () => {
            // Rust, cargo and the compilers are played; what cargo is given is printed.
            const tools = path.join(world.folder, 'tools');
            const play = (name, text) => fs.writeFileSync(path.join(tools, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
            fs.mkdirSync(path.join(tools, 'targets'), { recursive: true });
            play('rustc', `case "$1" in -vV) echo 'host: x86_64-unknown-linux-gnu' ;; *) echo '${tools}/targets/'"$4" ;; esac`);
            play('cargo', 'env | grep -E "^(CC_|CARGO_TARGET_.*_LINKER)"; echo "$@"');
            for (const compiler of ['musl-gcc', 'aarch64-linux-gnu-gcc']) play(compiler, '');
            const env = { PATH: `${tools}:${process.env.PATH}`, HOME: world.folder, CARGO_TARGET_DIR: 'target' };
            const build = (...words) => {
                const { stdout, stderr, status } = spawnSync(path.join(root, 'docker/build'), words, { env, encoding: 'utf8' });
                return { place: stdout.trim().replace(/^.*?target\//, ''), given: stderr.trim().split('\n').sort(), status };
            };
            const has = (target) => fs.mkdirSync(path.join(tools, 'targets', target));
            const command = (target) => `build --locked --release --target ${target}`;

            has('x86_64-unknown-linux-gnu');
            assert.deepEqual(build(), {
                place: 'x86_64-unknown-linux-gnu/release/portaria', status: 0,
                given: ['CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=cc', 'CC_x86_64_unknown_linux_gnu=cc', command('x86_64-unknown-linux-gnu')],
            });
            assert.equal(build('arm64').status, 3);
            has('x86_64-unknown-linux-musl');
            assert.deepEqual(build(), {
                place: 'x86_64-unknown-linux-musl/release/portaria', status: 0,
                given: ['CC_x86_64_unknown_linux_musl=musl-gcc', command('x86_64-unknown-linux-musl')],
            });
            has('aarch64-unknown-linux-gnu');
            assert.deepEqual(build('arm64').given, [
                'CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc', 'CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc', command('aarch64-unknown-linux-gnu'),
            ]);
        });

        it('says what is missing before it begins', () => {
            const tools = path.join(world.folder, 'few-tools');
            fs.mkdirSync(tools);
            for (const tool of ['bash', 'dirname', 'cargo', 'git', 'readelf', 'dpkg-deb']) fs.symlinkSync(run('sh', ['-c', `command -v ${tool}`]).trim(), path.join(tools, tool));
            const begin = () => spawnSync(path.join(root, 'docker/release'), [path.join(world.folder, 'never')], { env: { PATH: tools }, encoding: 'utf8' });

            assert.match(begin().stderr, /'python3' is missing/);
            fs.writeFileSync(path.join(tools, 'python3'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
            fs.symlinkSync('/bin/sh', path.join(tools, 'sh'));
            assert.match(begin().stderr, /Python 3\.11 or newer is needed/);
            assert.ok(!fs.existsSync(path.join(world.folder, 'never')));
        });

        it('lists what the program is made of', () => {
            const [file] = fs.readdirSync(folders[0]).filter((name) => name.endsWith('.cdx.json'));
            const list = JSON.parse(fs.readFileSync(path.join(folders[0], file), 'utf8'));

            assert.equal(list.bomFormat, 'CycloneDX');
            assert.ok(list.components.length > 200);
        });
    });
}
