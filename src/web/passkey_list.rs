//! The passkeys on `/account`.

use crate::directory::passkeys::{ListPasskeys, MOST_PASSKEYS, Passkey};
use crate::pages::{Device, PasskeyRow, PasskeySection};
use crate::session::Session;
use crate::vocabulary::hash::{hex, sha256};
use crate::web::fresh_session::{is_fresh, may_link};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;

/// The part of the page, where the store offers passkeys. A store that does not any more still shows those that are there.
pub(crate) async fn section(context: &RequestContext, session: &Session) -> Result<Option<PasskeySection>, UserFacingError> {
    let passkeys = context.app().directory.read(ListPasskeys(session.person.uid.clone())).await?;
    let is_offered = context.live_store().offers_passkeys();
    if !is_offered && passkeys.is_empty() {
        return Ok(None);
    }
    let may_add = is_offered && may_link(context, session) && passkeys.len() < MOST_PASSKEYS;
    let passkeys = passkeys.iter().map(|passkey| row(context, passkey)).collect();
    Ok(Some(PasskeySection { passkeys, may_add, fresh: is_fresh(context, session) }))
}

fn row(context: &RequestContext, passkey: &Passkey) -> PasskeyRow {
    let phrases = &context.language().phrases;
    PasskeyRow {
        handle: handle(passkey),
        device: passkey.device.as_deref().and_then(Device::from_stored).map(|device| device.describe(phrases)),
        added: phrases.format_day(passkey.added),
        used: passkey.used.and_then(|used| phrases.format_day(used)),
    }
}

/// Names a passkey in a form without its credential id.
pub(crate) fn handle(passkey: &Passkey) -> String {
    hex(&sha256::<16>(format!("passkey\n{}", passkey.id).as_bytes()))
}
