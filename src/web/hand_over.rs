//! A session is handed over to a store on another site, whose pages and servers never get the cookie: the browser returns there with a code,
//! and the store exchanges it for the token of the session at `/session/redeem`.
//!
//! The return address carries a challenge of the store. The secret behind it stays with the page or the server that began the login, so
//! that a code of another person's login is worth nothing there. A thief who makes the address can put a challenge of their own into it:
//! only the listed pages get a code, and they must not pass their address on.

use crate::directory::attempts::ConsumeAttempt;
use crate::pages::frame::address;
use crate::provider::json;
use crate::session::Session;
use crate::session::hand_over::{GOOD_FOR, HandOver, HandOverChallenge};
use crate::session::token_claims::LONGEST_ACCEPTED;
use crate::stores::hand_over_page::HandOverPage;
use crate::web::attempt_cookies::hashed_id;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session::{allow_posted_json, allow_storefront, rfc3339};
use crate::web::session_tokens::token_for_store;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ORIGIN};
use serde_json::{Value, json};
use url::Url;

/// The parameters of a return address: the challenge, the code with which the browser comes back, and the reason why there is none.
const CHALLENGE: &str = "portaria_challenge";
const CODE: &str = "portaria_code";
const ERROR: &str = "portaria_error";

/// What stands in the error parameter where the return address has no challenge, or none that could be one.
const NO_CHALLENGE: &str = "challenge";

/// What stands there where a challenge is in the address of a page that is not listed.
const NO_LISTED_PAGE: &str = "address";

/// The address to which the browser goes with its session: with a code, if that page gets one.
pub(crate) fn landing(context: &RequestContext, session: &Session, return_to: String) -> Result<String, UserFacingError> {
    let Some(mut url) = address_of_origin(context, &return_to) else { return Ok(return_to) };
    let page = page_at(context, &url);
    let (ours, others): (Vec<&str>, Vec<&str>) = query_parts(&url).partition(|part| is_ours(part));
    let mut challenges = ours.iter().filter_map(|part| part.strip_prefix(CHALLENGE)?.strip_prefix('='));
    let challenge = challenges.next().filter(|_| challenges.next().is_none()).and_then(HandOverChallenge::parse);
    let added = match (page, challenge) {
        (None, _) if ours.is_empty() => return Ok(return_to),
        (None, _) => format!("{ERROR}={NO_LISTED_PAGE}"),
        (Some(page), Some(challenge)) => format!("{CODE}={}", code(context, session, page, challenge)?),
        (Some(_), None) => format!("{ERROR}={NO_CHALLENGE}"),
    };
    let query = others.into_iter().chain([&*added]).collect::<Vec<_>>().join("&");
    url.set_query(Some(&query));
    Ok(url.into())
}

/// Whether a part of a query is a parameter of ours, however its name is written.
fn is_ours(part: &str) -> bool {
    url::form_urlencoded::parse(part.as_bytes()).any(|(name, _)| [CHALLENGE, CODE, ERROR].contains(&&*name))
}

fn query_parts(url: &Url) -> impl Iterator<Item = &str> {
    url.query().unwrap_or_default().split('&').filter(|part| !part.is_empty())
}

fn page_at<'c>(context: &'c RequestContext, url: &Url) -> Option<&'c HandOverPage> {
    context.live_store().store.hand_over.iter().find(|page| page.is_at(url))
}

/// The address, if a page of its origin gets codes.
fn address_of_origin(context: &RequestContext, address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let origin = url.origin().ascii_serialization();
    context.live_store().store.hand_over.iter().any(|page| *page.origin == *origin).then_some(url)
}

/// Whether the browser goes to this address with a code, or with the reason why there is none. Another page of the same origin is a return
/// address as any other, unless it asks for a code.
pub(crate) fn is_handed_over(context: &RequestContext, address: &str) -> bool {
    address_of_origin(context, address).is_some_and(|url| page_at(context, &url).is_some() || query_parts(&url).any(is_ours))
}

fn code(context: &RequestContext, session: &Session, page: &HandOverPage, challenge: HandOverChallenge) -> Result<String, UserFacingError> {
    let token = token_for_store(context, session)?.into();
    let code = HandOver { id: random::id(), page: page.address.clone(), challenge, token, until: context.now().saturating_add(GOOD_FOR) };
    Ok(code.seal(&context.app().for_apps.codes, &context.live_store().store.public_url, random::bytes()))
}

/// The address of the link by which a signed-in shopper goes on to a store that gets a code.
pub(crate) fn continue_address(return_to: &str) -> String {
    address(&["session", "continue"], &[("return_to", Some(return_to))])
}

/// A signed-in shopper goes on to the store; any other visitor logs in first.
pub(crate) async fn go_on(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    context.reject_speculative_load()?;
    context.require_fresh_revocations()?;
    let return_to = context.return_to()?;
    let login = address(&["login"], &[("return_to", return_to.as_deref())]);
    match (context.session_under_new_keys().await?, return_to) {
        (Some(session), Some(return_to)) => Ok(redirect_to(&landing(&context, &session, return_to)?)),
        (None, _) | (_, None) => Ok(redirect_to(&login)),
    }
}

/// What a browser asks before a page of a storefront may send JSON.
pub(crate) async fn preflight(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(allow_posted_json(&context))
}

/// Exchanges a code for the token of its session, once.
pub(crate) async fn redeem(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    let redeemed = match presented_code(&context) {
        Some(code) => redeemed(&context, code).await?,
        None => None,
    };
    let status = if redeemed.is_some() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let mut response = HttpResponse::build(status);
    allow_storefront(&context, &mut response, false);
    Ok(response.json(redeemed.unwrap_or_else(|| json!({ "error": "badCode" }))))
}

/// The code of the body, if it is valid, the page is one of its origin, and the body has the secret behind its challenge.
fn presented_code(context: &RequestContext) -> Option<HandOver> {
    // A form of another site could not send this type.
    let kind = context.header(CONTENT_TYPE)?.split(';').next()?.trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return None;
    }
    let body = json::parse(context.body()).ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (sealed, verifier) = (text("code")?, text("verifier")?);
    let code = HandOver::open(&context.app().for_apps.codes, &context.live_store().store.public_url, sealed, context.now())?;
    // A server sends no origin.
    let is_of_origin =
        |page: &HandOverPage| !context.request().headers().contains_key(ORIGIN) || context.header(ORIGIN) == Some(&*page.origin);
    let page = context.live_store().store.hand_over.iter().find(|page| page.address == code.page)?;
    (is_of_origin(page) && code.challenge.is_of(verifier)).then_some(code)
}

async fn redeemed(context: &RequestContext, code: HandOver) -> Result<Option<Value>, UserFacingError> {
    let id = hashed_id(&format!("hand-over {} {}", context.live_store().store.name, code.id)).into();
    if !context.app().directory.write(ConsumeAttempt { attempt: id, until: code.until }).await? {
        return Ok(None);
    }
    context.read_new_key(&code.token, LONGEST_ACCEPTED).await?;
    // It may have ended meanwhile.
    let session = context.session_of(&code.token);
    Ok(session.map(|session| json!({ "token": code.token, "expiresAt": rfc3339(session.until) })))
}
