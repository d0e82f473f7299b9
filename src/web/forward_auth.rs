//! `/auth`: a proxy asks on every request whether somebody may pass. Nothing here waits for anything: the cookie is read raw,
//! a token that was judged once is remembered by each worker, and which sessions have ended is in memory.

use crate::pages::frame::address;
use crate::session::Session;
use crate::vocabulary::text::percent_encode;
use crate::web::app::App;
use crate::web::cookies::{self, RequestCookies};
use crate::web::http_rejection;
use crate::web::live_config::LiveStore;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::client_address;
use crate::world::clock;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use quick_cache::Equivalent;
use quick_cache::unsync::Cache;
use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
const NAME: HeaderName = HeaderName::from_static("x-auth-name");
const UID: HeaderName = HeaderName::from_static("x-auth-uid");
const PROVIDER: HeaderName = HeaderName::from_static("x-auth-provider");
const STORE: HeaderName = HeaderName::from_static("x-auth-store");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Tokens that one worker remembers.
const REMEMBERED: usize = 4096;

/// What one worker remembers of tokens that it has judged. The whole token is compared; only its signature, which nobody can
/// choose, is hashed.
pub struct TokenCache(RefCell<Cache<CachedToken, Rc<VerifiedToken>>>);

#[derive(PartialEq, Eq)]
struct CachedToken(Box<str>);

impl Hash for CachedToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        TokenLookup(&self.0).hash(state);
    }
}

/// A token that is asked about.
struct TokenLookup<'a>(&'a str);

impl Hash for TokenLookup<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let bytes = self.0.as_bytes();
        state.write(bytes.last_chunk::<32>().map_or(bytes, <[u8; 32]>::as_slice));
    }
}

impl Equivalent<CachedToken> for TokenLookup<'_> {
    fn equivalent(&self, token: &CachedToken) -> bool {
        *self.0 == *token.0
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self(RefCell::new(Cache::new(REMEMBERED)))
    }
}

/// A token that was found to be good.
struct VerifiedToken {
    front: Arc<LiveStore>,
    session: Session,
    /// The keys by which it was judged.
    keys: u64,
    /// The state of the list of ended sessions at which this one was not on it.
    generation: Cell<u64>,
    told: [(HeaderName, HeaderValue); 5],
    renewed: RefCell<Option<RenewedToken>>,
}

/// A newer token for the same session, made once and handed out until the browser has it.
struct RenewedToken {
    made: i64,
    cookies: Vec<HeaderValue>,
}

/// Whether the browser behind a request may pass.
pub(crate) async fn check(request: HttpRequest, app: Data<App>, judged: Data<TokenCache>) -> HttpResponse {
    let serving = app.live_config();
    let Some(front) = serving.store_of_request(&request) else { return http_rejection::wrong_host(&serving) };
    let now = clock::now();
    if let Err(seconds) = check_rate_limit(&request, &app, front, now) {
        // Proxies know 401 and 403; anything else they call an error of the server.
        return empty_response(StatusCode::FORBIDDEN, Some((RETRY_AFTER, seconds.into())));
    }
    if app.revocations.is_stale(now, front.store.offline) {
        return empty_response(StatusCode::SERVICE_UNAVAILABLE, Some((RETRY_AFTER, 5.into())));
    }
    let known =
        RequestCookies::new(request.headers()).unique(&front.store.cookie).and_then(|token| verify_token(token, front, &app, &judged, now));
    let Some(known) = known else {
        app.metrics.no.fetch_add(1, Ordering::Relaxed);
        return unauthenticated(&request, front);
    };
    app.metrics.yes.fetch_add(1, Ordering::Relaxed);
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(()));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    for (name, value) in &known.told {
        headers.insert(name.clone(), value.clone());
    }
    append_renewed_cookies(&known, &app, headers, now);
    response
}

/// Peers on this machine and trusted proxies ask as often as they like.
fn check_rate_limit(request: &HttpRequest, app: &App, front: &LiveStore, now: i64) -> Result<(), u64> {
    let Some(rates) = front.store.rates else { return Ok(()) };
    let Some(peer) = request.peer_addr() else { return Ok(()) };
    let peer = peer.ip().to_canonical();
    if peer.is_loopback() || front.store.proxies.iter().any(|block| block.contains(peer)) {
        return Ok(());
    }
    app.limits.take(RateLimitKind::Auth, front.number, client_address(request, front), rates.auth, now.saturating_mul(1000))
}

