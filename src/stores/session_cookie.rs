//! The names of the session cookie: which protection browsers give them, and which one is read.

use crate::stores::settings::{SessionSpec, SettingsSpec};
use crate::vocabulary::words::Reader;

/// On https, browsers protect a cookie whose name begins with `__Host-`. A name with another prefix, or one that other programs
/// find by its beginning, stays as written.
pub(crate) fn prefixed_cookie_name(name: &str, secure: bool) -> Box<str> {
    let as_written = name.starts_with("__") || name.starts_with("VtexIdclientAutCookie");
    if secure && !as_written { format!("__Host-{name}").into() } else { name.into() }
}

/// The name that is read, and the second one that is only written: a cookie that no other host can write is the one to be read.
pub(crate) fn read_and_second_cookie(cookie: Box<str>, second: Option<Box<str>>, secure: bool) -> (Box<str>, Option<Box<str>>) {
    match second {
        Some(second) if secure && is_host_cookie(&second) && !is_host_cookie(&cookie) => (second, Some(cookie)),
        second => (cookie, second),
    }
}

/// Whether browsers let only the host itself write a cookie of this name.
pub(crate) fn is_host_cookie(name: &str) -> bool {
    name.starts_with("__Host-")
}

/// Warns about a session cookie that every host of the domain can write, if it is the one that is read. A store inherits the second
/// cookie of the main store.
pub(crate) fn warn_about_open_cookie(spec: &SettingsSpec, inherited: Option<&SessionSpec>, reader: &mut Reader) {
    let Some(session) = &spec.session else { return };
    let second = session.also_cookie.as_ref().or_else(|| inherited?.also_cookie.as_ref()).and_then(|name| name.0.as_ref());
    let is_secure = spec.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    let is_open = |name: &str| !is_host_cookie(&prefixed_cookie_name(name, true));
    let open = session.cookie.as_ref().filter(|name| is_secure && is_open(name));
    if let Some(name) = open.filter(|_| second.is_none_or(|second| !is_host_cookie(second))) {
        reader.warn(
            name.place,
            format!("every host of the domain can write the cookie `{}`, and so sign a shopper in as another person", name.value),
            format!(
                "leave `cookie` out, and write `alsoCookie: \"{}\"`: portaria then reads a cookie that no other host can write",
                name.value
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_cookies_the_one_that_no_other_host_can_write_is_read() {
        for (cookie, second, secure, expected) in [
            ("__Host-portaria", None, true, ("__Host-portaria", None)),
            ("__Host-portaria", Some("loja"), true, ("__Host-portaria", Some("loja"))),
            ("loja", Some("__Host-portaria"), true, ("__Host-portaria", Some("loja"))),
            ("loja", Some("outra"), true, ("loja", Some("outra"))),
            ("__Host-portaria", Some("__Host-loja"), true, ("__Host-portaria", Some("__Host-loja"))),
            ("loja", Some("__Host-portaria"), false, ("loja", Some("__Host-portaria"))),
        ] {
            let (read, written) = read_and_second_cookie(cookie.into(), second.map(Into::into), secure);
            assert_eq!((&*read, written.as_deref()), expected, "{cookie} {second:?} {secure}");
        }
    }
}
