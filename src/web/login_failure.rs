//! Logins that ended badly: the story is kept under a code, the log says one line, the shopper gets a page.

use crate::directory::StorageUnavailable;
use crate::directory::audit::{AuditEvent, AuditEventKind, RecordAuditEvent};
use crate::directory::incidents::{SaveIncident, StoredIncident};
use crate::directory::linking::SignInRefusalReason;
use crate::directory::reasons;
use crate::directory::sign_in::SignInRefusal;
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::pages::ErrorCause;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::story::{LoginRecord, Story, login_story, redacted_excerpt};
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{FailedLoginSummary, UserFacingError, cause_of_login_error, cause_of_refused_sign_in};
use crate::world::random;

fn error_of_login(cause: ErrorCause, offer: &LiveProvider, return_to: Option<&str>, code: Option<IncidentCode>) -> UserFacingError {
    let (title, provider) = (offer.provider.title.to_string(), offer.provider.name.to_string());
    let login = FailedLoginSummary { title, provider, return_to: return_to.map(str::to_owned), code };
    UserFacingError { login: Some(Box::new(login)), ..cause.into() }
}

/// An end that has nothing to do with what the provider said. Its story is the same for everybody, so one a minute is kept: whoever
/// knocks could fill the storage otherwise.
pub(crate) async fn without_conversation(
    asked: &RequestContext,
    cause: ErrorCause,
    offer: &LiveProvider,
    return_to: Option<&str>,
) -> UserFacingError {
    let (store, provider) = (&asked.live_store().store.name, &offer.provider.name);
    let (minute, door) = (asked.now() / 60, (asked.live_store().number, provider.clone(), cause.name()));
    let mut code = asked.app().stories.code_of_minute(&door, minute);
    if code.is_none() {
        let event = AuditEvent::new(asked.now(), store, AuditEventKind::Failed).via_provider(provider).with_reason(cause.name());
        let event = AuditEvent { version: Some(offer.version.clone()), ..event };
        let story = Story {
            provider: provider.to_string(),
            file: offer.provider.source.name.to_string(),
            code: Some(cause.name().to_owned()),
            message: Some(cause_message(cause).to_owned()),
            ..Story::default()
        };
        code = keep_story_within_limit(asked, &event, || story).await.ok().flatten();
        if let Some(code) = &code {
            asked.app().stories.set_code_of_minute(door, minute, code.clone());
        }
    }
    asked.app().metrics.count_login(store, provider, cause.name());
    tracing::info!(
        store = &**store,
        provider = &**provider,
        incident = code.as_ref().map(IncidentCode::as_str),
        cause = cause.name(),
        "a login ended"
    );
    error_of_login(cause, offer, return_to, code)
}

/// What support should know of such an end.
fn cause_message(cause: ErrorCause) -> &'static str {
    match cause {
        ErrorCause::AlreadyUsed => "this callback came a second time, as by a double click or the back button; a login counts once",
        ErrorCause::Slow => "so many logins wait for this provider that it was not this one's turn within 10 seconds",
        ErrorCause::Changed => "the provider's file changed while the shopper was away, and what came back fits the new one only",
        ErrorCause::ProofOver => "the code was not typed in time, or was wrong too often, or the login began in another browser",
        ErrorCause::Malformed => "the callback's address was opened without any parameter",
        _ => {
            "the callback belongs to no login that this browser began: its cookie is gone, blocked or older than ten minutes, or the login began in another browser"
        }
    }
}

/// A login that ended before anything was asked of the provider.
pub(crate) async fn before_conversation(
    asked: &RequestContext,
    offer: &LiveProvider,
    return_to: Option<&str>,
    error: &LoginError,
) -> UserFacingError {
    in_conversation(asked, offer, return_to, error, &Trace::default(), &LoginWatch::default()).await
}

/// A login that went wrong on the way to an identity.
pub(crate) async fn in_conversation(
    asked: &RequestContext,
    offer: &LiveProvider,
    return_to: Option<&str>,
    error: &LoginError,
    trace: &Trace,
    watch: &LoginWatch,
) -> UserFacingError {
    let cause = cause_of_login_error(error);
    let (store, provider) = (&asked.live_store().store.name, &offer.provider.name);
    asked.app().metrics.count_login(store, provider, cause.name());
    let event =
        AuditEvent::new(asked.now(), store, AuditEventKind::Failed).via_provider(provider).with_reason(&redacted_excerpt(error.code()));
    let event = AuditEvent { version: Some(offer.version.clone()), ..event };
    // While everybody fails in the same way, what would mend it is looked for a few times a minute.
    let (minute, door) = (asked.now() / 60, (asked.live_store().number, provider.clone(), "mending"));
    let searches_repair = asked.app().stories.may_search_repair(door, minute);
    let code = keep_story_within_limit(asked, &event, || {
        let proposals = if searches_repair { (asked.app().workbench.propose)(&offer.provider, Err(error), trace) } else { Vec::new() };
        login_story(LoginRecord { provider: &offer.provider, redirect: None, trace, watch, end: Err(error) }, proposals)
    })
    .await
    .ok()
    .flatten();
    if cause == ErrorCause::Cancelled {
        tracing::info!(store = &*asked.live_store().store.name, provider = &*offer.provider.name, "a shopper changed their mind");
        return error_of_login(cause, offer, return_to, code);
    }
    tracing::warn!(
        store = &*asked.live_store().store.name,
        provider = &*offer.provider.name,
        incident = code.as_ref().map(IncidentCode::as_str),
        cause = cause.name(),
        step = error.step.map(crate::provider::step::StepKind::word),
        code = redacted_excerpt(error.code()),
        said = redacted_excerpt(&error.to_string()),
        file = &*offer.provider.source.name,
        line = error.place.map(|place| place.line),
        "a login failed"
    );
    error_of_login(cause, offer, return_to, code)
}

