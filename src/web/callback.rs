//! `/callback/{provider}`: the provider sends the browser back. The attempt is found, accepted and consumed, the login is carried to
//! its end, the user is signed in, and the browser is redirected.

use crate::counts::LoginCount;
use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::directory::identity_links::LinkIdentity;
use crate::directory::linking::{LinkingRule, SignInRefusalReason};
use crate::directory::sign_in::SignInRefusal;
use crate::login::Login;
use crate::login::conversation::Conversation;
use crate::login::error::LoginError;
use crate::login::trace::{LoginTokens, Trace};
use crate::pages::ErrorCause;
use crate::provider::callback::{CallbackMethod, CallbackParameters};
use crate::provider::identity::Identity;
use crate::session::Session;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::web::attempt_cookies::CallbackRequest;
use crate::web::error_page::method_not_allowed;
use crate::web::good_login_comparison::remember_good_login;
use crate::web::login_failure::{self, BrokerFailure};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::rollout::EndingLogin;
use crate::web::session_tokens::session_cookies;
use crate::web::sign_in::{append_cookies, mail_new_identity_notice};
use crate::web::test_logins::{self, test_login_handler};
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError, redirect_to};
use crate::web::{callback_attempt, cookies, kept_tokens, login_counts, opener, sign_in, start};
use crate::world::{clock, random};
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;
use std::sync::Arc;

/// How long the redirect from a form callback to its address may take, in seconds.
const BOUNCE: i64 = 60;
/// The largest form that fits into an address when it is sealed.
const LARGEST_FORM: usize = 5 * 1024;

/// A callback whose parameters are in the query.
pub(crate) async fn by_query(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Callback)?;
    context.reject_speculative_load()?;
    let name = provider_of_callback(&context, callback_attempt::tried_in_browser)?.provider.name.clone();
    let callback = callback_attempt::read_callback(&context, &name)?;
    let (callback_request, live_provider) = match callback_attempt::find_attempt(&context, &name, &callback)? {
        Ok(found) => found,
        Err(unmatched) => return Err(unmatched.into_error(&context).await),
    };
    context.note_return_to(callback_request.return_to.as_deref());
    if callback_request.test.is_none() {
        login_counts::count(&context, &live_provider, LoginCount::Returned { began: callback_request.saved.started });
    }
    let result = if let Some(tester) = &callback_request.test {
        test_login_handler(&context)?.finish(&context, &callback_request, tester, &live_provider, &callback).await
    } else {
        let mut ending = EndingLogin::begin(&context, &live_provider, &callback_request);
        let result = finish_login(&context, &callback_request, &live_provider, &callback, &mut ending).await;
        ending.conclude(&context, (&callback_request, &callback), &result);
        result.map_err(|mut error| {
            if let Some(login) = &mut error.login {
                login.links = callback_request.link.is_some();
            }
            error
        })
    };
    // The attempt is over with any outcome but one: if storage was unavailable, the attempt may not have been consumed, so its cookie
    // is kept and the browser can try again. An attempt that was consumed after all is refused as used.
    let clear_attempt = cookies::clear(&callback_request.cookie, &context.live_store().store);
    let is_over = !result.as_ref().is_err_and(|error| error.cause == ErrorCause::StorageUnavailable);
    append_cookies(result, is_over.then_some(clear_attempt))
}

