//! `/login/{provider}`: a login begins. Only the browser's half of the attempt is written, and at most one story a minute of why a
//! login cannot begin.
//!
//! Where the provider returns no state, a link begins nothing: another site could send the browser here, and then to a callback of
//! its own. There the answer is a page with a button.

use crate::counts::LoginCount;
use crate::login::attempt::{Attempt, Entropy, InputValues, RedirectError};
use crate::login::conversation::Conversation;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::options::LoginOptions;
use crate::login::trace::Trace;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::step::StepKind;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::vocabulary::wire::Request;
use crate::web::apps::login_for_app;
use crate::web::attempt_cookies::{self, LoginPurpose};
use crate::web::error_page::method_not_allowed;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in_offer::is_refused_here;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{cookies, forms, login_counts, login_failure, login_page, rollout};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use std::sync::Arc;

pub(crate) async fn by_link(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let live_provider = requested_provider(&context)?;
    if login_page::lacks_input(&context, &live_provider)? {
        context.check_rate_limit(RateLimitKind::Page)?;
        return login_page::show_one(&context, &live_provider);
    }
    start(&context, |live_provider| live_provider.provider.begins_by_form().then(|| login_page::show_one(&context, live_provider))).await
}

/// The button of our own page was pressed.
pub(crate) async fn by_form(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    if !requested_provider(&context)?.provider.begins_by_form() {
        return Ok(method_not_allowed(&context, "GET"));
    }
    let here = context.request().uri().path_and_query().map_or(context.request().path(), |here| here.as_str());
    forms::verified_form_of_browser(&context, here)?;
    start(&context, |_| None).await
}

/// Begins a login with what the address says, unless there is a page to be shown `instead`.
async fn start(
    context: &RequestContext,
    instead: impl FnOnce(&LiveProvider) -> Option<Result<HttpResponse, UserFacingError>>,
) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    context.reject_speculative_load()?;
    let live_provider = requested_provider(context)?;
    // Without fresh revocations the callback could open no session.
    context.require_fresh_revocations()?;
    let return_to = context.return_to()?;
    let inputs = read_inputs(&live_provider, |name| context.query_parameter(name))?;
    let mut options = read_options(context, &live_provider)?;
    if let Some(for_app) = login_for_app::of_return_address(context, return_to.as_deref())? {
        if !for_app.accepts(context, &live_provider) {
            return Err(ErrorCause::NoSuchProvider.into());
        }
        options = for_app.options(&live_provider, options);
    }
    // The provider would refuse, so the login page says at once what works.
    if is_refused_here(context, &live_provider) {
        return Ok(redirect_to(&address(&["login"], &[("return_to", return_to.as_deref())])));
    }
    if let Some(page) = instead(&live_provider) {
        return page;
    }
    redirect_to_provider(context, &live_provider, (inputs, options), LoginPurpose { return_to, ..LoginPurpose::default() }).await
}

/// Sends the browser to a provider, by the version of its file that is drawn for this login.
pub(crate) async fn redirect_to_provider(
    context: &RequestContext,
    present: &Arc<LiveProvider>,
    (inputs, options): (InputValues, LoginOptions),
    purpose: LoginPurpose,
) -> Result<HttpResponse, UserFacingError> {
    let version = rollout::draw_version(context, present, &options);
    let live_provider = &version.live_provider;
    let purpose = LoginPurpose { drawn_for: version.drawn_for.clone(), ..purpose };
    let PreparedAttempt { attempt, trace, watch, request } = prepare_attempt(context, live_provider, (inputs, options)).await;
    let return_to = purpose.return_to.clone();
    match request.and_then(|request| redirect_with_attempt(context, live_provider, &attempt, &request, purpose)) {
        Ok(redirect) => {
            login_counts::count(context, live_provider, LoginCount::Began);
            Ok(redirect)
        }
        Err(why) => {
            rollout::count_failed_start(context, &version, &why);
            Err(start_error(context, why, live_provider, return_to.as_deref(), (&trace, &watch)).await)
        }
    }
}

/// A new attempt, the calls that were made for it, and the request that the browser carries to the provider.
pub(crate) struct PreparedAttempt {
    pub(crate) attempt: Attempt,
    pub(crate) trace: Trace,
    pub(crate) watch: LoginWatch,
    pub(crate) request: Result<Request, RedirectError>,
}

/// Begins an attempt and makes the calls before the redirect.
pub(crate) async fn prepare_attempt(
    context: &RequestContext,
    live_provider: &LiveProvider,
    (inputs, options): (InputValues, LoginOptions),
) -> PreparedAttempt {
    let client = context.client_of(live_provider);
    let installation = live_provider.installation(&context.live_store().store.public_url);
    let entropy = Entropy(random::bytes());
    let mut conversation = Conversation::begin(live_provider.parties(&client), installation, &entropy, inputs, context.now());
    conversation.attempt.set_options(&live_provider.provider, options);
    conversation.refresh_document(context.now()).await;
    let mut watch = LoginWatch::traced(&live_provider.provider);
    let (trace, prepared) = conversation.prepare(context.limited_network(), context.now(), &mut watch).await;
    let request = prepared.and_then(|()| conversation.authorization_request());
    PreparedAttempt { attempt: conversation.attempt, trace, watch, request }
}

