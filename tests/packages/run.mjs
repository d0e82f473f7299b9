// What operators install: the image, the Compose files, the files of Kubernetes, the service of systemd, the package for Debian and the release. Where
// no container engine is at hand, the very same steps and commands are run in clean roots with namespaces of their own.
//
//   PORTARIA_BIN=target/debug/portaria ONLY=image,debian node tests/packages/run.mjs      both variables may be left out

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { binary } from '../proxies/world.mjs';
import { run } from './clean.mjs';
import { clusters } from './kubernetes.mjs';
import { commands, images } from './image.mjs';
import { projects } from './compose.mjs';
import { releases } from './release.mjs';
import { debian, opinions } from './debian.mjs';
import { services } from './systemd.mjs';

const INSIDE = 'PORTARIA_TESTS_INSIDE';

if (process.env[INSIDE]) {
    run('ip', ['link', 'set', 'lo', 'up']);
    fs.mkdirSync('/run/netns', { recursive: true });
    run('mount', ['-t', 'tmpfs', 'netns', '/run/netns']);
    const world = { folder: fs.mkdtempSync(path.join(os.tmpdir(), 'portaria-packages-')) };
    describe('packages', { concurrency: 1, timeout: 600_000 }, () => {
        before(() => {
            fs.chmodSync(world.folder, 0o755);
            // Without the symbols, which no package holds, everything is quicker.
            world.program = path.join(world.folder, 'portaria');
            run('strip', ['-o', world.program, binary]);
        });
        after(() => fs.rmSync(world.folder, { recursive: true, force: true }));
        commands();
        const wanted = process.env.ONLY?.split(',');
        for (const [name, tests] of Object.entries({ image: images, compose: projects, kubernetes: clusters, service: services, debian, release: releases })) {
            // The image is what the containers are made of.
            if (!wanted || wanted.includes(name) || (name === 'image' && wanted.some((one) => ['compose', 'kubernetes'].includes(one)))) tests(world);
        }
        if (!wanted || wanted.includes('debian')) opinions(world);
    });
} else {
    // A network and mounts of its own: nothing but loopback can be reached, and nothing is left behind.
    const words = ['--net', '--mount', '--propagation', 'private', process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
    const { status } = spawnSync('unshare', words, { stdio: 'inherit', env: { ...process.env, [INSIDE]: 'yes' } });
    process.exit(status ?? 1);
}
