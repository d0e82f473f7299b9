//! `/authorize`: an app asks to sign a person in. The request is judged, the person signs in where that is needed, and the app gets a
//! code. `apps::interaction` decides what comes next.

use crate::apps::authorization_request::{
    AuthorizationError, AuthorizationParameters, AuthorizationRequest, RefusedRequest, read_authorization_request,
};
use crate::apps::client_app::ClientApp;
use crate::apps::code::{self, AuthorizationCode};
use crate::apps::interaction::{InteractionState, NextStep, SessionAtRequest, next_step};
use crate::apps::scope;
use crate::directory::app_consents::FindConsent;
use crate::login::options::LoginOptions;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::session::Session;
use crate::stores::live::LiveProvider;
use crate::web::apps::kept_request::{self, KeptRequest};
use crate::web::apps::{app_token, authentication, authorization_reply, consent, form_as_query, refusals};
use crate::web::attempt_cookies::LoginPurpose;
use crate::web::passkey_form::passkey_page_address;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in_offer::is_refused_here;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{email_code, start};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use std::sync::Arc;

pub(crate) async fn by_query(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    context.reject_speculative_load()?;
    context.require_fresh_revocations()?;
    let parameters: Vec<(String, String)> = context.query_parameters().collect();
    let find_app = |name: &str| authentication::find_app(&context, name);
    let hinted_user = |token: &str, app: &ClientApp| app_token::hinted_user(&context, token, app).map(|hint| hint.uid);
    let parameters = AuthorizationParameters(&parameters);
    context.prefer_languages(parameters.value("ui_locales"));
    let (app, request) = match read_authorization_request(&parameters, find_app, hinted_user) {
        Ok(request) => request,
        Err(refused) => return refuse(&context, refused, parameters.value("client_id")).await,
    };
    let session = context.session_under_new_keys().await?;
    let kept = KeptRequest { request, began: context.now(), signed_in: None };
    proceed(&context, &app, &kept, session, None, false).await
}

pub(crate) async fn by_form(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    form_as_query::redirect_to_page(&context, "/authorize")
}

/// The person comes back from our pages.
pub(crate) async fn resume(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    context.reject_speculative_load()?;
    context.require_fresh_revocations()?;
    let (id, app, kept) = waiting_request(&context)?;
    let session = context.session_under_new_keys().await?;
    proceed(&context, &app, &kept, session, Some(&id), false).await
}

/// The request in the path, if this browser keeps it and the app is still there.
pub(crate) fn waiting_request(context: &RequestContext) -> Result<(String, Arc<ClientApp>, KeptRequest), UserFacingError> {
    let id = context.path_parameter("request").unwrap_or_default();
    let (app, kept) = find_waiting(context, &id)?;
    Ok((id, app, kept))
}

/// The request with this id, under the same conditions.
pub(crate) fn find_waiting(context: &RequestContext, id: &str) -> Result<(Arc<ClientApp>, KeptRequest), UserFacingError> {
    let kept = kept_request::find(context, id).ok_or(ErrorCause::AppRequestLost)?;
    context.prefer_languages(kept.request.ui_locales.as_deref());
    let app = authentication::find_app(context, &kept.request.reply.app).filter(|app| app.redirect_uri(&kept.request.reply.redirect_uri));
    Ok((app.ok_or(ErrorCause::AppRequest)?, kept))
}

/// Does what comes next. `id` is that of a request for which the person has been at our pages; `has_just_agreed` says that they agreed there.
pub(crate) async fn proceed(
    context: &RequestContext,
    app: &Arc<ClientApp>,
    kept: &KeptRequest,
    session: Option<Session>,
    id: Option<&str>,
    has_just_agreed: bool,
) -> Result<HttpResponse, UserFacingError> {
    let request = &kept.request;
    let keep = || match id {
        Some(id) => Ok((id.to_owned(), Vec::new())),
        None => kept_request::keep(context, kept).ok_or(UserFacingError::from(ErrorCause::TooLarge)),
    };
    match (decide(context, app, kept, session.as_ref(), id.is_some(), has_just_agreed).await?, session) {
        (NextStep::Answer, Some(session)) => Ok(answer(context, request, &session, id)),
        (NextStep::AskConsent, Some(session)) => {
            let (id, cookies) = keep()?;
            Ok(with_cookies(consent::show(context, app, request, &session, &id), cookies))
        }
        (NextStep::Refuse(error), _) => send_error(context, request, error, id).await,
        (NextStep::SelectAccount, _) => {
            let (id, cookies) = keep()?;
            Ok(with_cookies(redirect_to(&login_page(context, &id)), cookies))
        }
        (NextStep::SignIn { .. } | NextStep::Answer | NextStep::AskConsent, _) => {
            let (id, cookies) = keep()?;
            Ok(with_cookies(sign_in(context, app, request, &id).await?, cookies))
        }
    }
}

