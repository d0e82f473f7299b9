//! A request with what every page wants to know of it: which store, who, from where, in which language.

use crate::pages::{Cause, Language};
use crate::session::Session;
use crate::web::app::App;
use crate::web::cookies::Jar;
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use crate::web::serving::{Front, Serving};
use crate::web::unserved;
use crate::world::clock;
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_ENCODING, HOST, HeaderName, HeaderValue, ORIGIN};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The longest address.
const LONGEST_ADDRESS: usize = 8 * 1024;
/// All headers together.
const LARGEST_HEADERS: usize = 16 * 1024;
/// A body has to be there after this time.
const BODY: Duration = Duration::from_secs(15);

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A request to a store.
#[derive(Clone)]
pub struct Asked(Rc<Inner>);

struct Inner {
    request: HttpRequest,
    app: Data<App>,
    front: Arc<Front>,
    body: Bytes,
    now: i64,
}

impl FromRequest for Asked {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let refuse = |response| InternalError::from_response("not served", response).into();
        let app = request.app_data::<Data<App>>().expect("the app is always there").clone();
        let front = match serve(request, &app) {
            Ok(front) => front,
            Err(response) => return Box::pin(std::future::ready(Err(refuse(response)))),
        };
        let body = (*request.method() == Method::POST).then(|| Bytes::from_request(request, payload));
        let request = request.clone();
        Box::pin(async move {
            let body = match body {
                None => Bytes::new(),
                Some(body) => match tokio::time::timeout(BODY, body).await {
                    Ok(Ok(body)) => body,
                    Ok(Err(error)) => return Err(refuse(unserved::body(&error))),
                    Err(_) => return Err(refuse(unserved::too_slow())),
                },
            };
            Ok(Self(Rc::new(Inner { request, app, front, body, now: clock::now() })))
        })
    }
}

/// The store that is asked, unless the request is too large for any.
#[expect(clippy::result_large_err, reason = "the answer is handed on at once")]
fn serve(request: &HttpRequest, app: &App) -> Result<Arc<Front>, actix_web::HttpResponse> {
    if request.uri().path_and_query().is_some_and(|address| address.as_str().len() > LONGEST_ADDRESS) {
        return Err(unserved::address_too_long());
    }
    if request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() > LARGEST_HEADERS {
        return Err(unserved::headers_too_large());
    }
    if request.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(unserved::coded());
    }
    let serving = app.serving();
    front_of(request, &serving).cloned().ok_or_else(|| unserved::wrong_host(&serving))
}

/// The store whose host is named; what is named in the address itself has to be the same.
pub fn front_of<'a>(request: &HttpRequest, serving: &'a Serving) -> Option<&'a Arc<Front>> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    if request.uri().authority().is_some_and(|authority| authority.as_str() != host) {
        return None;
    }
    serving.at(host)
}

/// Where a request comes from: the peer, or whom trusted proxies name.
pub fn client(request: &HttpRequest, front: &Front) -> IpAddr {
    let trusted = |address: IpAddr| front.store.proxies.iter().any(|block| block.holds(address));
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if !trusted(peer) {
        return peer;
    }
    let lines: Vec<&[u8]> = request.headers().get_all(FORWARDED_FOR).map(HeaderValue::as_bytes).collect();
    let mut named = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')).map(address);
    // From the right: the first that is not one of ours. What cannot be read ends the chain of trust.
    named
        .find_map(|address| match address {
            Ok(address) if trusted(address) => None,
            Ok(address) => Some(address),
            Err(_) => Some(peer),
        })
        .unwrap_or(peer)
}

/// An address as proxies write it: by itself, or with a port.
fn address(part: &[u8]) -> Result<IpAddr, std::net::AddrParseError> {
    let text = std::str::from_utf8(part).unwrap_or_default().trim();
    text.parse().or_else(|error| text.parse::<SocketAddr>().map(|address| address.ip()).map_err(|_| error))
}

impl Asked {
    /// The request.
    pub fn request(&self) -> &HttpRequest {
        &self.0.request
    }

    /// Everything.
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// The store.
    pub fn front(&self) -> &Front {
        &self.0.front
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// When.
    pub fn now(&self) -> i64 {
        self.0.now
    }

    /// A header, if it is text.
    pub fn header(&self, name: impl actix_web::http::header::AsHeaderName) -> Option<&str> {
        self.0.request.headers().get(name)?.to_str().ok()
    }

    /// A part of the path, as the route names it.
    pub fn part(&self, name: &str) -> Option<String> {
        let part = self.0.request.match_info().get(name)?;
        percent_encoding::percent_decode_str(part).decode_utf8().ok().map(Into::into)
    }

    /// The parameters of the address.
    pub fn query(&self) -> impl Iterator<Item = (String, String)> {
        url::form_urlencoded::parse(self.0.request.query_string().as_bytes()).into_owned()
    }

    /// A parameter that may stand once.
    pub fn parameter(&self, name: &str) -> Result<Option<String>, Refused> {
        let mut found = self.query().filter(|(other, _)| other == name).map(|(_, value)| value);
        let value = found.next();
        if found.next().is_some() { Err(Cause::Malformed.into()) } else { Ok(value) }
    }

    /// Where the shopper wants to go, if they may; an address that is too long is no address.
    pub fn return_to(&self) -> Result<Option<String>, Refused> {
        self.allowed(self.parameter("return_to")?)
    }

    /// The same for an address that came in another way.
    pub fn allowed(&self, wanted: Option<String>) -> Result<Option<String>, Refused> {
        let Some(wanted) = wanted else { return Ok(None) };
        if wanted.len() > crate::login::return_to::LONGEST {
            return Err(Cause::Malformed.into());
        }
        Ok(crate::login::return_to::allowed(&wanted, self.front().origins()))
    }

    /// The cookies.
    pub fn jar(&self) -> Jar<'_> {
        Jar::new(self.0.request.headers())
    }