/// The session of a token, from memory if it was judged before.
fn verify_token(token: &str, front: &Arc<LiveStore>, app: &App, judged: &TokenCache, now: i64) -> Option<Rc<VerifiedToken>> {
    let keys = app.signing.version();
    let remembered = judged.0.borrow().get(&TokenLookup(token)).cloned();
    let known = if let Some(known) = remembered.filter(|known| Arc::ptr_eq(&known.front, front) && known.keys == keys) {
        known
    } else {
        let session = app.signing.keys().verify(token, front.token_parties(), now)?;
        let told = identity_headers(&session);
        let (front, generation, renewed) = (Arc::clone(front), Cell::new(u64::MAX), RefCell::default());
        let known = VerifiedToken { front, session, keys, generation, told, renewed };
        let known = Rc::new(known);
        judged.0.borrow_mut().insert(CachedToken(token.into()), Rc::clone(&known));
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

/// All headers, always: one that were missing could be sent by the client instead.
fn identity_headers(session: &Session) -> [(HeaderName, HeaderValue); 5] {
    let encoded = |text: &str| {
        let mut encoded = String::new();
        percent_encode(text, &mut encoded);
        HeaderValue::from_str(&encoded).expect("what is percent-encoded is plain")
    };
    let plain = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| encoded(text));
    let person = &session.person;
    [
        (EMAIL, plain(person.email.key())),
        (NAME, encoded(person.name.as_deref().unwrap_or_default())),
        (UID, plain(&person.uid)),
        (PROVIDER, plain(&person.provider)),
        (STORE, plain(&session.store)),
    ]
}

/// Hands out a newer token when it is time; proxies that pass the answer's cookies on keep an active shopper signed in.
fn append_renewed_cookies(known: &VerifiedToken, app: &App, headers: &mut HeaderMap, now: i64) {
    let lasting = known.front.store.lasting;
    // Most of the time it is too early, and that is seen at once.
    if now.saturating_sub(known.session.issued) < lasting.idle / 2 {
        return;
    }
    let mut renewed = known.renewed.borrow_mut();
    if renewed.as_ref().is_none_or(|renewed| now.saturating_sub(renewed.made) >= lasting.idle / 2) {
        let Some(session) = known.session.renewed(lasting, now) else { return };
        let token = app.signing.keys().sign(&session, known.front.token_parties());
        let cookies = cookies::set_session(&token, session.until - now, &known.front.store).collect();
        *renewed = Some(RenewedToken { made: now, cookies });
    }
    for cookie in renewed.iter().flat_map(|renewed| &renewed.cookies) {
        headers.append(SET_COOKIE, cookie.clone());
    }
}

/// Nobody is there: no, or, where the proxy hands the answer on to a browser, the way to the login.
fn unauthenticated(request: &HttpRequest, front: &LiveStore) -> HttpResponse {
    if !request.query_string().split('&').any(|part| part == "redirect" || part.starts_with("redirect=")) || !is_browser_navigation(request)
    {
        return empty_response(StatusCode::UNAUTHORIZED, None);
    }
    let wanted = original_address(request, front)
        .and_then(|wanted| crate::login::return_to::allowed_return_address(&wanted, front.allowed_origins()));
    let login = format!("{}{}", front.store.public_url, address(&["login"], &[("return_to", wanted.as_deref())]));
    let location = HeaderValue::from_str(&login).ok().map(|login| (LOCATION, login));
    empty_response(StatusCode::FOUND, location)
}

/// Whether a person is looking at a page: what they have typed into a form is not thrown away for the way to a login.
fn is_browser_navigation(request: &HttpRequest) -> bool {
    let method = request.headers().get("x-forwarded-method").and_then(|method| method.to_str().ok());
    if method.is_some_and(|method| !matches!(method, "GET" | "HEAD")) {
        return false;
    }
    let says = |name: HeaderName, word: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
    };
    says(FETCH_MODE, "navigate") || (says(ACCEPT, "text/html") && !request.headers().contains_key(FETCH_MODE))
}

/// The address that the browser asked the proxy for, if the proxy is one of ours.
fn original_address(request: &HttpRequest, front: &LiveStore) -> Option<String> {
    let peer = request.peer_addr()?.ip();
    if !front.store.proxies.iter().any(|block| block.contains(peer)) {
        return None;
    }
    let one = |name: &str| {
        let mut values = request.headers().get_all(name);
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    };
    let (scheme, host, path) = (one("x-forwarded-proto")?, one("x-forwarded-host")?, one("x-forwarded-uri")?);
    (matches!(scheme, "http" | "https") && path.starts_with('/')).then(|| format!("{scheme}://{host}{path}"))
}

fn empty_response(status: StatusCode, header: Option<(HeaderName, HeaderValue)>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(()));
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
    response
}
