//! `/auth`: a proxy asks before every request whether the browser is signed in. Nothing here waits: the cookie is read raw, each
//! worker remembers the tokens that it has verified, and the list of ended sessions is in memory. Access tokens of apps are in `bearer_auth`.

use crate::login::return_to::allowed_return_address;
use crate::pages::frame::address;
use crate::session::Session;
use crate::session::token_kind::TokenKind;
use crate::web::app::App;
use crate::web::bearer_auth::{self, PresentedBearer, VerifiedBearer};
use crate::web::check_answer::{IdentityOfCheck, empty_response, identity_headers, signed_in};
use crate::web::cookies::RequestCookies;
use crate::web::http_rejection;
use crate::web::live_config::LiveStore;
use crate::web::presented_tokens::PresentedTokens;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::client_address;
use crate::web::session_tokens::{SessionCookies, set_session};
use crate::web::token_cache::VerifiedTokens;
use crate::world::clock;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// Tells a proxy that the answer for a guest is the broker's own; an answer for a signed-in shopper has a `X-Auth-Uid`.
const VISITOR: HeaderName = HeaderName::from_static("portaria-visitor");
const GUEST: HeaderValue = HeaderValue::from_static("guest");
/// The word of the query by which a proxy asks for the redirect to the login.
const REDIRECT: &str = "redirect";
/// The word of the query by which a proxy lets guests pass.
const OPTIONAL: &str = "optional";

/// Tokens that one worker remembers.
const REMEMBERED: usize = 4096;

/// The tokens that one worker has verified: those of sessions, and access tokens of apps. Neither is ever taken for the other.
pub struct TokenCache {
    sessions: VerifiedTokens<VerifiedToken>,
    bearers: VerifiedTokens<VerifiedBearer>,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self { sessions: VerifiedTokens::with_room_for(REMEMBERED), bearers: VerifiedTokens::with_room_for(REMEMBERED) }
    }
}

struct VerifiedToken {
    live_store: Arc<LiveStore>,
    session: Session,
    /// The generation of the keys that verified it.
    keys: u64,
    /// The generation of the list of ended sessions that did not contain it.
    generation: Cell<u64>,
    headers: Box<[(HeaderName, HeaderValue)]>,
    renewed: RefCell<Option<RenewedToken>>,
}

/// A renewed token for the same session, signed once and sent until the browser has it.
struct RenewedToken {
    made: i64,
    cookies: SessionCookies,
}

/// Answers whether the browser behind a request is signed in.
pub(crate) async fn check(request: HttpRequest) -> HttpResponse {
    // They are borrowed, because all workers would count the owners of the app in one place.
    let (app, cache) = (request.app_data::<Data<App>>(), request.app_data::<Data<TokenCache>>());
    let (Some(app), Some(cache)) = (app, cache) else { return empty_response(StatusCode::SERVICE_UNAVAILABLE, None) };
    let live_config = app.live_config();
    let Some(live_store) = live_config.store_of_question(&request) else { return http_rejection::wrong_host(&live_config) };
    app.unnamed_proxies.notice(&request, live_store);
    let now = clock::now();
    if let Err(seconds) = check_rate_limit(&request, app, live_store, now) {
        app.metrics.limits.count(RateLimitKind::Auth.word());
        // Proxies understand 401 and 403; any other status counts as an error of the server.
        return empty_response(StatusCode::FORBIDDEN, Some((RETRY_AFTER, seconds.into())));
    }
    let tokens = PresentedTokens::of(request.headers(), &live_store.store);
    let bearer = presented_bearer(request.headers(), live_store);
    let lets_guests_pass = is_own_question(&request) && has_word(&request, OPTIONAL) && !demands_login(&request, live_store);
    let is_guest = bearer.is_none() && tokens.as_ref().is_ok_and(PresentedTokens::is_empty);
    // A guest of the shop is one whatever the list says.
    if app.revocations.is_stale(now, live_store.store.offline) && !(is_guest && lets_guests_pass) {
        return empty_response(StatusCode::SERVICE_UNAVAILABLE, Some((RETRY_AFTER, 5.into())));
    }
    if let Some(bearer) = bearer {
        return bearer_auth::check(&bearer, live_store, app, &cache.bearers, now);
    }
    let Some(known) = tokens.as_ref().ok().and_then(|tokens| verify_tokens(tokens, live_store, app, cache, now)) else {
        app.metrics.checks.counts.count(false);
        return if lets_guests_pass { guest(live_store) } else { unauthenticated(&request, live_store) };
    };
    app.metrics.checks.counts.count(true);
    let mut response = signed_in(&known.headers);
    if tokens.is_ok_and(|tokens| tokens.cookie().is_some()) {
        let has_first = RequestCookies::new(request.headers()).has(&live_store.store.cookie);
        append_renewed_cookies(&known, app, (response.headers_mut(), has_first), now);
    }
    response
}

