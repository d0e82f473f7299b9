//! The parameters of a callback, and the attempt of this browser that they answer.

use crate::directory::StorageUnavailable;
use crate::directory::attempts::ConsumeAttempt;
use crate::login::attempt::{Attempt, GOOD_FOR, callback_fault};
use crate::login::conversation::Conversation;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::returned_state::missing_state;
use crate::login::trace::Trace;
use crate::pages::ErrorCause;
use crate::provider::callback::{CallbackMethod, CallbackParameters, StateLocation};
use crate::stores::connection::ProviderClient;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::web::attempt_cookies::{self, CallbackRequest, Tester};
use crate::web::cookies;
use crate::web::login_failure::{self, BrokerFailure};
use crate::web::request_context::RequestContext;
use crate::web::test_logins::{self, test_login_handler};
use crate::web::user_facing_error::UserFacingError;
use std::cmp::Reverse;
use std::sync::Arc;

/// The query parameter that carries a sealed form.
pub(crate) const FORM: &str = "portaria-form";

/// A callback that answers no attempt of this browser.
pub(crate) struct UnmatchedCallback {
    failure: BrokerFailure,
    live_provider: Arc<LiveProvider>,
    /// The newest attempt of the browser at this provider.
    newest: Option<NewestAttempt>,
    /// Cookies that hold no attempt any more.
    unreadable: Vec<String>,
    callback: CallbackParameters,
}

struct NewestAttempt {
    return_to: Option<String>,
    test: Option<Tester>,
    state: Box<str>,
    cookie: String,
}

impl NewestAttempt {
    fn from_callback(callback_request: &CallbackRequest) -> Self {
        Self {
            return_to: callback_request.return_to.clone(),
            test: callback_request.test.clone(),
            state: callback_request.saved.state.clone(),
            cookie: callback_request.cookie.clone(),
        }
    }
}

impl UnmatchedCallback {
    pub(crate) async fn into_error(self, context: &RequestContext) -> UserFacingError {
        let unreadable: Vec<_> = self.unreadable.iter().map(|name| cookies::clear(name, &context.live_store().store)).collect();
        context.note_return_to(self.newest.as_ref().and_then(|newest| newest.return_to.as_deref()));
        let error = match self.newest {
            Some(NewestAttempt { test: Some(tester), state, cookie, .. })
                if matches!(self.failure, BrokerFailure::UnknownAttempt | BrokerFailure::FileChanged) =>
            {
                let is_changed = self.failure == BrokerFailure::FileChanged;
                let changed = is_changed.then(|| LoginError::before_calls(LoginErrorCause::FileChanged));
                let why = changed.unwrap_or_else(|| unmatched_error(&self.live_provider, &self.callback, &state));
                let error = match test_login_handler(context) {
                    Ok(lab) => lab.reject_unmatched(context, &self.live_provider, (&tester, &state), self.callback, &why).await,
                    Err(error) => error,
                };
                return UserFacingError {
                    cookies: unreadable.into_iter().chain([cookies::clear(&cookie, &context.live_store().store)]).collect(),
                    ..error
                };
            }
            Some(NewestAttempt { return_to, state, .. }) if self.failure == BrokerFailure::UnknownAttempt => {
                let error = unmatched_error(&self.live_provider, &self.callback, &state);
                let trace = Trace::of_callback(self.callback);
                let (provider, return_to) = (&self.live_provider, return_to.as_deref());
                login_failure::in_conversation(context, provider, return_to, &error, &trace, &LoginWatch::default()).await
            }
            // Without a cookie the browser may have another reason, but the file has to be right first.
            None if self.failure == BrokerFailure::UnknownAttempt
                && let Some(error) = missing_state(&self.live_provider.provider, &self.callback.document(), None) =>
            {
                login_failure::without_attempt(context, &self.live_provider, &error, self.callback).await
            }
            newest => {
                let return_to = newest.and_then(|newest| newest.return_to);
                login_failure::without_conversation(context, self.failure, &self.live_provider, return_to.as_deref()).await
            }
        };
        UserFacingError { cookies: unreadable, ..error }
    }
}

/// Why a callback answers no attempt of a browser that began one with the state `sent`.
fn unmatched_error(live_provider: &LiveProvider, callback: &CallbackParameters, sent: &str) -> LoginError {
    if let Some(fault) = callback_fault(callback) {
        return LoginError::before_calls(fault);
    }
    let no_state = missing_state(&live_provider.provider, &callback.document(), Some(sent));
    no_state.unwrap_or_else(|| LoginError::before_calls(LoginErrorCause::UnknownState))
}

/// The parameters of a callback, from the query or from a sealed form.
pub(crate) fn read_callback(context: &RequestContext, name: &str) -> Result<CallbackParameters, UserFacingError> {
    let Some(form) = context.query_parameter(FORM)? else {
        let snapshot = context.live_store().providers.snapshot();
        let takes_a_form = snapshot.provider(name).is_some_and(|live_provider| live_provider.provider.callback == CallbackMethod::Post);
        return if takes_a_form && tried_in_browser(context, name).is_none() {
            Err(ErrorCause::Malformed.into())
        } else {
            Ok(CallbackParameters::new(context.query_parameters()))
        };
    };
    let (until, sealed) = form.split_once('.').unwrap_or_default();
    let bound = [&*context.live_store().store.public_url, context.request().path(), until];
    let text = context.app().callbacks.open(&bound, sealed).ok_or(ErrorCause::Malformed)?;
    if is_over(until, context.now()) {
        return Err(ErrorCause::Expired.into());
    }
    Ok(CallbackParameters::new(url::form_urlencoded::parse(&text).into_owned()))
}

