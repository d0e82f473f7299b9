//! `/session`: a storefront reads the browser's session. `/session/validate`: a service validates a token.

use crate::directory::users::FindUserById;
use crate::login::return_to::is_listed_origin;
use crate::session::Session;
use crate::session::token_claims::LONGEST_ACCEPTED;
use crate::stores::session_cookie::SecondCookie;
use crate::web::cookies::{self, SessionCookieState};
use crate::web::headers::cross_origin_allowed;
use crate::web::presented_tokens::PresentedTokens;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN, VARY,
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
    Ok(allow_storefront_origins(context, &mut response).json(json!({ "authenticated": false })))
}

/// Renews the idle time of the session when it is due. A further cookie that is missing, or that another host has overwritten, is set again.
fn keep_cookies(context: &RequestContext, token: &str, session: Session, response: &mut HttpResponseBuilder) -> Session {
    let store = &context.live_store().store;
    let left = |session: &Session| session.until.saturating_sub(context.now());
    let is_host_signed_in = context.cookies().unique(&store.cookie) == Some(token);
    let renewed = session.renewed(store.lasting, context.now());
    if let (Some(renewed), Some(keys)) = (renewed, context.signing_keys()) {
        let token = keys.sign(&renewed, context.live_store().token_parties());
        let cookies = cookies::set_session(&token, left(&renewed), store);
        cookies::append_to(response, cookies.skip(usize::from(!is_host_signed_in)));
        return renewed;
    }
    let is_kept = |second: &SecondCookie| context.cookies().unique(&second.name) == Some(token);
    if is_host_signed_in && !store.second_cookies.iter().all(is_kept) {
        cookies::append_to(response, cookies::set_second_session_cookies(token, left(&session), store));
    }
    session
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
    let origin =
        context.header(ORIGIN).filter(|origin| context.live_store().store.return_to.iter().any(|listed| is_listed_origin(listed, origin)));
    let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(origin).ok()) else { return false };
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, origin)).insert_header(cross_origin_allowed());
    if with_cookies {
        response.insert_header((ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
    }
    true
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
