//! `GET …/authentication/start`: a page of a storefront begins to sign its shopper in, and learns of the ways that there are.

use crate::login::return_to::is_listed_origin;
use crate::provider::email_code::EMAIL_CODE;
use crate::session::Session;
use crate::stores::live::LiveProvider;
use crate::web::cookies;
use crate::web::presented_tokens::PresentedTokens;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in_offer::SignInOffer;
use crate::web::user_facing_error::UserFacingError;
use crate::web::vtex_id::{authentication_token, require_calls};
use actix_web::HttpResponse;
use actix_web::http::header::ORIGIN;
use serde_json::{Value, json};
use std::sync::Arc;

/// The answer holds everything that the page needs to draw its buttons.
pub(crate) async fn start(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    let return_to = requested_page(&context)?;
    let session = current_session(&context).await?;
    let offer = SignInOffer::new(&context, None, "/login");
    let (token, cookie) = authentication_token::issue(&context, return_to.as_deref());
    let mut response = HttpResponse::Ok();
    cookies::append_to(&mut response, [cookie]);
    Ok(response.json(json!({
        "authenticationToken": token,
        "oauthProviders": offer.live_providers.iter().map(described).collect::<Vec<Value>>(),
        "showClassicAuthentication": false,
        "showAccessKeyAuthentication": offer.email_code,
        "showPasskeyAuthentication": offer.passkey,
        "authCookie": null,
        "isAuthenticated": session.is_some(),
        "selectedProvider": selected_provider(&context, session.as_ref()),
        "samlProviders": [],
    })))
}

/// The providers alone.
pub(crate) async fn providers(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    context.check_rate_limit(RateLimitKind::Session)?;
    let providers: Vec<Value> = SignInOffer::new(&context, None, "/login").live_providers.iter().map(described).collect();
    Ok(HttpResponse::Ok().json(providers))
}

/// The session that the request presents.
pub(crate) async fn current_session(context: &RequestContext) -> Result<Option<Session>, UserFacingError> {
    match PresentedTokens::of(context.request().headers(), &context.live_store().store) {
        Ok(tokens) => context.presented_session(&tokens).await,
        Err(_) => Ok(None),
    }
}

/// A provider as these calls describe it: the text of its button, a name for style sheets, and nothing that a shopper would have to type.
fn described(live_provider: &Arc<LiveProvider>) -> Value {
    let provider = &live_provider.provider;
    json!({ "providerName": &*provider.title, "className": &*provider.name, "expectedContext": [] })
}

/// The provider of the session, or the one that this browser used last.
fn selected_provider(context: &RequestContext, session: Option<&Session>) -> Option<String> {
    let live_store = context.live_store();
    let snapshot = live_store.providers.snapshot();
    let of_session = session.filter(|session| *session.person.provider != *EMAIL_CODE);
    let found = match of_session {
        Some(session) => snapshot.provider_by_key(&session.person.provider),
        None => snapshot.provider(context.cookies().last_provider(&live_store.store)?),
    };
    found.map(|live_provider| live_provider.provider.title.to_string())
}

/// The page to which the shopper returns: an address, or a path of the page that asks. One that is not allowed counts as none.
fn requested_page(context: &RequestContext) -> Result<Option<String>, UserFacingError> {
    let Some(wanted) = context.query_parameter("returnUrl")? else { return Ok(None) };
    let store = &context.live_store().store;
    let is_path = wanted.starts_with('/') && !wanted.starts_with("//");
    let asking = context.header(ORIGIN).filter(|origin| store.return_to.iter().any(|listed| is_listed_origin(listed, origin)));
    // A page on the origin of the broker itself sends no origin with a `GET`.
    let base = asking.or_else(|| store.first_storefront()).filter(|_| is_path).unwrap_or_default();
    Ok(context.allowed_return_to(Some(format!("{base}{wanted}"))).unwrap_or_default())
}
