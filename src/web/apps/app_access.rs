//! The apps with access to a person, and those to which the person has agreed, on `/account`, where the person ends what is not wanted any
//! more.

use crate::directory::app_consents::{AppConsent, ListConsentsOfUser};
use crate::directory::app_grants::{ListAppsOfUser, UserApp};
use crate::directory::audit::AuditActor;
use crate::directory::ended_grants::EndAppsOfUser;
use crate::pages::{AppAccessLasts, AppWithAccess};
use crate::session::Session;
use crate::web::account::PAGE;
use crate::web::apps::consent;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{forms, kept_tokens};
use actix_web::HttpResponse;

/// The apps with access to the person of a session, and those that would get it again without a question.
pub(crate) async fn list(context: &RequestContext, session: &Session) -> Result<Vec<AppWithAccess>, UserFacingError> {
    let list = ListAppsOfUser { store: context.live_store().store.name.clone(), uid: session.person.uid.clone() };
    let apps = context.app().directory.read(list).await?;
    let apps: Vec<UserApp> = apps.into_iter().filter(|app| app.until > context.now()).collect();
    let mut consents = context.app().directory.read(ListConsentsOfUser(session.person.uid.clone())).await?;
    // A consent to an app that looks different by now counts no more.
    let counts = |consent: &AppConsent| {
        let known = context.live_store().apps.find(&consent.app);
        known.is_none_or(|known| consent::shown_to_person(known) == consent.shown)
    };
    consents.retain(|consent| counts(consent) && apps.iter().all(|app| app.app != consent.app));
    let consents = consents.into_iter().map(|consent| app_of_consent(context, consent));
    Ok(apps.into_iter().map(|app| app_with_access(context, app)).chain(consents).collect())
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
    let fetchers = kept_tokens::fetchers(&context);
    let end = EndAppsOfUser { store, uid, app: Some(app.into()), fetchers, by: AuditActor::Person, now: context.now() };
    context.app().directory.write(end).await?;
    context.app().read_from_storage(context.now()).await?;
    Ok(redirect_to("/account?done=ended"))
}

fn app_with_access(context: &RequestContext, app: UserApp) -> AppWithAccess {
    let phrases = &context.language().phrases;
    AppWithAccess {
        name: shown_name(context, &app.app),
        id: app.app.into(),
        scopes: app.scopes.into(),
        has_further: !context.live_store().store.further.claims.is_empty(),
        lasts: if app.offline { AppAccessLasts::BeyondSignOut } else { AppAccessLasts::UntilSignOut },
        since: phrases.format_day(app.first),
        used: phrases.format_day(app.last),
    }
}

/// An app without access, to which the person has agreed.
fn app_of_consent(context: &RequestContext, consent: AppConsent) -> AppWithAccess {
    AppWithAccess {
        name: shown_name(context, &consent.app),
        id: consent.app.into(),
        scopes: consent.scopes.into(),
        has_further: !context.live_store().store.further.claims.is_empty(),
        lasts: AppAccessLasts::NotNow,
        since: context.language().phrases.format_day(consent.at),
        used: None,
    }
}

fn shown_name(context: &RequestContext, app: &str) -> String {
    context.live_store().apps.find(app).map_or(app, |known| known.shown_name()).to_owned()
}
