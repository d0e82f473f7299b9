//! Logins that failed: the story is stored under an incident code, the log gets one line, and the shopper gets a page.

use crate::choice;
use crate::directory::audit::{AuditEvent, RecordAuditEvent};
use crate::directory::linking::SignInRefusalReason;
use crate::directory::reasons;
use crate::directory::sign_in::SignInRefusal;
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::pages::ErrorCause;
use crate::provider::callback::CallbackParameters;
use crate::provider::step::StepKind;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::story::{LoginRecord, Story, login_story, redacted_message};
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::failed_story::{FailedRecord, failed_story};
use crate::web::request_context::RequestContext;
use crate::web::story_keeping::{FoundStory, failure_kind, place_failure, place_story, without_numbers};
use crate::web::story_throttle::{FailureKind, FailurePlace, reason_of};
use crate::web::user_facing_error::{FailedLoginSummary, UserFacingError, cause_of_login_error, cause_of_refused_sign_in};
use crate::web::{login_counts, login_source::LoginSource};
use std::fmt;

fn error_of_login(cause: ErrorCause, source: LoginSource<'_>, return_to: Option<&str>, code: Option<IncidentCode>) -> UserFacingError {
    let (title, provider) = (source.title.to_owned(), source.name.to_owned());
    let login = FailedLoginSummary { title, provider, return_to: return_to.map(str::to_owned), code, ..FailedLoginSummary::default() };
    UserFacingError { login: Some(Box::new(login)), ..cause.into() }
}

choice! {
    /// A reason of the broker to end a login, independent of the provider's answers, with its code in stories and the audit.
    pub(crate) enum BrokerFailure {
        /// The callback was used before.
        AlreadyUsed = "alreadyUsed",
        /// Too many logins are waiting for the provider.
        TooManyLogins = "tooSlow",
        /// The provider's file changed between the redirect and the callback.
        FileChanged = "changed",
        /// The present version of the provider's file does not read the person whom the next version has read.
        VersionsDiffer = "versionsDiffer",
        /// The e-mail address was not proven in time.
        ProofOver = "proofOver",
        /// The callback has no parameters.
        NoParameters = "badCallback",
        /// The callback belongs to no attempt of this browser.
        UnknownAttempt = "lost",
    }
}

