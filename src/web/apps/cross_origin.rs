//! Which pages of other origins may read the answers for apps: those of the redirect addresses of public clients.

use crate::web::headers::cross_origin_allowed;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use url::Url;

/// Every page may read it: it holds nothing of a person.
pub(crate) fn allow_everyone(response: &mut HttpResponseBuilder) {
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*")).insert_header(cross_origin_allowed());
}

/// Lets the pages of public clients read the answer. No cookie goes with their requests, so no other page gains by it.
pub(crate) fn allow_app_pages(context: &RequestContext, headers: &mut HeaderMap) {
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = context.header(ORIGIN).filter(|origin| is_origin_of_app(context, origin))
        && let Ok(origin) = HeaderValue::from_str(origin)
    {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let (name, value) = cross_origin_allowed();
        headers.insert(name, value);
    }
}

fn is_origin_of_app(context: &RequestContext, origin: &str) -> bool {
    let is_same = |uri: &str| Url::parse(uri).is_ok_and(|uri| uri.origin().is_tuple() && uri.origin().ascii_serialization() == origin);
    context.live_store().apps.iter().filter(|app| app.is_public()).flat_map(|app| app.redirect_uris.iter()).any(|uri| is_same(uri))
}

/// A browser asks before a page sends a request to an endpoint for apps.
pub(crate) async fn preflight(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let mut response = HttpResponse::NoContent();
    response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST")).insert_header((ACCESS_CONTROL_MAX_AGE, "600"));
    let mut response = response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type")).finish();
    allow_app_pages(&context, response.headers_mut());
    Ok(response)
}
