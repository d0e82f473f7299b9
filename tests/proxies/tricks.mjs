// What clients and brokers do that they should not.

export const NAMES = ['X-Auth-Email', 'X-Auth-Name', 'X-Auth-Uid', 'X-Auth-Provider', 'X-Auth-Store', 'X-Auth-App', 'X-Auth-Scope'];
export const FORGED = 'forged@loja.example';

export const WEBSOCKET = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];

/** Every way to write a header so that some program might take it for `name`. */
export function spellings(name) {
    const marked = (mark) => name.replaceAll('-', mark);
    return [
        [`${name}: ${FORGED}`],
        [`${name.toLowerCase()}: ${FORGED}`],
        [`${name.toUpperCase()}: ${FORGED}`],
        [`${name}: ${FORGED}`, `${name.toLowerCase()}: ${FORGED}`],
        [`${name}:`, `${name}: ${FORGED}`],
        ...['_', '.', '~', '!', '+', '|', "'", '*', '^', '`', '#', '$', '%', '&', ' '].map((mark) => [`${marked(mark)}: ${FORGED}`]),
        [`${name.replace('-', '_')}: ${FORGED}`],
        [`${name.replace(/-(?=[^-]*$)/, '_')}: ${FORGED}`],
        [`${name.toLowerCase().replace('-', '.')}: ${FORGED}`],
        [`${name} : ${FORGED}`],
        [`${name}\t: ${FORGED}`],
        [` ${name}: ${FORGED}`],
        ['X-Other: a', ` ${name}: ${FORGED}`],
        [`X-Other: a\n${name}: ${FORGED}`],
        [`X-Other: a\r${name}: ${FORGED}`],
        [`X-Other: a\0${name}: ${FORGED}`],
        [`${name}\0: ${FORGED}`],
        [`${name}\xad: ${FORGED}`],
        [`: ${FORGED}`, `${name}: ${FORGED}`],
        [`${name}: ${FORGED}`, `Connection: close, ${name}`],
    ];
}

/** Ways to write a path, none of which may lead to the store without a session. */
export const PATH_TRICKS = [
    '/private', '//private', '///private', '/./private', '/login/../private', '/login/%2e%2e/private', '/login/%2E%2E/private', '/login/.%2e/private',
    '/login%2f..%2fprivate', '/login/..%2fprivate', '/login/..%5cprivate', '/login\\..\\private', '/login/..\\private', '/login/..;/private', '/login;/../private',
    '/login/;/../private', '/login/%252e%252e/private', '/login/x/../../private', '//login/../private', '/login//../private', '/login//../../private',
    '/loginx', '/login.php', '/login%00/../private', '/login%20', '/login?/../private', '/login#/../private', '/private#/login', '/private?/login', '/private/login',
    '/private/..;/login', '/embed.js/../private', '/embed.js/private', '/embed.jsx', '/embedXjs', '/providers/../private', '/logo/private', '/callback/../private',
    '/session/../private', '/auth', '/auth/', '/auth/private', '/auth?redirect', '/auth/../private', '/.well-known/jwks.json/../../private', '/.well-known/private',
    '/_portaria/auth', '/_portaria/auth/', '/%5fportaria/auth', '/PRIVATE', '/LOGIN/../private', '/%6cogin/../private', '/%6Cogin/%2e%2e/private',
    '/login/%c0%ae%c0%ae/private', '/login/..%c0%afprivate', '/login/..%00/private', '/login/.../private', '/login/..', '/login/../', '/..', '/../private',
    'http://elsewhere.example/private', 'http://elsewhere.example/login/../private', '*', 'private', '/login/../private HTTP/1.0\r\nX: ', '/health/live', '/metrics',
];

/** Paths that are the store's, however much they look like the broker's. */
export const LOOKALIKES = [
    '/loginx', '/login.php', '/login-x/', '/sessions', '/tokens', '/labs/', '/playgrounds', '/embedXjs', '/embed.jsx', '/embed.js/private', '/providers/private', '/logo.svg', '/logos/private',
    '/styleXcss', '/style.css.map', '/.well-known/jwks_json', '/.well-known/jwks.json/private', '/Xwell-known/jwks.json', '/x/login', '/x/session', '/login/../private', '/login/%2e%2e/private', '/health/live', '/metrics',
];

/** What a broker answers to the question when something is wrong with it, and no one may pass. */
export const FAULTS = {
    'says 500': (_, response) => response.writeHead(500).end('store: true'),
    'says 502': (_, response) => response.writeHead(502).end(),
    'says 503': (_, response) => response.writeHead(503).end(),
    'says 421, as for a host that it does not know': (_, response) => response.writeHead(421).end(),
    'says 403': (_, response) => response.writeHead(403).end(),
    'says 404': (_, response) => response.writeHead(404).end(),
    'says 429': (_, response) => response.writeHead(429).end(),
    'says 200 and names nobody': (_, response) => response.writeHead(200).end('<html>'),
    'says 200 with empty names': (_, response) => response.writeHead(200, { 'X-Auth-Email': '', 'X-Auth-Uid': '' }).end(),
    'says 200 with nothing but empty names': (_, response) => response.writeHead(200, Object.fromEntries(NAMES.map((name) => [name, '']))).end(),
    'says 200 and everything but the uid and the app': (_, response) => response.writeHead(200, Object.fromEntries(NAMES.flatMap((name) => (['X-Auth-Uid', 'X-Auth-App'].includes(name) ? [] : [[name, 'x']])))).end(),
    'says 204': (_, response) => response.writeHead(204).end(),
    'says 302 and not where': (_, response) => response.writeHead(302).end(),
    'says 401 and yet a name': (_, response) => response.writeHead(401, { 'X-Auth-Email': FORGED, 'X-Auth-Uid': 'u' }).end(),
    'says 500 and yet a name': (_, response) => response.writeHead(500, { 'X-Auth-Email': FORGED, 'X-Auth-Uid': 'u' }).end(),
    'hangs up': (request) => request.socket.destroy(),
    'hangs up in the middle of its headers': (request) => request.socket.end('HTTP/1.1 200 OK\r\nX-Auth-Uid: u\r\nX-Auth-Em'),
    'speaks another language': (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
};
