//! What is sent back, and what is told of it to whoever watches.

use crate::vocabulary::wire::Response;
use serde_json::{Value, json};
use std::time::Duration;

/// An answer of the simulation.
#[derive(Clone, Debug)]
pub struct SimulatedResponse {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long the caller waits before it answers.
    pub(crate) delay: Duration,
    /// What happened, in one line without secrets; nothing for what needs no telling, such as the style.
    pub told: Option<String>,
}

impl SimulatedResponse {
    /// A page. It may load its style, run the one script whose hash is named, and send its form to the broker.
    pub(super) fn page(status: u16, page: String, public_url: &str, script: &str) -> Self {
        let script = if script.is_empty() { String::new() } else { format!("script-src '{script}'; ") };
        let policy = format!(
            "default-src 'none'; style-src 'self'; {script}form-action 'self' {public_url}; base-uri 'none'; frame-ancestors 'none'"
        );
        Self::new(status, "text/html; charset=utf-8", page.into_bytes()).with_header("Content-Security-Policy", &policy)
    }

    /// The style of the pages.
    pub(super) fn style(style: &str) -> Self {
        let mut answer = Self::new(200, "text/css; charset=utf-8", style.as_bytes().to_vec());
        answer.headers.retain(|(name, _)| &**name != "Cache-Control");
        answer.with_header("Cache-Control", "public, max-age=300")
    }

    /// A document that anybody may fetch.
    pub(super) fn document(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string().into_bytes())
    }

    /// A refusal as the standard writes it.
    pub(super) fn oauth_error(code: &str, why: &str) -> Self {
        let body = json!({ "error": code, "error_description": why });
        Self::new(400, "application/json", body.to_string().into_bytes())
    }

    /// The browser is sent to an address.
    pub(super) fn redirect(address: &str) -> Self {
        Self::new(303, "text/plain; charset=utf-8", Vec::new()).with_header("Location", address)
    }

    pub(super) fn from_recorded(answer: Response) -> Self {
        Self { status: answer.status, headers: answer.headers, body: answer.body, delay: Duration::ZERO, told: None }
    }

    /// The same, and what is told of it.
    pub(super) fn with_log_line(self, line: String) -> Self {
        Self { told: Some(line), ..self }
    }

    /// The same with one header more.
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same as whoever carries requests sees it.
    pub(crate) fn into_response(self) -> Response {
        Response { status: self.status, headers: self.headers, body: self.body }
    }

    fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("Content-Type".into(), content_type.into()), ("Cache-Control".into(), "no-store".into())];
        Self { status, headers, body, delay: Duration::ZERO, told: None }
    }
}
