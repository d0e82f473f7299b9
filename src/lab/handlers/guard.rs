//! Who may use the lab: everyone while the whole installation is on loopback addresses, otherwise the staff that the store lists.

use crate::login::return_to::LONGEST;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::web::request_context::RequestContext;
use crate::web::unnamed_proxies::is_forwarded;
use crate::web::user_facing_error::UserFacingError;
use actix_web::http::Method;

/// A person who may use the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffMember {
    /// The id of the signed-in user; on a loopback address no login is needed, and it may be missing.
    pub uid: Option<Box<str>>,
}

/// What the forms of the lab are bound to: the session, or without a session, which a loopback address allows, the lab itself.
pub(crate) fn form_binding(context: &RequestContext) -> Box<str> {
    context.session().map_or_else(|| "lab".into(), |session| session.sid)
}

/// Whether the whole installation is on this machine. If one store is public, a proxy might
/// lead its visitors to a store on loopback.
pub(crate) fn is_local_installation(context: &RequestContext) -> bool {
    context.app().live_config().stores().all().iter().all(|store| store.loopback)
}

/// Whether the store has no lab.
pub(crate) fn is_closed(context: &RequestContext) -> bool {
    !is_local_installation(context) && context.live_store().store.staff.is_empty()
}

/// Admits staff. A visitor who is not signed in is led to the login and back; any other user gets an error page.
pub(crate) fn require_staff(context: &RequestContext) -> Result<StaffMember, UserFacingError> {
    let store = &context.live_store().store;
    if is_local_installation(context) {
        // A request that a proxy or a tunnel on this machine passes on comes from another machine.
        let peer = context.request().peer_addr();
        if peer.is_some_and(|peer| !peer.ip().is_loopback()) || is_forwarded(context.request()) {
            return Err(ErrorCause::NotStaff.into());
        }
        return Ok(StaffMember { uid: context.session().map(|session| session.person.uid) });
    }
    if is_closed(context) {
        return Err(ErrorCause::NoSuchPage.into());
    }
    context.require_fresh_revocations()?;
    let Some(session) = context.session() else {
        return Err(UserFacingError { instead: Some(login_address(context)), ..ErrorCause::NotStaff.into() });
    };
    // An address that is not proven does not identify a user. A code by e-mail and a passkey are made for shoppers: the lab asks for more.
    let is_by_provider = !matches!(&*session.person.provider, EMAIL_CODE | PASSKEY);
    if session.person.email_verified && is_by_provider && store.staff.contains(&session.person.email) {
        return Ok(StaffMember { uid: Some(session.person.uid) });
    }
    Err(ErrorCause::NotStaff.into())
}

/// The address of the login, from which the browser returns to this page. After a form it returns to the lab instead, because the
/// form cannot be sent again.
fn login_address(context: &RequestContext) -> String {
    let url = &context.live_store().store.public_url;
    let here = context.request().uri().path_and_query().filter(|_| *context.request().method() != Method::POST);
    let here = here.map(|here| format!("{url}{here}")).filter(|here| here.len() <= LONGEST);
    address(&["login"], &[("return_to", Some(&here.unwrap_or_else(|| format!("{url}/lab"))))])
}