impl BrokerFailure {
    pub(crate) fn cause(self) -> ErrorCause {
        match self {
            Self::AlreadyUsed => ErrorCause::AlreadyUsed,
            Self::TooManyLogins => ErrorCause::Slow,
            Self::FileChanged | Self::VersionsDiffer => ErrorCause::Changed,
            Self::ProofOver => ErrorCause::ProofOver,
            Self::NoParameters => ErrorCause::Malformed,
            Self::UnknownAttempt => ErrorCause::UnknownAttempt,
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
            Self::VersionsDiffer => {
                "the present and the next version of the provider's file do not read the same person, so the login through the next one \
                 signed no user in"
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
    source: impl Into<LoginSource<'_>>,
    return_to: Option<&str>,
) -> UserFacingError {
    let source = source.into();
    let story = async |_: &IncidentCode| Story {
        provider: source.name.to_owned(),
        file: source.file.to_owned(),
        code: Some(failure.word().to_owned()),
        message: Some(failure.to_string()),
        ..Story::default()
    };
    end_quietly(context, (failure.cause(), failure.word()), source, return_to, story).await
}

/// Ends the login of a callback without an attempt whose parameters explain why. One story a minute is stored, as in [`without_conversation`].
pub(crate) async fn without_attempt(
    context: &RequestContext,
    live_provider: &LiveProvider,
    error: &LoginError,
    callback: CallbackParameters,
) -> UserFacingError {
    let (trace, watch) = (Trace::of_callback(callback), LoginWatch::default());
    let record = LoginRecord { provider: &live_provider.provider, redirect: None, trace: &trace, watch: &watch, end: Err(error) };
    let cause = cause_of_login_error(error, true);
    let story = async |_: &IncidentCode| login_story(record, Vec::new());
    end_quietly(context, (cause, error.exact_cause()), live_provider.into(), None, story).await
}

/// Ends a login that anyone can make fail, without a warning.
async fn end_quietly(
    context: &RequestContext,
    (cause, word): (ErrorCause, &'static str),
    source: LoginSource<'_>,
    return_to: Option<&str>,
    story: impl AsyncFnOnce(&IncidentCode) -> Story,
) -> UserFacingError {
    let (store, provider) = (&context.live_store().store.name, source.name);
    let at = FailurePlace { by_anyone: true, ..FailurePlace::default() };
    let code = place_failure(context, failure_kind(context, source, cause, at, word), story).await;
    login_counts::count_failure(context, source, cause, (login_counts::CALLBACK, word));
    context.app().metrics.logins.count_failure(store, provider, (login_counts::CALLBACK, word));
    tracing::info!(store = &**store, provider, incident = code.as_ref().map(IncidentCode::as_str), cause = cause.name(), "a login ended");
    error_of_login(cause, source, return_to, code)
}

/// Ends a login before the first call to the provider.
pub(crate) async fn before_conversation(
    context: &RequestContext,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
    (error, callback): (&LoginError, &CallbackParameters),
) -> UserFacingError {
    in_conversation(context, live_provider, return_to, error, &Trace::of_callback(callback.clone()), &LoginWatch::default()).await
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
    end_with_error(context, live_provider, return_to, error, (trace, watch, FailedPart::Callback)).await
}

/// Ends a login that cannot begin. One story a minute is stored of a failure, as in [`without_conversation`].
pub(crate) async fn at_start(
    context: &RequestContext,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
    error: &LoginError,
    (trace, watch): (&Trace, &LoginWatch),
) -> UserFacingError {
    end_with_error(context, live_provider, return_to, error, (trace, watch, FailedPart::Start)).await
}

/// Ends an exchange of tokens that a program has handed in. One story a minute is stored of a failure, as in [`without_conversation`].
pub(crate) async fn in_exchange(
    context: &RequestContext,
    live_provider: &LiveProvider,
    error: &LoginError,
    (trace, watch): (&Trace, &LoginWatch),
) -> UserFacingError {
    end_with_error(context, live_provider, None, error, (trace, watch, FailedPart::Exchange)).await
}

/// Ends a refresh of kept tokens. One story a minute is stored of a failure, as in [`without_conversation`].
pub(crate) async fn in_refresh(
    context: &RequestContext,
    live_provider: &LiveProvider,
    error: &LoginError,
    (trace, watch): (&Trace, &LoginWatch),
) {
    let _ = end_with_error(context, live_provider, None, error, (trace, watch, FailedPart::Refresh)).await;
}

/// Which part of a login failed. Anyone can make a start or an exchange fail; a callback needs an attempt of the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailedPart {
    Start,
    Callback,
    Exchange,
    /// No login, but the refresh of tokens that are kept of one.
    Refresh,
}

async fn end_with_error(
    context: &RequestContext,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
    error: &LoginError,
    (trace, watch, part): (&Trace, &LoginWatch, FailedPart),
) -> UserFacingError {
    let by_anyone = part != FailedPart::Callback;
    let cause = cause_of_login_error(error, !trace.callback.pairs.is_empty());
    if part != FailedPart::Refresh {
        let step = error.step.map_or(login_counts::place_without_step(trace), StepKind::word);
        login_counts::count_failure(context, live_provider, cause, (step, &reason_of(error)));
        if cause != ErrorCause::Cancelled {
            let (store, provider) = (&context.live_store().store.name, &live_provider.provider.name);
            context.app().metrics.logins.count_failure(store, provider, (step, error.exact_cause()));
        }
    }
    let at = FailurePlace { step: error.step, call: trace.exchanges.last().map(|call| call.call), line: error.place, by_anyone };
    let (app, reason) = (context.app(), reason_of(error));
    let said = (!by_anyone).then(|| without_numbers(&redacted_message(error)).into());
    let kind = FailureKind { said, ..failure_kind(context, live_provider.into(), cause, at, &reason) };
    let fails_for_many = app.stories.fails_for_many(&kind, context.client_network(), context.now() / 60);
    // What a program hands in without a login says little about the file.
    let is_of_login = matches!(part, FailedPart::Start | FailedPart::Callback);
    let (searched, record) = (kind.clone(), FailedRecord { live_provider, error, trace, watch, is_of_login });
    let code = place_failure(context, kind, async |code: &IncidentCode| failed_story(context, record, &searched, code).await).await;
    if cause == ErrorCause::Cancelled {
        tracing::info!(store = &*context.live_store().store.name, provider = &*live_provider.provider.name, "a shopper cancelled a login");
        return error_of_login(cause, live_provider.into(), return_to, code);
    }
    tracing::warn!(
        store = &*context.live_store().store.name,
        provider = &*live_provider.provider.name,
        incident = code.as_ref().map(IncidentCode::as_str),
        cause = cause.name(),
        step = error.step.map(StepKind::word),
        code = reason,
        said = redacted_message(error),
        rule = error.refusal().filter(|refusal| refusal.message.is_some()).and_then(|refusal| refusal.rule.as_deref()),
        file = &*live_provider.provider.source.name,
        line = error.place.map(|place| place.line),
        "{}",
        if part == FailedPart::Refresh { "kept tokens could not be refreshed" } else { "a login failed" }
    );
    let mut failed = error_of_login(cause, live_provider.into(), return_to, code);
    if let Some(login) = &mut failed.login {
        login.fails_for_many = fails_for_many;
    }
    failed
}

/// Ends a login whose identity is known and may not sign in. The audit gets one line, with or without an incident code.
pub(crate) async fn sign_in_refused(
    context: &RequestContext,
    source: impl Into<LoginSource<'_>>,
    return_to: Option<&str>,
    refusal: SignInRefusal,
) -> UserFacingError {
    let (SignInRefusal { why, event }, source) = (refusal, source.into());
    let (store, provider, cause) = (&context.live_store().store.name, source.name, cause_of_refused_sign_in(why));
    login_counts::count_failure(context, source, cause, (login_counts::IDENTITY, why.word()));
    context.app().metrics.logins.count_failure(store, provider, (login_counts::IDENTITY, why.word()));
    let story = async |_: &IncidentCode| Story {
        provider: provider.to_owned(),
        file: source.file.to_owned(),
        code: Some(why.word().to_owned()),
        message: Some(reasons::describe_refusal(why.word()).clone()),
        ..Story::default()
    };
    let found = if page_says_all(why) {
        None
    } else {
        let kind = failure_kind(context, source, cause, FailurePlace::default(), why.word());
        Some(place_story(context, &kind, &event, story).await)
    };
    // Without storage there is no audit line either, and the log says so already.
    let has_line = matches!(found, Some(FoundStory::Kept(_) | FoundStory::Unavailable));
    let code = found.and_then(FoundStory::code);
    if !has_line {
        let incident = code.as_ref().map(|code| code.as_str().into());
        let _ = context.app().directory.write(RecordAuditEvent(AuditEvent { incident, ..event })).await;
    }
    tracing::warn!(
        store = &**store,
        provider,
        incident = code.as_ref().map(IncidentCode::as_str),
        cause = cause.name(),
        because = why.word(),
        "a sign-in was refused"
    );
    error_of_login(cause, source, return_to, code)
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
