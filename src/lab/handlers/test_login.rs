//! A test login of support staff: a real login that opens no session. Its story is kept for the tester.

use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::lab::handlers::app_trial;
use crate::lab::handlers::guard::{StaffMember, form_binding, require_staff};
use crate::lab::handlers::test_login_ledger::TestLoginResult;
use crate::lab::handlers::{LabState, lab_state, provider_file_report};
use crate::login::attempt::InputValues;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::options::LoginOptions;
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
use crate::web::attempt_cookies::{CallbackRequest, LoginPurpose, Tester, TrialOfApp};
use crate::web::failed_story::{propose_repairs, with_masked_secrets};
use crate::web::good_login_comparison::{remember_good_login, since_good_login};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::start::PreparedAttempt;
use crate::web::story_keeping::keep_story;
use crate::web::test_logins::{LocalFuture, TestLoginHandler};
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError, redirect_to};
use crate::web::{callback_attempt, forms, start};
use crate::world::{clock, random};
use actix_web::HttpResponse;
use std::sync::Arc;

/// `POST /lab/{provider}/tests`: a test login begins.
pub(crate) async fn start_test(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    context.require_fresh_revocations()?;
    let staff = require_staff(&context)?;
    let live_provider = start::requested_provider(&context)?;
    let form = forms::verified_form(&context, &form_binding(&context), &address(&["lab", &live_provider.provider.name], &[]))?;
    let inputs = start::read_inputs(&live_provider, |name| Ok(form.field(name)?.map(str::to_owned)))?;
    begin(&context, &live_provider, inputs, (staff, TestSubject::Provider)).await
}

/// The parameter of a story's address when a second callback leads to it.
pub(crate) const USED: &str = "used";

/// What a test login tests.
pub(crate) enum TestSubject {
    /// A live provider.
    Provider,
    /// A text that is no file, or not yet.
    Text,
    /// The sign-in of an app.
    App(TrialOfApp),
}

/// Begins a test login at a provider.
pub(crate) async fn begin(
    context: &RequestContext,
    live_provider: &Arc<LiveProvider>,
    inputs: InputValues,
    (staff, subject): (StaffMember, TestSubject),
) -> Result<HttpResponse, UserFacingError> {
    let (app, is_text) = match subject {
        TestSubject::Provider => (None, false),
        TestSubject::Text => (None, true),
        TestSubject::App(app) => (Some(app), false),
    };
    let tester = Tester { by: staff.uid, app };
    let (tests, store) = (&lab_state(context).tests, &context.live_store().store);
    let room = tests.reserve(&store.name, context.now()).map_err(|seconds| ErrorCause::TooManyTests { seconds })?;
    let PreparedAttempt { attempt, trace, watch, request } =
        start::prepare_attempt(context, live_provider, (inputs, LoginOptions::default())).await;
    room.take(&attempt.state, is_text.then(|| Arc::clone(live_provider)));
    let purpose = LoginPurpose { test: Some(tester.clone()), ..LoginPurpose::default() };
    let begun = request.and_then(|request| start::redirect_with_attempt(context, live_provider, &attempt, &request, purpose));
    let error = match begun {
        Ok(redirect) => return Ok(redirect),
        Err(why) => start::login_error(why, live_provider),
    };
    tests.finish(&store.name, &attempt.state);
    let error = error.ok_or(ErrorCause::BadInput)?;
    Ok(redirect_to(&record_story(context, live_provider, &tester, None, (&trace, &watch), Err(&error)).await?))
}

impl TestLoginHandler for LabState {
    fn finish<'a>(
        &'a self,
        context: &'a RequestContext,
        callback_request: &'a CallbackRequest,
        tester: &'a Tester,
        live_provider: &'a Arc<LiveProvider>,
        callback: &'a CallbackParameters,
    ) -> LocalFuture<'a, Result<ResponseWithCookies, UserFacingError>> {
        Box::pin(finish(context, callback_request, tester, live_provider, callback))
    }

    fn reject_unmatched<'a>(
        &'a self,
        context: &'a RequestContext,
        live_provider: &'a LiveProvider,
        began: (&'a Tester, &'a str),
        callback: CallbackParameters,
        error: &'a LoginError,
    ) -> LocalFuture<'a, UserFacingError> {
        Box::pin(reject_unmatched_callback(context, live_provider, began, callback, error))
    }

    fn tried(&self, store: &str, state: &str) -> Option<Arc<LiveProvider>> {
        self.tests.tried(store, state, clock::now())
    }

    fn tried_as(&self, store: &str, name: &str) -> Vec<Arc<LiveProvider>> {
        self.tests.tried_as(store, name, clock::now())
    }

    fn forget(&self, store: &str, state: &str) {
        self.tests.finish(store, state);
    }
}