/// What comes next, with the session that there is now.
pub(crate) async fn decide(
    context: &RequestContext,
    app: &ClientApp,
    kept: &KeptRequest,
    session: Option<&Session>,
    came_back: bool,
    has_just_agreed: bool,
) -> Result<NextStep, UserFacingError> {
    let request = &kept.request;
    let has_consent = has_just_agreed
        || match session {
            Some(_) if request.prompt.consent || is_open_to_others(context, app, request) => false,
            Some(session) if app.asks_consent => is_agreed(context, app, request, session).await?,
            Some(_) | None => true,
        };
    let state = InteractionState { signed_in: kept.signed_in.as_deref(), came_back, has_consent };
    let at_request = session.map(|session| session_at_request(context, app, request, session));
    Ok(next_step(request, at_request, state, context.now()))
}

/// Whether another program of the person's machine could have sent the request and get the answer: that of a public app on loopback or under
/// a scheme of its own. Such a request is never answered without the person (RFC 8252, 8.6).
pub(crate) fn is_open_to_others(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> bool {
    let redirect_uri = &request.reply.redirect_uri;
    app.is_public() && !redirect_uri.starts_with("https://") && !context.live_store().store.loopback
}

/// Sends an error to the app, and forgets the request.
pub(crate) async fn send_error(
    context: &RequestContext,
    request: &AuthorizationRequest,
    error: AuthorizationError,
    id: Option<&str>,
) -> Result<HttpResponse, UserFacingError> {
    refusals::record(context, Some(&request.reply.app), error.code).await;
    let clear = id.map(|id| kept_request::clear(context, id));
    Ok(with_cookies(authorization_reply::with_error(context, &request.reply, error), clear))
}

fn with_cookies(mut response: HttpResponse, cookies: impl IntoIterator<Item = HeaderValue>) -> HttpResponse {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

pub(crate) fn session_at_request<'a>(
    context: &RequestContext,
    app: &ClientApp,
    request: &AuthorizationRequest,
    session: &'a Session,
) -> SessionAtRequest<'a> {
    // A session names the provider's key, and settings name its file.
    let file = provider_file(context, &session.person.provider);
    SessionAtRequest {
        uid: &session.person.uid,
        sid: &session.sid,
        since: session.since,
        is_allowed: is_provider_allowed(app, file.as_deref()),
        is_by_named_provider: sign_in_name(context, app, request).is_none_or(|named| file == Some(named)),
    }
}

/// The name of the file of a provider, of the code by e-mail or of passkeys, whose key sessions and grants carry; `None` if no such file is
/// live.
pub(crate) fn provider_file(context: &RequestContext, key: &str) -> Option<Box<str>> {
    // No file can have this key.
    if key == EMAIL_CODE {
        return context.live_store().offers_email_code().then(|| EMAIL_CODE.into());
    }
    if key == PASSKEY {
        return context.live_store().offers_passkeys().then(|| PASSKEY.into());
    }
    context.live_store().providers.snapshot().provider_by_key(key).map(|live| live.provider.name.clone())
}

/// Whether the app may be used through the provider of this file. Of a provider that is not live, only an app that names none is sure.
pub(crate) fn is_provider_allowed(app: &ClientApp, file: Option<&str>) -> bool {
    file.map_or(app.providers.is_none(), |file| app.allows(file))
}

async fn is_agreed(
    context: &RequestContext,
    app: &ClientApp,
    request: &AuthorizationRequest,
    session: &Session,
) -> Result<bool, UserFacingError> {
    let (store, uid) = (context.live_store().store.name.clone(), session.person.uid.clone());
    let allowed =
        context.app().directory.read(FindConsent { store, uid, app: app.name.clone(), shown: consent::shown_to_person(app) }).await?;
    Ok(allowed.is_some_and(|allowed| scope::words(&request.scope).iter().all(|word| scope::has(&allowed, word))))
}

/// Sends the code to the app.
pub(crate) fn answer(context: &RequestContext, request: &AuthorizationRequest, session: &Session, id: Option<&str>) -> HttpResponse {
    let code = AuthorizationCode {
        id: random::id(),
        app: request.reply.app.clone(),
        redirect_uri: request.reply.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        scope: request.scope.clone(),
        resources: request.resources.clone(),
        uid: session.person.uid.clone(),
        sid: session.sid.clone(),
        provider: session.person.provider.clone(),
        auth_time: session.since,
        until: context.now().saturating_add(code::GOOD_FOR),
    };
    let sealed = code.seal(&context.app().for_apps.codes, &context.live_store().store.public_url, random::bytes());
    let clear = id.map(|id| kept_request::clear(context, id));
    with_cookies(authorization_reply::with_code(context, &request.reply, &sealed), clear)
}

