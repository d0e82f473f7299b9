//! The calls of VTEX ID, for pages of a storefront that were written for them. They exist where the settings say `vtexId: true`, and answer
//! from the same sessions, providers and codes as the broker's own addresses; `docs/vtex.md` is their table.

pub(crate) mod authenticated_user;
pub(crate) mod authentication_start;
pub(crate) mod authentication_token;
pub(crate) mod oauth_redirect;

use crate::pages::ErrorCause;
use crate::web::request_context::RequestContext;
use crate::web::route_table::{RouteRow, page};
use crate::web::session::{self, allow_storefront};
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE};

/// The calls. A proxy leaves their paths to the store, which may still be served by VTEX.
pub(crate) fn routes() -> Vec<RouteRow> {
    let call = |path| page(path).hidden_if(is_off).left_to_the_store();
    vec![
        call("/api/vtexid/pub/authentication/start").get(authentication_start::start).options(preflight),
        call("/api/vtexid/pub/authentication/providers").get(authentication_start::providers).options(preflight),
        call("/api/vtexid/pub/authentication/oauth/redirect").get(oauth_redirect::redirect),
        call("/api/vtexid/pub/authenticated/user").get(authenticated_user::show).options(preflight),
        call("/api/vtexid/credential/validate").post(validate),
    ]
}

fn is_off(context: &RequestContext) -> bool {
    !context.live_store().store.vtex_id
}

/// Refuses a call as an unknown address where the settings do not switch the calls on.
fn require_calls(context: &RequestContext) -> Result<(), UserFacingError> {
    if is_off(context) { Err(ErrorCause::NoSuchPage.into()) } else { Ok(()) }
}

/// The same as `/session/validate`.
async fn validate(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    session::validate(context).await
}

/// What a browser asks before a page of a storefront may send a header of its own.
async fn preflight(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    let mut response = HttpResponse::build(StatusCode::NO_CONTENT);
    if allow_storefront(&context, &mut response, true) {
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST")).insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type"));
        response.insert_header((ACCESS_CONTROL_MAX_AGE, "600"));
    }
    Ok(response.finish())
}
