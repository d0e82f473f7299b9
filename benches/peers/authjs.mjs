// Auth.js in its adapter for Express, with the session in a cookie, as its own pages say.
import { ExpressAuth, getSession } from '@auth/express';
import express from 'express';

const { PORT, PROVIDER, SECRET } = process.env;
const config = {
  trustHost: true,
  secret: SECRET,
  basePath: '/auth',
  providers: [{
    id: 'bench', name: 'Bench', type: 'oauth', clientId: 'c', clientSecret: 's', checks: ['pkce', 'state'], issuer: PROVIDER,
    authorization: { url: `${PROVIDER}/authorize`, params: { scope: 'email' } }, token: `${PROVIDER}/token`, userinfo: `${PROVIDER}/userinfo`,
    profile: ({ sub, email, name }) => ({ id: sub, email, name }),
  }],
};
const app = express();
app.get('/ready', (request, response) => response.end());
app.get('/check', async (request, response) => {
  const session = await getSession(request, config);
  if (session?.user?.email) response.set('X-User', session.user.email).end();
  else response.status(401).end();
});
app.use('/auth', ExpressAuth(config));
app.listen(PORT, '127.0.0.1');
