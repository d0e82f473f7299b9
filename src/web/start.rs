//! `/login/{provider}`: a login begins. Nothing is written but the browser's half of the attempt, and at most one story a
//! minute of why it cannot begin.

use crate::login::attempt::{Attempt, Entropy, InputValues, RedirectError};
use crate::login::conversation::Conversation;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::pages::ErrorCause;
use crate::provider::step::StepKind;
use crate::stores::live::LiveProvider;
use crate::vocabulary::wire::Request;
use crate::web::attempt_cookies::{self, LoginPurpose};
use crate::web::cookies;
use crate::web::login_failure;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use std::sync::Arc;

/// Sends the browser to the provider.
pub(crate) async fn start(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Login)?;
    asked.reject_speculative_load()?;
    let offer = requested_provider(&asked)?;
    // Who is sent to a provider now would come back to a broker that cannot let them in.
    asked.require_fresh_revocations()?;
    let return_to = asked.return_to()?;
    let inputs = read_inputs(&offer, |name| asked.query_parameter(name))?;
    redirect_to_provider(&asked, &offer, inputs, LoginPurpose { return_to, link: None, test: None }).await
}

/// Sends the browser to a provider for a purpose.
pub(crate) async fn redirect_to_provider(
    asked: &RequestContext,
    offer: &LiveProvider,
    inputs: InputValues,
    purpose: LoginPurpose,
) -> Result<HttpResponse, UserFacingError> {
    match prepare_attempt(asked, offer, inputs).await {
        (attempt, Ok(request)) => redirect_with_attempt(asked, offer, &attempt, &request, purpose),
        (_, Err(why)) => Err(start_error(asked, why, offer, purpose.return_to.as_deref()).await),
    }
}

/// A new attempt, and the request that the browser carries to the provider.
pub(crate) async fn prepare_attempt(
    context: &RequestContext,
    live_provider: &LiveProvider,
    inputs: InputValues,
) -> (Attempt, Result<Request, RedirectError>) {
    let client = context.client_of(live_provider);
    let installation = live_provider.installation(&context.live_store().store.public_url);
    let entropy = Entropy(random::bytes());
    let conversation = Conversation::begin(live_provider.parties(&client), installation, &entropy, inputs, context.now());
    conversation.refresh_document(context.now()).await;
    let request = conversation.authorization_request();
    (conversation.attempt, request)
}

/// Sends the browser there, with its half of the attempt.
pub(crate) fn redirect_with_attempt(
    asked: &RequestContext,
    offer: &LiveProvider,
    attempt: &Attempt,
    request: &Request,
    purpose: LoginPurpose,
) -> Result<HttpResponse, UserFacingError> {
    let (app, store) = (asked.app(), &asked.live_store().store);
    let kept = attempt_cookies::new_attempt_cookies(&app.attempts, store, asked.cookies(), attempt, offer, purpose, random::bytes());
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::append_to(&mut response, kept.ok_or(ErrorCause::BadInput)?);
    // The address is the browser's to carry: this is where its bytes leave.
    Ok(response.insert_header((LOCATION, app.connection_of(offer).redirect_address(store, request.browser_address()))).finish())
}

/// The provider that the path names, if it serves this store.
pub(crate) fn requested_provider(asked: &RequestContext) -> Result<Arc<LiveProvider>, UserFacingError> {
    let name = asked.path_parameter("provider").ok_or(ErrorCause::NoSuchProvider)?;
    let found = asked.live_store().roster.snapshot().provider(&name).cloned();
    found.filter(|_| asked.live_store().has_provider(&name)).ok_or_else(|| ErrorCause::NoSuchProvider.into())
}

/// What a provider asks for before it begins, as it was typed.
pub(crate) fn read_inputs(
    offer: &LiveProvider,
    typed: impl Fn(&str) -> Result<Option<String>, UserFacingError>,
) -> Result<InputValues, UserFacingError> {
    let mut inputs = InputValues::new();
    for input in &offer.provider.inputs {
        let typed = typed(&input.name)?.unwrap_or_default();
        if !input.accepts(&typed) {
            return Err(ErrorCause::BadInput.into());
        }
        inputs.push((input.name.clone(), typed.into()));
    }
    Ok(inputs)
}

async fn start_error(asked: &RequestContext, why: RedirectError, offer: &LiveProvider, return_to: Option<&str>) -> UserFacingError {
    match login_error(why, offer) {
        Some(error) => login_failure::at_start(asked, offer, return_to, &error).await,
        None => ErrorCause::BadInput.into(),
    }
}

/// Why a login cannot begin, as a story tells it; nothing where only what was typed does not fit.
pub(crate) fn login_error(why: RedirectError, offer: &LiveProvider) -> Option<LoginError> {
    match why {
        RedirectError::Input(_) => None,
        RedirectError::NoDocument => Some(LoginError::before_calls(LoginErrorCause::NoDocument)),
        RedirectError::Request(error) => Some(LoginError::from_step_error(StepKind::GetAuthorizationCode, error, None, &offer.provider)),
    }
}
