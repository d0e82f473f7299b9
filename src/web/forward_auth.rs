//! `/auth`: a proxy asks before every request whether the browser is signed in. Nothing here waits: the cookie is read raw, each
//! worker remembers the tokens that it has verified, and the list of ended sessions is in memory.

use crate::login::return_to::allowed_return_address;
use crate::pages::frame::address;
use crate::session::Session;
use crate::vocabulary::text::percent_encode;
use crate::web::app::App;
use crate::web::cookies::{self, RequestCookies};
use crate::web::http_rejection;
use crate::web::live_config::LiveStore;
use crate::web::presented_tokens::PresentedTokens;
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

const EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
const NAME: HeaderName = HeaderName::from_static("x-auth-name");
const UID: HeaderName = HeaderName::from_static("x-auth-uid");
const PROVIDER: HeaderName = HeaderName::from_static("x-auth-provider");
const STORE: HeaderName = HeaderName::from_static("x-auth-store");
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
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Tokens that one worker remembers.
const REMEMBERED: usize = 4096;

/// The tokens that one worker has verified. The whole token is compared; only its signature, which a client cannot choose, is
/// hashed.
pub struct TokenCache(RefCell<Cache<CachedToken, Rc<VerifiedToken>>>);

#[derive(PartialEq, Eq)]
struct CachedToken(Box<str>);

impl Hash for CachedToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        TokenLookup(&self.0).hash(state);
    }
}

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
    cookies: Vec<HeaderValue>,
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
        // Proxies understand 401 and 403; any other status counts as an error of the server.
        return empty_response(StatusCode::FORBIDDEN, Some((RETRY_AFTER, seconds.into())));
    }
    let tokens = PresentedTokens::of(request.headers(), &live_store.store);
    let lets_guests_pass = has_word(&request, OPTIONAL) && !demands_login(&request, live_store);
    let is_guest = tokens.as_ref().is_ok_and(PresentedTokens::is_empty);
    // A guest of the shop is one whatever the list says.
    if app.revocations.is_stale(now, live_store.store.offline) && !(is_guest && lets_guests_pass) {
        return empty_response(StatusCode::SERVICE_UNAVAILABLE, Some((RETRY_AFTER, 5.into())));
    }
    let Some(known) = tokens.as_ref().ok().and_then(|tokens| verify_tokens(tokens, live_store, app, cache, now)) else {
        app.metrics.check_counts.count(false);
        return if lets_guests_pass { guest(live_store) } else { unauthenticated(&request, live_store) };
    };
    app.metrics.check_counts.count(true);
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(()));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    for (name, value) in &known.headers {
        headers.insert(name.clone(), value.clone());
    }
    if tokens.is_ok_and(|tokens| tokens.cookie().is_some()) {
        let has_first = RequestCookies::new(request.headers()).has(&live_store.store.cookie);
        append_renewed_cookies(&known, app, (headers, has_first), now);
    }
    response
}

/// The answer for a guest where the store is open to guests: every header of the identity is there, and empty, so that the client cannot
/// send one itself.
fn guest(live_store: &LiveStore) -> HttpResponse {
    let mut response = empty_response(StatusCode::OK, Some((VISITOR, GUEST)));
    let further = live_store.store.further.headers.iter().filter_map(|(name, _)| HeaderName::from_bytes(name.as_bytes()).ok());
    for name in [EMAIL, NAME, UID, PROVIDER, STORE].into_iter().chain(further) {
        response.headers_mut().insert(name, HeaderValue::from_static(""));
    }
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

/// Whether the query has a word, with or without a value.
fn has_word(request: &HttpRequest, word: &str) -> bool {
    let is_word = |part: &str| part.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
    request.query_string().split('&').any(is_word)
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
    let remembered = cache.0.borrow().get(&TokenLookup(token)).cloned();
    let known = if let Some(known) = remembered.filter(|known| Arc::ptr_eq(&known.live_store, live_store) && known.keys == keys) {
        known
    } else {
        let session = app.signing.keys(&live_store.store.name)?.verify(token, live_store.token_parties(), now)?;
        let headers = identity_headers(&session, live_store);
        let (live_store, generation, renewed) = (Arc::clone(live_store), Cell::new(u64::MAX), RefCell::default());
        let known = VerifiedToken { live_store, session, keys, generation, headers, renewed };
        let known = Rc::new(known);
        cache.0.borrow_mut().insert(CachedToken(token.into()), Rc::clone(&known));
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

/// All headers are always set: the client could send a missing one itself.
fn identity_headers(session: &Session, live_store: &LiveStore) -> Box<[(HeaderName, HeaderValue)]> {
    let encoded = |text: &str| {
        let mut encoded = String::new();
        percent_encode(text, &mut encoded);
        HeaderValue::from_str(&encoded).expect("what is percent-encoded is plain")
    };
    let plain = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| encoded(text));
    let person = &session.person;
    let further = live_store.store.further.headers.iter();
    let further = further
        .filter_map(|(name, fact)| Some((HeaderName::from_bytes(name.as_bytes()).ok()?, encoded(person.fact(fact).unwrap_or_default()))));
    let identity = [
        (EMAIL, plain(person.email.key())),
        (NAME, encoded(person.name.as_deref().unwrap_or_default())),
        (UID, plain(&person.uid)),
        (PROVIDER, plain(&person.provider)),
        (STORE, plain(&session.store)),
    ];
    identity.into_iter().chain(further).collect()
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
        let token = keys.sign(&session, known.live_store.token_parties());
        let cookies = cookies::set_session(&token, session.until.saturating_sub(now), &known.live_store.store).collect();
        *renewed = Some(RenewedToken { made: now, cookies });
    }
    for cookie in renewed.iter().flat_map(|renewed| renewed.cookies.iter().skip(usize::from(!has_first))) {
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

fn empty_response(status: StatusCode, header: Option<(HeaderName, HeaderValue)>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(()));
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
    response
}