    /// The language that the shopper has just chosen.
    pub fn wished_language(&self) -> Option<String> {
        self.query().find(|(name, _)| name == "lang").map(|(_, value)| value)
    }

    /// The language of the page: the one that was chosen, now or before, or the best of the browser's.
    pub fn language(&self) -> &Language {
        let front = self.front();
        let wished = self.wished_language();
        let wished = wished.as_deref().or_else(|| self.jar().language(&front.store));
        let accepted = self.header(ACCEPT_LANGUAGE).unwrap_or_default();
        front.languages.choose(&front.store.languages, wished, accepted)
    }

    /// The session of this browser, if there is one that is good.
    pub fn session(&self) -> Option<Session> {
        let token = self.jar().one(&self.front().store.cookie)?;
        self.session_of(token)
    }

    /// The session of this browser that has not been ended, though it may be over: what is over by a wrong clock is not over.
    pub fn session_to_end(&self) -> Option<Session> {
        let token = self.jar().one(&self.front().store.cookie)?;
        let session = self.app().signing.keys().read(token, self.front().parties())?;
        (!self.app().revocations.is_ended(&session.sid)).then_some(session)
    }

    /// The session of a token.
    pub fn session_of(&self, token: &str) -> Option<Session> {
        let session = self.app().signing.keys().verify(token, self.front().parties(), self.now())?;
        (!self.app().revocations.is_ended(&session.sid)).then_some(session)
    }

    /// Refuses to say who is there once nobody has heard for too long which sessions have ended.
    pub fn well_informed(&self) -> Result<(), Refused> {
        if self.app().revocations.is_stale(self.now(), self.front().store.offline) { Err(Cause::Away.into()) } else { Ok(()) }
    }

    /// Takes one from the budget of whoever asks.
    pub fn limit(&self, kind: Kind) -> Result<(), Refused> {
        let Some(rates) = self.front().store.rates else { return Ok(()) };
        let per_minute = match kind {
            // A page costs little and is shown again and again.
            Kind::Page => rates.login.saturating_mul(12),
            Kind::Login => rates.login,
            Kind::Callback => rates.callback,
            Kind::Mail => rates.mail,
            Kind::Session => rates.session,
            Kind::Auth => rates.auth,
        };
        let from = client(self.request(), self.front());
        // Services and proxies of the store's own ask for many shoppers.
        let is_behind = self.request().headers().contains_key(FORWARDED_FOR);
        let is_ours = !is_behind && (from.is_loopback() || self.front().store.proxies.iter().any(|block| block.holds(from)));
        if is_ours && matches!(kind, Kind::Session | Kind::Auth) {
            return Ok(());
        }
        let taken = self.app().limits.take(kind, self.front().number, from, per_minute, self.now().saturating_mul(1000));
        taken.map_err(|seconds| Cause::TooMany { seconds }.into())
    }

    /// Refuses what a browser loads on speculation: it must not begin or use up anything.
    pub fn no_speculation(&self) -> Result<(), Refused> {
        let speculative = ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().filter_map(|name| self.header(*name));
        let is_picture = self.header("sec-fetch-dest").is_some_and(|kind| !matches!(kind, "document" | "iframe" | "frame" | "empty"));
        if is_picture || speculative.into_iter().any(|why| why.contains("prefetch") || why.contains("prerender") || why.contains("preview"))
        {
            return Err(Cause::CrossSite.into());
        }
        Ok(())
    }

    /// Refuses what another site asks for in the name of this browser. The store's own pages are no other site.
    pub fn from_here(&self) -> Result<(), Refused> {
        let fine = match self.header(FETCH_SITE) {
            Some("none") => true,
            None if self.header(ORIGIN).is_none() => true,
            _ => self.is_said_to_be_from_here(),
        };
        if fine { Ok(()) } else { Err(Cause::CrossSite.into()) }
    }

    /// Whether the browser itself says so, rather than nothing.
    pub fn is_said_to_be_from_here(&self) -> bool {
        let has_our_origin = || self.header(ORIGIN).is_some_and(|origin| self.front().origins().any(|listed| listed == origin));
        match self.header(FETCH_SITE) {
            Some("same-origin") => true,
            Some("same-site" | "none") | None => has_our_origin(),
            Some(_) => false,
        }
    }
}
