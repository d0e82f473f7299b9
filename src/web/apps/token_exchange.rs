//! `/token` by a token of the provider (RFC 8693): an app that has signed a person in at the provider itself, such as a mobile app, gets
//! tokens of the store. The token is proven as at `/exchange`, and the rules of a login hold.

use crate::apps::audiences::GrantedAudiences;
use crate::apps::client_app::ClientApp;
use crate::apps::exchange_request::{ExchangeRequest, RequestedToken, SubjectToken, hashed_nonce, read_exchange_request};
use crate::apps::refresh_token::RefreshToken;
use crate::apps::scope;
use crate::directory::app_consents::FindConsentOfIdentity;
use crate::directory::app_grants::{CodeRedemption, NewAppGrant, RedeemCode};
use crate::login::exchange::{HandedNonce, HandedTokens};
use crate::provider::identity::Identity;
use crate::provider::signed_token::unverified_claims;
use crate::session::{Session, SessionLifetime};
use crate::stores::live::LiveProvider;
use crate::vocabulary::text::Text;
use crate::web::apps::granted_tokens::{REFRESH_IDLE, TokensOfGrant, chosen_audiences, tokens_of_grant};
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::oauth_form::OAuthForm;
use crate::web::apps::{app_token, consent};
use crate::web::exchange::{ExchangeRefusal, obtain_identity};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in;
use crate::world::random;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Exchanges the token that an app hands in.
pub(crate) async fn by_subject_token(
    context: &RequestContext,
    app: &ClientApp,
    form: &OAuthForm,
) -> Result<Map<String, Value>, OAuthError> {
    let request = read_exchange_request(app, |name| form.value(name)).map_err(|error| OAuthError::new(error.code, error.description))?;
    // Without fresh revocations no session can be opened.
    context.require_fresh_revocations()?;
    let audiences = chosen_audiences(app, GrantedAudiences::default(), form.values("resource").chain(form.values("audience")))?;
    if app.is_public() {
        context.check_rate_limit(RateLimitKind::Callback)?;
    }
    let claims = unverified_claims(request.token);
    let claim = |name: &str| claims.as_ref().and_then(|claims| claims.get(name)).and_then(Value::as_str);
    if claim("iss") == Some(&*context.live_store().store.public_url) {
        return Err(OAuthError::new("invalid_request", "a token of this store is not exchanged: hand in a token of the provider"));
    }
    let live_provider = provider_of(context, app, &request, claim("iss"))?;
    let handed = handed_tokens(app, &request, claim("nonce"));
    let exchanged = obtain_identity(context, &live_provider, &handed).await.map_err(ExchangeRefusal::into_oauth_error)?;
    let session = sign_in(context, app, &request, &live_provider, &exchanged.identity).await?;
    let signed_in = exchanged.token.signed_in.unwrap_or_default();
    let tokens = begin_grant(context, app, &request, (&session, signed_in), &audiences).await?;
    Ok(in_answer(tokens, request.requested))
}

/// The provider of the token: the one that the app names, the only one through which people may sign in to the app, or the one that the
/// token names as its issuer. The provider's file then says whether the token is one.
fn provider_of(
    context: &RequestContext,
    app: &ClientApp,
    request: &ExchangeRequest<'_>,
    issuer: Option<&str>,
) -> Result<Arc<LiveProvider>, OAuthError> {
    let snapshot = context.live_store().providers.snapshot();
    let is_allowed = |live: &Arc<LiveProvider>| app.allows(&live.listed.name) && context.live_store().shows_provider(&live.listed.name);
    let only = app.providers.as_ref().and_then(|providers| if let [only] = providers.as_slice() { Some(&**only) } else { None });
    if let Some(named) = request.provider.or(only) {
        let found = snapshot.provider(named).filter(|live| is_allowed(live)).cloned();
        return found.ok_or(OAuthError::new("invalid_request", "there is no such provider, or this app may not be used through it"));
    }
    let of_issuer = |live: &&Arc<LiveProvider>| issuer.is_some_and(|issuer| live.fingerprint.names_issuer(issuer));
    let mut found = snapshot.all().filter(|live| is_allowed(live)).filter(of_issuer);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(Arc::clone(one)),
        (None, _) | (Some(_), Some(_)) => {
            Err(OAuthError::new("invalid_request", "it is not clear which provider has issued the token: name its file by `provider`"))
        }
    }
}

/// What is verified. The nonce of an ID token that an app without a secret hands in has to be the hash of a text that the app alone has.
fn handed_tokens(app: &ClientApp, request: &ExchangeRequest<'_>, claimed: Option<&str>) -> HandedTokens {
    let nonce = request.nonce.map(|nonce| if app.is_public() { hashed_nonce(nonce, claimed) } else { nonce.to_owned() });
    let nonce = nonce.map_or(HandedNonce::None, |nonce| HandedNonce::Given(Text::secret(nonce, &"nonce".into())));
    match request.kind {
        SubjectToken::Id => HandedTokens { id_token: Some(Text::secret(request.token, &"idToken".into())), access_token: None, nonce },
        SubjectToken::Access => {
            HandedTokens { id_token: None, access_token: Some(Text::secret(request.token, &"accessToken".into())), nonce }
        }
    }
}

