//! The answer for an error: its status, its headers, and a page or JSON.

use crate::pages::frame::address;
use crate::pages::{ErrorCause, ErrorPage};
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::cookies;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::json;

/// The answer for an error: a page for people, JSON for programs.
pub(crate) fn error_response(error: UserFacingError, context: &RequestContext) -> HttpResponse {
    let mut response = HttpResponse::build(if error.instead.is_some() { StatusCode::SEE_OTHER } else { error.cause.status() });
    cookies::append_to(&mut response, error.cookies.iter().cloned());
    if let Some(place) = error.instead {
        return response.insert_header((LOCATION, place)).finish();
    }
    if let Some(seconds) = error.cause.retry_after() {
        response.insert_header((RETRY_AFTER, seconds));
    }
    let wants_a_page = context.header(ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    if error.login.is_none() && !wants_a_page {
        return response.json(json!({ "error": error.cause.name() }));
    }
    response.content_type("text/html; charset=utf-8").body(render_page(&error, context))
}

fn render_page(error: &UserFacingError, context: &RequestContext) -> String {
    let live_store = context.live_store();
    let login = error.login.as_deref();
    let return_to = login.and_then(|login| login.return_to.as_deref());
    let again = login.filter(|login| !login.provider.is_empty());
    let again = again.map(|login| address(&["login", &login.provider], &[("return_to", return_to)]));
    let others = address(&["login"], &[("return_to", return_to)]);
    ErrorPage {
        frame: context.frame(&[]),
        cause: error.cause,
        provider: login.map(|login| login.title.as_str()).filter(|title| !title.is_empty()),
        again: again.as_deref(),
        others: Some(&others),
        has_others: live_store.providers_with_button().len() > 1,
        code: login.and_then(|login| login.code.as_ref()).map(IncidentCode::as_str),
    }
    .render()
}

/// The answer to a method that a page does not accept.
pub(crate) fn method_not_allowed(context: &RequestContext, allowed: &str) -> HttpResponse {
    let mut response = error_response(ErrorCause::WrongMethod.into(), context);
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