/// Finishes a test login with its callback.
async fn finish(
    context: &RequestContext,
    callback_request: &CallbackRequest,
    tester: &Tester,
    live_provider: &Arc<LiveProvider>,
    callback: &CallbackParameters,
) -> Result<ResponseWithCookies, UserFacingError> {
    let (store, tests, state) = (&context.live_store().store.name, &lab_state(context).tests, &*callback_request.saved.state);
    if let Err(refused) = require_same_tester(context, tester) {
        // While storage is away, the browser may come back.
        if refused.cause != ErrorCause::StorageUnavailable {
            tests.finish(store, state);
        }
        return Err(refused);
    }
    let client = context.client_of(live_provider);
    let conversation = callback_attempt::resume_conversation(context, callback_request, live_provider, &client);
    // One callback ends a test login. A second one, by a double click or the back button, changes nothing of what the first came to.
    if !callback_attempt::consume(context, &conversation.attempt).await? {
        let used = UserFacingError::from(ErrorCause::AlreadyUsed);
        return Err(UserFacingError { instead: tests.story_of(store, state).map(|story| format!("{story}?{USED}=1")), ..used });
    }
    tests.finish(store, state);
    conversation.refresh_document(context.now()).await;
    let redirect = conversation.authorization_request().ok();
    let mut watch = LoginWatch::traced(&live_provider.provider);
    let (trace, end) = match conversation.accept(callback, context.path_parameter("state").as_deref(), context.now()) {
        Err(error) => (Trace::of_callback(callback.clone()), Err(error)),
        Ok(login) => conversation
            .drive(login, context.limited_network(), &mut watch)
            .await
            .unwrap_or_else(|busy| (Trace::default(), Err(busy.into()))),
    };
    let place = record_story(context, live_provider, tester, redirect.as_ref(), (&trace, &watch), end.as_ref()).await?;
    tests.record_story(store, state, &place);
    Ok((redirect_to(&place), Vec::new()))
}

/// Answers a callback that belongs to no login of this browser, if the browser began a test login.
async fn reject_unmatched_callback(
    context: &RequestContext,
    live_provider: &LiveProvider,
    (tester, state): (&Tester, &str),
    callback: CallbackParameters,
    error: &LoginError,
) -> UserFacingError {
    lab_state(context).tests.finish(&context.live_store().store.name, state);
    if let Err(refused) = require_same_tester(context, tester) {
        return refused;
    }
    let cause = if error.cause == LoginErrorCause::FileChanged { ErrorCause::Changed } else { ErrorCause::UnknownAttempt };
    let trace = Trace::of_callback(callback);
    match record_story(context, live_provider, tester, None, (&trace, &LoginWatch::default()), Err(error)).await {
        Ok(place) => UserFacingError { instead: Some(place), ..cause.into() },
        Err(refused) => refused,
    }
}

/// Requires that the tester who began the login is still signed in and may still use the lab.
fn require_same_tester(context: &RequestContext, tester: &Tester) -> Result<(), UserFacingError> {
    let staff = require_staff(context).map_err(|refused| UserFacingError { instead: None, ..refused })?;
    if staff.uid == tester.by { Ok(()) } else { Err(ErrorCause::NotAllowed.into()) }
}

/// Stores the story and its audit line, and returns the address of its page.
async fn record_story(
    context: &RequestContext,
    live_provider: &LiveProvider,
    tester: &Tester,
    redirect: Option<&Request>,
    (trace, watch): (&Trace, &LoginWatch),
    end: Result<&Identity, &LoginError>,
) -> Result<String, UserFacingError> {
    let (store, provider) = (&context.live_store().store.name, &live_provider.provider.name);
    let happened = LoginRecord { provider: &live_provider.provider, redirect, trace, watch, end };
    let since = if end.is_err() && !live_provider.is_tried() { since_good_login(context, live_provider, trace).await } else { None };
    let proposals = propose_repairs(context, live_provider, end, trace, since.as_ref());
    // A text that is tried out says nothing about the logins of the live provider, and nothing of it is kept.
    if !live_provider.is_tried() {
        context.app().recent_logins.note(store, &live_provider.provider, end.ok().map(|identity| &*identity.id), trace, context.now());
    }
    let proposals = with_masked_secrets(context, live_provider, proposals);
    if end.is_ok() && !live_provider.is_tried() {
        remember_good_login(context, live_provider, trace);
    }
    let by = tester.by.as_deref();
    let app = tester.app.as_ref().map(|trial| app_trial::play(context, trial, live_provider, end));
    let mut story = Story { test: true, by: by.map(str::to_owned), since, app, ..login_story(happened, proposals) };
    story.mark_omitted(&end.map(|identity| context.live_store().store.facts_left_out(identity)).unwrap_or_default());
    let event = AuditEvent::new(context.now(), store, AuditEventKind::Tested).via_provider(provider);
    let event = AuditEvent {
        uid: tester.by.clone(),
        because: story.code.as_deref().map(Into::into),
        version: Some(live_provider.version.clone()),
        ..event
    };
    let (failed, step) = (story.code.clone(), story.step.clone());
    let code = keep_story(context, &event, story, IncidentCode::new(random::bytes())).await?.ok_or(ErrorCause::StorageUnavailable)?;
    tracing::info!(store = &**store, provider = &**provider, incident = code.as_str(), code = failed.as_deref(), "a test login ended");
    let place = story_address(context, provider, &code);
    // The result of an edited text says nothing about the file.
    if !live_provider.is_tried() {
        lab_state(context).tests.record_result(store, provider, by, TestLoginResult { code, at: context.now(), failed, step });
    }
    Ok(place)
}

/// The address of the page that shows the story. A text that is no file yet has no page of its own.
fn story_address(context: &RequestContext, provider: &str, code: &IncidentCode) -> String {
    if provider_file_report(context, provider).is_none() {
        return address(&["lab", "incidents", code.as_str()], &[]);
    }
    address(&["lab", provider, "tests", code.as_str()], &[])
}
