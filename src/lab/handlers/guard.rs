//! Who may use the lab: where the whole installation is on the machine itself everybody, elsewhere the people whom the store lists as its staff.

use crate::login::return_to::LONGEST;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::http::Method;

/// Headers by which proxies say that somebody else is request.
const FORWARDED: [&str; 2] = ["x-forwarded-for", "forwarded"];

/// Somebody who may use the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffMember {
    /// Who it is; on a loopback address nobody has to be signed in.
    pub uid: Option<Box<str>>,
}

/// Whose the forms of the lab are: the session's; on the machine itself, where nobody has to be signed in, the lab's.
pub(crate) fn form_binding(asked: &RequestContext) -> Box<str> {
    asked.session().map_or_else(|| "lab".into(), |session| session.sid)
}

/// Whether the whole installation is on this machine. Beside a store on the open net a proxy might lead others to one on loopback.
fn is_local_installation(asked: &RequestContext) -> bool {
    asked.app().live_config().stores().all().iter().all(|store| store.loopback)
}

/// Whether there is no lab at this store, as far as anybody can tell.
pub(crate) fn is_closed(asked: &RequestContext) -> bool {
    !is_local_installation(asked) && asked.live_store().store.staff.is_empty()
}

/// Lets staff in. Whoever is not signed in is led to the login and comes back; others are told that the page is not theirs.
pub(crate) fn require_staff(asked: &RequestContext) -> Result<StaffMember, UserFacingError> {
    let store = &asked.live_store().store;
    if is_local_installation(asked) {
        // What a proxy or a tunnel on this machine passes on comes from elsewhere.
        let peer = asked.request().peer_addr();
        if peer.is_some_and(|peer| !peer.ip().is_loopback()) || FORWARDED.iter().any(|name| asked.request().headers().contains_key(*name)) {
            return Err(ErrorCause::NotStaff.into());
        }
        return Ok(StaffMember { uid: asked.session().map(|session| session.person.uid) });
    }
    if is_closed(asked) {
        return Err(ErrorCause::NoSuchPage.into());
    }
    asked.require_fresh_revocations()?;
    let Some(session) = asked.session() else {
        return Err(UserFacingError { instead: Some(login_address(asked)), ..ErrorCause::NotStaff.into() });
    };
    // An address that is not proven says nothing about who somebody is.
    if session.person.email_verified && store.staff.contains(&session.person.email) {
        return Ok(StaffMember { uid: Some(session.person.uid) });
    }
    Err(ErrorCause::NotStaff.into())
}

/// The login from which the browser comes back here; what was sent by a form cannot be sent again.
fn login_address(asked: &RequestContext) -> String {
    let url = &asked.live_store().store.public_url;
    let here = asked.request().uri().path_and_query().filter(|_| *asked.request().method() != Method::POST);
    let here = here.map(|here| format!("{url}{here}")).filter(|here| here.len() <= LONGEST);
    address(&["login"], &[("return_to", Some(&here.unwrap_or_else(|| format!("{url}/lab"))))])
}
