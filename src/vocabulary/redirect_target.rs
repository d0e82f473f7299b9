//! Where an answer redirects to. Redirects are not followed, so the address is shown to those who can write it into the file.

use crate::vocabulary::privacy::HIDDEN;
use std::fmt;
use url::Url;

/// The address to which an answer redirects, without its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectTarget {
    /// The address with masks in place of what may be a value; `None` if the answer names no address.
    shown: Option<Box<str>>,
    /// The whole address, if nothing of it is masked and the connection to it is secure.
    address: Option<Box<str>>,
}

impl RedirectTarget {
    /// The target of a `Location`, seen from the address that was called.
    pub(crate) fn new(location: Option<&str>, called: &str) -> Self {
        let target = location.and_then(|location| Url::parse(called).ok()?.join(location).ok());
        let Some(target) = target.filter(|target| matches!(target.scheme(), "http" | "https")) else {
            return Self { shown: None, address: None };
        };
        let host = target.host_str().unwrap_or_default();
        let port = target.port().map_or_else(String::new, |port| format!(":{port}"));
        let masked: Vec<&str> = target.path().split('/').map(|part| if is_plain(part) { part } else { HIDDEN }).collect();
        let host = if host.len() <= 100 { host } else { HIDDEN };
        let shown = format!("{}://{host}{port}{}", target.scheme(), masked.join("/"));
        let is_whole = target.scheme() == "https" && target.username().is_empty() && !shown.contains(HIDDEN);
        let address = is_whole.then(|| shown.as_str().into());
        Self { shown: Some(shown.into()), address }
    }

    /// The address, if it can stand in a file: it is `https`, and none of its parts may be a value.
    pub(crate) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }
}

/// Whether a part of a path is a word that a programmer chose, and no id or token.
fn is_plain(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_name = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let changes = part
        .as_bytes()
        .windows(2)
        .filter(|pair| pair.first().is_some_and(u8::is_ascii_lowercase) && pair.last().is_some_and(u8::is_ascii_uppercase));
    is_name && part.len() <= 32 && digits <= 2 && changes.count() <= 2
}

impl fmt::Display for RedirectTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown.as_deref().unwrap_or("an address that it does not name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_shown_without_its_query_and_without_what_may_be_a_value() {
        for (location, shown, address) in [
            ("/oauth2/token/", "https://sso.acme.example/oauth2/token/", true),
            ("https://login.acme.example/token?code=hush", "https://login.acme.example/token", true),
            ("http://sso.acme.example/token", "http://sso.acme.example/token", false),
            ("/t/9f8e7d6c5b4a/token", "https://sso.acme.example/t/‹…›/token", false),
            ("mailto:ana@loja.example", "an address that it does not name", false),
            ("https://ana:hush@sso.acme.example/token", "https://sso.acme.example/token", false),
        ] {
            let target = RedirectTarget::new(Some(location), "https://sso.acme.example/token");

            assert_eq!((target.to_string().as_str(), target.address().is_some()), (shown, address), "{location}");
        }
        assert_eq!(RedirectTarget::new(None, "https://sso.acme.example/token").address(), None);
    }
}
