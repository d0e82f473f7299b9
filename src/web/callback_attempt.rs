//! What the browser brought back: the parameters, and which of its attempts they answer.

use crate::directory::StorageUnavailable;
use crate::directory::attempts::ConsumeAttempt;
use crate::login::attempt::{Attempt, GOOD_FOR};
use crate::login::conversation::Conversation;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::pages::ErrorCause;
use crate::provider::callback::{CallbackMethod, CallbackParameters, StateLocation};
use crate::stores::connection::ProviderClient;
use crate::stores::live::LiveProvider;
use crate::web::attempt_cookies::{self, CallbackRequest, Tester};
use crate::web::cookies;
use crate::web::login_failure;
use crate::web::request_context::RequestContext;
use crate::web::test_logins::test_login_handler;
use crate::web::user_facing_error::UserFacingError;
use std::sync::Arc;

/// The parameter in which a form travels on to ourselves.
pub(crate) const FORM: &str = "portaria-form";

/// Parameters that answer no attempt of this browser.
pub(crate) struct UnmatchedCallback {
    cause: ErrorCause,
    offer: Arc<LiveProvider>,
    /// The newest of its attempts, if it has any: where that wanted to go.
    newest: Option<NewestAttempt>,
    /// Cookies of attempts that are none any more.
    dead: Vec<String>,
}

struct NewestAttempt {
    return_to: Option<String>,
    test: Option<Tester>,
    state: Box<str>,
    cookie: String,
}

impl NewestAttempt {
    fn from_callback(brought: &CallbackRequest) -> Self {
        Self {
            return_to: brought.return_to.clone(),
            test: brought.test.clone(),
            state: brought.kept.state.clone(),
            cookie: brought.cookie.clone(),
        }
    }
}

impl UnmatchedCallback {
    /// What is told of it.
    pub(crate) async fn into_error(self, asked: &RequestContext) -> UserFacingError {
        let dead: Vec<_> = self.dead.iter().map(|name| cookies::clear(name, &asked.live_store().store)).collect();
        let refused = match self.newest {
            Some(NewestAttempt { test: Some(tester), state, cookie, .. })
                if matches!(self.cause, ErrorCause::Lost | ErrorCause::Changed) =>
            {
                let refused = match test_login_handler(asked) {
                    Ok(lab) => lab.reject_unmatched(asked, &self.offer, &tester, &state, self.cause).await,
                    Err(error) => error,
                };
                return UserFacingError {
                    cookies: dead.into_iter().chain([cookies::clear(&cookie, &asked.live_store().store)]).collect(),
                    ..refused
                };
            }
            Some(NewestAttempt { return_to, .. }) if self.cause == ErrorCause::Lost => {
                Self::lost_state_error(asked, &self.offer, return_to.as_deref()).await
            }
            newest => {
                let return_to = newest.and_then(|newest| newest.return_to);
                login_failure::without_conversation(asked, self.cause, &self.offer, return_to.as_deref()).await
            }
        };
        UserFacingError { cookies: dead, ..refused }
    }

    async fn lost_state_error(asked: &RequestContext, offer: &LiveProvider, return_to: Option<&str>) -> UserFacingError {
        let error = LoginError::before_calls(LoginErrorCause::UnknownState);
        login_failure::before_conversation(asked, offer, return_to, &error).await
    }
}

/// What the provider lets the browser bring.
pub(crate) fn read_callback(asked: &RequestContext, name: &str) -> Result<CallbackParameters, UserFacingError> {
    let Some(form) = asked.query_parameter(FORM)? else {
        return if asked.live_store().roster.snapshot().provider(name).is_some_and(|offer| offer.provider.callback == CallbackMethod::Post) {
            Err(ErrorCause::Malformed.into())
        } else {
            Ok(CallbackParameters::new(asked.query_parameters()))
        };
    };
    let (until, sealed) = form.split_once('.').unwrap_or_default();
    let bound = [&*asked.live_store().store.public_url, asked.request().path(), until];
    let text = asked.app().callbacks.open(&bound, sealed).ok_or(ErrorCause::Malformed)?;
    if until.parse::<i64>().map_or(true, |until| until < asked.now()) {
        return Err(ErrorCause::Expired.into());
    }
    Ok(CallbackParameters::new(url::form_urlencoded::parse(&text).into_owned()))
}

/// The attempt of this browser that the callback answers, and the version of the provider with which it began.
pub(crate) fn find_attempt(
    asked: &RequestContext,
    name: &str,
    callback: &CallbackParameters,
) -> Result<Result<(CallbackRequest, Arc<LiveProvider>), UnmatchedCallback>, UserFacingError> {
    let front = asked.live_store();
    let listing = front.roster.snapshot();
    let mut all = attempt_cookies::open_attempts(&asked.app().attempts, &front.store, asked.cookies(), asked.now());
    let dead = asked.cookies().attempts(&front.store).into_iter().map(|(name, _)| name.to_owned());
    let dead = dead.filter(|name| all.iter().all(|brought| brought.cookie != *name)).take(20).collect();
    all.retain(|brought| *brought.provider == *name);
    // The one that began last, where no state comes back that would tell them apart.
    all.sort_by_key(|brought| std::cmp::Reverse(brought.kept.started));
    let newest = all.first().map(NewestAttempt::from_callback);
    let (document, state) = (callback.document(), asked.path_parameter("state"));
    let fits =
        |offer: &LiveProvider, brought: &CallbackRequest| brought.kept.matches_callback(&offer.provider, &document, state.as_deref());
    let today = listing.provider(name).ok_or(ErrorCause::NoSuchProvider)?;
    for brought in all {
        match listing.provider_version(name, &brought.version) {
            Some(offer) if fits(offer, &brought) => return Ok(Ok((brought, Arc::clone(offer)))),
            // A version that is gone cannot read the state; if today's can, it was this attempt.
            None if fits(today, &brought) => {
                if brought.test.is_some() {
                    test_login_handler(asked)?.forget(&front.store.name, &brought.kept.state);
                }
                let newest = Some(NewestAttempt::from_callback(&brought));
                return Ok(Err(UnmatchedCallback { cause: ErrorCause::Changed, offer: Arc::clone(today), newest, dead }));
            }
            Some(_) | None => {}
        }
    }
    let nothing_came = callback.pairs.is_empty() && today.provider.state_in != StateLocation::Path;
    let cause = if nothing_came { ErrorCause::Malformed } else { ErrorCause::Lost };
    Ok(Err(UnmatchedCallback { cause, offer: Arc::clone(today), newest, dead }))
}

/// The conversation of the attempt that a browser brought back.
pub(crate) fn resume_conversation<'a>(
    context: &'a RequestContext,
    request: &CallbackRequest,
    live_provider: &'a LiveProvider,
    client: &'a ProviderClient<'a>,
) -> Conversation<'a> {
    let installation = live_provider.installation(&context.live_store().store.public_url);
    Conversation::resume(live_provider.parties(client), installation, request.kept.clone())
}

/// Uses an attempt up; false if it was used before, here or on another machine.
pub(crate) async fn consume(context: &RequestContext, attempt: &Attempt) -> Result<bool, StorageUnavailable> {
    let id = attempt_cookies::hashed_id(&attempt.state).into();
    context.app().directory.write(ConsumeAttempt { attempt: id, until: attempt.started + GOOD_FOR }).await
}
