//! `/token`: a code, a refresh token, a token of a provider, or an app's own proof of who it is becomes an access token.

use crate::apps::audiences::GrantedAudiences;
use crate::apps::client_app::{AppGrantKind, ClientApp};
use crate::apps::code::AuthorizationCode;
use crate::apps::exchange_request;
use crate::apps::refresh_token::RefreshToken;
use crate::apps::scope::{self, EMAIL, OFFLINE_ACCESS, OPENID, PROFILE};
use crate::directory::app_grants::{AppGrant, CodeRedemption, FindAppGrant, NewAppGrant, RedeemCode, RefreshOutcome, RotateRefreshToken};
use crate::vocabulary::hash::sha256;
use crate::web::apps::app_token::{self, AccessTokenSubject};
use crate::web::apps::authentication::authenticated_app;
use crate::web::apps::authorize::{is_provider_allowed, provider_file};
use crate::web::apps::granted_tokens::{REFRESH_IDLE, TokensOfGrant, add_access_token, chosen_audiences, still_allowed, tokens_of_grant};
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::oauth_form::OAuthForm;
use crate::web::apps::userinfo::userinfo_of;
use crate::web::apps::{authentication, cross_origin, fresh_tokens, refusals, revoke, token_exchange};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::header::{AUTHORIZATION, PRAGMA};
use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

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
        exchange_request::GRANT_TYPE => AppGrantKind::TokenExchange,
        _ => return Err(OAuthError::new("unsupported_grant_type", "there is no such grant here")),
    };
    if !app.grants.contains(kind) {
        return Err(OAuthError::new("unauthorized_client", "the settings of the store do not allow this app this grant"));
    }
    let tokens = match kind {
        AppGrantKind::AuthorizationCode => by_code(context, &app, &form).await?,
        AppGrantKind::RefreshToken => by_refresh_token(context, &app, &form).await?,
        AppGrantKind::ClientCredentials => on_own_behalf(context, &app, &form)?,
        AppGrantKind::TokenExchange => token_exchange::by_subject_token(context, &app, &form).await?,
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
    let resources: Box<str> = code.resources.join(" ").into();
    let audiences = chosen_audiences(app, GrantedAudiences { resources: &resources, usual: "" }, form.values("resource"))?;
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
        resources,
        audiences: audiences.join(" ").into(),
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
    let of = TokensOfGrant { id: &id, sid: &sid, provider: &provider, auth_time, nonce: nonce.as_deref(), audiences: &audiences, refresh };
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
    let mut audiences = Vec::new();
    if let Some((grant, _)) = &found {
        let is_offline = scope::has(&still_allowed(app, &grant.scopes), OFFLINE_ACCESS);
        if grant.app != app.name || !is_offline || !is_provider_allowed(app, provider_file(context, &grant.provider).as_deref()) {
            return Err(OAuthError::invalid_grant());
        }
        if form.value("scope").is_some_and(|asked| scope::words(asked).iter().any(|word| !scope::has(&grant.scopes, word))) {
            return Err(OAuthError::new("invalid_scope", "a refresh brings no scope that was not granted"));
        }
        let granted = GrantedAudiences { resources: &grant.resources, usual: &grant.audiences };
        audiences = chosen_audiences(app, granted, form.values("resource"))?;
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
    let (grant, user) = match context.app().directory.write(rotate).await? {
        RefreshOutcome::Rotated(grant, user) | RefreshOutcome::Repeated(grant, user) => (grant, user),
        RefreshOutcome::Reused => return Err(refuse_reused(context, &presented.grant, until)),
        RefreshOutcome::Over => return Err(OAuthError::invalid_grant()),
    };
    let AppGrant { id, claimed_sid, provider, auth_time, scopes, rotation, .. } = grant;
    let scopes = still_allowed(app, form.value("scope").unwrap_or(&scopes));
    let refresh = Some(RefreshToken { grant: id.clone(), rotation });
    let of = TokensOfGrant { id: &id, sid: &claimed_sid, provider: &provider, auth_time, nonce: None, audiences: &audiences, refresh };
    tokens_of_grant(context, app, &user, &scopes, of)
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
    let audiences = chosen_audiences(app, GrantedAudiences::default(), form.values("resource"))?;
    let access = AccessTokenSubject { subject: &app.name, scopes: &scopes, audiences: &audiences, grant: None, person: None };
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
