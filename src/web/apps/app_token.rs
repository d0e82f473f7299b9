//! Access tokens (RFC 9068) and ID tokens: how they are made, and how ours are recognized.

use crate::apps::authorization_request::PROVIDER_ACR;
use crate::apps::client_app::ClientApp;
use crate::apps::scope;
use crate::directory::app_grants::AppUser;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::session::keys::SESSION_ALGORITHM;
use crate::session::token_algorithm::TokenAlgorithm;
use crate::session::token_kind::ACCESS_TOKEN;
use crate::vocabulary::hash::sha256;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::token_claims::claims_of_person;
use crate::web::apps::token_identity::{CLAIM, TokenIdentity};
use crate::web::live_config::LiveStore;
use crate::web::request_context::RequestContext;
use crate::world::random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// How long access tokens and ID tokens are valid, in seconds.
pub(crate) const LIFETIME: i64 = 900;
/// The longest token that is read.
pub(crate) const LONGEST: usize = 8 * 1024;
/// How far the clocks of two machines may be apart, in seconds.
const CLOCKS_DIFFER: i64 = 60;
const ID_TOKEN: &str = "JWT";

/// What an access token is issued for.
pub(crate) struct AccessTokenSubject<'a> {
    /// The user, or the app itself.
    pub(crate) subject: &'a str,
    pub(crate) scopes: &'a str,
    pub(crate) audiences: &'a [Box<str>],
    /// The grant, and when the person signed in, or 0 if that is not known; an app on its own behalf has none.
    pub(crate) grant: Option<(&'a str, i64)>,
    /// The user, and the key of the provider; an app on its own behalf has none.
    pub(crate) person: Option<(&'a AppUser, &'a str)>,
}

/// What an ID token says beside the person.
pub(crate) struct IdTokenSubject<'a> {
    pub(crate) user: &'a AppUser,
    pub(crate) scopes: &'a str,
    /// The session, as the app was first given it.
    pub(crate) sid: &'a str,
    /// The name of the provider's file.
    pub(crate) provider: &'a str,
    /// When the person signed in; 0 if that is not known.
    pub(crate) auth_time: i64,
    pub(crate) nonce: Option<&'a str>,
}

/// An access token for an app.
pub(crate) fn access_token(context: &RequestContext, app: &ClientApp, of: &AccessTokenSubject<'_>) -> Result<String, OAuthError> {
    sign(context, access_token_algorithm(app, of.audiences), ACCESS_TOKEN, &access_token_claims(context, app, of))
}

/// What it says.
pub(crate) fn access_token_claims(context: &RequestContext, app: &ClientApp, of: &AccessTokenSubject<'_>) -> Value {
    let audience = match of.audiences {
        [] => json!(app.audiences.first()),
        [one] => json!(one),
        several => json!(several),
    };
    let mut claims = json!({
        "iss": context.live_store().store.public_url,
        "sub": of.subject,
        "aud": audience,
        "client_id": app.name,
        "scope": of.scopes,
        "iat": context.now(),
        "exp": context.now().saturating_add(LIFETIME),
        "jti": random::id(),
    });
    if let (Some((grant, auth_time)), Value::Object(claims)) = (of.grant, &mut claims) {
        claims.insert("gid".to_owned(), grant.into());
        if auth_time > 0 {
            claims.insert("auth_time".to_owned(), auth_time.into());
        }
        if let Some((user, provider)) = of.person.filter(|_| is_accepted_at_auth(context, app, of.audiences)) {
            let store = &context.live_store().store;
            let person = TokenIdentity::new(user, provider, &store.further);
            claims.insert(CLAIM.to_owned(), person.seal(&context.app().for_apps.persons, &store.public_url, grant).into());
        }
    }
    claims
}

/// How an access token for these audiences is signed; none stands for the default. A service that verifies it accepts what the settings of
/// the app say. One for the app alone is read by this store, at `/userinfo`, and is signed with what costs least.
fn access_token_algorithm(app: &ClientApp, audiences: &[Box<str>]) -> TokenAlgorithm {
    let audiences = if audiences.is_empty() { app.audiences.get(..1).unwrap_or_default() } else { audiences };
    let is_for_itself = audiences.iter().all(|audience| *audience == app.name);
    if is_for_itself { SESSION_ALGORITHM } else { app.signing }
}

/// Whether `/auth` accepts tokens for these audiences; without any, for the first of the app.
fn is_accepted_at_auth(context: &RequestContext, app: &ClientApp, audiences: &[Box<str>]) -> bool {
    let usual = app.audiences.first().filter(|_| audiences.is_empty());
    audiences.iter().chain(usual).any(|audience| context.live_store().store.bearer_audiences.contains(audience))
}

/// An ID token for an app, bound to the access token beside it.
pub(crate) fn id_token(
    context: &RequestContext,
    app: &ClientApp,
    of: &IdTokenSubject<'_>,
    access_token: &str,
) -> Result<String, OAuthError> {
    sign(context, app.signing, ID_TOKEN, &Value::Object(id_token_claims(context, app, of, access_token)))
}

