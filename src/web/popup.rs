//! `/session/popup`: the end of a login in a window that a page of the store has opened (`mode="popup"` of `<portaria-login>`). It is the return
//! address of that login, so it is sealed with the attempt, and the address of the store stands in it.
//!
//! Only a page of that address's origin, which the store lists, learns the outcome. It learns no token: it asks `/session`, or redeems the code
//! of a hand-over.

use crate::pages::frame::address;
use crate::pages::{POPUP_SCRIPT, PopupPage};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{hand_over, headers, opener};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, VARY};
use url::Url;

pub(crate) async fn finish(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    context.reject_speculative_load()?;
    context.require_fresh_revocations()?;
    let Some(return_to) = context.return_to()? else { return Ok(redirect_to("/login")) };
    let session = context.session_under_new_keys().await?;
    let here = address(&["session", "popup"], &[("return_to", Some(&return_to))]);
    let handed_over = session.is_some() && hand_over::is_handed_over(&context, &return_to);
    let landing = match &session {
        Some(session) => hand_over::landing(&context, session, return_to)?,
        None => return_to,
    };
    let origin = Url::parse(&landing).map(|landing| landing.origin().ascii_serialization()).unwrap_or_default();
    let offered = context.offered_languages();
    let page =
        PopupPage { frame: context.frame(&offered, &here), signed_in: session.is_some(), origin: &origin, landing: &landing, handed_over };
    opener::keep(context.request());
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_own_script()));
    context.keep_language(&mut response);
    Ok(response.body(page.render()))
}

/// The script of the page.
pub(crate) async fn script(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(POPUP_SCRIPT))
}
