//! Hosts: which texts are hosts, which hosts are this machine, and the patterns of `hosts` for addresses with holes.

use crate::provider::template::Template;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;
use std::net::Ipv4Addr;

/// Checks the patterns of `hosts`.
pub(crate) fn check_host_patterns(hosts: &[Template], settings: &[Slot], loopback: bool, reader: &mut Reader) {
    for pattern in hosts {
        if let Some(used) = pattern.uses().find(|used| !settings.contains(&used.fact)) {
            reader.complain(
                used.place,
                "only a setting or `publicUrl` may stand in a pattern of `hosts`",
                "what comes from outside must not choose where secrets are sent; write the pattern out, or take the value from `settings`",
            );
        }
        let text = pattern.as_literal().unwrap_or_else(|| "x.example".to_owned());
        if let Some((message, help)) = problem_with_pattern(&text, loopback) {
            reader.complain(pattern.place, message, help);
        }
    }
}

/// What is wrong with a pattern, and what to do.
fn problem_with_pattern(text: &str, loopback: bool) -> Option<(String, &'static str)> {
    let (scheme, host) = match text.split_once("://") {
        Some(("https", host)) => (Some(Scheme::Https), host),
        Some(("http", host)) => (Some(Scheme::Http), host),
        Some(_) => {
            return Some((
                format!("`{}` has another scheme than `https` and `http`", printable(text)),
                "write the host alone, such as `*.shops.example`",
            ));
        }
        None => (None, text),
    };
    if host.contains('/') {
        return Some((
            format!("`{}` is an address, not a host", printable(text)),
            "write only the host: `*.shops.example` or `sso.acme.example:8443`, with a scheme if it is not `https`",
        ));
    }
    let (name, port) = host.strip_suffix(":*").map_or((host, false), |name| (name, true));
    if is_loopback(name) && !loopback {
        return Some((format!("`{text}` is this machine itself"), "name the provider's hosts"));
    }
    let labels: Vec<&str> = name.split('.').collect();
    if labels.iter().any(|label| label.is_empty() || (label.contains('*') && *label != "*")) {
        return Some((
            format!("`{}` is not a pattern of a host", printable(text)),
            "write `*` for exactly one whole label: `*.shops.example`",
        ));
    }
    if !is_host(&name.replace('*', "x")) || (port && name.contains(':') && !name.starts_with('[')) {
        return Some((
            format!("`{}` is not a pattern of a host", printable(text)),
            "write letters, digits, `-`, dots and `*`: `*.shops.example`",
        ));
    }
    let name_only = name.split(':').next().unwrap_or_default();
    let is_numeric = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit());
    if name.contains('*') && name_only.rsplit('.').next().is_some_and(is_numeric) {
        return Some((format!("`{text}` would allow many addresses of numbers"), "write the number of the host out, or its name"));
    }
    if name.rsplit('.').take(2).filter(|label| *label != "*").count() < 2 && !is_loopback(name) {
        return Some((format!("`{text}` would allow any host"), "name at least the last two labels: `*.shops.example`"));
    }
    if scheme == Some(Scheme::Http) && !is_loopback(name) {
        return Some((
            format!("`{text}` is not encrypted"),
            "write the host alone, which means `https`; `http` is for a provider on this machine: `http://127.0.0.1:*`",
        ));
    }
    None
}

/// The scheme of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Https,
    Http,
}

impl Scheme {
    fn usual_port(self) -> &'static str {
        match self {
            Self::Https => ":443",
            Self::Http => ":80",
        }
    }
}

/// How a pattern of `hosts` judges the origin of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostMatch {
    /// It names another host.
    OtherHost,
    /// It names the host, and another scheme.
    OtherScheme,
    Matches,
}

