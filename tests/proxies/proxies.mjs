// How each proxy is started with its file of docker/proxies: the very file, its variables filled in as its head says.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What `envsubst` does with the variables of these files, and with no others. */
function filled(file, variables) {
    return fs.readFileSync(file, 'utf8').replaceAll(/\$\{([A-Z0-9_]+)\}/g, (written, name) => variables[name] ?? written);
}

function inPath(name) {
    const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
    return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/** nginx, with more words for all that it passes on, and another file than that for one broker. */
export const nginx = (more, file = 'nginx/portaria.conf.template') => ({
    program: () => inPath('nginx'),
    start({ files, folder, variables }) {
        fs.writeFileSync(path.join(folder, 'portaria.conf'), filled(path.join(files, file), variables));
        const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
        fs.writeFileSync(path.join(folder, 'nginx.conf'), `
            daemon off; pid ${folder}/nginx.pid; worker_processes 1; error_log stderr;
            ${process.getuid() === 0 ? `user ${os.userInfo().username};` : ''}
            events { }
            http { ${scratch} ${more(folder)} include ${folder}/portaria.conf; }`);
        return { words: ['-p', folder, '-e', 'stderr', '-c', 'nginx.conf'] };
    },
});

/** Each says where its program is, and then the words and variables with which it is started. */
export const proxies = {
    nginx: nginx(() => 'access_log off;'),
    'nginx that keeps answers': nginx((folder) => `access_log off; proxy_cache_path ${folder}/kept keys_zone=kept:1m; proxy_cache kept; proxy_cache_valid any 1m;`),
    caddy: {
        program: () => inPath('caddy'),
        start: ({ files, folder, variables }) => ({
            words: ['run', '--adapter', 'caddyfile', '--config', path.join(files, 'caddy/Caddyfile')],
            env: { ...variables, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
        }),
    },
    haproxy: {
        program: () => inPath('haproxy'),
        start: ({ files, variables }) => ({ words: ['-db', '-C', path.join(files, 'haproxy'), '-f', 'haproxy.cfg'], env: variables }),
    },
    envoy: {
        program: ({ root }) => inPath('envoy') ?? [path.join(root, 'target/proxies/envoy')].find((file) => fs.existsSync(file)),
        start({ files, folder, variables }) {
            fs.writeFileSync(path.join(folder, 'envoy.yaml'), filled(path.join(files, 'envoy/envoy.yaml.template'), variables));
            return { words: ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warn', '-c', path.join(folder, 'envoy.yaml')] };
        },
    },
    apache: {
        program: () => inPath('apache2'),
        start({ files, folder, variables }) {
            const modules = ['mpm_event', 'authz_core', 'headers', 'lua', 'proxy', 'proxy_http', 'reqtimeout'].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`);
            // One process with 25 threads, as each of Debian's has. Apache answers nobody as root, and its own person may not read this folder.
            const person = process.getuid() === 0 ? ['User nobody', 'Group nogroup'] : [];
            fs.chmodSync(folder, 0o711);
            fs.copyFileSync(path.join(files, 'apache/portaria.lua'), path.join(folder, 'portaria.lua'));
            const lines = [...modules, ...person, `PidFile ${folder}/apache.pid`, 'ServerName localhost', 'ErrorLog "|/bin/cat"', `Include ${path.join(files, 'apache/portaria.conf')}`];
            fs.writeFileSync(path.join(folder, 'apache2.conf'), `${lines.join('\n')}\n`);
            return { words: ['-X', '-d', folder, '-f', path.join(folder, 'apache2.conf')], env: { ...variables, PORTARIA_FILES: folder } };
        },
    },
    traefik: {
        program: ({ root }) => inPath('traefik') ?? [path.join(root, 'target/proxies/bin/traefik')].find((file) => fs.existsSync(file)),
        // Two ports besides, over which Traefik hands requests to itself.
        ports: ['QUESTION_PORT', 'NAMED_PORT'],
        start({ files, folder, variables }) {
            const all = { ...variables, PUBLIC_NAME: variables.PUBLIC_HOST.split(':')[0], PORTARIA_FILES: folder };
            for (const name of ['traefik.yaml', 'portaria.yaml']) fs.writeFileSync(path.join(folder, name), filled(path.join(files, `traefik/${name}.template`), all));
            return { words: [`--configFile=${folder}/traefik.yaml`] };
        },
    },
    varnish: {
        program: () => inPath('varnishd'),
        // One port besides, over which Varnish hands requests with bodies to itself.
        ports: ['INNER_PORT'],
        start({ files, folder, variables }) {
            const vcl = path.join(folder, 'portaria.vcl');
            fs.writeFileSync(vcl, filled(path.join(files, 'varnish/portaria.vcl.template'), variables));
            // The worker is another person, who looks for its folder below this one.
            fs.chmodSync(folder, 0o711);
            const listeners = ['-a', `store=${variables.PROXY_ADDRESS}:${variables.PROXY_PORT}`, '-a', `inner=127.0.0.1:${variables.INNER_PORT}`];
            return { words: ['-F', '-n', path.join(folder, 'varnish'), ...listeners, '-p', 'backend_idle_timeout=20', '-s', 'malloc,32m', '-f', vcl] };
        },
    },
};
