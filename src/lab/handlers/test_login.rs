//! A test login of support staff: a real login that opens no session. Its story is kept for the tester.

use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::lab::handlers::guard::{form_binding, require_staff};
use crate::lab::handlers::test_login_ledger::TestLoginResult;
use crate::lab::handlers::{LabState, lab_state};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::Trace;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::callback::CallbackParameters;
use crate::provider::identity::Identity;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::story::{LoginRecord, Story, login_story};
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::wire::Request;
use crate::web::attempt_cookies::{CallbackRequest, LoginPurpose, Tester};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::test_logins::{LocalFuture, TestLoginHandler};
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError, redirect_to};
use crate::web::{callback_attempt, forms, login_failure, start};
use actix_web::HttpResponse;
use std::sync::Arc;

/// `POST /lab/{provider}/tests`: a test login begins.
pub(crate) async fn start_test(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Login)?;
    asked.require_fresh_revocations()?;
    let staff = require_staff(&asked)?;
    let offer = start::requested_provider(&asked)?;
    let form = forms::verified_form(&asked, &form_binding(&asked), &address(&["lab", &offer.provider.name], &[]))?;
    let inputs = start::read_inputs(&offer, |name| Ok(form.field(name)?.map(str::to_owned)))?;
    let tester = Tester { by: staff.uid };
    let (tests, store) = (&lab_state(&asked).tests, &asked.live_store().store);
    let (attempt, request) = start::prepare_attempt(&asked, &offer, inputs).await;
    tests.start(&store.name, &attempt.state, asked.now()).map_err(|seconds| ErrorCause::TooManyTests { seconds })?;
    let error = match request {
        Ok(request) => {
            let purpose = LoginPurpose { test: Some(tester), ..LoginPurpose::default() };
            let begun = start::redirect_with_attempt(&asked, &offer, &attempt, &request, purpose);
            if begun.is_err() {
                tests.finish(&store.name, &attempt.state);
            }
            return begun;
        }
        Err(why) => start::login_error(why, &offer),
    };
    tests.finish(&store.name, &attempt.state);
    let error = error.ok_or(ErrorCause::BadInput)?;
    let nothing = (Trace::default(), LoginWatch::default());
    Ok(redirect_to(&record_story(&asked, &offer, &tester, None, (&nothing.0, &nothing.1), Err(&error)).await?))
}

impl TestLoginHandler for LabState {
    fn finish<'a>(
        &'a self,
        context: &'a RequestContext,
        request: &'a CallbackRequest,
        tester: &'a Tester,
        live_provider: &'a Arc<LiveProvider>,
        callback: &'a CallbackParameters,
    ) -> LocalFuture<'a, Result<ResponseWithCookies, UserFacingError>> {
        Box::pin(finish(context, request, tester, live_provider, callback))
    }

    fn reject_unmatched<'a>(
        &'a self,
        context: &'a RequestContext,
        live_provider: &'a LiveProvider,
        tester: &'a Tester,
        state: &'a str,
        cause: ErrorCause,
    ) -> LocalFuture<'a, UserFacingError> {
        Box::pin(reject_unmatched_callback(context, live_provider, tester, state, cause))
    }

    fn forget(&self, store: &str, state: &str) {
        self.tests.finish(store, state);
    }
}

