// express-openid-connect, with the session in a sealed cookie.
import express from 'express';
import openid from 'express-openid-connect';

const { PORT, PROVIDER, SECRET } = process.env;
const app = express();
app.get('/ready', (request, response) => response.end());
app.use(openid.auth({
  issuerBaseURL: PROVIDER, baseURL: `http://127.0.0.1:${PORT}`, clientID: 'c', clientSecret: 's', secret: SECRET, authRequired: false, routes: { login: false },
  authorizationParams: { response_type: 'code', scope: 'openid email' },
  afterCallback: async (request, response, session) => ({ ...session, ...await request.oidc.fetchUserInfo() }),
}));
app.get('/login', (request, response) => response.oidc.login({ returnTo: '/done' }));
app.get('/check', (request, response) => {
  const email = request.appSession?.email;
  if (email) response.set('X-User', email).end();
  else response.status(401).end();
});
app.listen(PORT, '127.0.0.1');
