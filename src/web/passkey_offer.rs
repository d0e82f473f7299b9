//! `/account/passkeys/new`: a person who has just signed in is offered a passkey, once in each browser whose device can keep one.
//!
//! Only a script can find out whether it can, and says so by a cookie. Without the cookie the sign-in simply goes on; where it ends on our own page
//! for signed-in people, the offer stands there, and that page's script finds out.

use crate::directory::passkeys::{ListPasskeys, MOST_PASSKEYS};
use crate::login::return_to::through_finish;
use crate::pages::frame::address;
use crate::pages::{ErrorCause, NewPasskeyForm, PasskeyOfferPage};
use crate::provider::passkey::PASSKEY;
use crate::session::Session;
use crate::web::apps::login_for_app;
use crate::web::fresh_session::{is_fresh, may_link};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in_offer::is_in_app;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{cookies, hand_over, headers};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, VARY};

/// The address of the page, from which the person goes on to the return address.
fn page_address(return_to: Option<&str>) -> String {
    address(&["account", "passkeys", "new"], &[("return_to", return_to)])
}

/// The page that comes before the return address of a new session, where it comes at all, and the cookie that remembers the offer.
pub(crate) async fn page_before(context: &RequestContext, session: &Session, wanted: Option<&str>) -> Option<(String, HeaderValue)> {
    let store = &context.live_store().store;
    let is_due = context.cookies().has_passkey_device(store) && is_due(context, session).await;
    is_due.then(|| (page_address(wanted), cookies::set_passkey_offered(store)))
}

/// The form on the page of a signed-in person to whom no other page has offered a passkey. It is shown if the script finds that the device can keep one.
pub(crate) async fn form_of_signed_in(context: &RequestContext, session: &Session, return_to: Option<&str>) -> Option<NewPasskeyForm> {
    let device = cookies::device_cookie(&context.live_store().store);
    is_due(context, session).await.then(|| NewPasskeyForm { action: form_address(return_to), device })
}

/// Whether the person of a session is offered a passkey in this browser: one who has just signed in and has none, until one was offered.
async fn is_due(context: &RequestContext, session: &Session) -> bool {
    let live_store = context.live_store();
    let is_meant = live_store.offers_passkeys() && !context.cookies().was_offered_passkey(&live_store.store) && !is_in_app(context);
    if !is_meant || *session.person.provider == *PASSKEY || !is_fresh(context, session) || !may_link(context, session) {
        return false;
    }
    // Where storage does not answer, the sign-in goes on without an offer.
    let passkeys = context.app().directory.read(ListPasskeys(session.person.uid.clone())).await;
    passkeys.is_ok_and(|passkeys| passkeys.is_empty())
}

/// Where the form of a new passkey goes, from which the person goes on to the return address.
fn form_address(return_to: Option<&str>) -> String {
    address(&["account", "passkeys"], &[("return_to", return_to)])
}

/// The page. A person who cannot add a passkey now simply goes on.
pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    context.require_fresh_revocations()?;
    if !context.live_store().offers_passkeys() {
        return Err(ErrorCause::NoSuchPage.into());
    }
    let return_to = context.return_to()?;
    let goes_on = next_address(&context, return_to.as_deref());
    let Some(session) = context.session_under_new_keys().await? else {
        return Ok(redirect_to(&address(&["login"], &[("return_to", return_to.as_deref())])));
    };
    let passkeys = context.app().directory.read(ListPasskeys(session.person.uid.clone())).await?;
    if !is_fresh(&context, &session) || !may_link(&context, &session) || passkeys.len() >= MOST_PASSKEYS {
        return Ok(redirect_to(&goes_on));
    }
    let offered = context.offered_languages();
    let here = page_address(return_to.as_deref());
    let page = PasskeyOfferPage { frame: context.frame(&offered, &here), goes_on: &goes_on, action: &form_address(return_to.as_deref()) };
    // The browser applies the policy to the redirect after the form, too.
    let for_app = login_for_app::of_return_address(&context, return_to.as_deref()).ok().flatten();
    let app_destinations = for_app.map(|for_app| headers::app_destinations(&for_app.origin()));
    let store = &context.live_store().store;
    let origins = store.return_to.iter().map(|origin| &**origin).chain(app_destinations.as_deref());
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_passkeys(&store.public_url, origins)));
    context.keep_language(&mut response);
    Ok(response.body(page.render()))
}

/// Where a signed-in person goes on.
pub(crate) fn next_address(context: &RequestContext, return_to: Option<&str>) -> String {
    let finish = context.live_store().store.finish.as_deref();
    match return_to {
        Some(return_to) if hand_over::is_handed_over(context, return_to) => hand_over::continue_address(return_to),
        Some(return_to) => through_finish(finish, return_to.to_owned()),
        None => through_finish(finish, context.live_store().default_landing()),
    }
}
