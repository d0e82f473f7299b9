//! A response of a simulated provider, as plain values.

use crate::vocabulary::wire::Response;
use serde_json::{Value, json};
use std::time::Duration;

/// The header whose value the HTTP server extends by the addresses to which a store sends its shoppers.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "Content-Security-Policy";

/// Like most providers, a simulated one leaves the tie between a popup and the page that opened it.
const OPENER_POLICY: (&str, &str) = ("Cross-Origin-Opener-Policy", "unsafe-none");

/// A response of a simulated provider.
#[derive(Clone, Debug)]
pub struct SimulatedResponse {
    /// The HTTP status; where an example answers, it is the recorded one.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The bytes to send, whose type is among the headers.
    pub body: Vec<u8>,
    /// How long the caller waits before it answers.
    pub delay: Duration,
    /// What happened, in one line without secrets. The style and the playground's responses have none.
    pub log_line: Option<String>,
}

impl SimulatedResponse {
    /// A page. It may load its style, run the script with this hash, if there is one, and send its form to the broker.
    pub(crate) fn page(status: u16, page: String, public_url: &str, script_hash: Option<&str>) -> Self {
        let script = script_hash.map_or_else(String::new, |hash| format!("script-src '{hash}'; "));
        // Browsers apply `form-action` to redirects after a form too, and those lead to the broker's own address.
        let policy = format!(
            "default-src 'none'; style-src 'self'; {script}form-action 'self' {public_url}; base-uri 'none'; frame-ancestors 'none'"
        );
        let (name, value) = OPENER_POLICY;
        Self::html(status, page).with_header(CONTENT_SECURITY_POLICY, &policy).with_header(name, value)
    }

    pub(crate) fn style() -> Self {
        let style = include_bytes!("style.css").to_vec();
        let headers =
            vec![("Content-Type".into(), "text/css; charset=utf-8".into()), ("Cache-Control".into(), "public, max-age=300".into())];
        Self::from_recorded(Response { status: 200, headers, body: style })
    }

    /// HTML without a policy, such as a provider sends in place of JSON.
    pub(crate) fn html(status: u16, page: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", page.into_bytes())
    }

    /// JSON with status 200.
    pub(crate) fn json(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string().into_bytes())
    }

    /// An error response of OAuth 2.0 (RFC 6749, section 5.2).
    pub(crate) fn oauth_error(code: &str, description: &str) -> Self {
        let body = json!({ "error": code, "error_description": description });
        Self { status: 400, ..Self::json(&body) }
    }

    pub(crate) fn redirect(address: &str) -> Self {
        let (name, value) = OPENER_POLICY;
        Self::new(303, "text/plain; charset=utf-8", Vec::new()).with_header("Location", address).with_header(name, value)
    }

    pub(crate) fn from_recorded(response: Response) -> Self {
        Self { status: response.status, headers: response.headers, body: response.body, delay: Duration::ZERO, log_line: None }
    }

    pub(crate) fn with_log_line(self, line: String) -> Self {
        Self { log_line: Some(line), ..self }
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn into_response(self) -> Response {
        Response { status: self.status, headers: self.headers, body: self.body }
    }

    fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("Content-Type".into(), content_type.into()), ("Cache-Control".into(), "no-store".into())];
        Self::from_recorded(Response { status, headers, body })
    }
}
