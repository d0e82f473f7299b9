//! The ID token of a session, sealed in storage for the logout at the provider and nowhere else.

use crate::directory::sessions::{FindIdToken, KeepIdToken};
use crate::session::Session;
use crate::vocabulary::text::Text;
use crate::web::request_context::RequestContext;
use crate::world::random;

/// A longer token is not kept, because many proxies refuse an address that holds it.
const LONGEST: usize = 4096;

/// The token in plain, to be sealed with an identity whose address has to be proven first.
pub(crate) fn as_plain(token: &Text) -> String {
    token.expose().to_owned()
}

/// Keeps the token of a session that has begun. Without it the logout at the provider is skipped, so a failure only leaves a trace.
pub(crate) async fn keep(context: &RequestContext, session: &Session, token: &Text) {
    let (app, store) = (context.app(), &context.live_store().store);
    if token.len() > LONGEST {
        tracing::warn!(store = &*store.name, provider = &*session.person.provider, "an ID token is too long to be kept for the logout");
        return;
    }
    let sealed = app.id_tokens.seal(&bound(context, session), token.expose().as_bytes(), random::bytes());
    if app.directory.write(KeepIdToken { sid: session.sid.clone(), sealed }).await.is_err() {
        tracing::warn!(store = &*store.name, provider = &*session.person.provider, "an ID token could not be kept for the logout");
    }
}

/// The token of a session that is about to end.
pub(crate) async fn find(context: &RequestContext, session: &Session) -> Option<String> {
    let sealed = context.app().directory.read(FindIdToken { sid: session.sid.clone() }).await.ok()??;
    let token = context.app().id_tokens.open(&bound(context, session), &sealed)?;
    String::from_utf8(token.to_vec()).ok()
}

/// A linked identity gives a session a new id, so the token is bound to the user and the provider.
fn bound<'a>(context: &'a RequestContext, session: &'a Session) -> [&'a str; 3] {
    [&context.live_store().store.public_url, &session.person.uid, &session.person.provider]
}
