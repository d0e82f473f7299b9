//! `/auth`: a proxy asks on every request whether somebody may pass. Nothing here waits for anything: the cookie is read raw,
//! a token that was judged once is remembered by each worker, and which sessions have ended is in memory.

use crate::pages::frame::address;
use crate::session::Session;
use crate::text::percent_encode;
use crate::web::app::App;
use crate::web::asked::{client, front_of};
use crate::web::cookies::{self, Jar};
use crate::web::limits::Kind;
use crate::web::serving::Front;
use crate::web::unserved;
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
pub struct Judged(RefCell<Cache<Token, Rc<Known>>>);

#[derive(PartialEq, Eq)]
struct Token(Box<str>);

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Asking(&self.0).hash(state);
    }
}

/// A token that is asked about.
struct Asking<'a>(&'a str);

impl Hash for Asking<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let bytes = self.0.as_bytes();
        state.write(bytes.last_chunk::<32>().map_or(bytes, <[u8; 32]>::as_slice));
    }
}

impl Equivalent<Token> for Asking<'_> {
    fn equivalent(&self, token: &Token) -> bool {
        *self.0 == *token.0
    }
}

impl Default for Judged {
    fn default() -> Self {
        Self(RefCell::new(Cache::new(REMEMBERED)))
    }
}

/// A token that was found to be good.
struct Known {
    front: Arc<Front>,
    session: Session,
    /// The keys by which it was judged.
    keys: u64,
    /// The state of the list of ended sessions at which this one was not on it.
    generation: Cell<u64>,
    told: [(HeaderName, HeaderValue); 5],
    renewed: RefCell<Option<Renewed>>,
}

/// A newer token for the same session, made once and handed out until the browser has it.
struct Renewed {
    made: i64,
    cookies: Vec<HeaderValue>,
}

/// Whether the browser behind a request may pass.
pub async fn check(request: HttpRequest, app: Data<App>, judged: Data<Judged>) -> HttpResponse {
    let serving = app.serving();
    let Some(front) = front_of(&request, &serving) else { return unserved::wrong_host(&serving) };
    let now = clock::now();
    if let Err(seconds) = limit(&request, &app, front, now) {
        // Proxies know 401 and 403; anything else they call an error of the server.
        return with_status(StatusCode::FORBIDDEN, Some((RETRY_AFTER, seconds.into())));
    }
    if app.revocations.is_stale(now, front.store.offline) {
        return with_status(StatusCode::SERVICE_UNAVAILABLE, Some((RETRY_AFTER, 5.into())));
    }
    let known = Jar::new(request.headers()).one(&front.store.cookie).and_then(|token| judge(token, front, &app, &judged, now));
    let Some(known) = known else {
        app.metrics.no.fetch_add(1, Ordering::Relaxed);
        return nobody(&request, front);
    };
    app.metrics.yes.fetch_add(1, Ordering::Relaxed);
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(()));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    for (name, value) in &known.told {
        headers.insert(name.clone(), value.clone());
    }
    renew(&known, &app, headers, now);
    response
}

/// Peers on this machine and trusted proxies ask as often as they like.
fn limit(request: &HttpRequest, app: &App, front: &Front, now: i64) -> Result<(), u64> {
    let Some(rates) = front.store.rates else { return Ok(()) };
    let Some(peer) = request.peer_addr() else { return Ok(()) };
    let peer = peer.ip().to_canonical();
    if peer.is_loopback() || front.store.proxies.iter().any(|block| block.holds(peer)) {
        return Ok(());
    }
    app.limits.take(Kind::Auth, front.number, client(request, front), rates.auth, now.saturating_mul(1000))
}

/// The session of a token, from memory if it was judged before.
fn judge(token: &str, front: &Arc<Front>, app: &App, judged: &Judged, now: i64) -> Option<Rc<Known>> {
    let keys = app.signing.version();
    let remembered = judged.0.borrow().get(&Asking(token)).cloned();
    let known = if let Some(known) = remembered.filter(|known| Arc::ptr_eq(&known.front, front) && known.keys == keys) {
        known
    } else {
        let session = app.signing.keys().verify(token, front.parties(), now)?;
        let told = told(&session);
        let (front, generation, renewed) = (Arc::clone(front), Cell::new(u64::MAX), RefCell::default());
        let known = Known { front, session, keys, generation, told, renewed };
        let known = Rc::new(known);
        judged.0.borrow_mut().insert(Token(token.into()), Rc::clone(&known));
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
fn told(session: &Session) -> [(HeaderName, HeaderValue); 5] {
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
fn renew(known: &Known, app: &App, headers: &mut HeaderMap, now: i64) {
    let lasting = known.front.store.lasting;
    // Most of the time it is too early, and that is seen at once.
    if now.saturating_sub(known.session.issued) < lasting.idle / 2 {
        return;
    }
    let mut renewed = known.renewed.borrow_mut();
    if renewed.as_ref().is_none_or(|renewed| now.saturating_sub(renewed.made) >= lasting.idle / 2) {
        let Some(session) = known.session.renewed(lasting, now) else { return };
        let token = app.signing.keys().sign(&session, known.front.parties());
        let cookies = cookies::set_session(&token, session.until - now, &known.front.store).collect();
        *renewed = Some(Renewed { made: now, cookies });
    }
    for cookie in renewed.iter().flat_map(|renewed| &renewed.cookies) {
        headers.append(SET_COOKIE, cookie.clone());
    }
}

/// Nobody is there: no, or, where the proxy hands the answer on to a browser, the way to the login.
fn nobody(request: &HttpRequest, front: &Front) -> HttpResponse {
    if !request.query_string().split('&').any(|part| part == "redirect" || part.starts_with("redirect=")) || !is_browser(request) {
        return with_status(StatusCode::UNAUTHORIZED, None);
    }
    let wanted = original(request, front).and_then(|wanted| crate::login::return_to::allowed(&wanted, front.origins()));
    let login = format!("{}{}", front.store.public_url, address(&["login"], &[("return_to", wanted.as_deref())]));
    let location = HeaderValue::from_str(&login).ok().map(|login| (LOCATION, login));
    with_status(StatusCode::FOUND, location)
}

/// Whether a person is looking at a page: what they have typed into a form is not thrown away for the way to a login.
fn is_browser(request: &HttpRequest) -> bool {
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
fn original(request: &HttpRequest, front: &Front) -> Option<String> {
    let peer = request.peer_addr()?.ip();
    if !front.store.proxies.iter().any(|block| block.holds(peer)) {
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

fn with_status(status: StatusCode, header: Option<(HeaderName, HeaderValue)>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(()));
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
    response
}