/// A login that cannot even begin. Whoever knocks could fill the storage with such stories, so one a minute is kept.
pub(crate) async fn at_start(asked: &RequestContext, offer: &LiveProvider, return_to: Option<&str>, error: &LoginError) -> UserFacingError {
    let (minute, door) = (asked.now() / 60, (asked.live_store().number, offer.provider.name.clone(), "start"));
    if let Some(code) = asked.app().stories.code_of_minute(&door, minute) {
        let cause = cause_of_login_error(error);
        asked.app().metrics.count_login(&asked.live_store().store.name, &offer.provider.name, cause.name());
        return error_of_login(cause, offer, return_to, Some(code));
    }
    let refused = before_conversation(asked, offer, return_to, error).await;
    if let Some(code) = refused.login.as_ref().and_then(|ended| ended.code.clone()) {
        asked.app().stories.set_code_of_minute(door, minute, code);
    }
    refused
}

/// Somebody who showed who they are, and does not come in all the same. It is written down once, with a code or without.
pub(crate) async fn sign_in_refused(
    asked: &RequestContext,
    offer: &LiveProvider,
    return_to: Option<&str>,
    away: SignInRefusal,
) -> UserFacingError {
    let SignInRefusal { why, event } = away;
    let (store, provider, cause) = (&asked.live_store().store.name, &offer.provider.name, cause_of_refused_sign_in(why));
    asked.app().metrics.count_login(store, provider, cause.name());
    let file = &*offer.provider.source.name;
    let story = Story {
        provider: provider.to_string(),
        file: file.to_owned(),
        code: Some(why.word().to_owned()),
        message: Some(reasons::describe_refusal(why.word()).clone()),
        ..Story::default()
    };
    // To whoever is blocked, or only has to sign in again, the page says everything.
    let is_told = matches!(why, SignInRefusalReason::Blocked | SignInRefusalReason::SignedOut);
    let kept = if is_told { Ok(None) } else { keep_story_within_limit(asked, &event, || story).await };
    // Where storage is away there is no line either, and that has been logged.
    if let Ok(None) = kept {
        let _ = asked.app().directory.write(RecordAuditEvent(event)).await;
    }
    let code = kept.ok().flatten();
    tracing::warn!(
        store = &**store,
        provider = &**provider,
        incident = code.as_ref().map(IncidentCode::as_str),
        cause = cause.name(),
        because = why.word(),
        "somebody was not let in"
    );
    error_of_login(cause, offer, return_to, code)
}

/// Keeps a story, and writes down what happened with its code; without storage there is no code.
async fn keep_story_within_limit(
    asked: &RequestContext,
    event: &AuditEvent,
    story: impl FnOnce() -> Story,
) -> Result<Option<IncidentCode>, StorageUnavailable> {
    // Anybody can fail again and again; the storage is not theirs to fill.
    if !asked.app().stories.may_keep_story(asked.live_store().number, asked.now() / 60) {
        return Ok(None);
    }
    // What would mend the file is looked for here, which is work: not for whoever fails again and again.
    keep_story(asked, event, story()).await
}

/// The same, however many there are.
pub(crate) async fn keep_story(
    asked: &RequestContext,
    event: &AuditEvent,
    mut story: Story,
) -> Result<Option<IncidentCode>, StorageUnavailable> {
    let (app, store, now) = (asked.app(), &asked.live_store().store, asked.now());
    story.version = event.version.as_ref().map(ToString::to_string);
    let story = serde_json::to_string(&story).unwrap_or_default();
    // A code is taken once in many millions; then another is drawn.
    for _ in 0..3 {
        let code = IncidentCode::new(random::bytes());
        let incident = StoredIncident { code: code.as_str().into(), store: store.name.clone(), at: now, story: story.clone() };
        if app.directory.write(SaveIncident { incident, event: event.clone() }).await? {
            return Ok(Some(code));
        }
    }
    Ok(None)
}
