//! `/lab/apps/{app}/test`: a whole sign-in through an app that creates nothing. The person really signs in at a provider, as in any test
//! login. What the app would send and get is played in this process by the functions of the endpoints.
//!
//! The endpoints themselves are not asked: that would need a redirect address that no app has registered, a session, and a grant. Here no
//! code and no token is made, so nothing exists that could be redeemed, and no address is accepted beyond those of the app.

use crate::apps::authorization_request::{AuthorizationParameters, AuthorizationRequest, read_authorization_request};
use crate::apps::client_app::{AppAuthentication, AppGrantKind, ClientApp};
use crate::apps::interaction::{InteractionState, NextStep, SessionAtRequest, next_step};
use crate::apps::scope::{self, EMAIL, OFFLINE_ACCESS, OPENID, PROFILE};
use crate::directory::app_grants::AppUser;
use crate::lab::handlers::guard::{form_binding, require_staff};
use crate::lab::handlers::test_login::TestSubject;
use crate::lab::handlers::{apps, test_login};
use crate::login::error::LoginError;
use crate::pages::ErrorCause;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::session::token_algorithm::TokenAlgorithm;
use crate::stores::live::LiveProvider;
use crate::story::app_trial::{AppTrial, AppTrialNote, AppTrialPart, AppTrialStep, AppTrialValue};
use crate::vocabulary::email::Email;
use crate::vocabulary::hash::sha256;
use crate::web::apps::app_token::{self, AccessTokenSubject, IdTokenSubject};
use crate::web::apps::{authentication, authorize, token_claims};
use crate::web::attempt_cookies::TrialOfApp;
use crate::web::forms;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::world::random;
use actix_web::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The largest ID token that fits into a cookie of common clients, with room for what they put around it.
const LARGEST_IN_COOKIE: usize = 3000;

/// The form of an app was opened as a page.
pub(crate) async fn redirect_to_apps(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_staff(&context)?;
    Ok(redirect_to(apps::PAGE))
}

/// A test begins: the browser goes to the chosen provider.
pub(crate) async fn start(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    context.require_fresh_revocations()?;
    let staff = require_staff(&context)?;
    let form = forms::verified_form(&context, &form_binding(&context), apps::PAGE)?;
    let app = context.path_parameter("app").and_then(|name| authentication::find_app(&context, &name)).ok_or(ErrorCause::NoSuchPage)?;
    let redirect_uri = app.redirect_uris.first().ok_or(ErrorCause::NoSuchPage)?.clone();
    let [state, nonce, verifier] = [(); 3].map(|()| URL_SAFE_NO_PAD.encode(random::bytes::<32>()).into());
    let trial = TrialOfApp { app: app.name.clone(), redirect_uri, state, nonce, verifier };
    let (_, request) = read_request(&context, &trial).ok_or(ErrorCause::NoSuchPage)?;
    let chosen = form.field("provider")?.unwrap_or_default();
    let live_provider = providers_to_test(&context, &app, &request).into_iter().find(|offered| *offered.provider.name == *chosen);
    test_login::begin(&context, &live_provider.ok_or(ErrorCause::NoSuchProvider)?, Vec::new(), (staff, TestSubject::App(trial))).await
}

