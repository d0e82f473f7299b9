//! `/playground/…` of the broker.

use crate::pages::ErrorCause;
use crate::simulated::http::{self, SimulatedAddress};
use crate::simulated::playground::{PLAYGROUND_BASE, Playground};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::{clock, random};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

pub(crate) async fn answer(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let store = &context.live_store().store;
    if !store.playground {
        return Err(ErrorCause::NoSuchPage.into());
    }
    context.check_rate_limit(RateLimitKind::Page)?;
    let return_to = store.return_to.join(" ");
    let playground = context.request().app_data::<Data<Playground>>().ok_or(ErrorCause::NoSuchPage)?;
    Ok(respond(playground, context.request(), context.body(), &store.public_url, &return_to).await)
}

/// The playground's response to a browser that goes on to the callback, and from there to one of the addresses in `return_to`.
pub(crate) async fn respond(
    playground: &Playground,
    request: &HttpRequest,
    body: &[u8],
    public_url: &str,
    return_to: &str,
) -> HttpResponse {
    let path = request.path().strip_prefix(PLAYGROUND_BASE).unwrap_or_default();
    let address = SimulatedAddress { path, base: PLAYGROUND_BASE, public_url };
    let answer = http::answer(request, body, address, |request| playground.answer(request, clock::now(), random::bytes()));
    http::send(answer, return_to).await
}
