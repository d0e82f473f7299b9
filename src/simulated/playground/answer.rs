//! What is sent back: a page, JSON, or the way back to the broker.

use serde_json::Value;
use std::time::Duration;

/// An answer of the playground.
#[derive(Clone, Debug)]
pub struct PlaygroundAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long the caller waits before it answers.
    pub delay: Duration,
}

impl PlaygroundAnswer {
    /// A page. It may load its style and nothing else, and its forms lead to the broker only.
    pub(super) fn page(status: u16, page: String, public_url: &str) -> Self {
        // Browsers hold redirects after a form to `form-action` too, and those lead to the broker's own address.
        let policy =
            format!("default-src 'none'; style-src 'self'; form-action 'self' {public_url}; base-uri 'none'; frame-ancestors 'none'");
        Self::with_body(status, "text/html; charset=utf-8", page.into_bytes()).with_header("Content-Security-Policy", policy)
    }

    /// The style of the pages.
    pub(super) fn style(style: &str) -> Self {
        let mut answer = Self::with_body(200, "text/css; charset=utf-8", style.as_bytes().to_vec());
        answer.headers.retain(|(name, _)| *name != "Cache-Control");
        answer.with_header("Cache-Control", "public, max-age=300".to_owned())
    }

    /// JSON. The playground answers its own way: with status 200, whatever it says.
    pub(super) fn json(value: &Value) -> Self {
        Self::with_body(200, "application/json", value.to_string().into_bytes())
    }

    /// A page where JSON was expected.
    pub(super) fn stray_page() -> Self {
        let page = "<!doctype html>\n<html lang=\"en\"><title>Back soon</title><p>The playground is being swept.</p></html>\n";
        Self::with_body(200, "text/html; charset=utf-8", page.as_bytes().to_vec())
    }

    /// The browser is sent to an address.
    pub(super) fn redirect(address: String) -> Self {
        Self::with_body(303, "text/plain; charset=utf-8", Vec::new()).with_header("Location", address)
    }

    /// The same with one header more.
    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    fn with_body(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("Content-Type", content_type.to_owned()), ("Cache-Control", "no-store".to_owned())];
        Self { status, headers, body, delay: Duration::ZERO }
    }
}
