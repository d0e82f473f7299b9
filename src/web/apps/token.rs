//! `/token`: a code, a refresh token, or an app's own proof of who it is becomes an access token.

use crate::apps::client_app::{AppGrantKind, ClientApp};
use crate::apps::code::AuthorizationCode;
use crate::apps::refresh_token::RefreshToken;
use crate::apps::scope::{self, EMAIL, OFFLINE_ACCESS, OPENID, PROFILE};
use crate::directory::app_grants::{
    AppGrant, AppUser, CodeRedemption, FindAppGrant, NewAppGrant, RedeemCode, RefreshOutcome, RotateRefreshToken,
};
use crate::vocabulary::hash::sha256;
use crate::web::apps::app_token::{self, AccessTokenSubject, IdTokenSubject};
use crate::web::apps::authentication::authenticated_app;
use crate::web::apps::authorize::{is_provider_allowed, provider_file};
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::oauth_form::OAuthForm;
use crate::web::apps::userinfo::userinfo_of;
use crate::web::apps::{authentication, cross_origin, fresh_tokens, refusals, revoke};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::header::{AUTHORIZATION, PRAGMA};
use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// How long a refresh token that nothing uses stays valid, in seconds.
const REFRESH_IDLE: i64 = 30 * 86400;

pub(crate) async fn token(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let issued = issue(&context).await;
    if let Err(error) = &issued {
        let asked =
            OAuthForm::of_request(&context).ok().and_then(|form| authentication::presented_name(context.header(AUTHORIZATION), &form));
        // An unknown name may be anything.
        let asked = asked.filter(|asked| authentication::find_app(&context, asked).is_some());
        refusals::record(&context, asked.as_deref(), error.code).await;
    }
    let mut response = issued.unwrap_or_else(|error| error.to_response());
    cross_origin::allow_app_pages(&context, response.headers_mut());
    Ok(response)
}

async fn issue(context: &RequestContext) -> Result<HttpResponse, OAuthError> {
    let form = OAuthForm::of_request(context)?;
    let app = authenticated_app(context, &form).await?;
    let kind = match form.required("grant_type", "`grant_type` is missing")? {
        "authorization_code" => AppGrantKind::AuthorizationCode,
        "refresh_token" => AppGrantKind::RefreshToken,
        "client_credentials" => AppGrantKind::ClientCredentials,
        _ => return Err(OAuthError::new("unsupported_grant_type", "there is no such grant here")),
    };
    if !app.grants.contains(kind) {
        return Err(OAuthError::new("unauthorized_client", "the settings of the store do not allow this app this grant"));
    }
    let tokens = match kind {
        AppGrantKind::AuthorizationCode => by_code(context, &app, &form).await?,
        AppGrantKind::RefreshToken => by_refresh_token(context, &app, &form).await?,
        AppGrantKind::ClientCredentials => on_own_behalf(context, &app, &form)?,
        AppGrantKind::TokenExchange => return Err(OAuthError::new("unsupported_grant_type", "there is no such grant here")),
    };
    Ok(HttpResponse::Ok().insert_header((PRAGMA, "no-cache")).json(Value::Object(tokens)))
}

async fn by_code(context: &RequestContext, app: &ClientApp, form: &OAuthForm) -> Result<Map<String, Value>, OAuthError> {
    let issuer = &*context.live_store().store.public_url;
    let presented = form.required("code", "`code` is missing")?;
    let redirect_uri = form.required("redirect_uri", "`redirect_uri` is missing")?;
    let code = AuthorizationCode::open(&context.app().for_apps.codes, issuer, presented).ok_or(OAuthError::invalid_grant())?;
    let is_right = code.app == app.name
        && *code.redirect_uri == *redirect_uri
        && is_verified(code.challenge.as_deref(), form.value("code_verifier"))
        && is_provider_allowed(app, provider_file(context, &code.provider).as_deref());
    if !is_right {
        return Err(OAuthError::invalid_grant());
    }
    if context.now() >= code.until {
        // It may have been redeemed in time, and this may be a thief.
        revoke::end_grant(context, app, &code.id).await?;
        return Err(OAuthError::invalid_grant());
    }
    let resources = audiences(app, form, &code.resources)?;
    // The settings may allow less than when the code was issued.
    let scopes = still_allowed(app, &code.scope);
    let offline = scope::has(&scopes, OFFLINE_ACCESS) && app.grants.contains(AppGrantKind::RefreshToken);
    let issued = code.issued();
    let until = context.now().saturating_add(if offline { REFRESH_IDLE } else { app_token::LIFETIME });
    let AuthorizationCode { id, uid, sid, provider, auth_time, nonce, .. } = code;
    let grant = NewAppGrant {
        id: id.clone(),
        store: context.live_store().store.name.clone(),
        uid,
        app: app.name.clone(),
        sid: sid.clone(),
        offline,
        scopes: scopes.clone(),
        provider: provider.clone(),
        auth_time,
        until,
    };
    let user = match context.app().directory.write(RedeemCode { grant, issued, now: context.now() }).await? {
        CodeRedemption::Granted(user) => user,
        CodeRedemption::Reused => return Err(refuse_reused(context, &id, until)),
        CodeRedemption::SessionOver => return Err(OAuthError::invalid_grant()),
    };
    let refresh = offline.then(|| RefreshToken { grant: id.clone(), rotation: 0 });
    let of = TokensOfGrant { id: &id, sid: &sid, provider: &provider, auth_time, nonce: nonce.as_deref(), resources: &resources, refresh };
    let tokens = tokens_of_grant(context, app, &user, &scopes, of)?;
    if let Some(Value::String(access_token)) = tokens.get("access_token")
        && scope::has(&scopes, OPENID)
    {
        let claims = userinfo_of(&user, &scopes, &context.live_store().store.further);
        fresh_tokens::remember(context, app, access_token, (&id, (!offline).then_some(&*sid)), claims);
    }
    Ok(tokens)
}

