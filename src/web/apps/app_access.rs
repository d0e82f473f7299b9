//! The apps with access to a person, who sees them on `/account` and ends what is not wanted any more.

use crate::directory::app_grants::{ListAppsOfUser, UserApp};
use crate::directory::audit::AuditActor;
use crate::directory::ended_grants::EndAppsOfUser;
use crate::pages::AppWithAccess;
use crate::session::Session;
use crate::web::account::PAGE;
use crate::web::forms;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use actix_web::HttpResponse;

/// The apps with access to the person of a session.
pub(crate) async fn list(context: &RequestContext, session: &Session) -> Result<Vec<AppWithAccess>, UserFacingError> {
    let list = ListAppsOfUser { store: context.live_store().store.name.clone(), uid: session.person.uid.clone() };
    let apps = context.app().directory.read(list).await?;
    Ok(apps.into_iter().filter(|app| app.until > context.now()).map(|app| app_with_access(context, app)).collect())
}

/// Ends the access of one app. As for a sign-out everywhere, the person need not have signed in a moment ago.
pub(crate) async fn end(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    let Some(session) = context.session_under_new_keys().await? else { return Ok(redirect_to(PAGE)) };
    let form = forms::verified_form(&context, &session.sid, PAGE)?;
    // Without a name the verb would end the access of all apps.
    let Some(app) = form.field("app")?.filter(|app| !app.is_empty()) else { return Ok(redirect_to(PAGE)) };
    let (store, uid) = (context.live_store().store.name.clone(), session.person.uid);
    let end = EndAppsOfUser { store, uid, app: Some(app.into()), by: AuditActor::Person, now: context.now() };
    context.app().directory.write(end).await?;
    context.app().read_from_storage(context.now()).await?;
    Ok(redirect_to("/account?done=ended"))
}

fn app_with_access(context: &RequestContext, app: UserApp) -> AppWithAccess {
    let (live_store, phrases) = (context.live_store(), &context.language().phrases);
    let known = live_store.apps.find(&app.app);
    AppWithAccess {
        name: known.map_or(&*app.app, |known| known.shown_name()).to_owned(),
        id: app.app.into(),
        scopes: app.scopes.into(),
        has_further: !live_store.store.further.claims.is_empty(),
        lasting: app.offline,
        since: phrases.format_day(app.first),
        used: phrases.format_day(app.last),
    }
}
