// Every proxy of docker/proxies, the real program with the very file that operators are given, between a browser, the
// real broker and a store: what reaches the store, as whom, and when nothing may.
//
//   PORTARIA_BIN=target/debug/portaria ONLY=nginx,caddy node tests/proxies/run.mjs      both variables may be left out

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { closed } from './closed.mjs';
import { GUEST_SETTINGS, guests } from './guests.mjs';
import { ownHost } from './own-host.mjs';
import { keeping } from './keeping.mjs';
import { loginHost } from './login-host.mjs';
import { names } from './names.mjs';
import { pages } from './pages.mjs';
import { passage } from './passage.mjs';
import { proxies } from './proxies.mjs';
import { twoBrokers } from './two-brokers.mjs';
import { World, binary, root } from './world.mjs';

const wanted = (process.env.ONLY ?? [...Object.keys(proxies), 'two brokers'].join()).split(',');

describe('behind', { concurrency: wanted.length }, () => {
    it('there is a broker to run', () => {
        assert.ok(fs.existsSync(binary), `${binary} is missing: build it, or say where it is in PORTARIA_BIN`);
    });
    for (const name of wanted) {
        if (name === 'two brokers') {
            twoBrokers();
            continue;
        }
        if (!proxies[name].program({ root })) {
            console.error(`\n  ${name} is MISSING: its configuration is not tested. tests/proxies/install installs it.\n`);
            it(name, { skip: process.env.CI ? false : `${name} is missing` }, () => assert.fail(`${name} is missing`));
            continue;
        }
        const world = new World(name);
        describe(name, { concurrency: 1, timeout: 180_000 }, () => {
            before(() => world.open());
            beforeEach(() => world.forget());
            after(() => world.close());
            if (name === 'nginx that keeps answers') {
                keeping(world);
                return;
            }
            pages(world);
            passage(world);
            names(world);
            closed(world);
        });
        if (name === 'nginx that keeps answers') continue;
        const open = new World(name, GUEST_SETTINGS);
        describe(`${name}, open to guests`, { concurrency: 1, timeout: 180_000 }, () => {
            before(() => open.open());
            beforeEach(() => open.forget());
            after(() => open.close());
            guests(open);
        });
        ownHost(name);
        loginHost(name);
    }
});
