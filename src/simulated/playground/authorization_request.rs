//! The authorization request in the playground's own words: which app sent the browser, to which address it goes back, and with which
//! state. A [`PlaygroundAuthorizationRequest`] is always well-formed.

use crate::simulated::request::FormFields;
use crate::vocabulary::text::percent_encode;

/// The longest value that is accepted.
const LONGEST: usize = 500;

/// A well-formed authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlaygroundAuthorizationRequest {
    /// The client id.
    pub(crate) app: String,
    /// The redirect URI; it lies below `/callback/` of the broker.
    pub(crate) back: String,
    /// The `state` of OAuth 2.0.
    pub(crate) nonce_of_yours: String,
    /// The PKCE code challenge.
    pub(crate) riddle: String,
}

/// What is wrong with an authorization request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadAuthorizationRequest {
    /// This parameter is missing, occurs twice, or is too long.
    Missing(&'static str),
    /// The redirect URI is not a callback of the broker.
    ForeignCallback,
    /// The PKCE code challenge is not a SHA-256.
    NoChallenge,
}

impl PlaygroundAuthorizationRequest {
    pub(super) fn read(fields: &FormFields<'_>, public_url: &str) -> Result<Self, BadAuthorizationRequest> {
        let text = |name| {
            let value = fields.unique(name).filter(|value| value.len() <= LONGEST && !value.chars().any(char::is_control));
            value.map(str::to_owned).ok_or(BadAuthorizationRequest::Missing(name))
        };
        let request = Self { app: text("app")?, back: text("back")?, nonce_of_yours: text("nonce_of_yours")?, riddle: text("riddle")? };
        if !is_callback_of_broker(&request.back, public_url) {
            return Err(BadAuthorizationRequest::ForeignCallback);
        }
        let is_a_hash = request.riddle.len() == 43 && request.riddle.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !is_a_hash || fields.unique("riddle_kind") != Some("S256") {
            return Err(BadAuthorizationRequest::NoChallenge);
        }
        Ok(request)
    }

    /// The parameters, for a link or a form.
    pub(super) fn fields(&self) -> [(&'static str, &str); 5] {
        [
            ("app", &self.app),
            ("back", &self.back),
            ("nonce_of_yours", &self.nonce_of_yours),
            ("riddle", &self.riddle),
            ("riddle_kind", "S256"),
        ]
    }

    /// The redirect URI with these parameters.
    pub(super) fn redirect_address(&self, fields: &[(&str, &str)]) -> String {
        format!("{}?{}", self.back, write_query(fields))
    }

    /// The address that chooses a person and perhaps a fault.
    pub(super) fn choice_address(&self, base: &str, who: &str, fault: Option<&str>) -> String {
        let mut fields = self.fields().to_vec();
        fields.push(("who", who));
        fields.extend(fault.map(|fault| ("fault", fault)));
        format!("{base}/enter?{}", write_query(&fields))
    }
}

/// A callback names a provider of this broker and perhaps a state: no other host, no other page, no query.
fn is_callback_of_broker(redirect_uri: &str, public_url: &str) -> bool {
    let below = redirect_uri.strip_prefix(public_url.trim_end_matches('/')).and_then(|path| path.strip_prefix("/callback/"));
    below.is_some_and(|below| !below.is_empty() && below.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/')))
}

fn write_query(fields: &[(&str, &str)]) -> String {
    let mut query = String::new();
    for (index, (name, value)) in fields.iter().enumerate() {
        query.push_str(if index == 0 { "" } else { "&" });
        query.push_str(name);
        query.push('=');
        percent_encode(value, &mut query);
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_callback_of_the_broker_is_accepted() {
        for (back, expected) in [
            ("https://login.loja.example/callback/playground", true),
            ("https://login.loja.example/callback/acme/s-1_x", true),
            ("https://evil.example/", false),
            ("https://evil.example/callback/playground", false),
            ("https://login.loja.example.evil.example/callback/playground", false),
            ("https://login.loja.example@evil.example/callback/playground", false),
            ("https://login.loja.example/callback/", false),
            ("https://login.loja.example/callback", false),
            ("https://login.loja.example/callback/../logout", false),
            ("https://login.loja.example/callback/%2e%2e/logout", false),
            ("https://login.loja.example/callback/x?error=1", false),
            ("https://login.loja.example/callback/x#y", false),
            ("https://login.loja.example/callback/x\\y", false),
            ("https://login.loja.example/callback/x\r\nSet-Cookie: a=b", false),
            ("http://login.loja.example/callback/playground", false),
            ("HTTPS://login.loja.example/callback/playground", false),
            ("//login.loja.example/callback/playground", false),
            ("/callback/playground", false),
            ("", false),
        ] {
            assert_eq!(is_callback_of_broker(back, "https://login.loja.example"), expected, "{back}");
            assert_eq!(is_callback_of_broker(back, "https://login.loja.example/"), expected, "{back}");
        }
    }
}
