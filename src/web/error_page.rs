//! The answer for an error: its status, its headers, and a page or JSON.

use crate::pages::frame::address;
use crate::pages::{ErrorCause, ErrorPage, WaitingApp};
use crate::vocabulary::hash::sha256;
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::apps::login_for_app::{self, LoginForApp};
use crate::web::apps::{consent, kept_request};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in_offer::SignInOffer;
use crate::web::user_facing_error::{FailedLoginSummary, UserFacingError};
use crate::web::{cookies, email_code, headers};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, RETRY_AFTER, VARY};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The path at which an error page is read again, in another language.
const PATH: &str = "/login-error";
/// The parameter that says which page.
const PARAMETER: &str = "page";
/// How many hours it can be read there at least: as long as its incident is kept.
const HOURS: i64 = 24;

/// What an error page says, sealed into an address: the request that led to it cannot be repeated.
#[derive(Serialize, Deserialize)]
struct ErrorPageAddress {
    until: i64,
    cause: Box<str>,
    seconds: u64,
    login: Option<FailedLoginSummary>,
}

/// The answer for an error: a page for people, JSON for programs.
pub(crate) fn error_response(error: &UserFacingError, context: &RequestContext) -> HttpResponse {
    if let Some(place) = error.instead.as_ref().filter(|_| !context.is_internal()) {
        let mut response = HttpResponse::SeeOther();
        cookies::append_to(&mut response, error.cookies.iter().cloned());
        return response.insert_header((LOCATION, &**place)).finish();
    }
    let wants_a_page = context.header(ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    if error.login.is_none() && !wants_a_page || context.is_internal() {
        let mut response = HttpResponse::build(error.cause.status());
        add_to_head(error, &mut response);
        return response.json(json!({ "error": error.cause.name() }));
    }
    let (mut response, for_app) = page_head(error, error.cause.status(), context);
    add_to_head(error, &mut response);
    response.body(render_page(error, for_app.as_ref(), context))
}

fn add_to_head(error: &UserFacingError, response: &mut HttpResponseBuilder) {
    cookies::append_to(response, error.cookies.iter().cloned());
    if let Some(seconds) = error.cause.retry_after() {
        response.insert_header((RETRY_AFTER, seconds));
    }
}

/// The head of an error page, and the app for which the person wanted to sign in.
fn page_head(error: &UserFacingError, status: StatusCode, context: &RequestContext) -> (HttpResponseBuilder, Option<LoginForApp>) {
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8");
    let return_to = error.login.as_deref().and_then(|login| login.return_to.as_deref());
    let for_app = login_for_app::of_return_address(context, return_to).ok().flatten();
    if let Some(for_app) = &for_app {
        // Browsers apply the policy of the page to the redirects behind its form.
        let destinations = headers::app_destinations(&for_app.origin());
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms([destinations.as_str()])));
    }
    (response, for_app)
}

/// An error page that was shown before, in the language that the visitor has chosen now.
pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let sealed = context.query_parameter(PARAMETER)?.ok_or(ErrorCause::NoSuchPage)?;
    let text = context.app().forms.open(&[&context.live_store().store.public_url, PATH], &sealed).ok_or(ErrorCause::NoSuchPage)?;
    let page: ErrorPageAddress = serde_json::from_slice(&text).map_err(|_| ErrorCause::NoSuchPage)?;
    let cause = ErrorCause::named(&page.cause, page.seconds).filter(|_| context.now() <= page.until).ok_or(ErrorCause::NoSuchPage)?;
    let error = UserFacingError { login: page.login.map(Box::new), ..cause.into() };
    context.note_return_to(error.login.as_deref().and_then(|login| login.return_to.as_deref()));
    let (mut response, for_app) = page_head(&error, StatusCode::OK, &context);
    response.insert_header((VARY, "Cookie, Accept-Language"));
    context.keep_language(&mut response);
    Ok(response.body(render_page(&error, for_app.as_ref(), &context)))
}

/// The address of the page of an error. Equal pages of one hour have the same address, so it distinguishes nothing; the cipher allows it.
fn address_of(error: &UserFacingError, context: &RequestContext) -> String {
    let page = ErrorPageAddress {
        until: context.now().div_euclid(3600).saturating_add(HOURS + 1).saturating_mul(3600),
        cause: error.cause.name().into(),
        seconds: error.cause.retry_after().unwrap_or_default(),
        login: error.login.as_deref().cloned(),
    };
    let text = serde_json::to_vec(&page).expect("texts and numbers can be written");
    let sealed = context.app().forms.seal(&[&context.live_store().store.public_url, PATH], &text, sha256(&text));
    format!("{PATH}{}", address(&[], &[(PARAMETER, Some(&sealed))]))
}

fn render_page(error: &UserFacingError, for_app: Option<&LoginForApp>, context: &RequestContext) -> String {
    let login = error.login.as_deref();
    let return_to = login.and_then(|login| login.return_to.as_deref());
    let again = login.filter(|login| !login.provider.is_empty());
    let again = again.map(|login| address(&["login", &login.provider], &[("return_to", return_to)]));
    let others = address(&["login"], &[("return_to", return_to)]);
    let offer = SignInOffer::new(context, for_app, &others);
    let email_code = offer.email_code.then(|| email_code::page_address(return_to));
    let decline = for_app.map(|for_app| {
        let token = consent::token_to_go_back(context, for_app.id());
        (for_app.app_name(), kept_request::path(for_app.id()), token)
    });
    let (offered, here) = (context.offered_languages(), address_of(error, context));
    ErrorPage {
        frame: context.frame(&offered, &here),
        cause: error.cause,
        provider: login.map(|login| login.title.as_str()).filter(|title| !title.is_empty()),
        again: again.as_deref(),
        others: Some(&others),
        app: decline.as_ref().map(|(name, action, form)| WaitingApp { name, action, form }),
        email_code: email_code.as_deref(),
        has_others: offer.has_others(),
        links: login.is_some_and(|login| login.links),
        fails_for_many: login.is_some_and(|login| login.fails_for_many),
        code: login.and_then(|login| login.code.as_ref()).map(IncidentCode::as_str),
    }
    .render()
}

/// The answer to a method that a page does not accept.
pub(crate) fn method_not_allowed(context: &RequestContext, allowed: &str) -> HttpResponse {
    let mut response = error_response(&ErrorCause::WrongMethod.into(), context);
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
