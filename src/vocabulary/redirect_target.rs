//! Where an answer redirects to. Redirects are not followed, so the address is shown to those who can write it into the file. A path may name
//! a person, as in `/users/ana-prova`, so of a path only what the called address has, and plain words of addresses are shown.

use crate::vocabulary::data_file::read_data_file;
use crate::vocabulary::privacy::{HIDDEN, is_personal_key};
use crate::vocabulary::site::is_same_site;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;
use url::{Host, Url};

/// The longest address that is proposed.
const LONGEST_ADDRESS: usize = 200;

static WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| read_data_file(include_str!("path_words.yaml")));

/// The address to which an answer redirects, without its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectTarget {
    /// The address with masks in place of what may be a value; `None` if the answer names no address.
    shown: Option<Box<str>>,
    /// The whole address, if nothing of it is masked and the connection to it is secure.
    address: Option<Box<str>>,
    /// Whether the request that was called may be sent there as well.
    takes_same_request: bool,
}

impl RedirectTarget {
    /// The target of a `Location`, seen from the address that was called. `masked` is that address as it may be shown.
    pub(crate) fn new(location: Option<&str>, called: &str, masked: &str) -> Self {
        let from = Url::parse(called).ok();
        let target = location.and_then(|location| from.as_ref()?.join(location).ok());
        let target = target.filter(|target| matches!(target.scheme(), "http" | "https"));
        let (Some(from), Some(target)) = (from, target) else {
            return Self { shown: None, address: None, takes_same_request: false };
        };
        let port = target.port().map_or_else(String::new, |port| format!(":{port}"));
        let known: Vec<&str> = masked.split(['?', '#']).next().unwrap_or_default().split('/').skip(3).collect();
        let is_shown = |part: &str| part.is_empty() || known.contains(&part) && is_plain(part) || is_made_of_path_words(part);
        let path: Vec<&str> = target.path().split('/').map(|part| if is_shown(part) { part } else { HIDDEN }).collect();
        let shown = format!("{}://{}{port}{}", target.scheme(), shown_host(&target), path.join("/"));
        let is_whole = target.scheme() == "https" && target.username().is_empty() && target.password().is_none() && !shown.contains(HIDDEN);
        let address = is_whole.then(|| shown.as_str().into());
        let takes_same_request = is_whole && takes_same_request(&from, &target);
        Self { shown: Some(shown.into()), address, takes_same_request }
    }

    /// The address, if it can stand in a file: it is `https`, and none of its parts may be a value.
    pub(crate) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// The address, if the request that was called may be sent there as well: it can stand in a file, is another one, and of the same site.
    pub(crate) fn address_for_same_request(&self) -> Option<&str> {
        self.address().filter(|address| self.takes_same_request && address.len() <= LONGEST_ADDRESS)
    }
}

fn takes_same_request(from: &Url, to: &Url) -> bool {
    let is_elsewhere = (from.scheme(), from.host_str(), from.path()) != (to.scheme(), to.host_str(), to.path());
    let is_same_query = to.query().is_none_or(|query| from.query() == Some(query));
    let is_usual = to.port_or_known_default() == Some(443) && to.fragment().is_none();
    is_usual && is_elsewhere && is_same_query && is_same_site(from.host_str().unwrap_or_default(), to.host_str().unwrap_or_default())
}

/// The host, with a mask for each label that may be a value.
fn shown_host(target: &Url) -> String {
    let host = target.host_str().unwrap_or_default();
    if !matches!(target.host(), Some(Host::Domain(_))) {
        return host.to_owned();
    }
    let labels: Vec<&str> = host.split('.').map(|label| if is_personal_key(label) { HIDDEN } else { label }).collect();
    if host.len() <= 100 { labels.join(".") } else { HIDDEN.to_owned() }
}