/// Signs the person in by the rules of a login. No browser gets the session, so it lasts only as long as the first tokens. A person who
/// has to agree first can do that at `/authorize` alone.
async fn sign_in(
    context: &RequestContext,
    app: &ClientApp,
    request: &ExchangeRequest<'_>,
    live_provider: &Arc<LiveProvider>,
    identity: &Identity,
) -> Result<Session, OAuthError> {
    let store = &context.live_store().store;
    let no_consent = || OAuthError::new("consent_required", "the person has to agree first: send the browser to `/authorize`");
    let mut who_agreed = None;
    if app.asks_consent {
        let Identity { provider, id, fingerprint, .. } = identity.clone();
        let find = FindConsentOfIdentity {
            store: store.name.clone(),
            provider,
            provider_id: id,
            fingerprint,
            app: app.name.clone(),
            shown: consent::shown_to_person(app),
        };
        let found = context.app().directory.read(find).await?;
        let covers = |allowed: &str| scope::words(&request.scope).iter().all(|word| scope::has(allowed, word));
        who_agreed = Some(found.filter(|(_, allowed)| covers(allowed)).ok_or_else(no_consent)?.0);
    }
    let lifetime = store.lasting.lifetime.min(app_token::LIFETIME);
    let lasting = SessionLifetime { lifetime, idle: store.lasting.idle.min(lifetime) };
    match sign_in::sign_in(context, identity, &live_provider.version, None, lasting).await? {
        Ok((session, rule)) if who_agreed.is_none_or(|uid| uid == session.person.uid) => {
            sign_in::announce(context, live_provider, &session, rule);
            Ok(session)
        }
        Ok(_) => Err(no_consent()),
        Err(refusal) => {
            let error = sign_in::refused(context, live_provider, identity, None, refusal).await;
            Err(OAuthError::of_login(&error, (error.cause.status(), error.cause.name()), None))
        }
    }
}

async fn begin_grant(
    context: &RequestContext,
    app: &ClientApp,
    request: &ExchangeRequest<'_>,
    (session, auth_time): (&Session, i64),
    audiences: &[Box<str>],
) -> Result<Map<String, Value>, OAuthError> {
    let (id, offline) = (random::id(), request.is_offline());
    let person = &session.person;
    let grant = NewAppGrant {
        id: id.clone(),
        store: context.live_store().store.name.clone(),
        uid: person.uid.clone(),
        app: app.name.clone(),
        sid: session.sid.clone(),
        offline,
        scopes: request.scope.clone(),
        resources: "".into(),
        audiences: audiences.join(" ").into(),
        provider: person.provider.clone(),
        auth_time,
        until: context.now().saturating_add(if offline { REFRESH_IDLE } else { app_token::LIFETIME }),
    };
    let CodeRedemption::Granted(user) =
        context.app().directory.write(RedeemCode { grant, issued: context.now(), now: context.now() }).await?
    else {
        return Err(OAuthError::invalid_grant());
    };
    let refresh = offline.then(|| RefreshToken { grant: id.clone(), rotation: 0 });
    let (sid, provider) = (&session.sid, &person.provider);
    let of = TokensOfGrant { id: &id, sid, provider, auth_time, nonce: None, audiences, refresh };
    tokens_of_grant(context, app, &user, &request.scope, of)
}

/// The answer: what was requested stands in `access_token`, whatever it is (RFC 8693, 2.2.1).
fn in_answer(mut tokens: Map<String, Value>, requested: RequestedToken) -> Map<String, Value> {
    let member = match requested {
        RequestedToken::Access => None,
        RequestedToken::Refresh => Some(("refresh_token", REFRESH_IDLE)),
        RequestedToken::Id => Some(("id_token", app_token::LIFETIME)),
    };
    if let Some((token, lifetime)) = member.and_then(|(member, lifetime)| Some((tokens.remove(member)?, lifetime))) {
        tokens.insert("access_token".to_owned(), token);
        tokens.insert("token_type".to_owned(), "N_A".into());
        tokens.insert("expires_in".to_owned(), json!(lifetime));
    }
    tokens.insert("issued_token_type".to_owned(), requested.token_type().into());
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8693, 2.2.1
    #[test]
    fn what_was_requested_stands_in_one_place_whatever_it_is() {
        let tokens =
            json!({ "access_token": "a", "refresh_token": "r", "id_token": "i", "token_type": "Bearer", "expires_in": 900, "scope": "s" });
        let kind = |name: &str| format!("urn:ietf:params:oauth:token-type:{name}");
        for (requested, expected) in [
            (
                RequestedToken::Access,
                json!({ "access_token": "a", "refresh_token": "r", "id_token": "i", "token_type": "Bearer", "expires_in": 900, "scope": "s", "issued_token_type": kind("access_token") }),
            ),
            (
                RequestedToken::Refresh,
                json!({ "access_token": "r", "id_token": "i", "token_type": "N_A", "expires_in": 2_592_000, "scope": "s", "issued_token_type": kind("refresh_token") }),
            ),
            (
                RequestedToken::Id,
                json!({ "access_token": "i", "refresh_token": "r", "token_type": "N_A", "expires_in": 900, "scope": "s", "issued_token_type": kind("id_token") }),
            ),
        ] {
            let Value::Object(tokens) = tokens.clone() else { unreachable!("it is an object") };
            assert_eq!(Value::Object(in_answer(tokens, requested)), expected);
        }
    }
}