/// Finishes a test login with its callback.
async fn finish(
    asked: &RequestContext,
    brought: &CallbackRequest,
    tester: &Tester,
    offer: &Arc<LiveProvider>,
    callback: &CallbackParameters,
) -> Result<ResponseWithCookies, UserFacingError> {
    let (store, tests) = (&asked.live_store().store, &lab_state(asked).tests);
    tests.finish(&store.name, &brought.saved.state);
    require_same_tester(asked, tester)?;
    let client = asked.client_of(offer);
    let conversation = callback_attempt::resume_conversation(asked, brought, offer, &client);
    conversation.refresh_document(asked.now()).await;
    let redirect = conversation.authorization_request().ok();
    let mut watch = LoginWatch::default();
    let (trace, end) = match conversation.accept(callback, asked.path_parameter("state").as_deref(), asked.now()) {
        Err(error) => (Trace::default(), Err(error)),
        Ok(login) => {
            if !callback_attempt::consume(asked, &conversation.attempt).await? {
                // After a double click or the back button the story of the first callback is shown.
                let last = tests.last_result(&store.name, &offer.provider.name, tester.by.as_deref());
                let place = last
                    .map_or_else(|| address(&["lab", &offer.provider.name], &[]), |last| story_address(&offer.provider.name, &last.code));
                return Ok((redirect_to(&place), Vec::new()));
            }
            conversation.drive(login, &mut watch).await.unwrap_or_else(|busy| (Trace::default(), Err(busy.into())))
        }
    };
    let place = record_story(asked, offer, tester, redirect.as_ref(), (&trace, &watch), end.as_ref()).await?;
    Ok((redirect_to(&place), Vec::new()))
}

/// Answers a callback that belongs to no login of this browser, if the browser began a test login.
async fn reject_unmatched_callback(
    asked: &RequestContext,
    offer: &LiveProvider,
    tester: &Tester,
    state: &str,
    cause: ErrorCause,
) -> UserFacingError {
    lab_state(asked).tests.finish(&asked.live_store().store.name, state);
    if let Err(refused) = require_same_tester(asked, tester) {
        return refused;
    }
    let is_changed = cause == ErrorCause::Changed;
    let error = LoginError::before_calls(if is_changed { LoginErrorCause::FileChanged } else { LoginErrorCause::UnknownState });
    match record_story(asked, offer, tester, None, (&Trace::default(), &LoginWatch::default()), Err(&error)).await {
        Ok(place) => UserFacingError { instead: Some(place), ..cause.into() },
        Err(refused) => refused,
    }
}

/// Requires that the tester who began the login is still signed in and may still use the lab.
fn require_same_tester(asked: &RequestContext, tester: &Tester) -> Result<(), UserFacingError> {
    let staff = require_staff(asked).map_err(|refused| UserFacingError { instead: None, ..refused })?;
    if staff.uid == tester.by { Ok(()) } else { Err(ErrorCause::NotAllowed.into()) }
}

/// Stores the story and its audit line, and returns the address of its page.
async fn record_story(
    asked: &RequestContext,
    offer: &LiveProvider,
    tester: &Tester,
    redirect: Option<&Request>,
    (trace, watch): (&Trace, &LoginWatch),
    end: Result<&Identity, &LoginError>,
) -> Result<String, UserFacingError> {
    let (store, provider) = (&asked.live_store().store.name, &offer.provider.name);
    let happened = LoginRecord { provider: &offer.provider, redirect, trace, watch, end };
    let proposals = (asked.app().workbench.propose)(&offer.provider, end, trace);
    let by = tester.by.as_deref();
    let story = Story { test: true, by: by.map(str::to_owned), ..login_story(happened, proposals) };
    let event = AuditEvent::new(asked.now(), store, AuditEventKind::Tested).via_provider(provider);
    let event = AuditEvent {
        uid: tester.by.clone(),
        because: story.code.as_deref().map(Into::into),
        version: Some(offer.version.clone()),
        ..event
    };
    let (failed, step) = (story.code.clone(), story.step.clone());
    let code = login_failure::keep_story(asked, &event, story).await?.ok_or(ErrorCause::Away)?;
    tracing::info!(store = &**store, provider = &**provider, incident = code.as_str(), code = failed.as_deref(), "a test login ended");
    let place = story_address(provider, &code);
    lab_state(asked).tests.record_result(store, provider, by, TestLoginResult { code, at: asked.now(), failed, step });
    Ok(place)
}

/// The address of the page that shows the story.
fn story_address(provider: &str, code: &IncidentCode) -> String {
    address(&["lab", provider, "tests", code.as_str()], &[])
}
