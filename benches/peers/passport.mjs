// Passport with its strategy for OpenID Connect, and sessions in memory.
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import OpenIdConnect from 'passport-openidconnect';

const { PORT, PROVIDER, SECRET } = process.env;
passport.use(new OpenIdConnect({
  issuer: PROVIDER, authorizationURL: `${PROVIDER}/authorize`, tokenURL: `${PROVIDER}/token`, userInfoURL: `${PROVIDER}/userinfo`,
  clientID: 'c', clientSecret: 's', callbackURL: `http://127.0.0.1:${PORT}/callback`, scope: ['email'], skipUserProfile: false,
}, (issuer, profile, done) => done(null, { email: profile.emails[0].value })));
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));
const app = express();
app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
app.use(passport.session());
app.get('/ready', (request, response) => response.end());
app.get('/login', passport.authenticate('openidconnect'));
app.get('/callback', passport.authenticate('openidconnect'), (request, response) => response.redirect('/done'));
app.get('/check', (request, response) => (request.user ? response.set('X-User', request.user.email).end() : response.status(401).end()));
app.listen(PORT, '127.0.0.1');
