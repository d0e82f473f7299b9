//! `GET …/authenticated/user`: who is signed in, or `null`.

use crate::web::presented_tokens::PresentedTokens;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session::keep_cookies;
use crate::web::user_facing_error::UserFacingError;
use crate::web::vtex_id::{require_calls, token_in_address};
use actix_web::HttpResponse;
use serde_json::{Value, json};

/// The session of the cookie, or of a header. A token in the address is refused, because addresses are logged, and nothing is said of
/// the cookie in its place: the two may be of different people.
pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    if context.query_parameter("authToken")?.is_some() {
        return Ok(token_in_address());
    }
    let tokens = PresentedTokens::of(context.request().headers(), &context.live_store().store).ok();
    let session = match &tokens {
        Some(tokens) => context.presented_session(tokens).await?,
        None => None,
    };
    let mut response = HttpResponse::Ok();
    let session = match (session, tokens.and_then(|tokens| tokens.cookie())) {
        (Some(session), Some(token)) => Some(keep_cookies(&context, token, session, &mut response)),
        (session, _) => session,
    };
    let user =
        session.map_or(Value::Null, |session| json!({ "userId": session.person.uid, "user": session.person.email.key(), "userType": "F" }));
    Ok(response.json(user))
}
