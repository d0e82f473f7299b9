//! `/playground/…`: the provider for trying things out, as browsers see it.

use crate::pages::Cause;
use crate::playground;
use crate::web::asked::Asked;
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use crate::world::dice;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// Answers as the playground does.
pub async fn answer(asked: Asked) -> Result<HttpResponse, Refused> {
    if !asked.front().store.playground {
        return Err(Cause::NoSuchPage.into());
    }
    asked.limit(Kind::Page)?;
    let request = asked.request();
    let headers: Vec<(&str, &str)> =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let question = playground::Asked {
        method: request.method().as_str(),
        path: request.path().strip_prefix("/playground").unwrap_or_default(),
        query: request.query_string(),
        headers: &headers,
        body: asked.body(),
        public_url: &asked.front().store.public_url,
    };
    let answer = asked.app().playground.answer(&question, asked.now(), dice::bytes());
    tokio::time::sleep(answer.delay).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    // From its forms the browser is led to our callback, and from there to the store; the page's policy is held to that too.
    let stores = format!("form-action 'self' {}", asked.front().store.return_to.join(" "));
    for (name, value) in answer.headers {
        let value = if name == "Content-Security-Policy" { value.replace("form-action 'self'", stores.trim_end()) } else { value };
        response.append_header((name, value));
    }
    Ok(response.body(answer.body))
}
