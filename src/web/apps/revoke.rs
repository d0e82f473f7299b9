//! `/revoke`: an app gives a token back (RFC 7009). The whole grant ends. A token that is not valid, or is another app's, is answered alike.

use crate::apps::client_app::ClientApp;
use crate::apps::refresh_token::RefreshToken;
use crate::directory::app_grants::FindAppGrant;
use crate::directory::audit::AuditActor;
use crate::directory::ended_grants::EndAppGrant;
use crate::web::apps::app_token::verified_access_token;
use crate::web::apps::authentication::authenticated_app;
use crate::web::apps::cross_origin;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::oauth_form::OAuthForm;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;

pub(crate) async fn revoke(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let mut response = match end_grant_of_token(&context).await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(error) => error.to_response(),
    };
    cross_origin::allow_app_pages(&context, response.headers_mut());
    Ok(response)
}

async fn end_grant_of_token(context: &RequestContext) -> Result<(), OAuthError> {
    let form = OAuthForm::of_request(context)?;
    let app = authenticated_app(context, &form).await?;
    let token = form.required("token", "`token` is missing")?;
    let store = &context.live_store().store;
    let of_refresh_token = RefreshToken::read(&context.app().for_apps.refresh, &store.public_url, token).map(|token| token.grant);
    let grant = match of_refresh_token {
        Some(grant) => Some(grant),
        None => verified_access_token(context, token).await?.filter(|token| token.app == app.name).and_then(|token| token.grant),
    };
    match grant {
        Some(id) => end_grant(context, &app, &id).await,
        None => Ok(()),
    }
}

/// Ends a grant of an app, if there is one.
pub(crate) async fn end_grant(context: &RequestContext, app: &ClientApp, id: &str) -> Result<(), OAuthError> {
    let store = &context.live_store().store.name;
    let Some((grant, _)) = context.app().directory.read(FindAppGrant { store: store.clone(), id: id.into() }).await? else {
        return Ok(());
    };
    let end = EndAppGrant { store: store.clone(), app: app.name.clone(), id: id.into(), by: AuditActor::App, now: context.now() };
    if context.app().directory.write(end).await? {
        context.app().revocations.record_end(id, grant.until);
    }
    Ok(())
}
