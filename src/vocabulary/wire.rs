//! HTTP requests to providers and their answers as plain values, and the trait that sends them.

pub use crate::vocabulary::no_answer::NoAnswer;
use crate::vocabulary::redirect_target::RedirectTarget;
use crate::vocabulary::text::Text;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The parameters of a step go into its query.
    Get,
    /// The parameters of a step go into its body.
    Post,
}

impl Method {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A request, exactly as it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method of the step; redirects and documents always use `GET`.
    pub method: Method,
    /// The whole address with its query.
    pub address: Text,
    /// Header names and values, in order.
    pub headers: Vec<(Cow<'static, str>, Text)>,
    /// The body; a request without a body sends neither body nor content type.
    pub body: Option<Text>,
    /// How many bytes of the answer are read at most.
    pub largest: usize,
    /// How long the whole answer may take.
    pub timeout: Duration,
}

/// How long an answer may take unless the file says otherwise.
pub(crate) const USUAL_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time that a file may give to an answer.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer of a call.
pub(crate) const LARGEST_ANSWER: usize = 64 * 1024;
/// The largest document: keys, and what an issuer publishes.
pub(crate) const LARGEST_DOCUMENT: usize = 256 * 1024;

/// A request in plain values, secrets included.
pub(crate) struct SentRequest<'a> {
    pub(crate) address: &'a str,
    pub(crate) headers: Vec<(&'a str, &'a str)>,
    /// The body; empty where there is none.
    pub(crate) body: &'a str,
}

impl Request {
    /// The request in plain values, for the files where it leaves or meets what has arrived.
    pub(crate) fn as_sent(&self) -> SentRequest<'_> {
        SentRequest {
            address: self.address.expose(),
            headers: self.headers.iter().map(|(name, value)| (&**name, value.expose())).collect(),
            body: self.body.as_ref().map_or("", Text::expose),
        }
    }

    /// The address to which an answer to this request redirects.
    pub(crate) fn redirect_target(&self, answer: &Response) -> RedirectTarget {
        let location = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
        RedirectTarget::new(location.map(|(_, value)| &**value), self.address.expose(), &self.address.masked())
    }

    /// The address to which a browser is sent. The browser carries the address, so nothing in it is masked.
    pub(crate) fn browser_address(&self) -> &str {
        self.address.expose()
    }

    /// Whether it fetches a document of an issuer, rather than making a call of a login.
    pub(crate) fn is_for_document(&self) -> bool {
        self.largest == LARGEST_DOCUMENT
    }

    /// A plain `GET` for a JSON document, as discovery and keys are fetched.
    pub(crate) fn for_document(address: &str) -> Self {
        Self {
            method: Method::Get,
            address: Text::plain(address),
            headers: vec![("Accept".into(), Text::plain("application/json")), ("User-Agent".into(), Text::plain(USER_AGENT))],
            body: None,
            largest: LARGEST_DOCUMENT,
            timeout: USUAL_TIMEOUT,
        }
    }
}

/// What `User-Agent` says unless a file says otherwise.
pub(crate) const USER_AGENT: &str = concat!("portaria/", env!("CARGO_PKG_VERSION"));

/// An answer, exactly as it arrived.
#[derive(Clone, Default)]
pub struct Response {
    /// The HTTP status, whatever the file's rules make of it.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The body, already unpacked.
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// The answer to come, or why there is none.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<Response, NoAnswer>> + Send + 'a>>;

/// What sends requests: the network, a recording or a simulation.
pub trait Fetch: Sync {
    /// Sends a request and waits for its answer.
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a>;
}
