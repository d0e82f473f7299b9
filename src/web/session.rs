//! `/session`: a storefront reads the browser's session. `/session/validate`: a service validates a token.

use crate::directory::users::FindUserById;
use crate::login::return_to::is_listed_origin;
use crate::session::token_claims::LONGEST_ACCEPTED;
use crate::session::{Session, TokenReach};
use crate::stores::session_cookie::SecondCookie;
use crate::web::cookies::{self, SessionCookieState};
use crate::web::headers::cross_origin_allowed;
use crate::web::presented_tokens::PresentedTokens;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session_tokens::{SessionCookies, set_second_session_cookies, set_session, token_for_store};
use crate::web::user_facing_error::UserFacingError;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use chrono::DateTime;
use serde_json::{Value, json};

pub(crate) async fn current_session(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    let tokens = PresentedTokens::of(context.request().headers(), &context.live_store().store).ok();
    let session = match &tokens {
        Some(tokens) => context.presented_session(tokens).await?,
        None => None,
    };
    let Some(session) = session else {
        return signed_out(&context);
    };
    let mut response = HttpResponse::Ok();
    let session = match tokens.and_then(|tokens| tokens.cookie()) {
        Some(token) => keep_cookies(&context, token, session, &mut response),
        // A program that sends a header keeps no cookies.
        None => session,
    };
    // Only the directory knows the picture; without storage the claims of the token are enough.
    let known = context.app().directory.read(FindUserById(session.person.uid.clone())).await.ok().flatten();
    let person = &session.person;
    let body = json!({
        "authenticated": true,
        "email": person.email.key(),
        "emailVerified": person.email_verified,
        "name": person.name,
        "picture": known.and_then(|known| known.user.picture),
        "uid": person.uid,
        "provider": person.provider,
        "providerUserId": person.provider_id,
        "store": session.store,
        "issuedAt": rfc3339(session.issued),
        "expiresAt": rfc3339(session.until),
    });
    let further = context.live_store().store.further.claims.iter().map(|(claim, fact)| (claim.to_string(), json!(person.fact(fact))));
    let Value::Object(mut body) = body else { unreachable!("it is written as an object") };
    body.extend(further);
    Ok(allow_storefront_origins(&context, &mut response).json(body))
}

