//! `GET …/authentication/oauth/redirect`: a button of the storefront was pressed, and the browser goes to the login of its provider.

use crate::pages::frame::address;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::start;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::vtex_id::{authentication_token, require_calls};
use actix_web::HttpResponse;

/// Where the token is not of this browser, or too old, nothing begins: the shopper chooses again on the login page.
pub(crate) async fn redirect(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    context.check_rate_limit(RateLimitKind::Page)?;
    let token = context.query_parameter("authenticationToken")?.unwrap_or_default();
    let Some(begun) = authentication_token::open(&context, &token) else { return Ok(redirect_to("/login")) };
    let provider = named_provider(&context, &context.query_parameter("providerName")?.unwrap_or_default())?;
    Ok(redirect_to(&address(&["login", &provider], &[("return_to", begun.return_to.as_deref())])))
}

/// The provider with this text on its button, or with a file of this name.
fn named_provider(context: &RequestContext, name: &str) -> Result<String, UserFacingError> {
    let shown = context.live_store().providers_with_button();
    let mut titled = shown.iter().filter(|live_provider| *live_provider.provider.title == *name);
    match (titled.next(), titled.next()) {
        (Some(only), None) => Ok(only.provider.name.to_string()),
        (None, _) | (Some(_), Some(_)) => Ok(start::provider_named(context, name)?.provider.name.to_string()),
    }
}
