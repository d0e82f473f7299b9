//! A login that support staff try out: as real as any, and nobody comes in. Its story is kept for whoever ran it.

use crate::directory::attempts::ConsumeAttempt;
use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::lab::handlers::guard::{form_binding, require_staff};
use crate::lab::handlers::test_login_ledger::TestLoginResult;
use crate::login::attempt::{Attempt, GOOD_FOR};
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
use crate::web::attempt_cookies::{self, CallbackRequest, LoginPurpose, Tester};
use crate::web::callback::{ResponseWithCookies, run_conversation};
use crate::web::provider_client::ProviderClient;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{forms, login_failure, start};
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
    let (app, store) = (asked.app(), &asked.live_store().store);
    let (attempt, request) = start::prepare_attempt(&asked, &offer, inputs).await;
    app.tests.start(&store.name, &attempt.state, asked.now()).map_err(|seconds| ErrorCause::TooManyTests { seconds })?;
    let error = match request {
        Ok(request) => {
            let purpose = LoginPurpose { test: Some(tester), ..LoginPurpose::default() };
            let begun = start::redirect_with_attempt(&asked, &offer, &attempt, &request, purpose);
            if begun.is_err() {
                app.tests.finish(&store.name, &attempt.state);
            }
            return begun;
        }
        Err(why) => start::login_error(why, &offer),
    };
    app.tests.finish(&store.name, &attempt.state);
    let error = error.ok_or(ErrorCause::BadInput)?;
    let nothing = (Trace::default(), LoginWatch::default());
    Ok(redirect_to(&record_story(&asked, &offer, &tester, None, (&nothing.0, &nothing.1), Err(&error)).await?))
}

/// The browser is back from a test login.
pub(crate) async fn finish(
    asked: &RequestContext,
    brought: &CallbackRequest,
    tester: &Tester,
    offer: &Arc<LiveProvider>,
    callback: &CallbackParameters,
) -> Result<ResponseWithCookies, UserFacingError> {
    let (app, store) = (asked.app(), &asked.live_store().store);
    app.tests.finish(&store.name, &brought.kept.state);
    require_same_tester(asked, tester)?;
    let installation = offer.installation(&store.public_url);
    let attempt = Attempt::resume(&offer.provider, &installation, brought.kept.clone());
    let outgoing = ProviderClient::new(app, asked.live_store(), offer);
    outgoing.refresh_document(&attempt.facts_without_discovery(&offer.provider, &installation), asked.now()).await;
    let redirect = attempt.redirect_request(&offer.provider, &installation, app.documents_of(offer)).ok();
    let accepted = attempt.accept(
        &offer.provider,
        &installation,
        callback,
        asked.path_parameter("state").as_deref(),
        app.documents_of(offer),
        asked.now(),
    );
    let mut watch = LoginWatch::default();
    let (trace, end) = match accepted {
        Err(error) => (Trace::default(), Err(error)),
        Ok(login) => {
            let spend = ConsumeAttempt { attempt: attempt_cookies::hashed_id(&attempt.state).into(), until: attempt.started + GOOD_FOR };
            if !app.directory.write(spend).await? {
                // By a double click or the back button: what it came to has been told.
                let last = app.tests.last_result(&store.name, &offer.provider.name, tester.by.as_deref());
                let place = last
                    .map_or_else(|| address(&["lab", &offer.provider.name], &[]), |last| story_address(&offer.provider.name, &last.code));
                return Ok((redirect_to(&place), Vec::new()));
            }
            match run_conversation(asked, offer, login, &outgoing, &mut watch).await {
                None => (Trace::default(), Err(LoginError::between_steps(LoginErrorCause::TooManyLogins))),
                Some(ended) => ended,
            }
        }
    };
    let place = record_story(asked, offer, tester, redirect.as_ref(), (&trace, &watch), end.as_ref()).await?;
    Ok((redirect_to(&place), Vec::new()))
}

/// A callback that answers no login of this browser, which began a test.
pub(crate) async fn reject_unmatched_callback(
    asked: &RequestContext,
    offer: &LiveProvider,
    tester: &Tester,
    state: &str,
    cause: ErrorCause,
) -> UserFacingError {
    asked.app().tests.finish(&asked.live_store().store.name, state);
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

/// Whether whoever began it may still use the workbench, and is still the same.
fn require_same_tester(asked: &RequestContext, tester: &Tester) -> Result<(), UserFacingError> {
    let staff = require_staff(asked).map_err(|refused| UserFacingError { instead: None, ..refused })?;
    if staff.uid == tester.by { Ok(()) } else { Err(ErrorCause::NotAllowed.into()) }
}

/// Keeps the story, writes one line down, and answers with the address of its page.
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
    let proposals = (asked.app().propose)(&offer.provider, end, trace);
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
    asked.app().tests.record_result(store, provider, by, TestLoginResult { code, at: asked.now(), failed, step });
    Ok(place)
}

/// Where the story is told.
fn story_address(provider: &str, code: &IncidentCode) -> String {
    address(&["lab", provider, "tests", code.as_str()], &[])
}