/// Compares an origin with a pattern in which `*` stands for one label, or for any port. Without a scheme the pattern means `https`, and on
/// this machine itself `http` as well.
pub(crate) fn match_origin(pattern: &str, (scheme, host): (Scheme, &str)) -> HostMatch {
    let pattern = pattern.to_ascii_lowercase();
    let (wanted, pattern) = match pattern.split_once("://") {
        Some(("https", pattern)) => (Some(Scheme::Https), pattern),
        Some(("http", pattern)) => (Some(Scheme::Http), pattern),
        Some(_) => return HostMatch::OtherHost,
        None => (None, &*pattern),
    };
    let host = host.strip_suffix(scheme.usual_port()).unwrap_or(host);
    let pattern = pattern.strip_suffix(wanted.unwrap_or(scheme).usual_port()).unwrap_or(pattern);
    let matches = match pattern.strip_suffix(":*") {
        Some(name) => host_matches(name, without_port(host)),
        None => host_matches(pattern, host),
    };
    let scheme_matches = wanted.map_or(scheme == Scheme::Https || is_loopback(host), |wanted| wanted == scheme);
    match (matches, scheme_matches) {
        (false, _) => HostMatch::OtherHost,
        (true, false) => HostMatch::OtherScheme,
        (true, true) => HostMatch::Matches,
    }
}

/// What stands in a host for a hole, whose value is not known yet.
pub(crate) const UNKNOWN_PART: &str = "\u{1}";

/// Whether a pattern matches a host for some values of its unknown parts. An unknown part at the beginning, with no text beside it, may be
/// several labels; any other is a part of one label.
pub(crate) fn may_match(pattern: &str, host: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let pattern = pattern.rsplit_once("://").map_or(&*pattern, |(_, pattern)| pattern);
    let without_usual = |host: &str| host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host).to_owned();
    let (pattern, host) = match pattern.strip_suffix(":*") {
        Some(name) => (name.to_owned(), without_port(host).to_owned()),
        None => (without_usual(pattern), without_usual(host)),
    };
    let (pattern, host): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), host.split('.').collect());
    let is_open = host.first().is_some_and(|label| label.starts_with(UNKNOWN_PART));
    if pattern.len() < host.len() || (!is_open && pattern.len() > host.len()) {
        return false;
    }
    pattern.iter().rev().zip(host.iter().rev()).all(|(pattern, label)| *pattern == "*" || label_may_be(label, pattern))
}

/// Whether a label with unknown parts can be this one.
fn label_may_be(label: &str, wanted: &str) -> bool {
    match (label.split_once(UNKNOWN_PART), label.rsplit_once(UNKNOWN_PART)) {
        (Some((before, _)), Some((_, after))) => wanted.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
        (None, _) | (_, None) => label == wanted,
    }
}

/// A host without its port; an IPv6 address stays in its brackets.
pub(crate) fn without_port(host: &str) -> &str {
    if host.ends_with(']') { host } else { host.rsplit_once(':').map_or(host, |(name, _)| name) }
}

/// Whether a host matches a pattern in which `*` stands for one label; a port must be written in the pattern to be allowed.
fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, host): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), host.split('.').collect());
    pattern.len() == host.len()
        && pattern.iter().zip(&host).all(|(pattern, label)| {
            (*pattern == "*" && !label.is_empty() && !label.contains(':')) || (pattern == label && !label.is_empty())
        })
}

/// Whether a text can be a host, with or without a port.
pub(crate) fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6.example", port),
            _ => return false,
        },
        None => host.find(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let port_is_fine = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let label_is_fine =
        |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    port_is_fine && name.len() <= 253 && name.split('.').all(label_is_fine)
}