/// A callback as a form. It arrives without our cookies because another site sends it, so the browser is redirected to the same
/// path with the form, sealed, in the query.
pub(crate) async fn by_form_post(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Callback)?;
    // The cookies do not come along, so nothing is known yet of the browser.
    let live_provider = provider_of_callback(&context, |context, name| test_logins::tried_as(context, name).into_iter().next())?;
    let takes_no_form = |live_provider: &LiveProvider| live_provider.provider.callback == CallbackMethod::Get;
    let tried = test_logins::tried_as(&context, &live_provider.listed.name);
    if takes_no_form(&live_provider) && tried.iter().all(|tried| takes_no_form(tried)) {
        return Ok(method_not_allowed(&context, "GET"));
    }
    let is_form = context.header(CONTENT_TYPE).is_some_and(|kind| kind.split(';').next() == Some("application/x-www-form-urlencoded"));
    if !is_form {
        return Ok(HttpResponse::UnsupportedMediaType().finish());
    }
    // Parameters of the query count as well, so that one in both places is found to be repeated.
    let text = [context.request().query_string().as_bytes(), context.body()].join(&b'&');
    if text.len() > LARGEST_FORM {
        return Err(ErrorCause::TooLarge.into());
    }
    let until = context.now().saturating_add(BOUNCE);
    let bound = [&*context.live_store().store.public_url, context.request().path(), &until.to_string()];
    let sealed = context.app().callbacks.seal(&bound, &text, random::bytes());
    // Which login it is will be known at that address. Until then a popup stays tied to its opener.
    opener::keep(context.request());
    let address = format!("{}?{}={until}.{sealed}", context.request().path(), callback_attempt::FORM);
    Ok(redirect_to(&address))
}

/// The provider at whose callback a request arrives: a live one, or one whose text is tried out.
fn provider_of_callback(
    context: &RequestContext,
    tried: fn(&RequestContext, &str) -> Option<Arc<LiveProvider>>,
) -> Result<Arc<LiveProvider>, UserFacingError> {
    start::requested_provider(context).or_else(|error| {
        let name = context.path_parameter("provider");
        name.and_then(|name| tried(context, &name)).ok_or(error)
    })
}

/// A path that is no route may be the redirect address of a provider.
pub(crate) async fn at_registered_address(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let method = context.request().method().clone();
    if start::requested_provider(&context).is_err() {
        return Err(ErrorCause::NoSuchPage.into());
    }
    match method {
        Method::GET => by_query(context).await,
        Method::POST => by_form_post(context).await,
        _ => Ok(method_not_allowed(&context, "GET, POST")),
    }
}

/// Finishes the login of a callback: its attempt is accepted and consumed, the provider is called, and the user is signed in.
async fn finish_login(
    context: &RequestContext,
    callback_request: &CallbackRequest,
    live_provider: &Arc<LiveProvider>,
    callback: &CallbackParameters,
    ending: &mut EndingLogin,
) -> Result<ResponseWithCookies, UserFacingError> {
    let return_to = callback_request.return_to.as_deref();
    let client = context.client_of(live_provider);
    let conversation = callback_attempt::resume_conversation(context, callback_request, live_provider, &client);
    conversation.refresh_document(context.now()).await;
    let login = match conversation.accept(callback, context.path_parameter("state").as_deref(), context.now()) {
        Ok(login) => login,
        Err(error) => {
            ending.note_refused_callback(&error);
            return Err(login_failure::before_conversation(context, live_provider, return_to, (&error, callback)).await);
        }
    };
    if !callback_attempt::consume(context, &conversation.attempt).await? {
        return Err(login_failure::without_conversation(context, BrokerFailure::AlreadyUsed, live_provider, return_to).await);
    }
    let (identity, tokens) = obtain_identity(context, (live_provider, return_to), &conversation, login, ending).await?;
    if !ending.is_same_person(context, callback_request, callback).await {
        return Err(login_failure::without_conversation(context, BrokerFailure::VersionsDiffer, live_provider, return_to).await);
    }
    if let Some(sid) = &callback_request.link {
        return link_identity(context, live_provider, callback_request, (&identity, &tokens), sid).await;
    }
    let of_login = (&*callback_request.version, &tokens);
    sign_in::open_session(context, live_provider, &identity, of_login, callback_request.return_to.clone()).await
}