/// What it says.
pub(crate) fn id_token_claims(
    context: &RequestContext,
    app: &ClientApp,
    of: &IdTokenSubject<'_>,
    access_token: &str,
) -> Map<String, Value> {
    let store = &context.live_store().store;
    let mut claims = claims_of_person(of.user, of.scopes, &store.further);
    let hash: [u8; 16] = sha256(access_token.as_bytes());
    // What belongs to the token itself comes last, so that no further claim of the settings takes its place.
    let own = json!({
        "iss": store.public_url,
        "sub": of.user.uid,
        "aud": app.name,
        "iat": context.now(),
        "exp": context.now().saturating_add(LIFETIME),
        "at_hash": URL_SAFE_NO_PAD.encode(hash),
        "sid": of.sid,
        "acr": format!("{PROVIDER_ACR}{}", of.provider),
        "amr": authentication_methods(of.provider),
    });
    if let Value::Object(own) = own {
        claims.extend(own);
    }
    if of.auth_time > 0 {
        claims.insert("auth_time".to_owned(), of.auth_time.into());
    }
    if let Some(nonce) = of.nonce {
        claims.insert("nonce".to_owned(), nonce.into());
    }
    claims
}

/// How the person signed in (RFC 8176): a passkey is a key whose possession was proven, and its authenticator has verified the person.
fn authentication_methods(provider: &str) -> &'static [&'static str] {
    match provider {
        EMAIL_CODE => &["otp"],
        PASSKEY => &["pop", "user", "mfa"],
        _ => &["fed"],
    }
}

fn sign(context: &RequestContext, algorithm: TokenAlgorithm, typ: &str, claims: &Value) -> Result<String, OAuthError> {
    let keys = context.signing_keys().ok_or(OAuthError::unavailable())?;
    keys.sign_claims(algorithm, typ, claims).ok_or(OAuthError::unavailable())
}

/// What a valid access token of this store says.
#[derive(Debug)]
pub(crate) struct VerifiedAccessToken {
    pub(crate) subject: Box<str>,
    pub(crate) app: Box<str>,
    pub(crate) scopes: Box<str>,
    /// The grant; `None` for an app on its own behalf.
    pub(crate) grant: Option<Box<str>>,
    pub(crate) issued: i64,
    pub(crate) expires: i64,
    pub(crate) claims: Map<String, Value>,
}

impl VerifiedAccessToken {
    /// Whether a token with these times is valid now.
    pub(crate) fn is_timely(issued: i64, expires: i64, now: i64) -> bool {
        now < expires && now >= issued.saturating_sub(CLOCKS_DIFFER)
    }

    pub(crate) fn has_scope(&self, word: &str) -> bool {
        scope::has(&self.scopes, word)
    }

    /// Whether a service with this name is among the audiences.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == name,
            Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(name)),
            _ => false,
        }
    }
}

/// The access token, if it is ours, has not expired, its grant has not ended, and its app is still there.
pub(crate) async fn verified_access_token(context: &RequestContext, token: &str) -> Result<Option<VerifiedAccessToken>, OAuthError> {
    let Some(claims) = own_claims(context, token, ACCESS_TOKEN).await? else { return Ok(None) };
    let token = read_access_token(claims, context.live_store(), context.now());
    let is_ended = |token: &VerifiedAccessToken| token.grant.as_deref().is_some_and(|grant| context.app().revocations.is_ended(grant));
    Ok(token.filter(|token| !is_ended(token)))
}

/// What the claims of a token say that a key of the store has signed, if it is for this store, has not expired, and its app is still there.
pub(crate) fn read_access_token(claims: Map<String, Value>, live_store: &LiveStore, now: i64) -> Option<VerifiedAccessToken> {
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(Box::<str>::from);
    let (expires, issued) = (number("exp")?, number("iat")?);
    let (subject, app, scopes) = (text("sub")?, text("client_id")?, text("scope")?);
    let is_ours = text("iss").as_deref() == Some(&*live_store.store.public_url) && live_store.apps.find(&app).is_some();
    let is_valid = is_ours && VerifiedAccessToken::is_timely(issued, expires, now);
    let grant = text("gid");
    is_valid.then_some(VerifiedAccessToken { subject, app, scopes, grant, issued, expires, claims })
}

/// What an ID token of ours says of whom it is about; it may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdTokenHint {
    pub(crate) uid: Box<str>,
    pub(crate) sid: Option<Box<str>>,
    /// The app for which it was issued.
    pub(crate) app: Box<str>,
}

/// The person of an ID token that was issued for an app.
pub(crate) fn hinted_user(context: &RequestContext, token: &str, app: &ClientApp) -> Option<IdTokenHint> {
    id_token_hint(context, token).filter(|hint| hint.app == app.name)
}

/// The person and the app of an ID token of this store.
pub(crate) fn id_token_hint(context: &RequestContext, token: &str) -> Option<IdTokenHint> {
    let claims = context.signing_keys()?.verify_claims(token, ID_TOKEN, LONGEST)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(Box::<str>::from);
    // A session's token is of the same type, and no ID token.
    let is_ours = text("iss").as_deref() == Some(&*context.live_store().store.public_url) && !claims.contains_key("idp_sub");
    let hint = IdTokenHint { uid: text("sub")?, sid: text("sid"), app: text("aud")? };
    (is_ours && claims.contains_key("acr")).then_some(hint)
}

/// The claims of a token that this store has signed.
async fn own_claims(context: &RequestContext, token: &str, typ: &str) -> Result<Option<Map<String, Value>>, OAuthError> {
    if token.len() > LONGEST {
        return Ok(None);
    }
    context.read_new_key(token, LONGEST).await?;
    let claims = context.signing_keys().and_then(|keys| keys.verify_claims(token, typ, LONGEST));
    let issuer = &*context.live_store().store.public_url;
    Ok(claims.filter(|claims| claims.get("iss").and_then(Value::as_str) == Some(issuer)))
}
