//! The names of the session cookie: which protection browsers give them, and in which order they are read.

use crate::stores::cookie_domain::DomainProblem;
use crate::stores::settings::SettingsSpec;
use crate::stores::settings::session::SessionSpec;
use crate::stores::{MAIN, inherited};
use crate::vocabulary::words::Reader;

/// The beginning of a name that browsers let only the host itself write.
const HOST_PREFIX: &str = "__Host-";

/// A further cookie with the token of the session, which other hosts of the domain can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecondCookie {
    pub(crate) name: Box<str>,
    /// The domain for which it is written; `None` for the host alone.
    pub(crate) domain: Option<Box<str>>,
}

/// The cookies of a store by its own settings and those that it inherits.
pub(crate) fn compile_cookies(
    store: &str,
    (host, secure): (&str, bool),
    own: Option<&SessionSpec>,
    main: Option<&SessionSpec>,
) -> (Box<str>, Vec<SecondCookie>) {
    let account = if store == MAIN { host.replace([':', '.'], "-") } else { store.to_owned() };
    let named = |cookie: &str| cookie.replace("{account}", &account);
    let cookie = inherited(own, main, |session| session.cookie.as_ref()).map_or("portaria", |name| name.as_str());
    let also = inherited(own, main, |session| session.also_cookie.as_ref()).and_then(|name| name.0.as_ref()).map(|name| named(name));
    // The host of a store decides which domain fits, so a store does not inherit it.
    let domain = own.and_then(|session| session.domain.as_ref()?.0.as_ref()).map(|domain| domain.to_ascii_lowercase());
    // `--public-url` may have replaced the host for which it was checked.
    let domain = domain.filter(|domain| secure && DomainProblem::of(domain, host).is_none());
    session_cookies(&named(cookie), also.as_deref(), secure, domain.as_deref())
}

/// The cookies of a session: the first one, which alone counts on the broker's own pages, and the further ones.
fn session_cookies(cookie: &str, second: Option<&str>, secure: bool, domain: Option<&str>) -> (Box<str>, Vec<SecondCookie>) {
    let host_cookie = |name: &&str| is_host_cookie(name);
    let written_for = |name: &str| SecondCookie { name: name.into(), domain: domain.map(Into::into) };
    if domain.is_some() {
        let first = second.filter(host_cookie).map_or_else(|| format!("{HOST_PREFIX}{cookie}").into(), Into::into);
        let second = second.filter(|second| !is_host_cookie(second) && *second != cookie);
        return (first, std::iter::once(cookie).chain(second).map(written_for).collect());
    }
    let cookie = prefixed_cookie_name(cookie, secure);
    let second = second.filter(|second| **second != *cookie);
    // A cookie that no other host can write is the first one.
    match second.filter(|second| secure && is_host_cookie(second) && !is_host_cookie(&cookie)) {
        Some(first) => (first.into(), vec![SecondCookie { name: cookie, domain: None }]),
        None => (cookie, second.map(written_for).into_iter().collect()),
    }
}

/// On https, browsers protect a cookie whose name begins with `__Host-`. A name with another prefix, or one that other programs
/// find by its beginning, stays as written.
fn prefixed_cookie_name(name: &str, secure: bool) -> Box<str> {
    let as_written = name.starts_with("__") || name.starts_with("VtexIdclientAutCookie");
    if secure && !as_written { format!("{HOST_PREFIX}{name}").into() } else { name.into() }
}

/// Whether browsers let only the host itself write a cookie of this name.
pub(crate) fn is_host_cookie(name: &str) -> bool {
    name.starts_with(HOST_PREFIX)
}

/// Warns about a session cookie that every host of the domain can write, if it is the first one. A store inherits the second
/// cookie of the main store.
pub(crate) fn warn_about_open_cookie(spec: &SettingsSpec, inherited: Option<&SessionSpec>, reader: &mut Reader) {
    let Some(session) = &spec.session else { return };
    // With a domain, the first cookie is always that of the host itself.
    if session.domain.as_ref().is_some_and(|domain| domain.0.is_some()) {
        return;
    }
    let second = session.also_cookie.as_ref().or_else(|| inherited?.also_cookie.as_ref()).and_then(|name| name.0.as_ref());
    let is_secure = spec.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    let is_open = |name: &str| !is_host_cookie(&prefixed_cookie_name(name, true));
    let open = session.cookie.as_ref().filter(|name| is_secure && is_open(name));
    if let Some(name) = open.filter(|_| second.is_none_or(|second| !is_host_cookie(second))) {
        reader.warn(
            name.place,
            format!("every host of the domain can write the cookie `{}`, and so sign a shopper in as another person", name.value),
            format!(
                "leave `cookie` out, and write `alsoCookie: \"{}\"`: portaria then reads first a cookie that no other host can write",
                name.value
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_cookies_the_one_that_no_other_host_can_write_is_the_first() {
        for (cookie, second, secure, expected) in [
            ("portaria", None, true, ("__Host-portaria", None)),
            ("portaria", Some("loja"), true, ("__Host-portaria", Some("loja"))),
            ("__Secure-loja", Some("__Host-portaria"), true, ("__Host-portaria", Some("__Secure-loja"))),
            ("VtexIdclientAutCookie_x", Some("__Host-portaria"), true, ("__Host-portaria", Some("VtexIdclientAutCookie_x"))),
            ("VtexIdclientAutCookie_x", Some("outra"), true, ("VtexIdclientAutCookie_x", Some("outra"))),
            ("portaria", Some("__Host-portaria"), true, ("__Host-portaria", None)),
            ("__Host-portaria", Some("__Host-loja"), true, ("__Host-portaria", Some("__Host-loja"))),
            ("loja", Some("__Host-portaria"), false, ("loja", Some("__Host-portaria"))),
            ("loja", Some("loja"), false, ("loja", None)),
        ] {
            let (first, seconds) = session_cookies(cookie, second, secure, None);
            assert!(seconds.iter().all(|second| second.domain.is_none()));
            assert_eq!((&*first, seconds.first().map(|second| &*second.name)), expected, "{cookie} {second:?} {secure}");
        }
    }

    #[test]
    fn the_cookie_of_a_domain_has_the_plain_name_and_is_never_the_first() {
        for (cookie, second, first, others) in [
            ("portaria", None, "__Host-portaria", &["portaria"][..]),
            ("loja", None, "__Host-loja", &["loja"]),
            ("portaria", Some("VtexIdclientAutCookie_x"), "__Host-portaria", &["portaria", "VtexIdclientAutCookie_x"]),
            ("VtexIdclientAutCookie_x", Some("__Host-portaria"), "__Host-portaria", &["VtexIdclientAutCookie_x"]),
            ("VtexIdclientAutCookie_x", None, "__Host-VtexIdclientAutCookie_x", &["VtexIdclientAutCookie_x"]),
            ("portaria", Some("portaria"), "__Host-portaria", &["portaria"]),
        ] {
            let domain: Option<Box<str>> = Some("loja.example".into());
            let (found, seconds) = session_cookies(cookie, second, true, domain.as_deref());
            let expected: Vec<SecondCookie> =
                others.iter().map(|name| SecondCookie { name: (*name).into(), domain: domain.clone() }).collect();
            assert_eq!((&*found, seconds), (first, expected), "{cookie} {second:?}");
        }
    }
}
