//! A request with what every handler needs to know: its store, session, origin and language.

use crate::login::return_to;
use crate::pages::{ErrorCause, Frame, PageLanguage};
use crate::session::keys::{SessionSigningKeys, named_key};
use crate::session::token_claims::LONGEST_ACCEPTED;
use crate::session::{Session, TokenReach};
use crate::stores::connection::ProviderClient;
use crate::stores::live::LiveProvider;
use crate::web::app::App;
use crate::web::cookies::{self, RequestCookies, SessionCookieState};
use crate::web::live_config::LiveStore;
use crate::web::presented_tokens::PresentedTokens;
use crate::web::rate_limits::address_bucket;
use crate::web::reachable_inside::ReachableInside;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{http_rejection, opener};
use crate::world::clock;
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_ENCODING, HeaderName, HeaderValue, ORIGIN};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponseBuilder};
use std::cell::RefCell;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const LONGEST_ADDRESS: usize = 8 * 1024;
const LARGEST_HEADERS: usize = 16 * 1024;
/// The body has to arrive within this time.
const BODY: Duration = Duration::from_secs(15);

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A request to a store.
#[derive(Clone)]
pub struct RequestContext(Rc<RequestContextInner>);

struct RequestContextInner {
    request: HttpRequest,
    app: Data<App>,
    live_store: Arc<LiveStore>,
    body: Bytes,
    now: i64,
    /// Whether a service inside the network asks, under a host of its own (`internalHosts`).
    is_internal: bool,
    /// The languages that the request of an app prefers (`ui_locales`).
    ui_locales: RefCell<Option<Box<str>>>,
}

impl FromRequest for RequestContext {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let refuse = |response| InternalError::from_response("not served", response).into();
        let app = request.app_data::<Data<App>>().expect("the app is always there").clone();
        let (live_store, is_internal) = match store_of_request(request, &app) {
            Ok(found) => found,
            Err(response) => return Box::pin(std::future::ready(Err(refuse(response)))),
        };
        let body = (*request.method() == Method::POST).then(|| Bytes::from_request(request, payload));
        let request = request.clone();
        Box::pin(async move {
            let body = match body {
                None => Bytes::new(),
                Some(body) => match tokio::time::timeout(BODY, body).await {
                    Ok(Ok(body)) => body,
                    Ok(Err(error)) => return Err(refuse(http_rejection::unreadable_body(&error))),
                    Err(_) => return Err(refuse(http_rejection::body_timeout())),
                },
            };
            Ok(Self(Rc::new(RequestContextInner {
                request,
                app,
                live_store,
                body,
                now: clock::now(),
                is_internal,
                ui_locales: RefCell::default(),
            })))
        })
    }
}

/// The store of the request, and whether a service inside the network asks, unless the request is too large.
#[expect(clippy::result_large_err, reason = "the answer is handed on at once")]
fn store_of_request(request: &HttpRequest, app: &App) -> Result<(Arc<LiveStore>, bool), actix_web::HttpResponse> {
    if request.uri().path_and_query().is_some_and(|address| address.as_str().len() > LONGEST_ADDRESS) {
        return Err(http_rejection::address_too_long());
    }
    if request.headers().iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()).saturating_add(4)).sum::<usize>()
        > LARGEST_HEADERS
    {
        return Err(http_rejection::headers_too_large());
    }
    if request.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(http_rejection::unsupported_coding());
    }
    let live_config = app.live_config();
    if request.app_data::<ReachableInside>().is_some()
        && let Some(live_store) = live_config.store_of_internal_request(request)
    {
        return Ok((Arc::clone(live_store), true));
    }
    let live_store = live_config.store_of_request(request).ok_or_else(|| http_rejection::wrong_host(&live_config))?;
    app.unnamed_proxies.notice(request, live_store);
    Ok((Arc::clone(live_store), false))
}

/// The address of the client: the peer, or the address that trusted proxies name.
pub(crate) fn client_address(request: &HttpRequest, live_store: &LiveStore) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let lines = request.headers().get_all(FORWARDED_FOR).map(HeaderValue::as_bytes);
    named_client(peer, lines, |address| live_store.store.is_proxy(address))
}

/// From the right, the first address that is no trusted proxy. A part that cannot be read ends the chain of trust.
pub(crate) fn named_client<'a>(peer: IpAddr, lines: impl Iterator<Item = &'a [u8]>, trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    if !trusted(peer) {
        return peer;
    }
    let lines: Vec<&[u8]> = lines.collect();
    let mut named = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')).map(parse_forwarded_address);
    named
        .find_map(|address| match address {
            Ok(address) if trusted(address) => None,
            Ok(address) => Some(address),
            Err(_) => Some(peer),
        })
        .unwrap_or(peer)
}

/// An address with or without a port.
fn parse_forwarded_address(part: &[u8]) -> Result<IpAddr, std::net::AddrParseError> {
    let text = std::str::from_utf8(part).unwrap_or_default().trim();
    text.parse().or_else(|error| text.parse::<SocketAddr>().map(|address| address.ip()).map_err(|_| error))
}

