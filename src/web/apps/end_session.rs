//! `/end-session`: an app asks to sign the person out (OpenID Connect RP-Initiated Logout 1.0). An ID token of the browser's own session is
//! enough; without one the person is asked, because any page can send a browser here. The browser goes on only to an address that is
//! registered.

use crate::apps::client_app::ClientApp;
use crate::directory::app_sessions::IsSessionOfApp;
use crate::pages::frame::address;
use crate::pages::{ErrorCause, SignOutPage};
use crate::session::Session;
use crate::web::apps::app_token::{self, IdTokenHint};
use crate::web::apps::{after_logout, authentication, authorization_reply, form_as_query, refusals};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{forms, headers, logout};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE, VARY};
use std::sync::Arc;

/// The parameters that are read.
const KNOWN: [&str; 5] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];
/// Those that the form of our own page repeats.
const REPEATED: [&str; 3] = ["client_id", "post_logout_redirect_uri", "state"];

/// The request of an app, as far as it could be checked without the browser's session.
struct LogoutRequest {
    hint: Option<IdTokenHint>,
    app: Option<Arc<ClientApp>>,
    /// The registered address to which the browser goes on, with `state`.
    back: Option<String>,
    /// What the form of our own page repeats.
    repeated: Vec<(&'static str, String)>,
}

pub(crate) async fn by_query(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    context.reject_speculative_load()?;
    let parameters: Vec<(String, String)> = context.query_parameters().collect();
    let request = read_request(&context, |name| one_value(&parameters, name)).await?;
    match context.session_to_end().await? {
        Some(session) if is_meant(&context, &request, &session).await? => end(&context, &request, &session).await,
        Some(session) if is_live(&context, &session) => Ok(ask(&context, &request, &session)),
        Some(_) | None => Ok(leave(&context, &request, None)),
    }
}

pub(crate) async fn by_form(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    form_as_query::redirect_to_page(&context, "/end-session")
}

/// The person confirms on our own page.
pub(crate) async fn confirm(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let session = context.session_to_end().await?.filter(|session| is_live(&context, session));
    let Some(session) = session else { return Err(UserFacingError::redirect(&logout::landing_page(&context))) };
    let form = forms::verified_form(&context, &bound(&session), "/end-session")?;
    let request = read_request(&context, |name| form.field(name).map(|value| value.map(str::to_owned))).await?;
    end(&context, &request, &session).await
}

pub(crate) async fn redirect_to_page(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(redirect_to("/end-session"))
}

/// The form belongs to this session.
fn bound(session: &Session) -> String {
    format!("sign out {}", session.sid)
}

/// The value of a parameter; an empty one counts as left out.
fn one_value(parameters: &[(String, String)], name: &str) -> Result<Option<String>, UserFacingError> {
    let mut values = parameters.iter().filter(|(other, _)| other == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(ErrorCause::AppRequest.into()),
        (value, None) => Ok(value.filter(|value| !value.is_empty()).cloned()),
    }
}

/// Reads a request. What names an app that is not there, two apps, or an address that is not registered is refused.
async fn read_request(
    context: &RequestContext,
    value: impl Fn(&str) -> Result<Option<String>, UserFacingError>,
) -> Result<LogoutRequest, UserFacingError> {
    let mut values = Vec::with_capacity(KNOWN.len());
    for name in KNOWN {
        values.push(value(name)?);
    }
    let values: [Option<String>; KNOWN.len()] = values.try_into().expect("there is a value for each name");
    let [token, client_id, address, state, ui_locales] = values;
    context.prefer_languages(ui_locales.as_deref());
    let hint = match &token {
        Some(token) => {
            context.read_new_key(token, app_token::LONGEST).await?;
            app_token::id_token_hint(context, token)
        }
        None => None,
    };
    let hinted = hint.as_ref().and_then(|hint| authentication::find_app(context, &hint.app));
    let named = match &client_id {
        Some(name) => match authentication::find_app(context, name) {
            Some(app) => Some(app),
            None => return Err(refuse(context, Some(name), "unknown_client").await),
        },
        None => None,
    };
    if let (Some(hint), Some(named)) = (&hint, &named)
        && hint.app != named.name
    {
        return Err(ErrorCause::AppRequest.into());
    }
    let app = named.or_else(|| hinted.clone());
    if let Some(address) = &address
        && !app.as_ref().is_some_and(|app| app.after_logout_uri(address))
    {
        return Err(refuse(context, app.as_ref().map(|app| &*app.name), "unknown_logout_uri").await);
    }
    let back = address.as_ref().map(|address| match &state {
        Some(state) => authorization_reply::address_with(address, &[("state", state)]),
        None => address.clone(),
    });
    let client_id = app.as_ref().map(|app| app.name.to_string());
    let repeated = REPEATED.into_iter().zip([client_id, address, state]).filter_map(|(name, value)| Some((name, value?))).collect();
    Ok(LogoutRequest { hint: hint.filter(|_| hinted.is_some()), app, back, repeated })
}

/// Records for support why a request was refused.
async fn refuse(context: &RequestContext, app: Option<&str>, reason: &'static str) -> UserFacingError {
    refusals::record(context, app, reason).await;
    ErrorCause::AppRequest.into()
}

/// Whether the hint is an ID token of this session. A session that was linked to an identity has a new id, and the app knows the old one.
async fn is_meant(context: &RequestContext, request: &LogoutRequest, session: &Session) -> Result<bool, UserFacingError> {
    let Some(IdTokenHint { uid, sid: Some(sid), app }) = &request.hint else { return Ok(false) };
    if *uid != session.person.uid {
        return Ok(false);
    }
    if *sid == session.sid {
        return Ok(true);
    }
    let store = context.live_store().store.name.clone();
    let find = IsSessionOfApp { store, app: app.clone(), claimed_sid: sid.clone(), sid: session.sid.clone() };
    Ok(context.app().directory.read(find).await?)
}

fn is_live(context: &RequestContext, session: &Session) -> bool {
    !session.is_over(context.now()) && !context.app().revocations.is_ended(&session.sid)
}

async fn end(context: &RequestContext, request: &LogoutRequest, session: &Session) -> Result<HttpResponse, UserFacingError> {
    let provider_logout = logout::end_session(context, session).await?;
    Ok(leave(context, request, provider_logout))
}

/// Sends the browser on: to the provider first, where the session ends too, then to the app.
fn leave(context: &RequestContext, request: &LogoutRequest, provider_logout: Option<String>) -> HttpResponse {
    let kept = provider_logout.as_ref().and(request.back.as_deref()).and_then(|back| after_logout::keep(context, back));
    let landing = provider_logout.or_else(|| request.back.clone()).unwrap_or_else(|| logout::landing_page(context));
    let mut response = logout::redirect_signed_out(context, &landing);
    if let Some(kept) = kept {
        response.headers_mut().append(SET_COOKIE, kept);
    }
    response
}

/// The page that asks.
fn ask(context: &RequestContext, request: &LogoutRequest, session: &Session) -> HttpResponse {
    let offered = context.offered_languages();
    let form = forms::csrf_token(context, &bound(session));
    let repeated: Vec<(&str, Option<&str>)> = request.repeated.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect();
    let here = address(&["end-session"], &repeated);
    let page = SignOutPage {
        frame: context.frame(&offered, &here),
        app: request.app.as_ref().map(|app| app.shown_name()),
        person: session.person.email.key(),
        fields: &request.repeated,
        form: &form,
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    // Browsers apply the policy of the page to the redirect behind its form.
    let provider =
        logout::provider_with_logout(context, session).map(|_| headers::provider_destinations(context.live_store().store.loopback));
    let back = request.back.as_deref().map(authorization_reply::origin_of);
    let storefronts = context.live_store().store.return_to.iter().map(|origin| &**origin);
    response.insert_header((
        CONTENT_SECURITY_POLICY,
        headers::policy_with_forms(provider.into_iter().chain(back.as_deref()).chain(storefronts)),
    ));
    context.keep_language(&mut response);
    response.body(page.render())
}