/// The access token by which a request is judged, where the settings accept access tokens here. The token of a session in the same header is
/// none.
fn presented_bearer<'r>(headers: &'r HeaderMap, live_store: &LiveStore) -> Option<PresentedBearer<'r>> {
    let store = &live_store.store;
    let presented = bearer_auth::presented(headers).filter(|_| !store.bearer_audiences.is_empty())?;
    match presented {
        PresentedBearer::Token(token) if TokenKind::of(token, &store.public_url) == TokenKind::Session => None,
        PresentedBearer::Token(_) | PresentedBearer::Unclear => Some(presented),
    }
}

/// The answer for a guest where the store is open to guests: every header of the identity is there, and empty, so that the client cannot
/// send one itself.
fn guest(live_store: &LiveStore) -> HttpResponse {
    let mut response = signed_in(&identity_headers(&IdentityOfCheck::default(), &live_store.store.further.headers, |_| None));
    response.headers_mut().insert(VISITOR, GUEST);
    response
}

/// Whether the settings demand a login for what the browser has requested. An unknown address may be one for which they do.
fn demands_login(request: &HttpRequest, live_store: &LiveStore) -> bool {
    let paths = &live_store.store.login_paths;
    if paths.is_empty() {
        return false;
    }
    let is_proxy = request.peer_addr().is_some_and(|peer| live_store.store.is_proxy(peer.ip()));
    let address = single_header(request, FORWARDED_URI).filter(|_| is_proxy);
    address.is_none_or(|address| paths.contain(address))
}

