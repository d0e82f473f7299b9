//! Why the browser came: for which app, where it goes back to, and what it carries there. A [`PlaygroundAuthorizationRequest`] cannot be wrong.

use crate::simulated::playground::request::PlaygroundFields;
use crate::vocabulary::text::percent_encode;

/// The longest value that is taken along.
const LONGEST: usize = 500;

/// A browser that was sent here properly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlaygroundAuthorizationRequest {
    /// The app that sent it.
    pub(crate) app: String,
    /// The address to which it goes back; below `/callback/` of the broker.
    pub(crate) back: String,
    /// What it carries there again, untouched.
    pub(crate) nonce_of_yours: String,
    /// The hash whose proof the app will show.
    pub(crate) riddle: String,
}

/// What is wrong with the way the browser was sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadAuthorizationRequest {
    /// This parameter is missing, stands there twice, or is too long.
    Missing(&'static str),
    /// The way back leads elsewhere than to the broker.
    Elsewhere,
    /// The riddle is none that is known here.
    NoRiddle,
}

impl PlaygroundAuthorizationRequest {
    /// Reads it from the parameters.
    pub(super) fn read(fields: &PlaygroundFields<'_>, public_url: &str) -> Result<Self, BadAuthorizationRequest> {
        let text = |name| {
            let value = fields.unique(name).filter(|value| value.len() <= LONGEST && !value.chars().any(char::is_control));
            value.map(str::to_owned).ok_or(BadAuthorizationRequest::Missing(name))
        };
        let visit = Self { app: text("app")?, back: text("back")?, nonce_of_yours: text("nonce_of_yours")?, riddle: text("riddle")? };
        if !leads_to_the_broker(&visit.back, public_url) {
            return Err(BadAuthorizationRequest::Elsewhere);
        }
        let is_a_hash = visit.riddle.len() == 43 && visit.riddle.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !is_a_hash || fields.unique("riddle_kind") != Some("S256") {
            return Err(BadAuthorizationRequest::NoRiddle);
        }
        Ok(visit)
    }

    /// The parameters again, for a link or a form.
    pub(super) fn fields(&self) -> [(&'static str, &str); 5] {
        [
            ("app", &self.app),
            ("back", &self.back),
            ("nonce_of_yours", &self.nonce_of_yours),
            ("riddle", &self.riddle),
            ("riddle_kind", "S256"),
        ]
    }

    /// The way back with these parameters.
    pub(super) fn redirect_address(&self, fields: &[(&str, &str)]) -> String {
        format!("{}?{}", self.back, write_query(fields))
    }

    /// The address of a choice.
    pub(super) fn choice_address(&self, who: &str, fault: Option<&str>) -> String {
        let mut fields = self.fields().to_vec();
        fields.push(("who", who));
        fields.extend(fault.map(|fault| ("fault", fault)));
        format!("/playground/enter?{}", write_query(&fields))
    }
}

/// A way back names nothing but a provider of this broker, and perhaps a state: no other host, no other page, no query.
fn leads_to_the_broker(back: &str, public_url: &str) -> bool {
    let below = back.strip_prefix(public_url.trim_end_matches('/')).and_then(|path| path.strip_prefix("/callback/"));
    below.is_some_and(|below| !below.is_empty() && below.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/')))
}

fn write_query(fields: &[(&str, &str)]) -> String {
    let mut query = String::new();
    for (at, (name, value)) in fields.iter().enumerate() {
        query.push_str(if at == 0 { "" } else { "&" });
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
    fn the_way_back_leads_to_a_callback_of_the_broker_and_nowhere_else() {
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
            assert_eq!(leads_to_the_broker(back, "https://login.loja.example"), expected, "{back}");
            assert_eq!(leads_to_the_broker(back, "https://login.loja.example/"), expected, "{back}");
        }
    }
}
