// The service of systemd: that systemd understands it, and how few rights it has.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../proxies/world.mjs';
import { run } from './clean.mjs';

export const UNIT = path.join(root, 'docker/portaria.service');

/** The values of a key of the unit. */
export function values(key) {
    const lines = fs.readFileSync(UNIT, 'utf8').split('\n').filter((line) => line.startsWith(`${key}=`));
    return lines.map((line) => line.slice(key.length + 1));
}

/** The system calls that the filter of the unit allows. */
export function allowedCalls() {
    const groups = {};
    let group;
    for (const line of run('systemd-analyze', ['--no-pager', 'syscall-filter'], { env: { ...process.env, SYSTEMD_COLORS: '0' } }).split('\n')) {
        if (/^@/.test(line)) groups[group = line.trim()] = [];
        else if (/^ {4}[@a-z_]/.test(line)) groups[group].push(line.trim());
    }
    const calls = (name) => (name.startsWith('@') ? groups[name].flatMap(calls) : [name]);
    const allowed = new Set(calls('@default'));
    for (const value of values('SystemCallFilter')) {
        const denies = value.startsWith('~');
        for (const call of value.replace('~', '').split(' ').flatMap(calls)) allowed[denies ? 'delete' : 'add'](call);
    }
    return allowed;
}

export function services(world) {
    const skip = fs.existsSync('/usr/bin/systemd-analyze') ? false : 'systemd-analyze is missing';
    describe('the service', { skip: process.env.CI ? false : skip }, () => {
        it('is understood by systemd', () => {
            const place = path.join(world.folder, 'system');
            for (const [file, text, mode] of [['etc/systemd/system/portaria.service', fs.readFileSync(UNIT), 0o644], ['usr/bin/portaria', '#!/bin/sh\n', 0o755], ['bin/sh', '#!/bin/sh\n', 0o755]]) {
                fs.mkdirSync(path.dirname(path.join(place, file)), { recursive: true });
                fs.writeFileSync(path.join(place, file), text, { mode });
            }
            // The targets that it names, and nothing else.
            run('sh', ['-c', 'mkdir -p usr/lib/systemd/system && cp /lib/systemd/system/*.target /lib/systemd/system/*.slice usr/lib/systemd/system/'], { cwd: place });
            const check = () => run('sh', ['-c', `systemd-analyze --root=${place} --man=no --recursive-errors=no verify portaria.service 2>&1`], { allowed: [0, 1] });
            assert.equal(check(), '');

            fs.appendFileSync(path.join(place, 'etc/systemd/system/portaria.service'), '[Service]\nProtectSystm=strict\n');
            assert.match(check(), /ProtectSystm/);
        });

        it('has few rights', () => {
            const text = run('systemd-analyze', ['security', '--offline=true', '--no-pager', UNIT]);
            const exposure = Number(/exposure level for portaria.service: ([0-9.]+)/.exec(text)?.[1]);

            assert.ok(exposure <= 1.3, text);
        });
    });
}
