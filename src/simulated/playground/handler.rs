//! `/playground/…`: the provider for trying things out, as browsers see it.

use crate::pages::ErrorCause;
use crate::simulated::playground::{self, Playground};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::{clock, random};
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

/// Answers as the playground does.
pub(crate) async fn answer(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    if !asked.live_store().store.playground {
        return Err(ErrorCause::NoSuchPage.into());
    }
    asked.check_rate_limit(RateLimitKind::Page)?;
    let store = &asked.live_store().store;
    let playground = asked.request().app_data::<Data<Playground>>().ok_or(ErrorCause::NoSuchPage)?;
    Ok(respond(playground, asked.request(), asked.body(), &store.public_url, &store.return_to.join(" ")).await)
}

/// What a playground answers to a browser. From its forms the browser is led to our callback, and from there to these `places`; the
/// page's policy is held to that too.
pub(crate) async fn respond(playground: &Playground, request: &HttpRequest, body: &[u8], public_url: &str, places: &str) -> HttpResponse {
    let headers: Vec<(&str, &str)> =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let question = playground::PlaygroundRequest {
        method: request.method().as_str(),
        path: request.path().strip_prefix("/playground").unwrap_or_default(),
        query: request.query_string(),
        headers: &headers,
        body,
        public_url,
    };
    let answer = playground.answer(&question, clock::now(), random::bytes());
    tokio::time::sleep(answer.delay).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    let stores = format!("form-action 'self' {places}");
    for (name, value) in answer.headers {
        let value = if name == "Content-Security-Policy" { value.replace("form-action 'self'", stores.trim_end()) } else { value };
        response.append_header((name, value));
    }
    response.body(answer.body)
}
