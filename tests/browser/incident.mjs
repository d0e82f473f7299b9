// A provider whose address of e-mail stands elsewhere than its file says, and a test login of it that failed, as it is kept.
import { execFileSync } from 'node:child_process';

export const odd = `name: Clube Acme
clientId: loja-42
clientSecret: env:CLUBE_ACME_NEVER_SET
trustEmail: always
pkce: off                    # as its manual of 12 March has it
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  query: { app_key: "\${clientId}", return_url: "\${redirectUri}", state: "\${state}", canal: loja }
  read: { code: $.auth_code }
getAccessCode:
  post: https://sso.acme.example/api/token?versao=2
  credentials: basic
  json: { auth_code: "\${code}", return_url: "\${redirectUri}" }
  read: { accessToken: $.data.token }
getUserInfo:
  get: https://sso.acme.example/api/me
  query: { token: "\${accessToken}" }
  read:
    id: $.data.cliente.id
    email: $.data.cliente.email
    name: $.data.cliente.nome
`;

const text = (key, many = 12) => ({ key, looks: 'text', many });
export const told = {
  provider: 'clube-acme', file: 'providers.d/clube-acme.yaml', test: true, code: 'missingEmail', line: 20, column: 12,
  message: 'no answer holds an e-mail address',
  redirect: { method: 'GET', url: 'https://sso.acme.example/entrar?app_key=loja-42&return_url=http%3A%2F%2Flocalhost%2Fcallback%2Fclube-acme&state=‹state›&canal=loja', headers: [], body: null },
  callback: [text('auth_code', 32), text('state', 43)],
  callbackFacts: [{ name: 'code', line: 9, looks: 'text', many: 32 }],
  exchanges: [
    {
      step: 'getAccessCode', line: 10, took: 214,
      request: { method: 'POST', url: 'https://sso.acme.example/api/token?versao=2', headers: [['Authorization', 'Basic ‹clientId and clientSecret›'], ['Content-Type', 'application/json']], body: '{"auth_code":"‹code›","return_url":"http://localhost/callback/clube-acme"}' },
      answer: { status: 200, contentType: 'application/json', bytes: 240, shape: [text('status', 2), { key: 'data', below: [text('token', 180), { key: 'ttl', looks: 'digits', many: 4 }] }] },
      facts: [{ name: 'accessToken', line: 14, looks: 'text', many: 180 }],
    },
    {
      step: 'getUserInfo', line: 15, took: 8412,
      request: { method: 'GET', url: 'https://sso.acme.example/api/me?token=‹accessToken›', headers: [], body: null },
      answer: {
        status: 200, contentType: 'application/json', bytes: 412,
        shape: [text('status', 2), { key: 'data', below: [{ key: 'cliente', below: [{ key: 'id', looks: 'digits', many: 9 }, text('nome', 3), { key: 'contato', below: [{ key: 'emailPrincipal', looks: 'address' }, text('celular', 11)] }] }] }],
      },
      facts: [{ name: 'id', line: 19, looks: 'digits', many: 9 }, { name: 'email', line: 20 }, { name: 'name', line: 21, looks: 'text', many: 3 }],
    },
  ],
  proposals: [
    { title: '$.data.cliente.contato.emailPrincipal', because: 'x', sentence: 'An e-mail address stands there, and its name begins with “email”.', change: { line: 20, removed: ['    email: $.data.cliente.email'], added: ['    email: $.data.cliente.contato.emailPrincipal'] } },
    { title: 'missingEmail: ask', because: 'x', sentence: 'If the provider does not name one to everybody: the shopper types the address and proves it.', change: { line: 6, removed: [], added: ['missingEmail: ask'] } },
  ],
};

// What is written into the storage, beside the running broker in this folder.
export const keep = (folder, code, story) => execFileSync('python3', ['-c', `
import sqlite3, sys, time
storage = sqlite3.connect(sys.argv[1], timeout=10)
storage.execute('INSERT OR REPLACE INTO incidents (code, store, at, story) VALUES (?, ?, ?, ?)', (sys.argv[2], 'main', int(time.time()), sys.argv[3]))
storage.commit()
`, `${folder}/data/portaria.db`, code, JSON.stringify(story)]);

// Counts of a day of logins at the playground, and of a provider that has begun to fail.
export const count = (folder) => execFileSync('python3', ['-c', `
import sqlite3, sys, time
storage = sqlite3.connect(sys.argv[1], timeout=10)
now = int(time.time()) // 300 * 300
def add(ago, provider, what, step, detail, count):
    storage.execute('INSERT INTO login_counts VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = login_counts.count + excluded.count',
        ('main', now - ago, provider, '', what, step, detail, count))
for hour in range(1, 24):
    add(hour * 3600, 'playground', 'began', '', '', 60)
    add(hour * 3600, 'playground', 'returned', '', '', 58 - hour % 3)
    add(hour * 3600, 'playground', 'signedIn', '', '', 52 + hour % 4)
    add(hour * 3600, 'playground', 'took', '', '400', 50)
    add(hour * 3600, 'playground', 'took', '', '1200', 2)
    add(hour * 3600, 'torto', 'began', '', '', 20)
    add(hour * 3600, 'torto', 'returned', '', '', 18 if hour > 4 else 9)
    add(hour * 3600, 'torto', 'signedIn', '', '', 17 if hour > 3 else 6)
    add(hour * 3600, 'torto', 'took', '', '800', 18)
for hour in range(0, 4):
    add(hour * 3600, 'torto', 'failed', 'getUserInfo', 'missingFact', 14 - 3 * hour)
for hour in (0, 5, 11, 20):
    add(hour * 3600, 'torto', 'failed', 'callback', 'lost', 1)
    add(hour * 3600, 'playground', 'cancelled', '', '', 2)
add(7200, 'playground', 'failed', 'getAccessCode', 'noAnswer', 3)
storage.commit()
`, `${folder}/data/portaria.db`]);