impl RequestContext {
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.0.request
    }

    pub(crate) fn app(&self) -> &App {
        &self.0.app
    }

    /// The network from which the request comes, as the limits count it.
    pub(crate) fn client_network(&self) -> IpAddr {
        address_bucket(client_address(self.request(), self.live_store()))
    }

    /// The same where the settings limit what one network may do.
    pub(crate) fn limited_network(&self) -> Option<IpAddr> {
        self.live_store().store.rates.map(|_| self.client_network())
    }

    /// The client for the calls of a login at this store.
    pub(crate) fn client_of<'a>(&'a self, live_provider: &'a LiveProvider) -> ProviderClient<'a> {
        let store = &*self.live_store().store;
        ProviderClient { connection: self.app().connection_of(live_provider), store, limits: Some(live_provider.limits_at(&store.name)) }
    }

    pub(crate) fn live_store(&self) -> &LiveStore {
        &self.0.live_store
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// Whether a service inside the network asks: there are no pages and no cookies for it.
    pub(crate) fn is_internal(&self) -> bool {
        self.0.is_internal
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.now
    }

    pub(crate) fn header(&self, name: impl actix_web::http::header::AsHeaderName) -> Option<&str> {
        self.0.request.headers().get(name)?.to_str().ok()
    }

    /// The part of the path that the route names so.
    pub(crate) fn path_parameter(&self, name: &str) -> Option<String> {
        let part = self.0.request.match_info().get(name)?;
        percent_encoding::percent_decode_str(part).decode_utf8().ok().map(Into::into)
    }

    pub(crate) fn query_parameters(&self) -> impl Iterator<Item = (String, String)> {
        url::form_urlencoded::parse(self.0.request.query_string().as_bytes()).into_owned()
    }

    /// A parameter that may occur once.
    pub(crate) fn query_parameter(&self, name: &str) -> Result<Option<String>, UserFacingError> {
        let mut found = self.query_parameters().filter(|(other, _)| other == name).map(|(_, value)| value);
        let value = found.next();
        if found.next().is_some() { Err(ErrorCause::Malformed.into()) } else { Ok(value) }
    }

    /// The return address of the query, if it is allowed.
    pub(crate) fn return_to(&self) -> Result<Option<String>, UserFacingError> {
        self.allowed_return_to(self.query_parameter("return_to")?)
    }

    /// The return address, if it is allowed, where it comes from another place than the query.
    pub(crate) fn allowed_return_to(&self, wanted: Option<String>) -> Result<Option<String>, UserFacingError> {
        let Some(wanted) = wanted else { return Ok(None) };
        if wanted.len() > return_to::LONGEST {
            return Err(ErrorCause::Malformed.into());
        }
        let allowed = return_to::allowed_return_address(&wanted, self.live_store().allowed_origins());
        self.note_return_to(allowed.as_deref());
        Ok(allowed)
    }

    /// Learns where the login ends to which the request belongs.
    pub(crate) fn note_return_to(&self, return_to: Option<&str>) {
        if return_to.is_some_and(|return_to| opener::is_in_popup(&self.live_store().store.public_url, return_to)) {
            opener::keep(self.request());
        }
    }

    pub(crate) fn cookies(&self) -> RequestCookies<'_> {
        RequestCookies::new(self.0.request.headers())
    }

    /// The language that the query chooses.
    pub(crate) fn requested_language(&self) -> Option<String> {
        self.query_parameters().find(|(name, _)| name == "lang").map(|(_, value)| value)
    }

    /// From here on, the pages prefer the languages of an app's request (`ui_locales`) to those of the browser.
    pub(crate) fn prefer_languages(&self, ui_locales: Option<&str>) {
        *self.0.ui_locales.borrow_mut() = ui_locales.map(Into::into);
    }

    /// The language of the page: the one that was chosen, now or before; otherwise the first of an app's request that the store has;
    /// otherwise the best match of the browser's languages.
    pub(crate) fn language(&self) -> &PageLanguage {
        let live_store = self.live_store();
        let chosen = self.requested_language();
        let chosen = chosen.as_deref().or_else(|| self.cookies().language(&live_store.store));
        let ui_locales = self.0.ui_locales.borrow();
        let of_app = ui_locales.as_deref().unwrap_or_default();
        live_store.languages.choose(&live_store.store.languages, chosen, of_app, self.header(ACCEPT_LANGUAGE).unwrap_or_default())
    }

    /// The languages in which the pages of the store can be read, each with its own name.
    pub(crate) fn offered_languages(&self) -> Vec<&PageLanguage> {
        self.live_store().languages.offered_languages(&self.live_store().store.languages)
    }

    /// What every page of the store shares; `offered` are the languages among which the person can choose, and `here` is the address
    /// of the page without a language.
    pub(crate) fn frame<'a>(&'a self, offered: &'a [&'a PageLanguage], here: &'a str) -> Frame<'a> {
        let live_store = self.live_store();
        Frame { look: &live_store.look, language: self.language(), offered, here, version: &live_store.version }
    }

    /// Remembers in the browser the language that the query chooses.
    pub(crate) fn keep_language(&self, response: &mut HttpResponseBuilder) {
        if self.requested_language().is_some() {
            cookies::append_to(response, [cookies::set_language(&self.language().code, &self.live_store().store)]);
        }
    }

    /// The signing keys of the store; `None` while a new store has none.
    pub(crate) fn signing_keys(&self) -> Option<Arc<SessionSigningKeys>> {
        self.app().signing.keys(&self.live_store().store.name)
    }

    /// The valid session of this browser, for the broker's own pages: by the first cookie alone, since other hosts can write the further
    /// ones, and by a token that has not left the broker's own host.
    pub(crate) fn session(&self) -> Option<Session> {
        let token = self.cookies().unique(&self.live_store().store.cookie)?;
        self.session_of(token).filter(|session| session.reach == TokenReach::Broker)
    }

    /// The session of this browser even if it has expired, because our clock may be wrong; or if it was ended, because another may
    /// have taken its place. The token may be one for the store alone: with it a session can be ended, and nothing else be done.
    pub(crate) async fn session_to_end(&self) -> Result<Option<Session>, UserFacingError> {
        let SessionCookieState::Token(token) = self.cookies().session(&self.live_store().store) else { return Ok(None) };
        self.read_new_key(token, LONGEST_ACCEPTED).await?;
        Ok(self.signing_keys().and_then(|keys| keys.verify_ignoring_expiry(token, self.live_store().token_parties())))
    }

    /// The same as `session`, also if another machine has just made the key of its token. The caller takes the request from the budget of the client
    /// before.
    pub(crate) async fn session_under_new_keys(&self) -> Result<Option<Session>, UserFacingError> {
        let Some(token) = self.cookies().unique(&self.live_store().store.cookie) else { return Ok(None) };
        self.read_new_key(token, LONGEST_ACCEPTED).await?;
        Ok(self.session())
    }

    /// The one valid session of all tokens that a request presents.
    pub(crate) async fn presented_session(&self, tokens: &PresentedTokens<'_>) -> Result<Option<Session>, UserFacingError> {
        let mut found: Option<Session> = None;
        for token in tokens.all() {
            self.read_new_key(token, LONGEST_ACCEPTED).await?;
            let Some(session) = self.session_of(token) else { return Ok(None) };
            if found.as_ref().is_some_and(|found| found.sid != session.sid) {
                return Ok(None);
            }
            found.get_or_insert(session);
        }
        Ok(found)
    }

    /// Reads the keys from storage if a token of at most so many bytes names one that this machine does not have.
    pub(crate) async fn read_new_key(&self, token: &str, longest: usize) -> Result<(), UserFacingError> {
        let Some(named) = named_key(token, longest) else { return Ok(()) };
        if self.signing_keys().is_none_or(|keys| !keys.has(&named)) {
            self.app().read_from_storage(self.now()).await?;
        }
        Ok(())
    }

    /// The valid session of a token.
    pub(crate) fn session_of(&self, token: &str) -> Option<Session> {
        let session = self.signing_keys()?.verify(token, self.live_store().token_parties(), self.now())?;
        (!self.app().revocations.is_ended(&session.sid)).then_some(session)
    }

    /// Refuses to trust sessions while the list of ended sessions is too old.
    pub(crate) fn require_fresh_revocations(&self) -> Result<(), UserFacingError> {
        if self.app().revocations.is_stale(self.now(), self.live_store().store.offline) {
            Err(ErrorCause::StorageUnavailable.into())
        } else {
            Ok(())
        }
    }

    /// Refuses speculative loads: they must not begin or consume anything.
    pub(crate) fn reject_speculative_load(&self) -> Result<(), UserFacingError> {
        let speculative = ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().filter_map(|name| self.header(*name));
        let is_picture = self.header("sec-fetch-dest").is_some_and(|kind| !matches!(kind, "document" | "iframe" | "frame" | "empty"));
        if is_picture || speculative.into_iter().any(|why| why.contains("prefetch") || why.contains("prerender") || why.contains("preview"))
        {
            return Err(ErrorCause::CrossSite.into());
        }
        Ok(())
    }

    /// Refuses requests that another site makes the browser send. The store's own origins are allowed.
    pub(crate) fn require_own_origin(&self) -> Result<(), UserFacingError> {
        let fine = match self.header(FETCH_SITE) {
            Some("none") => true,
            None if self.header(ORIGIN).is_none() => true,
            _ => self.browser_confirms_own_origin(),
        };
        if fine { Ok(()) } else { Err(ErrorCause::CrossSite.into()) }
    }

    /// Whether the browser confirms that the request comes from an allowed origin.
    pub(crate) fn browser_confirms_own_origin(&self) -> bool {
        let has_our_origin = || {
            self.header(ORIGIN)
                .is_some_and(|origin| self.live_store().allowed_origins().any(|listed| return_to::is_listed_origin(listed, origin)))
        };
        match self.header(FETCH_SITE) {
            Some("same-origin") => true,
            Some("same-site" | "none") | None => has_our_origin(),
            Some(_) => false,
        }
    }
}
