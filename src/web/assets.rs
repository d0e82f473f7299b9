//! What pages load: the style, logos and the script for storefronts; and the list of providers for
//! storefronts that draw their own buttons.

use crate::pages::frame::address;
use crate::pages::{ErrorCause, PASSKEY_SCRIPT, embed_js, store_css};
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::stores::live::LiveProvider;
use crate::stores::picture::Picture;
use crate::web::headers::cross_origin_allowed;
use crate::web::passkey_form::passkey_page_address;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session::allow_storefront_origins;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{email_code, start};
use actix_web::HttpResponse;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::web::Bytes;
use serde_json::json;
use std::sync::Arc;

/// The address carries a version, so browsers may keep the answer for long.
const KEEP: &str = "public, max-age=31536000, immutable";
const KEEP_SHORTLY: &str = "public, max-age=300";

/// The style of the store's pages.
pub(crate) async fn style(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let text = store_css(&context.live_store().look);
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((CACHE_CONTROL, cache_lifetime(&context))).body(text))
}

/// Browsers may keep the answer for long only if it is of the version that this machine serves: another machine may already serve
/// the next one.
pub(crate) fn cache_lifetime(context: &RequestContext) -> &'static str {
    let is_this = context.query_parameters().any(|(name, value)| name == "v" && value == context.live_store().version);
    if is_this { KEEP } else { KEEP_SHORTLY }
}

/// The script for passkeys, where the store offers them or may have offered them.
pub(crate) async fn passkey_script(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let mut response = HttpResponse::Ok();
    response.content_type("text/javascript; charset=utf-8").insert_header((CACHE_CONTROL, cache_lifetime(&context)));
    Ok(response.body(PASSKEY_SCRIPT))
}

pub(crate) async fn logo(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let picture = context.live_store().logo.clone().ok_or(ErrorCause::NoSuchPage)?;
    Ok(picture_response(&picture).body(picture_body(picture)))
}

/// Browsers request this by themselves: the store's logo, or an empty answer.
pub(crate) async fn favicon(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    match context.live_store().logo.clone() {
        Some(picture) => Ok(picture_response(&picture).body(picture_body(picture))),
        None => Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, KEEP_SHORTLY)).finish()),
    }
}

/// A provider's logo, a file beside the provider's file.
pub(crate) async fn provider_logo(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let live_provider = start::requested_provider(&context).map_err(|_| UserFacingError::from(ErrorCause::NoSuchPage))?;
    let picture = live_provider.logo.clone().ok_or(ErrorCause::NoSuchPage)?;
    Ok(picture_response(&picture).insert_header(cross_origin_allowed()).body(picture_body(picture)))
}

/// Serves a picture under a policy that lets it run no script.
pub(crate) fn picture_response(picture: &Picture) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(picture.kind).insert_header((CACHE_CONTROL, KEEP_SHORTLY));
    response.insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"));
    response
}

pub(crate) fn picture_body(picture: Picture) -> Bytes {
    Bytes::from_owner(picture.bytes)
}

/// The script that defines `<portaria-login>` for pages of the store.
pub(crate) async fn embed(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let live_store = context.live_store();
    let script = embed_js(&live_store.languages, &live_store.look, &live_store.store.public_url);
    let mut response = HttpResponse::Ok();
    response.content_type("text/javascript; charset=utf-8").insert_header((CACHE_CONTROL, KEEP_SHORTLY));
    // A page loads it with `crossorigin`, and modules are always loaded so.
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    Ok(response.insert_header(cross_origin_allowed()).body(script))
}

/// The providers as JSON, and how people sign in without one.
pub(crate) async fn providers(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    let url = &context.live_store().store.public_url;
    let provider = |live_provider: &Arc<LiveProvider>| {
        let provider = &live_provider.provider;
        let logo = live_provider.logo.as_ref().map(|_| format!("{url}{}", address(&["logo", &provider.name], &[])));
        json!({ "id": &*provider.name, "name": &*provider.title, "logo": logo, "login": format!("{url}{}", address(&["login", &provider.name], &[])) })
    };
    let providers: Vec<serde_json::Value> = context.live_store().providers_with_button().iter().map(provider).collect();
    let live_store = context.live_store();
    let email_code = live_store.offers_email_code().then(|| (EMAIL_CODE, email_code::page_address(None)));
    let passkey = live_store.offers_passkeys().then(|| (PASSKEY, passkey_page_address(None)));
    let way = |(id, page): (&str, String)| json!({ "id": id, "login": format!("{url}{page}") });
    let ways: Vec<serde_json::Value> = email_code.into_iter().chain(passkey).map(way).collect();
    let body = if ways.is_empty() { json!({ "providers": providers }) } else { json!({ "providers": providers, "ways": ways }) };
    Ok(allow_storefront_origins(&context, &mut HttpResponse::Ok()).json(body))
}

pub(crate) async fn jwks(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let keys = context.signing_keys().ok_or(ErrorCause::StorageUnavailable)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, KEEP_SHORTLY)).insert_header(cross_origin_allowed());
    Ok(response.json(keys.jwks()))
}