/// Links the identity to the signed-in user, if it is the one who began the login.
async fn link_identity(
    context: &RequestContext,
    live_provider: &Arc<LiveProvider>,
    callback_request: &CallbackRequest,
    (identity, tokens): (&Identity, &LoginTokens),
    sid: &str,
) -> Result<ResponseWithCookies, UserFacingError> {
    let (app, store) = (context.app(), &context.live_store().store);
    let Some(session) = context.session_under_new_keys().await?.filter(|session| *session.sid == *sid) else {
        let event = AuditEvent::new(context.now(), &store.name, AuditEventKind::Refused).via_provider(&live_provider.provider.name);
        let refusal = SignInRefusal::new(SignInRefusalReason::SignedOut, event.of_version(&callback_request.version));
        return Err(login_failure::sign_in_refused(context, live_provider, callback_request.return_to.as_deref(), refusal).await);
    };
    let new_sid = random::id();
    let link = LinkIdentity {
        store: store.name.clone(),
        uid: session.person.uid.clone(),
        identity: store.further.only_named(identity),
        version: callback_request.version.clone(),
        sid: session.sid.clone(),
        new_sid: new_sid.clone(),
        now: context.now(),
    };
    let (user, rule) = match app.directory.write(link).await? {
        Ok(linked) => linked,
        Err(refusal) => {
            return Err(login_failure::sign_in_refused(context, live_provider, callback_request.return_to.as_deref(), refusal).await);
        }
    };
    app.revocations.record_end(&session.sid, session.latest_expiry());
    login_counts::count_link(context, live_provider);
    tracing::info!(store = &*store.name, provider = &*live_provider.provider.name, uid = &*user.uid, "an identity has been linked");
    if rule == LinkingRule::LinkedByThemselves {
        mail_new_identity_notice(context, live_provider, &user.email);
    }
    if let Some(tokens) = &tokens.provider {
        kept_tokens::keep(context, live_provider, identity, (&user.uid, &new_sid), tokens).await;
    }
    let cookies = session_cookies(context, &Session { sid: new_sid, ..session })?;
    Ok((redirect_to("/account?done=linked"), cookies))
}

async fn obtain_identity(
    context: &RequestContext,
    (live_provider, return_to): (&LiveProvider, Option<&str>),
    conversation: &Conversation<'_>,
    login: Login<'_>,
    ending: &mut EndingLogin,
) -> Result<(Identity, LoginTokens), UserFacingError> {
    let began = clock::instant();
    let mut watch = LoginWatch::traced(&live_provider.provider);
    let Ok((trace, outcome)) = conversation.drive(login, context.limited_network(), &mut watch).await else {
        return Err(login_failure::without_conversation(context, BrokerFailure::TooManyLogins, live_provider, return_to).await);
    };
    ending.note_conversation(&trace, outcome.as_ref().err());
    observe_drift(context, live_provider, &trace, &watch, outcome.as_ref());
    if outcome.is_ok() {
        remember_good_login(context, live_provider, &trace);
    }
    context.app().metrics.logins.observe_conversation(&live_provider.provider.name, began.elapsed());
    login_counts::count_durations(context, live_provider, &live_provider.provider, &watch);
    let (store, recent) = (&context.live_store().store.name, &context.app().recent_logins);
    match outcome {
        Ok(identity) => {
            recent.note(store, &live_provider.provider, Some(&identity.id), &trace, context.now());
            Ok((identity, trace.tokens))
        }
        Err(error) => {
            let failed = login_failure::in_conversation(context, live_provider, return_to, &error, &trace, &watch).await;
            recent.note(store, &live_provider.provider, None, &trace, context.now());
            Err(failed)
        }
    }
}

/// Counts the answers of a login for drift, unless it began with an older version of the file, or at a simulated provider.
fn observe_drift(
    context: &RequestContext,
    live_provider: &LiveProvider,
    trace: &Trace,
    watch: &LoginWatch,
    outcome: Result<&Identity, &LoginError>,
) {
    if live_provider.replaced.is_some() {
        return;
    }
    let snapshot = context.live_store().providers.snapshot();
    if snapshot.provider(&live_provider.provider.name).is_some_and(|current| current.version == live_provider.version) {
        context.app().drift.observe(
            &context.live_store().store.name,
            live_provider,
            trace,
            watch,
            outcome,
            (&context.app().recent_logins, context.now()),
        );
    }
}
