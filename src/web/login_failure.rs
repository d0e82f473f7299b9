//! Logins that failed: the story is stored under an incident code, the log gets one line, and the shopper gets a page.

use crate::directory::StorageUnavailable;
use crate::directory::audit::{AuditEvent, AuditEventKind, RecordAuditEvent};
use crate::directory::incidents::{SaveIncident, StoredIncident};
use crate::directory::linking::SignInRefusalReason;
use crate::directory::reasons;
use crate::directory::sign_in::SignInRefusal;
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::pages::ErrorCause;
use crate::provider::step::StepKind;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::story::{LoginRecord, Story, login_story, redacted_code, redacted_excerpt};
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::request_context::RequestContext;
use crate::web::story_throttle::KeptStoryKey;
use crate::web::user_facing_error::{FailedLoginSummary, UserFacingError, cause_of_login_error, cause_of_refused_sign_in};
use crate::world::random;
use std::fmt;

fn error_of_login(cause: ErrorCause, live_provider: &LiveProvider, return_to: Option<&str>, code: Option<IncidentCode>) -> UserFacingError {
    let (title, provider) = (live_provider.provider.title.to_string(), live_provider.provider.name.to_string());
    let login = FailedLoginSummary { title, provider, return_to: return_to.map(str::to_owned), code };
    UserFacingError { login: Some(Box::new(login)), ..cause.into() }
}

/// A reason of the broker to end a login, independent of the provider's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrokerFailure {
    /// The callback was used before.
    AlreadyUsed,
    /// Too many logins are waiting for the provider.
    TooManyLogins,
    /// The provider's file changed between the redirect and the callback.
    FileChanged,
    /// The e-mail address was not proven in time.
    ProofOver,
    /// The callback has no parameters.
    NoParameters,
    /// The callback belongs to no attempt of this browser.
    UnknownAttempt,
}

impl BrokerFailure {
    pub(crate) fn cause(self) -> ErrorCause {
        match self {
            Self::AlreadyUsed => ErrorCause::AlreadyUsed,
            Self::TooManyLogins => ErrorCause::Slow,
            Self::FileChanged => ErrorCause::Changed,
            Self::ProofOver => ErrorCause::ProofOver,
            Self::NoParameters => ErrorCause::Malformed,
            Self::UnknownAttempt => ErrorCause::Lost,
        }
    }
}

impl fmt::Display for BrokerFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyUsed => {
                "this callback came a second time, for example after a double click or the back button; a callback is used once"
            }
            Self::TooManyLogins => "too many logins wait for this provider; it was not this one's turn within 10 seconds",
            Self::FileChanged => {
                "the provider's file changed while the shopper was at the provider, and the callback fits only the new file"
            }
            Self::ProofOver => "the code was not typed in time, or was wrong too often, or the login began in another browser",
            Self::NoParameters => "the callback's address was opened without any parameter",
            Self::UnknownAttempt => {
                "the callback belongs to no login that this browser began: its cookie is missing, blocked or older than ten minutes, or the login began in another browser"
            }
        })
    }
}

/// Ends a login for a reason of our own. The story is the same for every shopper, so one a minute is stored: otherwise
/// requests without a login could fill the storage.
pub(crate) async fn without_conversation(
    context: &RequestContext,
    failure: BrokerFailure,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
) -> UserFacingError {
    let cause = failure.cause();
    let (store, provider) = (&context.live_store().store.name, &live_provider.provider.name);
    let (minute, key) = (context.now() / 60, kept_story_key(context, live_provider, cause.name().to_owned()));
    let mut code = context.app().stories.code_of_minute(&key, minute);
    if code.is_none() {
        let event = AuditEvent::new(context.now(), store, AuditEventKind::Failed).via_provider(provider).with_reason(cause.name());
        let event = AuditEvent { version: Some(live_provider.version.clone()), ..event };
        let story = Story {
            provider: provider.to_string(),
            file: live_provider.provider.source.name.to_string(),
            code: Some(cause.name().to_owned()),
            message: Some(failure.to_string()),
            ..Story::default()
        };
        code = keep_story_within_limit(context, &event, || story).await.ok().flatten();
        if let Some(code) = &code {
            context.app().stories.set_code_of_minute(key, minute, code.clone());
        }
    }
    context.app().metrics.count_login(store, provider, cause.name());
    tracing::info!(
        store = &**store,
        provider = &**provider,
        incident = code.as_ref().map(IncidentCode::as_str),
        cause = cause.name(),
        "a login ended"
    );
    error_of_login(cause, live_provider, return_to, code)
}

/// Ends a login before the first call to the provider.
pub(crate) async fn before_conversation(
    context: &RequestContext,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
    error: &LoginError,
) -> UserFacingError {
    in_conversation(context, live_provider, return_to, error, &Trace::default(), &LoginWatch::default()).await
}