/// Redirects the browser with its half of the attempt in a cookie, if it fits into one.
pub(crate) fn redirect_with_attempt(
    context: &RequestContext,
    live_provider: &LiveProvider,
    attempt: &Attempt,
    request: &Request,
    purpose: LoginPurpose,
) -> Result<HttpResponse, RedirectError> {
    let (app, store) = (context.app(), &context.live_store().store);
    let (keys, jar) = (context.signing_keys(), context.cookies());
    let seal = (&app.attempts, keys.as_deref());
    let kept = attempt_cookies::new_attempt_cookies(seal, store, jar, attempt, live_provider, purpose, random::bytes());
    // Without prepared facts, only the inputs and options of the shopper can be so long.
    let too_long = || {
        if attempt.prepared.is_empty() {
            RedirectError::Input(attempt.inputs.first().map(|(name, _)| name.clone()).unwrap_or_default())
        } else {
            RedirectError::Prepare(Box::new(LoginError::before_calls(LoginErrorCause::PreparedTooLong)))
        }
    };
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::append_to(&mut response, kept.ok_or_else(too_long)?);
    // The browser has to see the whole address, its secrets included.
    Ok(response.insert_header((LOCATION, app.connection_of(live_provider).redirect_address(store, request.browser_address()))).finish())
}

/// The provider in the path, or the one whose redirect address has this path, if this store has it.
pub(crate) fn requested_provider(context: &RequestContext) -> Result<Arc<LiveProvider>, UserFacingError> {
    let name = context.path_parameter("provider").or_else(|| provider_by_redirect_path(context));
    provider_named(context, &name.ok_or(ErrorCause::NoSuchProvider)?)
}

/// The name of the provider to whose callback the path leads by `redirectUri`; `None` if there are two.
fn provider_by_redirect_path(context: &RequestContext) -> Option<String> {
    let (snapshot, path) = (context.live_store().providers.snapshot(), context.request().path());
    let leads_there =
        |live_provider: &&Arc<LiveProvider>| live_provider.provider.redirect_address.own_path().is_some_and(|(own, _)| own == path);
    let mut found = snapshot.all().filter(leads_there);
    let live_provider = found.next().filter(|_| found.next().is_none())?;
    Some(live_provider.provider.name.to_string())
}

/// The provider of this name, if this store has it.
pub(crate) fn provider_named(context: &RequestContext, name: &str) -> Result<Arc<LiveProvider>, UserFacingError> {
    let found = context.live_store().providers.snapshot().provider(name).cloned();
    found.filter(|_| context.live_store().shows_provider(name)).ok_or_else(|| ErrorCause::NoSuchProvider.into())
}

/// The values that the shopper has typed for the provider's inputs.
pub(crate) fn read_inputs(
    live_provider: &LiveProvider,
    typed: impl Fn(&str) -> Result<Option<String>, UserFacingError>,
) -> Result<InputValues, UserFacingError> {
    let mut inputs = InputValues::new();
    for input in &live_provider.provider.inputs {
        let typed = typed(&input.name)?.unwrap_or_default();
        if !input.accepts(&typed) {
            return Err(ErrorCause::BadInput.into());
        }
        inputs.push((input.name.clone(), typed.into()));
    }
    Ok(inputs)
}

/// What the address of the login asks for. A login anew is refused where the file does not say how the provider is asked for one.
fn read_options(context: &RequestContext, live_provider: &LiveProvider) -> Result<LoginOptions, UserFacingError> {
    let parameter = |name: &str| context.query_parameter(name);
    let options = LoginOptions::parse(parameter("login_hint")?, parameter("ui_locales")?, parameter("reauthenticate")?.as_deref());
    let options = options.ok_or(ErrorCause::Malformed)?;
    if options.reauthenticates && !live_provider.provider.can_reauthenticate() {
        return Err(ErrorCause::NoNewLogin.into());
    }
    Ok(options)
}

async fn start_error(
    context: &RequestContext,
    why: RedirectError,
    live_provider: &LiveProvider,
    return_to: Option<&str>,
    happened: (&Trace, &LoginWatch),
) -> UserFacingError {
    match login_error(why, live_provider) {
        Some(error) => login_failure::at_start(context, live_provider, return_to, &error, happened).await,
        None => ErrorCause::BadInput.into(),
    }
}

/// Why a login cannot begin; `None` if the shopper's input is the reason.
pub(crate) fn login_error(why: RedirectError, live_provider: &LiveProvider) -> Option<LoginError> {
    match why {
        RedirectError::Input(_) => None,
        RedirectError::Prepare(error) => Some(*error),
        RedirectError::NoDocument(fault) => Some(LoginError::before_calls(LoginErrorCause::NoDocument(fault))),
        RedirectError::Request(error) => {
            Some(LoginError::from_step_error(StepKind::GetAuthorizationCode, error, None, &live_provider.provider))
        }
    }
}