/// Whether a host (with or without a port) is this machine, however it is written: `LOCALHOST`, `localhost.`, `127.1`, `0x7f.1`,
/// `2130706433`, `[::ffff:127.0.0.1]`.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.split_inclusive(']').next() {
        Some(bracketed) if bracketed.ends_with(']') => bracketed,
        Some(_) | None => host.split(':').next().unwrap_or(host),
    };
    let is_local = |address: Ipv4Addr| address.is_loopback() || address.is_unspecified();
    let is_localhost = |name: &str| {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost")
    };
    match url::Host::parse(name.trim_end_matches('.')) {
        Ok(url::Host::Ipv4(address)) => is_local(address),
        Ok(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified() || address.to_ipv4().is_some_and(is_local),
        Ok(url::Host::Domain(name)) => is_localhost(&name),
        // A host with a hole in it is no host yet.
        Err(_) => is_localhost(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lesson 78
    #[test]
    fn this_machine_is_recognized_however_it_is_written() {
        for host in [
            "localhost",
            "LOCALHOST",
            "LocalHost:8080",
            "localhost.",
            "LOCALHOST.:80",
            "a.localhost",
            "x.LOCALHOST.",
            "127.0.0.1",
            "127.0.0.1:9",
            "127.1",
            "127.255.255.254",
            "0x7f.1",
            "0x7F000001",
            "2130706433",
            "017700000001",
            "0",
            "0.0.0.0",
            "127.0.0.1.",
            "[::1]",
            "[::1]:8080",
            "[0:0:0:0:0:0:0:1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]:443",
            "[::127.0.0.1]",
            "%6cocalhost",
            "ｌocalhost",
            "${x}.localhost",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example",
            "notlocalhost",
            "128.0.0.1",
            "2147483648",
            "[::2]",
            "[2001:db8::1]",
            "127.0.0.1.example",
            "sso.acme.example",
            "",
            "${x}",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_host_with_holes_may_match_what_its_written_parts_allow() {
        for (pattern, host, expected) in [
            ("*.shops.example", "\u{1}.shops.example", true),
            ("*.Shops.example", "\u{1}.shops.example", true),
            ("*.*.shops.example", "\u{1}.shops.example", true),
            ("a.shops.example", "\u{1}.shops.example", true),
            ("*.shops.example", "\u{1}.stores.example", false),
            ("shops.example", "\u{1}.shops.example", false),
            ("*.shops.example", "eu-\u{1}.shops.example", true),
            ("us-1.shops.example", "eu-\u{1}.shops.example", false),
            ("*.*.shops.example", "eu-\u{1}.shops.example", false),
            ("*.shops.example", "\u{1}.shops.example:8443", false),
            ("*.shops.example:*", "\u{1}.shops.example:8443", true),
            ("*.shops.example", "\u{1}.shops.example:443", true),
            ("https://*.shops.example", "\u{1}.shops.example", true),
            ("sso.acme.example:8443", "\u{1}", true),
            ("*.acme.example", "login.\u{1}.example", true),
            ("*.acme.com", "login.\u{1}.example", false),
        ] {
            assert_eq!(may_match(pattern, host), expected, "{pattern} {host}");
        }
    }

    #[test]
    fn an_origin_matches_a_pattern_by_scheme_host_and_port() {
        use HostMatch::{Matches, OtherHost, OtherScheme};
        use Scheme::{Http, Https};
        for (pattern, scheme, host, expected) in [
            ("*.shops.example", Https, "a.shops.example", Matches),
            ("*.SHOPS.example", Https, "a.shops.example", Matches),
            ("*.shops.example", Https, "a.b.shops.example", OtherHost),
            ("*.shops.example", Https, "shops.example", OtherHost),
            ("*.shops.example", Https, "a.shops.example.", OtherHost),
            ("*.shops.example", Http, "a.shops.example", OtherScheme),
            ("*.shops.example", Https, "a.shops.example:8443", OtherHost),
            ("*.shops.example", Https, "a.shops.example:443", Matches),
            ("*.shops.example:443", Https, "a.shops.example", Matches),
            ("*.shops.example:*", Https, "a.shops.example:8443", Matches),
            ("https://a.example", Https, "a.example", Matches),
            ("https://a.example", Http, "a.example", OtherScheme),
            ("127.0.0.1:9000", Http, "127.0.0.1:9000", Matches),
            ("127.0.0.1:9000", Http, "127.0.0.1:9001", OtherHost),
            ("https://127.0.0.1:9000", Http, "127.0.0.1:9000", OtherScheme),
            ("http://127.0.0.1:*", Http, "127.0.0.1:9000", Matches),
            ("http://127.0.0.1:*", Http, "127.0.0.1", Matches),
            ("http://127.0.0.1:*", Https, "127.0.0.1:9000", OtherScheme),
            ("http://[::1]:*", Http, "[::1]:9000", Matches),
            ("http://localhost:8080", Http, "localhost:8080", Matches),
            ("ftp://a.example", Https, "a.example", OtherHost),
            ("https://a.example/x", Https, "a.example", OtherHost),
        ] {
            assert_eq!(match_origin(pattern, (scheme, host)), expected, "{pattern} {scheme:?} {host}");
        }
    }
}