/// Sends the person to sign in: to the provider itself where there is no choice, otherwise to the login page.
async fn sign_in(
    context: &RequestContext,
    app: &ClientApp,
    request: &AuthorizationRequest,
    id: &str,
) -> Result<HttpResponse, UserFacingError> {
    let live_providers = providers_for(context, app, request);
    let (by_code, by_passkey) = (offers_email_code(context, app, request), offers_passkeys(context, app, request));
    let only = match (live_providers.as_slice(), by_code) {
        ([], false) if by_passkey => return Ok(redirect_to(&passkey_page_address(Some(&return_address(context, id))))),
        ([_], false) if by_passkey => return Ok(redirect_to(&login_page(context, id))),
        ([], true) if !by_passkey => return Ok(redirect_to(&email_code::page_address(Some(&return_address(context, id))))),
        ([only], false) if !is_refused_here(context, only) => only,
        ([..], true | false) => return Ok(redirect_to(&login_page(context, id))),
    };
    if only.provider.begins_by_form() || !only.provider.inputs.is_empty() {
        return Ok(redirect_to(&address(&["login", &only.provider.name], &[("return_to", Some(&return_address(context, id)))])));
    }
    let purpose = LoginPurpose { return_to: Some(return_address(context, id)), ..LoginPurpose::default() };
    context.check_rate_limit(RateLimitKind::Login)?;
    start::redirect_to_provider(context, only, (Vec::new(), login_options(request, only)), purpose).await
}

/// The providers among which the person chooses. One without a button is among them only if the settings name it for the app.
pub(crate) fn providers_for(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> Vec<Arc<LiveProvider>> {
    if let Some(named) = named_provider(context, app, request) {
        return vec![named];
    }
    if is_email_code_named(context, app, request) || is_passkey_named(context, app, request) {
        return Vec::new();
    }
    let mut live_providers = context.live_store().providers_with_button();
    live_providers.retain(|live_provider| app.allows(&live_provider.listed.name));
    for name in app.providers.iter().flatten() {
        let is_new = live_providers.iter().all(|live_provider| live_provider.listed.name != *name);
        live_providers.extend(live_provider(context, name).filter(|_| is_new));
    }
    live_providers
}

/// Whether the person may sign in by a code that is sent to their e-mail address.
pub(crate) fn offers_email_code(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> bool {
    context.live_store().offers_email_code()
        && app.allows(EMAIL_CODE)
        && named_provider(context, app, request).is_none()
        && !is_passkey_named(context, app, request)
}

/// Whether the person may sign in by a passkey.
pub(crate) fn offers_passkeys(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> bool {
    context.live_store().offers_passkeys()
        && app.allows(PASSKEY)
        && named_provider(context, app, request).is_none()
        && !is_email_code_named(context, app, request)
}

fn is_passkey_named(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> bool {
    request.provider.as_deref() == Some(PASSKEY) && context.live_store().offers_passkeys() && app.allows(PASSKEY)
}

fn is_email_code_named(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> bool {
    request.provider.as_deref() == Some(EMAIL_CODE) && offers_email_code(context, app, request)
}

/// The file of the provider that the request names, the code by e-mail, or passkeys.
fn sign_in_name(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> Option<Box<str>> {
    if is_email_code_named(context, app, request) {
        return Some(EMAIL_CODE.into());
    }
    if is_passkey_named(context, app, request) {
        return Some(PASSKEY.into());
    }
    named_provider(context, app, request).map(|named| named.listed.name.clone())
}

/// The provider that the request names, if the app may use it and it is live.
fn named_provider(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest) -> Option<Arc<LiveProvider>> {
    request.provider.as_ref().filter(|named| app.allows(named)).and_then(|named| live_provider(context, named))
}

fn live_provider(context: &RequestContext, name: &str) -> Option<Arc<LiveProvider>> {
    let live_provider = context.live_store().providers.snapshot().provider(name).cloned();
    live_provider.filter(|_| context.live_store().shows_provider(name))
}

/// What the request asks of the provider, as far as its file passes it on.
pub(crate) fn login_options(request: &AuthorizationRequest, live_provider: &LiveProvider) -> LoginOptions {
    let anew = (request.prompt.login || request.max_age.is_some()) && live_provider.provider.can_reauthenticate();
    let options = LoginOptions::parse(request.login_hint.clone(), request.ui_locales.clone(), anew.then_some("true"));
    options.unwrap_or_else(|| LoginOptions { reauthenticates: anew, ..LoginOptions::default() })
}

fn return_address(context: &RequestContext, id: &str) -> String {
    format!("{}{}", context.live_store().store.public_url, kept_request::path(id))
}

/// The address of the login page for a request.
pub(crate) fn login_page(context: &RequestContext, id: &str) -> String {
    address(&["login"], &[("return_to", Some(&return_address(context, id)))])
}

/// Refuses a request: with an error for the app, or with a page if it is not certain whose request it is.
async fn refuse(context: &RequestContext, refused: RefusedRequest, asked: Option<&str>) -> Result<HttpResponse, UserFacingError> {
    match refused {
        RefusedRequest::Answered(reply, error) => {
            refusals::record(context, asked, error.code).await;
            Ok(authorization_reply::with_error(context, &reply, error))
        }
        RefusedRequest::Unanswerable(why) => {
            refusals::record(context, asked, why.word()).await;
            Err(ErrorCause::AppRequest.into())
        }
    }
}