/// The providers at which a test of the app can begin: those of its login page that ask for nothing beforehand.
pub(crate) fn providers_to_test(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> Vec<Arc<LiveProvider>> {
    let mut offered = authorize::providers_for(context, app, request);
    offered.retain(|live_provider| live_provider.provider.inputs.is_empty());
    offered
}

/// The parameters of the request, as the app would send them.
fn parameters_of(app: &ClientApp, trial: &TrialOfApp) -> Vec<(String, String)> {
    let challenge = URL_SAFE_NO_PAD.encode(sha256::<32>(trial.verifier.as_bytes()));
    let scopes = app.scopes.join(" ");
    let pairs = [
        ("client_id", &*trial.app),
        ("redirect_uri", &*trial.redirect_uri),
        ("response_type", "code"),
        ("scope", &*scopes),
        ("state", &*trial.state),
        ("nonce", &*trial.nonce),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The app and its request, if the settings still accept it.
fn read_request(context: &RequestContext, trial: &TrialOfApp) -> Option<(Arc<ClientApp>, AuthorizationRequest)> {
    let app = authentication::find_app(context, &trial.app)?;
    let parameters = parameters_of(&app, trial);
    let known = |name: &str| authentication::find_app(context, name);
    read_authorization_request(&AuthorizationParameters(&parameters), known, |_, _| None).ok()
}

/// The request of an app without a sign-in, from which the page of apps learns what can be tested.
pub(crate) fn request_of(context: &RequestContext, app: &ClientApp) -> Option<AuthorizationRequest> {
    let redirect_uri = app.redirect_uris.first()?.clone();
    let trial = TrialOfApp { app: app.name.clone(), redirect_uri, state: "s".into(), nonce: "n".into(), verifier: "v".into() };
    read_request(context, &trial).map(|(_, request)| request)
}

/// What the app would have sent and got.
pub(crate) fn play(context: &RequestContext, trial: &TrialOfApp, at: &LiveProvider, end: Result<&Identity, &LoginError>) -> AppTrial {
    let Some((app, request)) = read_request(context, trial) else {
        let step = AppTrialStep::new(AppTrialPart::Request, Vec::new(), &[AppTrialNote::AppChanged]);
        return AppTrial { app: trial.app.to_string(), steps: vec![step] };
    };
    let sent = parameters_of(&app, trial).into_iter().map(|(name, value)| AppTrialValue::new(&name, &value.into())).collect();
    let mut steps = vec![AppTrialStep::new(AppTrialPart::Request, sent, &[])];
    let (decision, is_answered) = decide(context, &app, &request, at, end.is_ok());
    steps.push(AppTrialStep::new(AppTrialPart::Decision, Vec::new(), &decision));
    if let Ok(identity) = end
        && is_answered
    {
        let of = PlayedGrant::new(context, trial, &app, &request, (at, identity));
        steps.extend([of.reply(), of.token_request(), of.tokens()]);
        if of.can_sign() {
            steps.extend([of.id_token(), of.access_token(), of.user_info()]);
        }
    }
    AppTrial { app: app.name.to_string(), steps }
}

/// What the request leads to, and whether the app gets a code in the end.
fn decide(
    context: &RequestContext,
    app: &ClientApp,
    request: &AuthorizationRequest,
    at: &LiveProvider,
    is_signed_in: bool,
) -> (Vec<AppTrialNote>, bool) {
    let several = authorize::providers_for(context, app, request).len() > 1;
    let mut notes = vec![if several { AppTrialNote::SeveralProviders } else { AppTrialNote::OneProvider }];
    if !is_signed_in {
        notes.push(AppTrialNote::NotSignedIn);
        return (notes, false);
    }
    let is_open = authorize::is_open_to_others(context, app, request);
    let session = SessionAtRequest {
        uid: "",
        sid: "",
        since: context.now(),
        is_allowed: authorize::is_provider_allowed(app, Some(&at.provider.name)),
        is_by_named_provider: true,
    };
    let state = InteractionState { signed_in: Some(""), came_back: true, has_consent: !app.asks_consent && !is_open };
    let (note, is_answered) = match next_step(request, Some(session), state, context.now()) {
        NextStep::Answer => (AppTrialNote::AsksNothing, true),
        NextStep::AskConsent if is_open => (AppTrialNote::AsksAlways, true),
        NextStep::AskConsent => (AppTrialNote::AsksConsent, true),
        NextStep::SignIn { .. } | NextStep::SelectAccount | NextStep::Refuse(_) => (AppTrialNote::OtherProvider, false),
    };
    notes.push(note);
    (notes, is_answered)
}

/// The access that the app would have got, which exists nowhere.
struct PlayedGrant<'a> {
    context: &'a RequestContext,
    trial: &'a TrialOfApp,
    app: &'a ClientApp,
    request: &'a AuthorizationRequest,
    provider: &'a str,
    user: AppUser,
    /// What is to be said about the address of the person.
    about_email: Option<AppTrialNote>,
}

impl<'a> PlayedGrant<'a> {
    fn new(
        context: &'a RequestContext,
        trial: &'a TrialOfApp,
        app: &'a ClientApp,
        request: &'a AuthorizationRequest,
        (at, identity): (&'a LiveProvider, &Identity),
    ) -> Self {
        let (email, email_verified, about_email) = match &identity.address {
            IdentityEmail::Proven(email, _) => (Some(email.clone()), true, None),
            IdentityEmail::Placeholder(email) => (Some(email.clone()), false, Some(AppTrialNote::PlaceholderEmail)),
            IdentityEmail::Ask(email) => (email.clone(), true, Some(AppTrialNote::AskedForEmail)),
        };
        let user = AppUser {
            uid: random::id(),
            email: email.unwrap_or_else(|| Email::parse("pessoa@loja.invalid").expect("it is an address")),
            email_verified,
            name: identity.name.as_deref().map(Into::into),
            picture: identity.picture.as_deref().map(Into::into),
            locale: identity.locale.as_deref().map(Into::into),
            facts: context.live_store().store.further.select(identity),
        };
        Self { context, trial, app, request, provider: &at.provider.name, user, about_email }
    }

    fn has_scope(&self, word: &str) -> bool {
        scope::has(&self.request.scope, word)
    }

    fn can_sign(&self) -> bool {
        self.context.signing_keys().is_some_and(|keys| keys.can_sign(self.app.signing))
    }

    fn reply(&self) -> AppTrialStep {
        let issuer = &*self.context.live_store().store.public_url;
        let values = values_of(&[("code", ""), ("state", &*self.trial.state), ("iss", issuer)]);
        AppTrialStep::new(AppTrialPart::Reply, values, &[AppTrialNote::CodeOnce])
    }

    fn token_request(&self) -> AppTrialStep {
        let note = match &self.app.authentication {
            AppAuthentication::Public => AppTrialNote::PublicClient,
            AppAuthentication::Secret(_) => AppTrialNote::SecretUntried,
            AppAuthentication::Keys(_) => AppTrialNote::KeysUntried,
            AppAuthentication::Missing => AppTrialNote::SecretUnset,
        };
        let sent = [
            ("grant_type", "authorization_code"),
            ("code", ""),
            ("redirect_uri", &*self.trial.redirect_uri),
            ("code_verifier", &*self.trial.verifier),
            ("client_id", &*self.app.name),
        ];
        AppTrialStep::new(AppTrialPart::TokenRequest, values_of(&sent), &[note])
    }

    fn tokens(&self) -> AppTrialStep {
        if !self.can_sign() {
            return AppTrialStep::new(AppTrialPart::Tokens, Vec::new(), &[AppTrialNote::NoKey]);
        }
        let is_offline = self.app.grants.contains(AppGrantKind::RefreshToken) && self.has_scope(OFFLINE_ACCESS);
        let lifetime = app_token::LIFETIME.to_string();
        let mut given = vec![("access_token", ""), ("token_type", "Bearer"), ("expires_in", &*lifetime), ("scope", &*self.request.scope)];
        given.extend(self.has_scope(OPENID).then_some(("id_token", "")));
        given.extend(is_offline.then_some(("refresh_token", "")));
        let notes: Vec<AppTrialNote> = (!self.has_scope(OPENID)).then_some(AppTrialNote::NoOpenid).into_iter().collect();
        AppTrialStep::new(AppTrialPart::Tokens, values_of(&given), &notes)
    }

    fn id_token(&self) -> AppTrialStep {
        if !self.has_scope(OPENID) {
            return AppTrialStep::new(AppTrialPart::IdToken, Vec::new(), &[AppTrialNote::NoOpenid]);
        }
        let about = IdTokenSubject {
            user: &self.user,
            scopes: &self.request.scope,
            sid: "",
            provider: self.provider,
            auth_time: self.context.now(),
            nonce: Some(&self.trial.nonce),
        };
        let claims = app_token::id_token_claims(self.context, self.app, &about, "");
        // Base64 is a third longer; an RSA signature of 2048 bits and the header are about 450 letters.
        let length = Value::Object(claims.clone()).to_string().len().saturating_mul(4).div_euclid(3).saturating_add(450);
        let is_es256 = self.app.signing == TokenAlgorithm::Es256;
        let mut notes: Vec<AppTrialNote> = is_es256.then_some(AppTrialNote::SignedWithEs256).into_iter().collect();
        notes.extend((length > LARGEST_IN_COOKIE).then_some(AppTrialNote::LargeIdToken));
        notes.extend(self.notes_about_person());
        let header = json!({ "alg": self.app.signing.name(), "typ": "JWT" });
        AppTrialStep::new(AppTrialPart::IdToken, values_in(&[header, Value::Object(claims)]), &notes)
    }

    /// Where the person's data differ from what common clients expect.
    fn notes_about_person(&self) -> Vec<AppTrialNote> {
        let notes = [
            (!self.has_scope(EMAIL)).then_some(AppTrialNote::NoEmail),
            self.about_email.filter(|_| self.has_scope(EMAIL)),
            (self.has_scope(EMAIL) && !self.user.email_verified).then_some(AppTrialNote::UnprovenEmail),
            (!self.has_scope(PROFILE) || self.user.name.is_none()).then_some(AppTrialNote::NoName),
            self.has_scope(PROFILE).then_some(AppTrialNote::UserNameIsEmail),
        ];
        notes.into_iter().flatten().collect()
    }

    fn access_token(&self) -> AppTrialStep {
        let grant = Some(("", self.context.now()));
        let of = AccessTokenSubject { subject: &self.user.uid, scopes: &self.request.scope, audiences: &[], grant, person: None };
        let claims = app_token::access_token_claims(self.context, self.app, &of);
        let is_for_itself = claims.get("aud").and_then(Value::as_str) == Some(&*self.app.name);
        let notes: Vec<AppTrialNote> = is_for_itself.then_some(AppTrialNote::AudienceIsApp).into_iter().collect();
        let header = json!({ "alg": self.app.signing.name(), "typ": "at+jwt" });
        AppTrialStep::new(AppTrialPart::AccessToken, values_in(&[header, claims]), &notes)
    }

    fn user_info(&self) -> AppTrialStep {
        if !self.has_scope(OPENID) {
            return AppTrialStep::new(AppTrialPart::UserInfo, Vec::new(), &[AppTrialNote::NoOpenid]);
        }
        let mut claims = Map::from_iter([("sub".to_owned(), Value::from(&*self.user.uid))]);
        claims.extend(token_claims::claims_of_person(&self.user, &self.request.scope, &self.context.live_store().store.further));
        AppTrialStep::new(AppTrialPart::UserInfo, values_in(&[Value::Object(claims)]), &[])
    }
}

fn values_of(pairs: &[(&str, &str)]) -> Vec<AppTrialValue> {
    pairs.iter().map(|(name, value)| AppTrialValue::new(name, &(*value).into())).collect()
}

/// The members of objects, one after the other.
fn values_in(objects: &[Value]) -> Vec<AppTrialValue> {
    objects.iter().filter_map(Value::as_object).flatten().map(|(name, value)| AppTrialValue::new(name, value)).collect()
}
