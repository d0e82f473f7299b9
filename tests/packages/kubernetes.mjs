// The files of Kubernetes: they are of the types that Kubernetes has, name only what exists, and the container starts as they say.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '../proxies/places.mjs';
import { root } from '../proxies/world.mjs';
import { HAS_PACKAGES, Network, PACKAGES, yaml } from './clean.mjs';
import { makeSecrets } from './compose.mjs';
import { container, databaseContainer } from './engine.mjs';
import { block, inShell } from './shell.mjs';

const FILES = fs.readdirSync(path.join(root, 'docker/kubernetes')).filter((name) => name.endsWith('.yaml'));

/** Every object of the files, by its kind. */
function objects() {
    const all = FILES.flatMap((file) => yaml(path.join(root, 'docker/kubernetes', file)));
    return Object.fromEntries(all.map((one) => [one.kind, one]));
}

/** What the compiler of TypeScript says of objects that are written down as values of their types. */
function complaints(folder, found) {
    const place = path.join(folder, 'types');
    fs.mkdirSync(place, { recursive: true });
    fs.rmSync(path.join(place, 'node_modules'), { force: true });
    fs.symlinkSync(PACKAGES, path.join(place, 'node_modules'));
    const lines = found.map((one, at) => {
        const [group, version] = one.apiVersion.includes('/') ? one.apiVersion.split('/') : ['core', one.apiVersion];
        return `import type { ${one.kind} as Kind${at} } from 'kubernetes-types/${group.split('.')[0]}/${version}.js';\nexport const object${at}: Kind${at} = ${JSON.stringify(one)};\n`;
    });
    const file = path.join(place, 'objects.ts');
    fs.writeFileSync(file, lines.join(''));
    const compiler = path.join(PACKAGES, 'typescript/bin/tsc');
    const done = spawnSync(process.execPath, [compiler, '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', file], { encoding: 'utf8', cwd: place });
    return done.stdout;
}

/** The value of a key of the Secret. */
function secretOf(world, key) {
    return fs.readFileSync(path.join(world.secrets, key), 'utf8').trim();
}

/** The container that the description of a pod makes. Its volumes are folders of `folder`. */
function begin(world, spec, { folder, pod, hosts, name }) {
    const [one] = spec.containers;
    return container(world.image, world.config, {
        name, command: one.args, readOnly: one.securityContext.readOnlyRootFilesystem, space: pod, hosts,
        user: `${spec.securityContext.runAsUser}:${spec.securityContext.runAsGroup}`,
        environment: Object.fromEntries(one.env.map(({ name: variable, valueFrom }) => [variable, secretOf(world, valueFrom.secretKeyRef.key)])),
        mounts: one.volumeMounts.map((mount) => ({ source: path.join(folder, mount.name), target: mount.mountPath, readOnly: mount.readOnly })),
    });
}

