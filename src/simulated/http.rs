//! Requests of the HTTP server as plain values, and responses as the HTTP server sends them.

use crate::simulated::request::SimulatedRequest;
use crate::simulated::response::{CONTENT_SECURITY_POLICY, SimulatedResponse};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

/// Where a simulated provider is reached, and the path below it.
#[derive(Clone, Copy)]
pub(crate) struct SimulatedAddress<'a> {
    pub(crate) path: &'a str,
    pub(crate) base: &'a str,
    pub(crate) public_url: &'a str,
}

/// Lets a simulated provider answer a request of the HTTP server.
pub(crate) fn answer(
    request: &HttpRequest,
    body: &[u8],
    address: SimulatedAddress<'_>,
    respond: impl FnOnce(&SimulatedRequest<'_>) -> SimulatedResponse,
) -> SimulatedResponse {
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    // Cookies are the broker's own. They arrive here only because one process plays both sides.
    let headers: Vec<(&str, &str)> = headers.filter(|(name, _)| *name != "cookie").collect();
    respond(&SimulatedRequest {
        method: request.method().as_str(),
        path: address.path,
        query: request.query_string(),
        headers: &headers,
        body,
        public_url: address.public_url,
        base: address.base,
    })
}

/// Sends a response when its delay is over. The forms of its page lead to the broker's callback, and from there to `return_to`; browsers
/// apply the page's policy to that redirect too.
pub(crate) async fn send(answer: SimulatedResponse, return_to: &str) -> HttpResponse {
    tokio::time::sleep(answer.delay).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    let form_action = format!("form-action 'self' {return_to}");
    for (name, value) in answer.headers {
        let is_policy = &*name == CONTENT_SECURITY_POLICY;
        let value = if is_policy { value.replace("form-action 'self'", form_action.trim_end()) } else { value.into_string() };
        response.append_header((&*name, value));
    }
    response.body(answer.body)
}