/// Whether a part of a path is made of the words of which addresses are made, with the number of a version.
fn is_made_of_path_words(part: &str) -> bool {
    let is_version = |word: &str| {
        let number = word.strip_prefix(['v', 'V']).unwrap_or_default();
        (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_word = |word: &str| WORDS.contains(&word.to_ascii_lowercase());
    let mut words = part.split(['-', '_', '.', '~']).filter(|word| !word.is_empty());
    part.len() <= 48 && words.all(|word| is_version(word) || is_word(word) || camel_case_words(word).iter().all(|word| is_word(word)))
}

/// The words of a name such as `userInfo`.
fn camel_case_words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = name;
    while let Some((at, _)) = rest.char_indices().skip(1).find(|(_, letter)| letter.is_ascii_uppercase()) {
        let (word, behind) = rest.split_at(at);
        words.push(word);
        rest = behind;
    }
    words.push(rest);
    words
}

/// Whether a part of a path is no id and no token.
fn is_plain(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_name = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'));
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

    fn target(location: &str, called: &str) -> RedirectTarget {
        RedirectTarget::new(Some(location), called, called)
    }

    #[test]
    fn a_target_is_shown_without_its_query_and_without_what_may_be_a_value() {
        for (location, shown, address) in [
            ("/oauth2/token/", "https://sso.acme.example/oauth2/token/", true),
            ("https://login.acme.example/token?code=hush", "https://login.acme.example/token", true),
            ("https://login.acme.example/token?ana@loja.example", "https://login.acme.example/token", true),
            ("http://sso.acme.example/token", "http://sso.acme.example/token", false),
            ("/t/9f8e7d6c5b4a/token", "https://sso.acme.example/‹…›/‹…›/token", false),
            ("mailto:ana@loja.example", "an address that it does not name", false),
            ("https://ana:hush@sso.acme.example/token", "https://sso.acme.example/token", false),
            ("https://:hush@sso.acme.example/token", "https://sso.acme.example/token", false),
            // The names and addresses of people.
            ("/users/ana-prova/edit", "https://sso.acme.example/users/‹…›/‹…›", false),
            ("/users/ana.prova", "https://sso.acme.example/users/‹…›", false),
            ("/mariasilva", "https://sso.acme.example/‹…›", false),
            ("/u/ana%40loja.example/me", "https://sso.acme.example/‹…›/‹…›/me", false),
            ("/profile;name=ana/me", "https://sso.acme.example/‹…›/me", false),
            ("https://ana-4411998877.acme.example/me", "https://‹…›.acme.example/me", false),
            // What the file writes, and how addresses are written.
            ("/acme/token", "https://sso.acme.example/acme/token", true),
            ("/api/v2/userInfo.json", "https://sso.acme.example/api/v2/userInfo.json", true),
            ("/.well-known/openid-configuration", "https://sso.acme.example/.well-known/openid-configuration", true),
        ] {
            let target = target(location, "https://sso.acme.example/acme/u0/token");

            assert_eq!((target.to_string().as_str(), target.address().is_some()), (shown, address), "{location}");
        }
        assert_eq!(RedirectTarget::new(None, "https://sso.acme.example/token", "").address(), None);
    }

    #[test]
    fn a_value_of_the_called_address_is_no_part_that_the_file_writes() {
        let (called, masked) = ("https://sso.acme.example/people/anaprova", "https://sso.acme.example/people/‹id›");

        let target = RedirectTarget::new(Some("/v2/people/anaprova"), called, masked);

        assert_eq!((target.to_string().as_str(), target.address()), ("https://sso.acme.example/v2/people/‹…›", None));
    }

    #[test]
    fn the_same_request_is_sent_only_to_a_plain_address_of_the_same_site() {
        let sent = "https://api.acme.example/v1/me?lang=pt";
        for (location, expected) in [
            ("https://api.acme.example/v2/me", "https://api.acme.example/v2/me"),
            ("/v2/me?lang=pt", "https://api.acme.example/v2/me"),
            ("https://www.acme.example/v1/me", "https://www.acme.example/v1/me"),
        ] {
            assert_eq!(target(location, sent).address_for_same_request(), Some(expected), "{location}");
        }
        for location in [
            "http://api.acme.example/v2/me",
            "https://evil.example/v2/me",
            "https://acme.example.evil.example/v2/me",
            "https://api.acme.example@evil.example/v2/me",
            "https://ana:x@api.acme.example/v2/me",
            "https://api.acme.example:8443/v2/me",
            "https://api.acme.example/v2/me?token=t-1",
            "https://api.acme.example/ana@loja.example/me",
            "https://api.acme.example/ana-prova/me",
            "https://api.acme.example/u/104417220399817265001/me",
            "https://api.acme.example/v1/me?lang=pt",
        ] {
            assert_eq!(target(location, sent).address_for_same_request(), None, "{location}");
        }
        for (sent, location) in [
            ("https://acme.co.uk/me", "https://other.co.uk/me"),
            ("https://10.0.0.1/me", "https://11.0.0.1/me"),
            ("https://[2001:db8::1]/me", "https://[2001:db8::2]/me"),
        ] {
            assert_eq!(target(location, sent).address_for_same_request(), None, "{location}");
        }
    }
}
