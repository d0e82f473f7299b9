//! `/account/unlink` and `/account/undo`: a shopper removes a linked identity, and may undo that for a minute.
//!
//! Nothing of a removed identity is kept in storage. What undoing needs stands sealed in the address of the page that follows the removal,
//! bound to the session and the user.

use crate::directory::audit::AuditActor;
use crate::directory::identity_links::{RestoreIdentityLinks, UnlinkIdentity, UnlinkOutcome};
use crate::directory::users::{IdentityLink, ListIdentityLinks};
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::session::Session;
use crate::web::account::{PAGE, identity_handle};
use crate::web::forms;
use crate::web::fresh_session::require_fresh_session;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::world::random;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

/// How long a removal can be undone, in seconds.
const UNDO_FOR: i64 = 60;
/// The longest sealed removal: what a proxy takes for an address is limited. One that is longer, by the further facts of the identity,
/// cannot be undone.
const LONGEST: usize = 2500;

/// A removal that can be undone.
#[derive(Debug, Serialize, Deserialize)]
struct IdentityRemoval {
    /// Its random id, by which it is undone once.
    id: Box<str>,
    /// The linked identities as they were.
    links: Vec<IdentityLink>,
    /// When it can be undone no more.
    until: i64,
}

impl IdentityRemoval {
    fn seal(&self, context: &RequestContext, session: &Session) -> Option<String> {
        let text = serde_json::to_vec(self).expect("texts and numbers can be written");
        let sealed = context.app().forms.seal(&bound(context, session), &text, random::bytes());
        Some(sealed).filter(|sealed| sealed.len() <= LONGEST)
    }

    /// Opens a removal of this user and this session that can still be undone.
    fn open(context: &RequestContext, session: &Session, sealed: &str) -> Option<Self> {
        if sealed.len() > LONGEST {
            return None;
        }
        let text = context.app().forms.open(&bound(context, session), sealed)?;
        let removal: Self = serde_json::from_slice(&text).ok()?;
        (context.now() < removal.until).then_some(removal)
    }
}

fn bound<'a>(context: &'a RequestContext, session: &'a Session) -> [&'a str; 4] {
    [&context.live_store().store.public_url, &session.sid, &session.person.uid, "removal"]
}

pub(crate) async fn unlink(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    let (session, form) = require_fresh_session(&context, PAGE).await?;
    let (app, uid) = (context.app(), session.person.uid.clone());
    let mut links = app.directory.read(ListIdentityLinks(uid.clone())).await?;
    let wanted = form.field("way")?;
    links.retain(|link| wanted == Some(&*identity_handle(link)));
    // An identity that is not linked any more is what the shopper asked for.
    let Some(link) = links.first() else { return Ok(redirect_to("/account?done=unlinked")) };
    let unlink = UnlinkIdentity {
        store: context.live_store().store.name.clone(),
        uid,
        provider: link.provider.clone(),
        provider_id: Some(link.provider_id.clone()),
        except: Some(session.sid.clone()),
        by: AuditActor::Person,
        even_last: false,
        now: context.now(),
    };
    let outcome = app.directory.write(unlink).await?;
    app.read_from_storage(context.now()).await?;
    let undo = match outcome {
        UnlinkOutcome::LastIdentity => return Err(ErrorCause::LastIdentity.into()),
        UnlinkOutcome::NotFound => None,
        UnlinkOutcome::Unlinked => {
            IdentityRemoval { id: random::id(), links, until: context.now().saturating_add(UNDO_FOR) }.seal(&context, &session)
        }
    };
    Ok(redirect_to(&address(&["account"], &[("done", Some("unlinked")), ("undo", undo.as_deref())])))
}

/// Links an identity again that was removed a moment ago.
pub(crate) async fn undo(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    let Some(session) = context.session_under_new_keys().await? else { return Ok(redirect_to(PAGE)) };
    let form = forms::verified_form(&context, &session.sid, PAGE)?;
    let removal = form.field("removal")?.and_then(|sealed| IdentityRemoval::open(&context, &session, sealed));
    let Some(IdentityRemoval { id, links, until }) = removal else { return Ok(redirect_to("/account?done=late")) };
    let restore = RestoreIdentityLinks {
        store: context.live_store().store.name.clone(),
        uid: session.person.uid,
        sid: session.sid,
        links,
        removal: format!("removal {id}").into(),
        until,
        now: context.now(),
    };
    let is_restored = context.app().directory.write(restore).await?;
    Ok(redirect_to(if is_restored { "/account?done=restored" } else { "/account?done=late" }))
}

/// The removal of the query, sealed, if the shopper can still undo it.
pub(crate) fn removal_to_undo(context: &RequestContext, session: &Session) -> Result<Option<String>, UserFacingError> {
    let sealed = context.query_parameter("undo")?;
    Ok(sealed.filter(|sealed| IdentityRemoval::open(context, session, sealed).is_some()))
}
