//! The calls of VTEX ID, for pages of a storefront that were written for them. They exist where the settings say `vtexId: true`, and answer
//! from the same sessions, providers and codes as the broker's own addresses; `docs/vtex.md` is their table.

pub(crate) mod access_key;
pub(crate) mod authenticated_user;
pub(crate) mod authentication_start;
pub(crate) mod authentication_token;
pub(crate) mod call_fields;
pub(crate) mod oauth_redirect;

use crate::pages::ErrorCause;
use crate::web::request_context::RequestContext;
use crate::web::route_table::{RouteRow, page_with_headers};
use crate::web::session::{self, add_storefront_headers, storefront_origin};
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, HeaderMap};
use serde_json::json;

/// The headers that a page may send with a call. The two last ones name the session, where the page has its token.
const HEADERS_OF_CALLS: &str = "Content-Type, Authorization, VtexIdclientAutCookie";

/// The calls. A proxy leaves their paths to the store, which may still be served by VTEX.
pub(crate) fn routes() -> Vec<RouteRow> {
    let call = |path| page_with_headers(path, allow_pages).hidden_if(is_off).left_to_the_store();
    vec![
        call("/api/vtexid/pub/authentication/start").get(authentication_start::start).options(preflight),
        call("/api/vtexid/pub/authentication/providers").get(authentication_start::providers).options(preflight),
        call("/api/vtexid/pub/authentication/oauth/redirect").get(oauth_redirect::redirect),
        call("/api/vtexid/pub/authentication/accesskey/send").post(access_key::send).options(preflight),
        call("/api/vtexid/pub/authentication/accesskey/validate").post(access_key::validate).options(preflight),
        call("/api/vtexid/pub/authenticated/user").get(authenticated_user::show).options(preflight),
        call("/api/vtexid/credential/validate").post(validate).options(preflight),
    ]
}

fn is_off(context: &RequestContext) -> bool {
    !context.live_store().store.vtex_id
}

/// Lets pages of the store read every answer of a call, errors as well.
fn allow_pages(context: &RequestContext, headers: &mut HeaderMap) {
    if !is_off(context) {
        add_storefront_headers(context, headers);
    }
}

/// Refuses a call as an unknown address where the settings do not switch the calls on.
fn require_calls(context: &RequestContext) -> Result<(), UserFacingError> {
    if is_off(context) { Err(ErrorCause::NoSuchPage.into()) } else { Ok(()) }
}

/// The answer to a token or a code in an address: addresses are logged.
fn token_in_address() -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": "tokenInAddress" }))
}

/// The same as `/session/validate`.
async fn validate(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    session::validate(context).await
}

/// What a browser asks before a page of a storefront may send a header of its own.
async fn preflight(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    let mut response = HttpResponse::build(StatusCode::NO_CONTENT);
    if storefront_origin(&context).is_some() {
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"));
        response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, HEADERS_OF_CALLS));
        response.insert_header((ACCESS_CONTROL_MAX_AGE, "600"));
    }
    Ok(response.finish())
}
