//! What is asked and what is answered.

use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::HeaderValue;
use actix_web::http::{Method, Uri};

/// A request.
#[derive(Clone)]
pub struct ClientRequest {
    /// The method.
    pub method: Method,
    /// The address.
    pub address: String,
    /// The headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// From where.
    pub peer: std::net::SocketAddr,
}

impl ClientRequest {
    /// By any method.
    pub fn by(method: &str, address: &str) -> Self {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let peer = ([127, 0, 0, 1], 40000).into();
        Self { method, address: address.to_owned(), headers: Vec::new(), body: None, peer }
    }

    /// `GET`.
    pub fn get(address: &str) -> Self {
        Self::by("GET", address)
    }

    /// `POST` of a form.
    pub fn form(address: &str, form: &str) -> Self {
        Self::by("POST", address).with("content-type", "application/x-www-form-urlencoded").body(form)
    }

    /// Whether an address can be asked for without a raw socket.
    pub fn can_be_for(address: &str) -> bool {
        address.parse::<Uri>().is_ok()
    }

    /// With a header.
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// With a body.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    /// From somewhere else than this machine.
    pub fn from(mut self, peer: &str) -> Self {
        self.peer = std::net::SocketAddr::new(peer.parse().expect("an address"), 40000);
        self
    }
}

/// An answer.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |text: &str| text.chars().take(300).collect::<String>();
        let headers: Vec<String> = self.headers.iter().map(|(name, value)| short(&format!("{name}: {value}"))).collect();
        write!(f, "{} {headers:?} {}", self.status, short(&self.body))
    }
}

impl Answer {
    /// Reads it.
    pub async fn read(answer: ServiceResponse<BoxBody>) -> Self {
        let status = answer.status().as_u16();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let body = to_bytes(answer.into_body()).await.expect("bodies are in memory");
        Self { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }

    /// All headers of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| &**value)
    }

    /// Where it leads.
    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// The cookies that it sets: name, value, attributes.
    pub fn cookies(&self) -> Vec<(&str, &str, &str)> {
        self.all("set-cookie")
            .map(|line| {
                let (pair, attributes) = line.split_once("; ").unwrap_or((line, ""));
                let (name, value) = pair.split_once('=').expect("a cookie has a name");
                (name, value, attributes)
            })
            .collect()
    }

    /// The session that it opens.
    pub fn session(&self) -> Option<&str> {
        let is_session = |name: &str| matches!(name, "portaria" | "__Host-portaria");
        self.cookies().into_iter().find(|(name, value, _)| is_session(name) && !value.is_empty()).map(|(_, value, _)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}
