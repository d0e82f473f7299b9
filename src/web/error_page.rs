//! The answer for an error: its status, its headers, and a page or JSON.

use crate::pages::frame::address;
use crate::pages::{ErrorCause, ErrorPage, WaitingApp};
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::apps::login_for_app::{self, LoginForApp};
use crate::web::apps::{consent, kept_request};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{cookies, headers};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, RETRY_AFTER};
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
    let return_to = error.login.as_deref().and_then(|login| login.return_to.as_deref());
    let for_app = login_for_app::of_return_address(context, return_to).ok().flatten();
    if let Some(for_app) = &for_app {
        // Browsers apply the policy of the page to the redirects behind its form.
        let destinations = headers::app_destinations(&for_app.origin());
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms([destinations.as_str()])));
    }
    response.content_type("text/html; charset=utf-8").body(render_page(&error, for_app.as_ref(), context))
}

fn render_page(error: &UserFacingError, for_app: Option<&LoginForApp>, context: &RequestContext) -> String {
    let login = error.login.as_deref();
    let return_to = login.and_then(|login| login.return_to.as_deref());
    let again = login.filter(|login| !login.provider.is_empty());
    let again = again.map(|login| address(&["login", &login.provider], &[("return_to", return_to)]));
    let others = address(&["login"], &[("return_to", return_to)]);
    let live_providers = for_app.map_or_else(|| context.live_store().providers_with_button(), |for_app| for_app.providers(context));
    let decline = for_app.map(|for_app| {
        let token = consent::token_to_go_back(context, for_app.id());
        (for_app.app_name(), kept_request::path(for_app.id()), token)
    });
    ErrorPage {
        frame: context.frame(&[]),
        cause: error.cause,
        provider: login.map(|login| login.title.as_str()).filter(|title| !title.is_empty()),
        again: again.as_deref(),
        others: Some(&others),
        app: decline.as_ref().map(|(name, action, form)| WaitingApp { name, action, form }),
        has_others: live_providers.len() > 1,
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