/// Whether the moment until which a form is good has passed.
fn is_over(until: &str, now: i64) -> bool {
    until.parse::<i64>().map_or(true, |until| until < now)
}

/// The provider of the text that a test login of this browser tries out under this name, the newest one. To every other browser there is no
/// such provider.
pub(crate) fn tried_in_browser(context: &RequestContext, name: &str) -> Option<Arc<LiveProvider>> {
    let live_store = context.live_store();
    let keys = context.signing_keys();
    let seal = (&context.app().attempts, keys.as_deref());
    let mut all = attempt_cookies::open_attempts(seal, &live_store.store, context.cookies(), context.now());
    all.retain(|callback_request| *callback_request.provider == *name);
    all.sort_by_key(|callback_request| Reverse(callback_request.saved.started));
    all.iter().find_map(|callback_request| test_logins::tried_by(context, callback_request))
}

/// The attempt that the callback answers, and the version of the provider with which it began.
pub(crate) fn find_attempt(
    context: &RequestContext,
    name: &str,
    callback: &CallbackParameters,
) -> Result<Result<(CallbackRequest, Arc<LiveProvider>), UnmatchedCallback>, UserFacingError> {
    let live_store = context.live_store();
    let snapshot = live_store.providers.snapshot();
    let keys = context.signing_keys();
    let seal = (&context.app().attempts, keys.as_deref());
    let mut all = attempt_cookies::open_attempts(seal, &live_store.store, context.cookies(), context.now());
    let unreadable = attempt_cookies::unreadable_attempts(&live_store.store, context.cookies(), &all).map(str::to_owned).collect();
    all.retain(|callback_request| *callback_request.provider == *name);
    // Where the provider returns no state, the newest attempt is taken.
    all.sort_by_key(|callback_request| Reverse(callback_request.saved.started));
    let newest = all.first().map(NewestAttempt::from_callback);
    let (document, state) = (callback.document(), context.path_parameter("state"));
    let fits = |live_provider: &LiveProvider, callback_request: &CallbackRequest| {
        callback_request.saved.matches_callback(&live_provider.provider, &document, state.as_deref())
    };
    let current = snapshot.provider(name).cloned().or_else(|| all.iter().find_map(|one| test_logins::tried_by(context, one)));
    let current = &current.ok_or(ErrorCause::NoSuchProvider)?;
    for callback_request in all {
        let tried = test_logins::tried_by(context, &callback_request);
        match tried.as_ref().or_else(|| snapshot.provider_version(name, &callback_request.version)) {
            Some(live_provider) if fits(live_provider, &callback_request) => return Ok(Ok((callback_request, Arc::clone(live_provider)))),
            // The version of the attempt is gone. If the current version finds its state, the callback belongs to this attempt.
            None if fits(current, &callback_request) => {
                if callback_request.test.is_some() {
                    test_login_handler(context)?.forget(&live_store.store.name, &callback_request.saved.state);
                }
                let newest = Some(NewestAttempt::from_callback(&callback_request));
                return Ok(Err(UnmatchedCallback {
                    failure: BrokerFailure::FileChanged,
                    live_provider: Arc::clone(current),
                    newest,
                    unreadable,
                    callback: callback.clone(),
                }));
            }
            Some(_) | None => {}
        }
    }
    let nothing_came = callback.pairs.is_empty() && current.provider.state_in != StateLocation::Path;
    let failure = if nothing_came { BrokerFailure::NoParameters } else { BrokerFailure::UnknownAttempt };
    Ok(Err(UnmatchedCallback { failure, live_provider: Arc::clone(current), newest, unreadable, callback: callback.clone() }))
}

/// Resumes the conversation of an attempt.
pub(crate) fn resume_conversation<'a>(
    context: &'a RequestContext,
    callback_request: &CallbackRequest,
    live_provider: &'a LiveProvider,
    client: &'a ProviderClient<'a>,
) -> Conversation<'a> {
    let installation = live_provider.installation(&context.live_store().store.public_url);
    Conversation::resume(live_provider.parties(client), installation, callback_request.saved.clone())
}

/// Consumes an attempt; false if it was consumed before, on this machine or another.
pub(crate) async fn consume(context: &RequestContext, attempt: &Attempt) -> Result<bool, StorageUnavailable> {
    let id = attempt_cookies::hashed_id(&attempt.state).into();
    context.app().directory.write(ConsumeAttempt { attempt: id, until: attempt.started.saturating_add(GOOD_FOR) }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_waits_in_an_address_is_good_until_its_moment() {
        assert!(!is_over("100", 99) && !is_over("100", 100) && is_over("100", 101));
        assert!(is_over("", 0) && is_over("later", 0));
    }
}