/// The answer without a session. A cookie that stands for none is cleared. A page may ask for another status by `guest=200`, since
/// browsers note each 401 as an error of the page.
fn signed_out(context: &RequestContext) -> Result<HttpResponse, UserFacingError> {
    let store = &context.live_store().store;
    let status = if context.query_parameter("guest")?.as_deref() == Some("200") { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    let mut response = HttpResponse::build(status);
    if context.cookies().session(store) != SessionCookieState::Missing {
        cookies::append_to(&mut response, cookies::clear_session(store, context.cookies()));
    }
    // What was used last, for the buttons of a page that asks for guests as well.
    let last = context.cookies().last_provider(store).filter(|_| status == StatusCode::OK);
    let body = last.map_or_else(|| json!({ "authenticated": false }), |last| json!({ "authenticated": false, "last": last }));
    Ok(allow_storefront_origins(context, &mut response).json(body))
}

/// Renews the idle time of the session when it is due. A further cookie that is missing, or that another host has overwritten, is set again.
/// A browser that is known by a further cookie alone gets no first one.
pub(crate) fn keep_cookies(context: &RequestContext, token: &str, session: Session, response: &mut HttpResponseBuilder) -> Session {
    let store = &context.live_store().store;
    let is_host_signed_in = context.cookies().unique(&store.cookie) == Some(token);
    let renewed = session.renewed(store.lasting, context.now());
    if let (Some(renewed), Some(keys)) = (renewed, context.signing_keys()) {
        let sign = |session: &Session| keys.sign(session, context.live_store().token_parties());
        let SessionCookies { first, further } = set_session(&renewed, context.now(), store, sign);
        cookies::append_to(response, first.filter(|_| is_host_signed_in).into_iter().chain(further));
        return renewed;
    }
    let is_kept = |second: &SecondCookie| is_kept(context, second, (token, &session));
    if is_host_signed_in
        && !store.second_cookies.iter().all(is_kept)
        && let Some(token) = token_of_second_cookies(context, token, &session)
    {
        cookies::append_to(response, set_second_session_cookies(&token, session.until.saturating_sub(context.now()), store));
    }
    session
}

/// Whether a further cookie says what the first one says, as long as that one.
fn is_kept(context: &RequestContext, second: &SecondCookie, (token, session): (&str, &Session)) -> bool {
    let Some(kept) = context.cookies().unique(&second.name) else { return false };
    match second.domain {
        None => kept == token,
        Some(_) => context
            .session_of(kept)
            .is_some_and(|kept| kept.sid == session.sid && kept.reach == TokenReach::Store && kept.until >= session.until),
    }
}

/// The token of the further cookies beside a first one with this token.
fn token_of_second_cookies(context: &RequestContext, token: &str, session: &Session) -> Option<String> {
    match context.live_store().store.reach_of_second_cookies() {
        TokenReach::Broker => Some(token.to_owned()),
        TokenReach::Store => token_for_store(context, session).ok(),
    }
}

/// The session of a token in the body. The answer has a fixed form; a caller that has the token may read its further claims there.
pub(crate) async fn validate(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    let question: Option<Value> = serde_json::from_slice(context.body()).ok();
    let token = question.as_ref().and_then(|question| question.get("token")?.as_str());
    let token = token.unwrap_or_default();
    context.read_new_key(token, LONGEST_ACCEPTED).await?;
    let Some(session) = context.session_of(token) else {
        return Ok(HttpResponse::Unauthorized().json(json!({ "authStatus": "InvalidToken" })));
    };
    Ok(HttpResponse::Ok().json(json!({
        "authStatus": "Success",
        "id": session.person.uid,
        "user": session.person.email.key(),
        "account": session.store,
        "audience": context.live_store().store.audience(),
        "tokenType": "user",
    })))
}

/// Lets only pages of the store's own origins read the answer.
pub(crate) fn allow_storefront_origins<'r>(context: &RequestContext, response: &'r mut HttpResponseBuilder) -> &'r mut HttpResponseBuilder {
    allow_storefront(context, response, true);
    response
}

/// The same, with or without the browser's cookies. Returns whether the request comes from such a page.
pub(crate) fn allow_storefront(context: &RequestContext, response: &mut HttpResponseBuilder, with_cookies: bool) -> bool {
    response.insert_header((VARY, "Origin"));
    let Some(origin) = storefront_origin(context) else { return false };
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, origin)).insert_header(cross_origin_allowed());
    if with_cookies {
        response.insert_header((ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
    }
    true
}

/// Lets only pages of the store's own origins read an answer to a request with the browser's cookies, whatever the answer is.
pub(crate) fn add_storefront_headers(context: &RequestContext, headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = storefront_origin(context) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        let (name, value) = cross_origin_allowed();
        headers.insert(name, value);
    }
}

/// The origin of the page that asks, if it is one of the store.
pub(crate) fn storefront_origin(context: &RequestContext) -> Option<HeaderValue> {
    let is_listed = |origin: &&str| context.live_store().store.return_to.iter().any(|listed| is_listed_origin(listed, origin));
    context.header(ORIGIN).filter(is_listed).and_then(|origin| HeaderValue::from_str(origin).ok())
}

/// Lets pages of a storefront send JSON.
pub(crate) fn allow_posted_json(context: &RequestContext) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::NO_CONTENT);
    if allow_storefront(context, &mut response, false) {
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "POST")).insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type"));
        response.insert_header((ACCESS_CONTROL_MAX_AGE, "600"));
    }
    response.finish()
}

pub(crate) fn rfc3339(seconds: i64) -> Option<String> {
    DateTime::from_timestamp(seconds, 0).map(|moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
