//! `/introspect`: a service asks whether a token is valid (RFC 7662). Only the app to which a token was issued, and an app for which it is
//! meant, learn anything of it. Two apps that ask for the same audience are not that service, so neither looks up tokens of the other.

use crate::apps::client_app::{AppGrantKind, ClientApp};
use crate::apps::refresh_token::RefreshToken;
use crate::directory::app_grants::{AppGrant, FindAppGrant};
use crate::web::apps::app_token::verified_access_token;
use crate::web::apps::authentication::authenticated_app;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::oauth_form::OAuthForm;
use crate::web::apps::token_identity;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use serde_json::{Value, json};

pub(crate) async fn introspect(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(match describe(&context).await {
        Ok(description) => HttpResponse::Ok().json(description.unwrap_or_else(|| json!({ "active": false }))),
        Err(error) => error.to_response(),
    })
}

async fn describe(context: &RequestContext) -> Result<Option<Value>, OAuthError> {
    context.require_fresh_revocations()?;
    let form = OAuthForm::of_request(context)?;
    let app = authenticated_app(context, &form).await?;
    if app.is_public() {
        return Err(OAuthError::invalid_client());
    }
    let token = form.required("token", "`token` is missing")?;
    match describe_access_token(context, &app, token).await? {
        Some(description) => Ok(Some(description)),
        None => describe_refresh_token(context, &app, token).await,
    }
}

async fn describe_access_token(context: &RequestContext, app: &ClientApp, token: &str) -> Result<Option<Value>, OAuthError> {
    let Some(token) = verified_access_token(context, token).await? else { return Ok(None) };
    let concerns_app = token.app == app.name || token.is_for(&app.name) || app.serves.iter().any(|name| token.is_for(name));
    if !concerns_app {
        return Ok(None);
    }
    let mut description = token.claims;
    // It is for `/auth` alone.
    description.remove(token_identity::CLAIM);
    description.insert("active".to_owned(), true.into());
    description.insert("token_type".to_owned(), "Bearer".into());
    Ok(Some(Value::Object(description)))
}

async fn describe_refresh_token(context: &RequestContext, app: &ClientApp, token: &str) -> Result<Option<Value>, OAuthError> {
    let store = &context.live_store().store;
    let Some(token) = RefreshToken::read(&context.app().for_apps.refresh, &store.public_url, token) else { return Ok(None) };
    let found = context.app().directory.read(FindAppGrant { store: store.name.clone(), id: token.grant }).await?;
    let is_current = |grant: &AppGrant| grant.app == app.name && grant.rotation == token.rotation && context.now() < grant.until;
    let can_refresh = app.grants.contains(AppGrantKind::RefreshToken);
    let Some((grant, _)) = found.filter(|(grant, _)| can_refresh && is_current(grant)) else { return Ok(None) };
    Ok(Some(json!({
        "active": true,
        "iss": store.public_url,
        "sub": grant.uid,
        "client_id": grant.app,
        "scope": grant.scopes,
        "exp": grant.until,
        "token_type": "refresh_token",
    })))
}
