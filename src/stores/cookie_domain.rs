//! For which domain the session cookie may be written.

use crate::provider::hosts::{is_host, is_loopback, without_port};
use std::net::IpAddr;

/// Why the session cookie cannot be written for a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DomainProblem {
    /// It is no name of a host: it has a scheme, a port, a dot at an end, or other signs.
    NotADomain,
    /// It is an address of numbers, which has no hosts below it.
    Address,
    /// The host of the store is this machine.
    Loopback,
    /// The host of the store is not below it.
    Unrelated,
    /// Strangers have hosts below it, such as `com.br`.
    PublicSuffix,
}

impl DomainProblem {
    /// Looks for a problem with a domain for the store of this host.
    pub(crate) fn of(domain: &str, host: &str) -> Option<Self> {
        let (domain, host) = (domain.to_ascii_lowercase(), without_port(host).to_ascii_lowercase());
        if is_loopback(&host) || is_loopback(&domain) {
            Some(Self::Loopback)
        } else if is_address(&domain) || is_address(&host) {
            Some(Self::Address)
        } else if !is_host(&domain) || domain.contains(':') {
            Some(Self::NotADomain)
        } else if is_public_suffix(&domain) {
            Some(Self::PublicSuffix)
        } else if !is_at_or_below(&host, &domain) {
            Some(Self::Unrelated)
        } else {
            None
        }
    }
}

/// Whether a host is a domain or stands below it. Both are in small letters.
pub(crate) fn is_at_or_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// The domains for which a browser lets this host write cookies, itself included.
pub(crate) fn writable_domains(host: &str) -> Vec<&str> {
    let host = without_port(host);
    if is_loopback(host) || is_address(host) {
        return Vec::new();
    }
    let starts = std::iter::once(0).chain(host.match_indices('.').map(|(at, _)| at.saturating_add(1)));
    starts.filter_map(|at| host.get(at..)).filter(|domain| !is_public_suffix(domain)).collect()
}

/// Whether strangers may register names directly below a domain. A name of one label is such a domain, whether it is listed or not.
fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain).is_none_or(|suffix| suffix == domain)
}

/// Whether a host is an address of numbers, in any form that browsers read as one.
fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<IpAddr>().is_ok() || matches!(url::Host::parse(host), Ok(url::Host::Ipv4(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_fits_only_if_the_host_is_below_it_and_no_stranger_is() {
        use DomainProblem::{Address, Loopback, NotADomain, PublicSuffix, Unrelated};
        for (domain, host, expected) in [
            ("loja.example", "login.loja.example", None),
            ("LOJA.example", "Login.Loja.example:8443", None),
            ("login.loja.example", "login.loja.example", None),
            ("loja.com.br", "entrar.loja.com.br", None),
            ("xn--lojao-sqa.com.br", "entrar.xn--lojao-sqa.com.br", None),
            ("com.br", "login.loja.com.br", Some(PublicSuffix)),
            ("br", "login.loja.com.br", Some(PublicSuffix)),
            ("example", "login.loja.example", Some(PublicSuffix)),
            ("pages.dev", "loja.pages.dev", Some(PublicSuffix)),
            ("web.app", "loja.web.app", Some(PublicSuffix)),
            ("outra.example", "login.loja.example", Some(Unrelated)),
            ("oja.example", "login.loja.example", Some(Unrelated)),
            ("www.loja.example", "login.loja.example", Some(Unrelated)),
            ("a.login.loja.example", "login.loja.example", Some(Unrelated)),
            ("login.loja.example.evil.example", "login.loja.example", Some(Unrelated)),
            ("192.0.2.7", "192.0.2.7", Some(Address)),
            ("2.7", "192.0.2.7", Some(Address)),
            ("[2001:db8::1]", "[2001:db8::1]", Some(Address)),
            ("loja.example", "192.0.2.7:8443", Some(Address)),
            ("localhost", "localhost:8080", Some(Loopback)),
            ("localhost", "loja.localhost", Some(Loopback)),
            ("127.0.0.1", "127.0.0.1:8080", Some(Loopback)),
            (".loja.example", "login.loja.example", Some(NotADomain)),
            ("loja.example.", "login.loja.example", Some(NotADomain)),
            ("loja.example:443", "login.loja.example", Some(NotADomain)),
            ("https://loja.example", "login.loja.example", Some(NotADomain)),
            ("loja.example; Path=/x", "login.loja.example", Some(NotADomain)),
            ("*.loja.example", "login.loja.example", Some(NotADomain)),
            ("", "login.loja.example", Some(NotADomain)),
        ] {
            assert_eq!(DomainProblem::of(domain, host), expected, "{domain} for {host}");
        }
    }

    #[test]
    fn a_host_writes_cookies_for_itself_and_its_parents_up_to_the_registered_name() {
        assert_eq!(writable_domains("a.login.loja.com.br:8443"), ["a.login.loja.com.br", "login.loja.com.br", "loja.com.br"]);
        assert!(writable_domains("localhost:8080").is_empty() && writable_domains("192.0.2.7").is_empty());
    }
}
