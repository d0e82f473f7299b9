//! The span of a request. Of the request it has the method, the pattern of the route and the status, and nothing that the visitor writes.

use crate::web::request_id::is_from_trusted_proxy;
use crate::world::traces::TraceSpan;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;

/// Begins the span. What is asked all the time by machines has none. A header `traceparent` counts only from a proxy that is trusted: anyone else
/// could put spans into traces of others, and have all of them kept.
pub(crate) fn begin(request: &ServiceRequest) -> TraceSpan {
    if request.path().starts_with("/health/") || request.path() == "/metrics" {
        return TraceSpan::default();
    }
    let parent = request.headers().get("traceparent").filter(|_| is_from_trusted_proxy(request));
    TraceSpan::of_request(parent.and_then(|parent| parent.to_str().ok()))
}

/// Notes the answer.
pub(crate) fn note_answer<B>(span: &TraceSpan, answer: &ServiceResponse<B>) {
    if !span.is_recorded() {
        return;
    }
    let (request, status) = (answer.request(), answer.status());
    let method = method_word(request.method());
    let route = request.match_pattern().unwrap_or_default();
    span.name(method, &route);
    span.text("http.request.method", method);
    if !route.is_empty() {
        span.text("http.route", &route);
    }
    span.number("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.failed(status.as_str());
    }
}

/// The method, unless a visitor has made it up.
fn method_word(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}