/// Ends a login whose conversation with the provider gave no identity.
pub(crate) async fn in_conversation(
    context: &RequestContext,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
    error: &LoginError,
    trace: &Trace,
    watch: &LoginWatch,
) -> UserFacingError {
    let cause = cause_of_login_error(error, !trace.callback.pairs.is_empty());
    let (store, provider) = (&context.live_store().store.name, &live_provider.provider.name);
    context.app().metrics.count_login(store, provider, cause.name());
    let event = AuditEvent::new(context.now(), store, AuditEventKind::Failed).via_provider(provider).with_reason(&redacted_code(error));
    let event = AuditEvent { version: Some(live_provider.version.clone()), ..event };
    // While all logins fail in the same way, a few searches for a repair a minute are enough.
    let (minute, key) = (context.now() / 60, (context.live_store().number, provider.clone()));
    let searches_repair = context.app().stories.may_search_repair(key, minute);
    let code = keep_story_within_limit(context, &event, || {
        let proposals =
            if searches_repair { (context.app().workbench.propose)(&live_provider.provider, Err(error), trace) } else { Vec::new() };
        login_story(LoginRecord { provider: &live_provider.provider, redirect: None, trace, watch, end: Err(error) }, proposals)
    })
    .await
    .ok()
    .flatten();
    if cause == ErrorCause::Cancelled {
        tracing::info!(store = &*context.live_store().store.name, provider = &*live_provider.provider.name, "a shopper cancelled a login");
        return error_of_login(cause, live_provider, return_to, code);
    }
    tracing::warn!(
        store = &*context.live_store().store.name,
        provider = &*live_provider.provider.name,
        incident = code.as_ref().map(IncidentCode::as_str),
        cause = cause.name(),
        step = error.step.map(StepKind::word),
        code = redacted_code(error),
        said = redacted_excerpt(&error.to_string()),
        rule = error.refusal().filter(|refusal| refusal.message.is_some()).and_then(|refusal| refusal.rule.as_deref()),
        file = &*live_provider.provider.source.name,
        line = error.place.map(|place| place.line),
        "a login failed"
    );
    error_of_login(cause, live_provider, return_to, code)
}

fn kept_story_key(context: &RequestContext, live_provider: &LiveProvider, failure: String) -> KeptStoryKey {
    let provider = live_provider.provider.name.clone();
    KeptStoryKey { store: context.live_store().number, provider, version: live_provider.version.clone(), failure }
}

/// Ends a login that cannot begin. One story a minute is stored of a failure, as in [`without_conversation`].
pub(crate) async fn at_start(
    context: &RequestContext,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
    error: &LoginError,
    (trace, watch): (&Trace, &LoginWatch),
) -> UserFacingError {
    let failure = format!("start {} {}", error.step.map_or("", StepKind::word), redacted_code(error));
    let (minute, key) = (context.now() / 60, kept_story_key(context, live_provider, failure));
    if let Some(code) = context.app().stories.code_of_minute(&key, minute) {
        let cause = cause_of_login_error(error, false);
        context.app().metrics.count_login(&context.live_store().store.name, &live_provider.provider.name, cause.name());
        return error_of_login(cause, live_provider, return_to, Some(code));
    }
    let refused = in_conversation(context, live_provider, return_to, error, trace, watch).await;
    if let Some(code) = refused.login.as_ref().and_then(|ended| ended.code.clone()) {
        context.app().stories.set_code_of_minute(key, minute, code);
    }
    refused
}

/// Ends a login whose identity is known and may not sign in. The audit gets one line, with or without an incident code.
pub(crate) async fn sign_in_refused(
    context: &RequestContext,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
    refusal: SignInRefusal,
) -> UserFacingError {
    let SignInRefusal { why, event } = refusal;
    let (store, provider, cause) = (&context.live_store().store.name, &live_provider.provider.name, cause_of_refused_sign_in(why));
    context.app().metrics.count_login(store, provider, cause.name());
    let file = &*live_provider.provider.source.name;
    let story = Story {
        provider: provider.to_string(),
        file: file.to_owned(),
        code: Some(why.word().to_owned()),
        message: Some(reasons::describe_refusal(why.word()).clone()),
        ..Story::default()
    };
    let kept = if page_says_all(why) { Ok(None) } else { keep_story_within_limit(context, &event, || story).await };
    // Without storage there is no audit line either, and the log says so already.
    if let Ok(None) = kept {
        let _ = context.app().directory.write(RecordAuditEvent(event)).await;
    }
    let code = kept.ok().flatten();
    tracing::warn!(
        store = &**store,
        provider = &**provider,
        incident = code.as_ref().map(IncidentCode::as_str),
        cause = cause.name(),
        because = why.word(),
        "a sign-in was refused"
    );
    error_of_login(cause, live_provider, return_to, code)
}

/// Whether the page says everything, so that support needs no story.
fn page_says_all(why: SignInRefusalReason) -> bool {
    match why {
        SignInRefusalReason::Blocked | SignInRefusalReason::SignedOut => true,
        SignInRefusalReason::AddressTaken
        | SignInRefusalReason::AddressReassigned
        | SignInRefusalReason::Detached
        | SignInRefusalReason::NoAddress
        | SignInRefusalReason::LinkedElsewhere
        | SignInRefusalReason::ProviderMoved => false,
    }
}

/// Stores a story and its audit line, unless this store has stored many in this minute. The story is made only then,
/// because it may search for a repair.
async fn keep_story_within_limit(
    context: &RequestContext,
    event: &AuditEvent,
    story: impl FnOnce() -> Story,
) -> Result<Option<IncidentCode>, StorageUnavailable> {
    if !context.app().stories.may_keep_story(context.live_store().number, context.now() / 60) {
        return Ok(None);
    }
    keep_story(context, event, story()).await
}

/// Stores a story and its audit line under a new incident code.
pub(crate) async fn keep_story(
    context: &RequestContext,
    event: &AuditEvent,
    mut story: Story,
) -> Result<Option<IncidentCode>, StorageUnavailable> {
    let (app, store, now) = (context.app(), &context.live_store().store, context.now());
    story.version = event.version.as_ref().map(ToString::to_string);
    let story = serde_json::to_string(&story).unwrap_or_default();
    // A random code may be in use already, once in many millions.
    for _ in 0..3 {
        let code = IncidentCode::new(random::bytes());
        let incident = StoredIncident { code: code.as_str().into(), store: store.name.clone(), at: now, story: story.clone() };
        if app.directory.write(SaveIncident { incident, event: event.clone() }).await? {
            return Ok(Some(code));
        }
    }
    Ok(None)
}