/// What was redeemed twice ended its grant: this machine forgets it at once, the others with the next look into storage.
fn refuse_reused(context: &RequestContext, grant: &str, until: i64) -> OAuthError {
    context.app().revocations.record_end(grant, until);
    OAuthError::invalid_grant()
}

/// Whether the verifier is the one of the challenge (RFC 7636). A verifier without a challenge is refused: the request may have lost its
/// challenge on the way.
fn is_verified(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let is_form = (43..=128).contains(&verifier.len())
                && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'));
            let hash = URL_SAFE_NO_PAD.encode(sha256::<32>(verifier.as_bytes()));
            is_form && constant_time::verify_slices_are_equal(hash.as_bytes(), challenge.as_bytes()).is_ok()
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

async fn by_refresh_token(context: &RequestContext, app: &ClientApp, form: &OAuthForm) -> Result<Map<String, Value>, OAuthError> {
    let store = &context.live_store().store;
    let presented = form.required("refresh_token", "`refresh_token` is missing")?;
    let presented = RefreshToken::read(&context.app().for_apps.refresh, &store.public_url, presented).ok_or(OAuthError::invalid_grant())?;
    let until = context.now().saturating_add(REFRESH_IDLE);
    let found = context.app().directory.read(FindAppGrant { store: store.name.clone(), id: presented.grant.clone() }).await?;
    if let Some((grant, _)) = &found {
        let is_offline = scope::has(&still_allowed(app, &grant.scopes), OFFLINE_ACCESS);
        if grant.app != app.name || !is_offline || !is_provider_allowed(app, provider_file(context, &grant.provider).as_deref()) {
            return Err(OAuthError::invalid_grant());
        }
        if form.value("scope").is_some_and(|asked| scope::words(asked).iter().any(|word| !scope::has(&grant.scopes, word))) {
            return Err(OAuthError::new("invalid_scope", "a refresh brings no scope that was not granted"));
        }
    }
    let rotate = RotateRefreshToken {
        id: presented.grant.clone(),
        store: store.name.clone(),
        app: app.name.clone(),
        presented: presented.rotation,
        grace: store.refresh_grace,
        until,
        now: context.now(),
    };
    let resources = audiences(app, form, &[])?;
    let (grant, user) = match context.app().directory.write(rotate).await? {
        RefreshOutcome::Rotated(grant, user) | RefreshOutcome::Repeated(grant, user) => (grant, user),
        RefreshOutcome::Reused => return Err(refuse_reused(context, &presented.grant, until)),
        RefreshOutcome::Over => return Err(OAuthError::invalid_grant()),
    };
    let AppGrant { id, claimed_sid, provider, auth_time, scopes, rotation, .. } = grant;
    let scopes = still_allowed(app, form.value("scope").unwrap_or(&scopes));
    let refresh = Some(RefreshToken { grant: id.clone(), rotation });
    let of = TokensOfGrant { id: &id, sid: &claimed_sid, provider: &provider, auth_time, nonce: None, resources: &resources, refresh };
    tokens_of_grant(context, app, &user, &scopes, of)
}

/// The audiences for which the app asks at `/token` (RFC 8707): some of those that were granted, or of its own if none were named.
fn audiences(app: &ClientApp, form: &OAuthForm, granted: &[Box<str>]) -> Result<Vec<Box<str>>, OAuthError> {
    let asked: Vec<Box<str>> = form.values("resource").map(Into::into).collect();
    let allowed = if granted.is_empty() { &*app.audiences } else { granted };
    if !asked.iter().all(|audience| allowed.contains(audience)) {
        return Err(OAuthError::new("invalid_target", "`resource` is not among the audiences that this app may ask for here"));
    }
    Ok(if asked.is_empty() { granted.to_vec() } else { asked })
}

/// The scopes that the settings allow the app now.
fn still_allowed(app: &ClientApp, scopes: &str) -> Box<str> {
    scope::granted(scopes, |word| app.scopes.iter().any(|allowed| **allowed == *word))
}

struct TokensOfGrant<'a> {
    id: &'a str,
    sid: &'a str,
    provider: &'a str,
    auth_time: i64,
    nonce: Option<&'a str>,
    resources: &'a [Box<str>],
    refresh: Option<RefreshToken>,
}

