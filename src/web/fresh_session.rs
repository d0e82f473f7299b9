//! What a session allows a shopper to change about how they sign in: it has to be recent, and certainly their own.

use crate::pages::ErrorCause;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::session::Session;
use crate::web::forms::{self, SubmittedForm};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;

/// How long after a login the linked identities may be changed, in seconds.
const FRESH: i64 = 300;

/// The session, if its login is recent enough to change linked identities, and the submitted form.
pub(crate) async fn require_fresh_session(context: &RequestContext, page: &str) -> Result<(Session, SubmittedForm), UserFacingError> {
    context.require_fresh_revocations()?;
    let session = context.session_under_new_keys().await?.ok_or(ErrorCause::NotFresh)?;
    let form = forms::verified_form(context, &session.sid, page)?;
    if is_fresh(context, &session) { Ok((session, form)) } else { Err(ErrorCause::NotFresh.into()) }
}

/// Whether identities may be linked, and passkeys added, in a session. One that may be the session of the person whose callback was accepted
/// would give that person an identity or a passkey of the shopper.
pub(crate) fn may_link(context: &RequestContext, session: &Session) -> bool {
    if matches!(&*session.person.provider, EMAIL_CODE | PASSKEY) {
        return true;
    }
    let live_provider = context.live_store().providers.snapshot().provider_by_key(&session.person.provider).cloned();
    live_provider.is_some_and(|live_provider| live_provider.provider.is_callback_tied)
}

/// Whether the login is recent enough to change linked identities and passkeys.
pub(crate) fn is_fresh(context: &RequestContext, session: &Session) -> bool {
    (0..=FRESH).contains(&context.now().saturating_sub(session.since))
}