export function clusters(world) {
    const skip = HAS_PACKAGES ? false : 'the packages of tests/packages/package.json are missing';
    describe('Kubernetes', { concurrency: 1 }, () => {
        let running, database, cluster;

        after(async () => {
            await running?.end();
            await database?.end();
        });

        it('has a type for each object, and for each of its words', { skip }, () => {
            const found = Object.values(objects());
            const wrong = structuredClone(found.find(({ kind }) => kind === 'Deployment'));
            wrong.spec.template.spec.containers[0].readinesProbe = wrong.spec.template.spec.containers[0].readinessProbe;

            assert.equal(complaints(world.folder, found), '');
            assert.match(complaints(world.folder, [wrong]), /readinesProbe/);
        });

        it('finds all that the files name', () => {
            const { ConfigMap, Secret, Deployment, Service, PodDisruptionBudget, NetworkPolicy, Ingress, Pod } = objects();
            const { template: { metadata: { labels }, spec }, selector, replicas } = Deployment.spec;
            const [one] = spec.containers;
            const ports = one.ports.map(({ name }) => name);
            const keys = Object.keys(Secret.stringData);

            assert.equal(FILES.length, 8);
            assert.ok(replicas >= 2 && PodDisruptionBudget.spec.minAvailable < replicas);
            for (const chosen of [selector.matchLabels, Service.spec.selector, PodDisruptionBudget.spec.selector.matchLabels, NetworkPolicy.spec.podSelector.matchLabels]) assert.deepEqual(chosen, labels);
            for (const port of [Service.spec.ports[0].targetPort, one.readinessProbe.httpGet.port, one.livenessProbe.httpGet.port, ...NetworkPolicy.spec.ingress.flatMap((rule) => rule.ports.map(({ port: name }) => name))]) {
                assert.ok(ports.includes(port), port);
            }
            for (const { valueFrom } of one.env) assert.ok(valueFrom.secretKeyRef.name === Secret.metadata.name && keys.includes(valueFrom.secretKeyRef.key));
            for (const { name, secret, configMap } of spec.volumes) {
                assert.ok(one.volumeMounts.some((mount) => mount.name === name), name);
                if (secret) assert.ok(secret.secretName === Secret.metadata.name && secret.items.every(({ key }) => keys.includes(key)));
                else assert.ok([ConfigMap.metadata.name, 'portaria-providers'].includes(configMap.name));
            }
            assert.deepEqual(one.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
            assert.ok(spec.securityContext.runAsNonRoot && !spec.automountServiceAccountToken);
            // The pod for commands is like those of the brokers, and is not taken for one of them.
            const [own] = Pod.spec.containers;
            assert.notDeepEqual(Pod.metadata.labels, labels);
            for (const key of ['securityContext', 'automountServiceAccountToken', 'enableServiceLinks']) assert.deepEqual(Pod.spec[key], spec[key], key);
            for (const key of ['image', 'env', 'securityContext', 'resources']) assert.deepEqual(own[key], one[key], key);
            for (const name of ['settings', 'secrets']) {
                for (const found of [(place) => place.volumes, (place) => place.containers[0].volumeMounts]) {
                    assert.deepEqual(found(Pod.spec).find((volume) => volume.name === name), found(spec).find((volume) => volume.name === name), name);
                }
            }
            const settings = ConfigMap.data['portaria.yaml'];
            const setting = (pattern) => pattern.exec(settings)?.[1];
            assert.ok(spec.terminationGracePeriodSeconds > Number(setting(/^shutdown: \{ delay: (\d+)s \}$/m)) + 25 + 5, 'requests that have begun are answered');
            const [rule] = Ingress.spec.rules;
            const [{ backend: { service } }] = rule.http.paths;
            assert.ok(service.name === Service.metadata.name && service.port.name === Service.spec.ports[0].name, JSON.stringify(service));
            assert.equal(setting(/^publicUrl: (.*)$/m), `https://${rule.host}`);
            assert.deepEqual(Ingress.spec.tls[0].hosts, [rule.host]);
            assert.ok(setting(/^internalHosts: \[ (.*) \]$/m).startsWith(`${Service.metadata.name}.`));
            assert.equal(`${spec.securityContext.runAsUser}:${spec.securityContext.runAsGroup}`, world.config.User);
        });

        it('lets only those reach the brokers whom the policy names, and lets them reach a part of the cluster', () => {
            const { ingress, egress } = objects().NetworkPolicy.spec;
            const chosen = ({ podSelector, namespaceSelector }) => Object.keys({ ...podSelector?.matchLabels, ...namespaceSelector?.matchLabels }).length > 0;
            const private_ = ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10'];
            const blocks = egress.flatMap(({ to }) => to).filter(({ ipBlock }) => ipBlock).map(({ ipBlock }) => ipBlock);

            for (const one of ingress.flatMap(({ from }) => from)) assert.ok(chosen(one), JSON.stringify(one));
            for (const one of egress.flatMap(({ to }) => to)) assert.ok(one.ipBlock || chosen(one), JSON.stringify(one));
            for (const { cidr, except } of blocks) assert.ok(/\/32$/.test(cidr) || except.length > 0, cidr);
            assert.deepEqual(blocks.flatMap(({ except = [] }) => except), private_);
        });

        it('starts the container as the Deployment says, and its probes are answered', async () => {
            makeSecrets(world);
            const { ConfigMap, Secret, Deployment } = objects();
            const { spec } = Deployment.spec.template;
            const [one] = spec.containers;
            const secret = (key) => secretOf(world, key);
            const network = new Network('10.79.0.0/24');
            const [pod, storage] = [network.join('pod', '10.79.0.11'), network.join('db.loja.example', '10.79.0.13')];
            const folder = path.join(world.folder, 'kubernetes');
            fs.mkdirSync(path.join(folder, 'database'), { recursive: true });
            database = databaseContainer({ folder: path.join(folder, 'database'), password: path.join(world.secrets, 'database-password'), space: storage });
            await database.healthy();
            // The volumes, as the kubelet makes them.
            const write = (volume, files, mode) => {
                const place = path.join(folder, volume);
                fs.mkdirSync(place);
                for (const [name, text] of Object.entries(files)) {
                    fs.writeFileSync(path.join(place, name), text);
                    fs.chownSync(path.join(place, name), 0, spec.securityContext.fsGroup);
                    fs.chmodSync(path.join(place, name), mode);
                }
            };
            const volumes = Object.fromEntries(spec.volumes.map((volume) => [volume.name, volume]));
            const playground = fs.readFileSync(path.join(root, 'providers.d/playground.yaml'), 'utf8');
            write('settings', ConfigMap.data, 0o644);
            write('providers', { 'playground.yaml': playground }, 0o644);
            write('secrets', Object.fromEntries(volumes.secrets.secret.items.map(({ key, path: name }) => [name, secret(key)])), volumes.secrets.secret.defaultMode);
            running = begin(world, spec, { folder, pod, hosts: network.hosts(), name: 'the pod' }).start();
            const port = (name) => one.ports.find((known) => known.name === name).containerPort;
            const ask = ({ path: target, port: name }) => new Promise((done) => {
                http.get({ host: '10.79.0.11', port: port(name), path: target, agent: false }, (answer) => { answer.resume(); done(answer.statusCode); }).on('error', () => done(0));
            });

            for (const probe of [one.startupProbe, one.livenessProbe, one.readinessProbe, { httpGet: { path: '/metrics', port: 'metrics' } }]) {
                await until(async () => {
                    assert.equal(running.code, undefined, running.said);
                    return await ask(probe.httpGet) === 200;
                }, `${probe.httpGet.path}: ${running.said}`);
            }
            assert.doesNotMatch(running.said, / WARN | ERROR /, running.said);
            const [, check] = /^\| Kubernetes \| `kubectl exec deployment\/portaria -- (.*)` \|$/m.exec(fs.readFileSync(path.join(root, 'docs/production.md'), 'utf8'));
            assert.match(running.execute(check.split(' ')).text, / 0 complaints$/m);
            cluster = { folder, pod, hosts: network.hosts(), ask: (probe = one.readinessProbe.httpGet) => ask(probe) };
        });

        it('is backed up, and restored or recovered while no broker runs, by the lines of docs/install.md', async () => {
            const { Pod, Deployment } = objects();
            const { folder, pod, hosts, ask } = cluster;
            const data = path.join(folder, 'data');
            let commands;
            const acts = {
                apply: ([, file]) => {
                    assert.deepEqual(yaml(path.join(root, file)), [Pod]);
                    fs.rmSync(data, { recursive: true, force: true });
                    fs.mkdirSync(data);
                    fs.chownSync(data, 0, Pod.spec.securityContext.fsGroup);
                    fs.chmodSync(data, 0o2777);
                    commands = begin(world, Pod.spec, { folder, pod, hosts, name: Pod.metadata.name }).start();
                },
                wait: async () => { if (commands) await commands.healthy(); },
                delete: async (words) => {
                    assert.deepEqual(words, ['pod', Pod.metadata.name]);
                    await commands.end();
                    commands = undefined;
                },
                scale: async ([name, replicas]) => {
                    assert.equal(name, `deployment/${Deployment.metadata.name}`);
                    if (replicas === '--replicas=0') return void await running.end();
                    running = begin(world, Deployment.spec.template.spec, { folder, pod, hosts, name: 'the pod' }).start();
                    await until(async () => await ask() === 200, 'a pod that is ready');
                },
                patch: ([kind, name, , patch]) => {
                    assert.deepEqual([kind, name], ['secret', 'portaria']);
                    fs.writeFileSync(path.join(folder, 'secrets/master-key'), JSON.parse(patch).stringData['master-key']);
                },
                exec: (words, streams) => {
                    const [target, , ...command] = words.filter((word) => word !== '--stdin');
                    const one = target === `deployment/${Deployment.metadata.name}` ? running : commands;
                    const { status, text } = one.execute(command, streams);
                    return { status, said: text };
                },
            };
            const kubectl = async ([what, ...words], streams) => acts[what](words, streams);
            const lines = (name) => inShell(block('docs/install.md', name), { kubectl }, { folder });
            const keys = () => running.execute(['/usr/bin/portaria', 'keys', 'list', '--config', '/etc/portaria/portaria.yaml']).text.match(/^\S+/gm);
            const before = keys();
            await lines('backup-kubernetes');
            assert.equal(running.execute(['/usr/bin/portaria', 'keys', 'replace-all', '--yes', '--config', '/etc/portaria/portaria.yaml']).status, 0);
            assert.notDeepEqual(keys(), before);

            assert.match(await lines('stopped-kubernetes'), /as they were at/);
            assert.deepEqual(keys(), before);
            assert.match(await lines('recover-kubernetes'), /the storage goes on with the master key in the file \/run\/secrets\/portaria\/master-key/);
            assert.match(fs.readFileSync(path.join(folder, 'before-recovery.backup'), 'utf8'), /^\{"portaria":"backup"/);
            assert.notDeepEqual(keys(), before);
        });

        it('is not ready without its storage, and is alive', async () => {
            const [one] = objects().Deployment.spec.template.spec.containers;
            const { ask } = cluster;
            await database.end('SIGINT');
            await until(async () => await ask() === 503, 'a pod that is not ready');
            assert.equal(await ask(one.livenessProbe.httpGet), 200);
            assert.equal(await running.end(), 0);
        });

        it('refuses to start with the secret of the example', async () => {
            const { Secret } = objects();
            const key = path.join(world.folder, 'short-key');
            fs.writeFileSync(key, Secret.stringData['master-key'], { mode: 0o444 });
            const settings = path.join(world.folder, 'kubernetes/settings');
            const refused = container(world.image, world.config, {
                name: 'the pod', command: ['serve', '--config', '/etc/portaria/portaria.yaml'],
                mounts: [{ source: settings, target: '/etc/portaria' }, { source: key, target: '/run/secrets/portaria/master-key' }],
            }).start();

            assert.notEqual(await refused.over, 0);
            assert.match(refused.said, /master key|masterKey/);
        });
    });
}
