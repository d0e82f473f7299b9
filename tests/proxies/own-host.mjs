// The broker on a host of its own: the proxy of the shop only asks, and every path is the shop's.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { World, identity, root } from './world.mjs';

/** What leads to the broker in the file of each proxy, which docker/proxies/README.md says to leave out. */
const LEFT_OUT = {
    nginx: ['nginx/portaria.conf.template', [/ {4}location \^~ \/callback\/ \{[\s\S]*?\n {4}\}\n/, / {4}# begin of the broker's[\s\S]*?\n {4}\}\n/]],
    caddy: ['caddy/Caddyfile', [/\t\t@broker \{[\s\S]*?\n\t\t\}\n\t\treverse_proxy @broker [\s\S]*?\n\t\t\}\n/]],
    haproxy: ['haproxy/haproxy.cfg', [/ {4}use_backend portaria_broker .*\n/]],
    apache: ['apache/portaria.conf', [/ {4}# begin of the broker's[\s\S]*?# end of the broker's paths\n/]],
    traefik: ['traefik/portaria.yaml.template', [/ {4}# The broker's own pages[\s\S]*?service: broker\n/]],
    varnish: ['varnish/portaria.vcl.template', [/ {8}# begin of the broker's[\s\S]*?\n {8}\}\n/]],
    envoy: ['envoy/envoy.yaml.template', [/ *# begin of the broker's[\s\S]*?# end of the broker's paths\n/]],
};

export function ownHost(name) {
    const [file, pieces] = LEFT_OUT[name];
    const world = new World(name, 'loginPaths: [ /private ]\n');
    world.isOnOwnHost = true;
    world.changed = (files) => {
        const copy = path.join(world.folder, 'files');
        fs.cpSync(files, copy, { recursive: true });
        let text = fs.readFileSync(path.join(copy, file), 'utf8');
        for (const piece of pieces) {
            assert.match(text, piece);
            text = text.replace(piece, '');
        }
        fs.writeFileSync(path.join(copy, file), text);
        return copy;
    };
    describe(`${name}, the broker on its own host`, { concurrency: 1, timeout: 180_000 }, () => {
        before(() => world.open());
        beforeEach(() => world.forget());
        after(() => world.close());

        it('the pages of the shop have every name, and a shopper is known', async () => {
            const token = await world.tokenFromBroker();
            for (const page of ['/login', '/logout', '/callback/x', '/session', '/account']) {
                world.forget();
                assert.equal((await world.ask({ path: page })).status, 200, page);
                assert.equal(world.store.seen[0].url, page);
                assert.equal(identity(world.store.seen[0])['x-auth-email'] ?? '', '', page);
                assert.equal((await world.ask({ path: page, lines: [`Cookie: portaria=${token}`] })).status, 200, page);
                assert.equal(identity(world.store.seen[1])['x-auth-email'], 'ana@loja.example', page);
                assert.equal(world.lookout.questions.length, world.lookout.seen.length, 'the broker is asked, and nothing else');
            }
        });

        it('a chosen path leads to the login of the broker and back', async () => {
            const page = await world.ask({ path: '/private?x=1', lines: ['Accept: text/html', 'Sec-Fetch-Mode: navigate'] });

            assert.equal(page.status, 302);
            const login = new URL(page.header('location'));
            assert.equal(login.origin, world.brokerOrigin);
            assert.equal(login.searchParams.get('return_to'), `${world.origin}/private?x=1`);
            world.nothingReached();
        });
    });
}
