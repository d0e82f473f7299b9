//! The running sessions of a shopper on `/account`, each of which the shopper can end: `/account/sessions/end`.

use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::directory::sessions::EndSession;
use crate::directory::users::{ActiveSession, ListActiveSessions};
use crate::pages::phrases::fill;
use crate::pages::{Device, SessionRow};
use crate::session::Session;
use crate::vocabulary::hash::{hex, sha256};
use crate::web::account::{PAGE, provider_title};
use crate::web::forms;
use crate::web::metrics::sessions::SessionEndReason;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use actix_web::HttpResponse;

/// How many sessions the page shows: this one and the newest. The others end with those everywhere.
const MOST: usize = 30;

pub(crate) async fn list(context: &RequestContext, session: &Session) -> Result<Vec<SessionRow>, UserFacingError> {
    let list = ListActiveSessions { uid: session.person.uid.clone(), now: context.now() };
    let mut active = context.app().directory.read(list).await?;
    active.sort_by_key(|active| (active.sid != session.sid, std::cmp::Reverse(active.since)));
    active.truncate(MOST);
    Ok(active.iter().map(|active| session_row(context, session, active)).collect())
}

/// Ends one of them. As for a sign-out everywhere, the person need not have signed in a moment ago.
pub(crate) async fn end(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    let Some(session) = context.session_under_new_keys().await? else { return Ok(redirect_to(PAGE)) };
    let form = forms::verified_form(&context, &session.sid, PAGE)?;
    let (app, uid) = (context.app(), session.person.uid);
    let active = app.directory.read(ListActiveSessions { uid: uid.clone(), now: context.now() }).await?;
    let wanted = form.field("session")?;
    // Only the sessions of this user are looked through, and not the one of the page, which the page ends in another form.
    let mut others = active.into_iter().filter(|active| active.sid != session.sid);
    if let Some(ended) = others.find(|active| wanted == Some(&*session_handle(active))) {
        let event = AuditEvent::new(context.now(), &context.live_store().store.name, AuditEventKind::Logout).for_user(&uid);
        let event = AuditEvent { provider: ended.provider, ..event };
        app.directory.write(EndSession { sid: ended.sid.clone(), uid, latest: ended.latest, again: false, event }).await?;
        app.revocations.record_end(&ended.sid, ended.latest);
        app.metrics.sessions.count_ended(&context.live_store().store.name, SessionEndReason::Account, 1);
        app.read_from_storage(context.now()).await?;
    }
    // A session that has ended is what the shopper asked for.
    Ok(redirect_to("/account?done=left"))
}

/// Names a session in a form without showing its id.
fn session_handle(active: &ActiveSession) -> String {
    hex(&sha256::<16>(active.sid.as_bytes()))
}

fn session_row(context: &RequestContext, session: &Session, active: &ActiveSession) -> SessionRow {
    let phrases = &context.language().phrases;
    let device = active.device.as_deref().and_then(Device::from_stored);
    let handheld = device.is_some_and(Device::is_handheld);
    let device = device.map_or_else(|| phrases.account.device_unknown.clone(), |device| device.describe(phrases));
    let through = active.provider.as_deref().map(|key| fill(&phrases.person.with, &[("provider", &provider_title(context, key))]));
    let lines = phrases.began(active.since, context.now()).into_iter().chain(through).collect();
    SessionRow { device, handheld, handle: session_handle(active), current: active.sid == session.sid, lines }
}
