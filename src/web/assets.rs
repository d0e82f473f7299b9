//! What pages load: the style, the store's five lines of it, logos, and the script for storefronts; and the list for those that
//! draw their own buttons.

use crate::pages::frame::address;
use crate::pages::{ErrorCause, STYLE, embed_js, store_css};
use crate::web::headers::cross_origin_allowed;
use crate::web::live_config::read_picture;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session::allow_storefront_origins;
use crate::web::start;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use serde_json::json;

/// Addresses of these carry a version, so they may be kept for long.
const KEEP: &str = "public, max-age=31536000, immutable";
const KEEP_SHORTLY: &str = "public, max-age=300";

/// The style of the pages.
pub(crate) async fn style(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((CACHE_CONTROL, cache_lifetime(&asked))).body(STYLE))
}

/// For long only under the version that this is: another machine may already know the next.
pub(crate) fn cache_lifetime(asked: &RequestContext) -> &'static str {
    let is_this = asked.query_parameters().any(|(name, value)| name == "v" && value == asked.live_store().version);
    if is_this { KEEP } else { KEEP_SHORTLY }
}

/// The store's own lines of it.
pub(crate) async fn store_style(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let text = store_css(&asked.live_store().look);
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((CACHE_CONTROL, cache_lifetime(&asked))).body(text))
}

pub(crate) async fn logo(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let picture = asked.live_store().logo.clone().ok_or(ErrorCause::NoSuchPage)?;
    Ok(picture_response(picture.kind).body(picture.bytes))
}

/// What browsers ask for by themselves: the store's logo, or nothing.
pub(crate) async fn favicon(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    match asked.live_store().logo.clone() {
        Some(picture) => Ok(picture_response(picture.kind).body(picture.bytes)),
        None => Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, KEEP_SHORTLY)).finish()),
    }
}

/// A provider's logo: a file beside its own.
pub(crate) async fn provider_logo(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Page)?;
    let offer = start::requested_provider(&asked).map_err(|_| UserFacingError::from(ErrorCause::NoSuchPage))?;
    let name = offer.provider.logo.as_deref().ok_or(ErrorCause::NoSuchPage)?;
    let picture = read_picture(&asked.live_store().roster.folder().join(name)).ok_or(ErrorCause::NoSuchPage)?;
    Ok(picture_response(picture.kind).insert_header(cross_origin_allowed()).body(picture.bytes))
}

/// A picture may be looked at, and can do nothing.
fn picture_response(kind: &'static str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(kind).insert_header((CACHE_CONTROL, KEEP_SHORTLY));
    response.insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"));
    response
}

/// `<portaria-login>` for pages of the store.
pub(crate) async fn embed(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let script = embed_js(&asked.live_store().languages);
    let mut response = HttpResponse::Ok();
    response.content_type("text/javascript; charset=utf-8").insert_header((CACHE_CONTROL, KEEP_SHORTLY));
    Ok(response.insert_header(cross_origin_allowed()).body(script))
}

/// The providers, for storefronts that draw their own buttons.
pub(crate) async fn providers(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Session)?;
    let url = &asked.live_store().store.public_url;
    let provider = |offer: &std::sync::Arc<crate::stores::live::LiveProvider>| {
        let provider = &offer.provider;
        let logo = provider.logo.as_ref().map(|_| format!("{url}{}", address(&["logo", &provider.name], &[])));
        json!({ "id": &*provider.name, "name": &*provider.title, "logo": logo, "login": format!("{url}{}", address(&["login", &provider.name], &[])) })
    };
    let providers: Vec<serde_json::Value> = asked.live_store().providers_with_button().iter().map(provider).collect();
    Ok(allow_storefront_origins(&asked, &mut HttpResponse::Ok()).json(json!({ "providers": providers })))
}

pub(crate) async fn jwks(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, KEEP_SHORTLY)).insert_header(cross_origin_allowed());
    Ok(response.json(asked.app().signing.keys().jwks()))
}
