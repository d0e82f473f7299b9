// The mock server of oauth2-mock-server: no page of its own, one person, and a document that names no way to authenticate but `none`.
// Usage: node mock_server.mjs PORT.
import { load } from '../browser/packages.mjs';

const port = Number(process.argv[2]);
const { OAuth2Server } = await load('oauth2-mock-server');

const server = new OAuth2Server();
await server.issuer.keys.generate('EdDSA');
server.service.on('beforeUserinfo', (answer) => {
  answer.body = { sub: 'johndoe', email: 'joao@ensaio.example', email_verified: true, name: 'João Ensaiado' };
});
await server.start(port, '127.0.0.1');
server.issuer.url = `http://127.0.0.1:${port}`;
