//! Who may use the workbench.

use crate::pages::Cause;
use crate::pages::frame::address;
use crate::web::asked::Asked;
use crate::web::refused::Refused;

/// Somebody of the staff; on an installation on this machine, anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Their id, if they are signed in.
    pub uid: Option<Box<str>>,
}

/// Lets the staff in: whoever is signed in with a proven address of `lab.staff`. On a loopback `publicUrl` everybody is.
pub fn staff(asked: &Asked) -> Result<Staff, Refused> {
    let store = &asked.front().store;
    let session = asked.session();
    if store.loopback {
        return Ok(Staff { uid: session.map(|session| session.person.uid) });
    }
    asked.well_informed()?;
    let Some(session) = session else {
        let here = format!("{}/lab", store.public_url);
        return Err(Refused { instead: Some(address(&["login"], &[("return_to", Some(&here))])), ..Cause::NotFresh.into() });
    };
    let is_listed = store.staff.iter().any(|listed| listed.key() == session.person.email.key());
    if is_listed && session.person.email_verified { Ok(Staff { uid: Some(session.person.uid) }) } else { Err(Cause::NotAllowed.into()) }
}