fn tokens_of_grant(
    context: &RequestContext,
    app: &ClientApp,
    user: &AppUser,
    scopes: &str,
    of: TokensOfGrant<'_>,
) -> Result<Map<String, Value>, OAuthError> {
    let TokensOfGrant { id, sid, provider, auth_time, nonce, resources, refresh } = of;
    let access = AccessTokenSubject { subject: &user.uid, scopes, audiences: resources, grant: Some((id, auth_time)) };
    let access_token = app_token::access_token(context, app, &access)?;
    let mut tokens = Map::new();
    if scope::has(scopes, OPENID) {
        let file = provider_file(context, provider);
        let provider = file.as_deref().unwrap_or(provider);
        let about = IdTokenSubject { user, scopes, sid, provider, auth_time, nonce };
        tokens.insert("id_token".to_owned(), app_token::id_token(context, app, &about, &access_token)?.into());
    }
    if let Some(refresh) = refresh {
        let token = refresh.issue(&context.app().for_apps.refresh, &context.live_store().store.public_url);
        tokens.insert("refresh_token".to_owned(), token.into());
    }
    add_access_token(&mut tokens, access_token, scopes);
    Ok(tokens)
}

fn add_access_token(tokens: &mut Map<String, Value>, access_token: String, scopes: &str) {
    tokens.insert("access_token".to_owned(), access_token.into());
    tokens.insert("token_type".to_owned(), "Bearer".into());
    tokens.insert("expires_in".to_owned(), json!(app_token::LIFETIME));
    tokens.insert("scope".to_owned(), scopes.into());
}

/// An app acts on its own behalf. No person stands behind it, so it gets none of their scopes.
fn on_own_behalf(context: &RequestContext, app: &ClientApp, form: &OAuthForm) -> Result<Map<String, Value>, OAuthError> {
    if app.is_public() {
        return Err(OAuthError::new("unauthorized_client", "an app without a secret cannot act on its own behalf"));
    }
    let is_of_a_person = |word: &str| [OPENID, EMAIL, PROFILE, OFFLINE_ACCESS].contains(&word);
    let is_allowed = |word: &str| !is_of_a_person(word) && app.scopes.iter().any(|allowed| **allowed == *word);
    let asked = form.value("scope");
    let all = app.scopes.join(" ");
    let scopes = scope::granted(asked.unwrap_or(&all), is_allowed);
    if asked.is_some() && scopes.is_empty() {
        return Err(OAuthError::new("invalid_scope", "none of the requested scopes is among the `scopes` of this app"));
    }
    let audiences = audiences(app, form, &[])?;
    let access = AccessTokenSubject { subject: &app.name, scopes: &scopes, audiences: &audiences, grant: None };
    let mut tokens = Map::new();
    add_access_token(&mut tokens, app_token::access_token(context, app, &access)?, &scopes);
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack V-02
    #[test]
    fn only_the_verifier_of_the_challenge_redeems_a_code() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let hash_of = |verifier: &str| URL_SAFE_NO_PAD.encode(sha256::<32>(verifier.as_bytes()));
        let (short, long) = ("a".repeat(42), "a".repeat(129));

        assert!(is_verified(Some(challenge), Some(verifier)) && is_verified(None, None));
        assert!(!is_verified(None, Some(verifier)) && !is_verified(Some(challenge), None));
        assert!(!is_verified(Some(challenge), Some(challenge)), "as with `plain`");
        assert!(!is_verified(Some(challenge), Some(&verifier.to_uppercase())));
        for odd in [short.as_str(), long.as_str(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX "] {
            assert!(!is_verified(Some(&hash_of(odd)), Some(odd)), "{odd}");
        }
    }
}