/// The text of a header that is there once.
fn single_header(request: &HttpRequest, name: HeaderName) -> Option<&str> {
    let mut values = request.headers().get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether the query has a word, alone or with a value that means yes. `optional=0` is a no, and so is a word that stands there twice and
/// means both.
fn has_word(request: &HttpRequest, word: &str) -> bool {
    let value = |part: &str| part.strip_prefix(word).filter(|rest| rest.is_empty() || rest.starts_with('=')).map(is_yes);
    let mut values = request.query_string().split('&').filter_map(value);
    values.next().is_some_and(|first| first && values.all(|further| further))
}

fn is_yes(value: &str) -> bool {
    matches!(value, "" | "=" | "=1" | "=true" | "=yes")
}

/// Whether the query is the proxy's own. Below `/auth`, some proxies append what the client has requested, with the query of the client.
fn is_own_question(request: &HttpRequest) -> bool {
    request.path() == "/auth"
}

/// Peers on this machine and trusted proxies have no limit.
fn check_rate_limit(request: &HttpRequest, app: &App, live_store: &LiveStore, now: i64) -> Result<(), u64> {
    let Some(rates) = live_store.store.rates else { return Ok(()) };
    let Some(peer) = request.peer_addr() else { return Ok(()) };
    let peer = peer.ip().to_canonical();
    if peer.is_loopback() || live_store.store.is_proxy(peer) {
        return Ok(());
    }
    app.limits.take(RateLimitKind::Auth, live_store.number, client_address(request, live_store), rates.auth, now.saturating_mul(1000))
}

/// The one session of all tokens that a request presents.
fn verify_tokens(
    tokens: &PresentedTokens<'_>,
    live_store: &Arc<LiveStore>,
    app: &App,
    cache: &TokenCache,
    now: i64,
) -> Option<Rc<VerifiedToken>> {
    let mut found: Option<Rc<VerifiedToken>> = None;
    for token in tokens.all() {
        let known = verify_token(token, live_store, app, cache, now)?;
        if found.as_ref().is_some_and(|found| found.session.sid != known.session.sid) {
            return None;
        }
        found.get_or_insert(known);
    }
    found
}

/// The session of a token, from memory if it was verified before.
fn verify_token(token: &str, live_store: &Arc<LiveStore>, app: &App, cache: &TokenCache, now: i64) -> Option<Rc<VerifiedToken>> {
    let keys = app.signing.version();
    let remembered = cache.sessions.find(token);
    let known = if let Some(known) = remembered.filter(|known| Arc::ptr_eq(&known.live_store, live_store) && known.keys == keys) {
        known
    } else {
        let session = app.signing.keys(&live_store.store.name)?.verify(token, live_store.token_parties(), now)?;
        let headers = headers_of_session(&session, live_store);
        let (live_store, generation, renewed) = (Arc::clone(live_store), Cell::new(u64::MAX), RefCell::default());
        let known = VerifiedToken { live_store, session, keys, generation, headers, renewed };
        let known = Rc::new(known);
        cache.sessions.remember(token, &known);
        known
    };
    if known.session.is_over(now) {
        return None;
    }
    let generation = app.revocations.generation();
    if known.generation.get() != generation {
        if app.revocations.is_ended(&known.session.sid) {
            return None;
        }
        known.generation.set(generation);
    }
    Some(known)
}

fn headers_of_session(session: &Session, live_store: &LiveStore) -> Box<[(HeaderName, HeaderValue)]> {
    let person = &session.person;
    let identity = IdentityOfCheck {
        email: person.email.key(),
        name: person.name.as_deref(),
        uid: &person.uid,
        provider: &person.provider,
        store: &session.store,
        ..IdentityOfCheck::default()
    };
    identity_headers(&identity, &live_store.store.further.headers, |fact| person.fact(fact))
}

/// Sends a renewed token when it is due. Proxies that pass the cookies of the answer on keep an active shopper signed in. A browser that
/// does not have the first cookie reaches the store by another host, which is not to get it.
fn append_renewed_cookies(known: &VerifiedToken, app: &App, (headers, has_first): (&mut HeaderMap, bool), now: i64) {
    let lasting = known.live_store.store.lasting;
    // Most of the time it is too early.
    if now.saturating_sub(known.session.issued) < lasting.idle / 2 {
        return;
    }
    let mut renewed = known.renewed.borrow_mut();
    if renewed.as_ref().is_none_or(|renewed| now.saturating_sub(renewed.made) >= lasting.idle / 2) {
        let Some(session) = known.session.renewed(lasting, now) else { return };
        let Some(keys) = app.signing.keys(&known.live_store.store.name) else { return };
        let sign = |session: &Session| keys.sign(session, known.live_store.token_parties());
        let cookies = set_session(&session, now, &known.live_store.store, sign);
        *renewed = Some(RenewedToken { made: now, cookies });
    }
    let Some(RenewedToken { cookies: SessionCookies { first, further }, .. }) = &*renewed else { return };
    for cookie in first.iter().filter(|_| has_first).chain(further) {
        headers.append(SET_COOKIE, cookie.clone());
    }
}

/// The answer without a session: 401, or a redirect to the login where the proxy passes the answer to a browser.
fn unauthenticated(request: &HttpRequest, live_store: &LiveStore) -> HttpResponse {
    if !has_word(request, REDIRECT) || !is_browser_navigation(request) {
        return empty_response(StatusCode::UNAUTHORIZED, None);
    }
    let wanted = original_address(request, live_store).and_then(|wanted| allowed_return_address(&wanted, live_store.allowed_origins()));
    let login = format!("{}{}", live_store.store.public_url, address(&["login"], &[("return_to", wanted.as_deref())]));
    let location = HeaderValue::from_str(&login).ok().map(|login| (LOCATION, login));
    empty_response(StatusCode::FOUND, location)
}

/// Whether the browser loads a page. A submitted form is not redirected, because its fields would be lost.
fn is_browser_navigation(request: &HttpRequest) -> bool {
    let forwarded = request.headers().get("x-forwarded-method");
    let method = forwarded.map_or(Some(request.method().as_str()), |method| method.to_str().ok());
    if !matches!(method, Some("GET" | "HEAD")) {
        return false;
    }
    let contains = |name: HeaderName, word: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
    };
    contains(FETCH_MODE, "navigate") || (contains(ACCEPT, "text/html") && !request.headers().contains_key(FETCH_MODE))
}

/// The address that the browser has requested from the proxy, if the proxy is trusted.
fn original_address(request: &HttpRequest, live_store: &LiveStore) -> Option<String> {
    let peer = request.peer_addr()?.ip();
    if !live_store.store.is_proxy(peer) {
        return None;
    }
    let one = |name| single_header(request, name);
    let (scheme, host, path) = (one(FORWARDED_PROTO)?, one(FORWARDED_HOST)?, one(FORWARDED_URI)?);
    (matches!(scheme, "http" | "https") && path.starts_with('/')).then(|| format!("{scheme}://{host}{path}"))
}
