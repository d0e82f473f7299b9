//! Cookies: read byte for byte from the raw header, and written with all their attributes in one place.
//!
//! The framework decodes the names of cookies, so that another spelling would pass for ours. Here only the exact bytes count.

use crate::login::attempt::GOOD_FOR;
use crate::stores::Store;
use crate::stores::cookie_domain::writable_domains;
use crate::stores::session_cookie::is_host_cookie;
use actix_web::HttpResponseBuilder;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use memchr::memchr;

/// How many attempts a browser keeps.
pub(crate) const MOST_ATTEMPTS: usize = 5;
const ATTEMPT: &str = "portaria-attempt-";
/// A request of an app that waits for the person.
const APP_REQUEST: &str = "portaria-app-";
/// The address of an app to which a browser returns that is signed out at the provider first.
const AFTER_LOGOUT: &str = "portaria-after-logout";
const PROOF: &str = "portaria-proof";
const FORM: &str = "portaria-form";
const START: &str = "portaria-start";
const LAST: &str = "portaria-last";
const ONE_TAP: &str = "portaria-one-tap";
const LANGUAGE: &str = "portaria-language";
/// That the device of the browser can keep passkeys, as a script of ours has found out.
const DEVICE: &str = "portaria-device";
const PASSKEY_OFFERED: &str = "portaria-passkey-offered";

/// What the cookies of a request say about the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionCookieState<'a> {
    Missing,
    /// It is empty, or there are two of one name, of which one is not ours.
    Unclear,
    Token(&'a str),
}

/// The cookies of a request.
#[derive(Clone, Copy)]
pub struct RequestCookies<'a>(&'a HeaderMap);

impl<'a> RequestCookies<'a> {
    /// The cookies in these headers.
    pub fn new(headers: &'a HeaderMap) -> Self {
        Self(headers)
    }

    fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        // A cookie that another page of the site has set may be no text; it must not hide the cookies beside it.
        let parts = self.0.get_all(COOKIE).flat_map(|line| parts_between_semicolons(line.as_bytes()).enumerate());
        let pairs = parts.filter_map(|(at, part)| if at == 0 { Some(part) } else { part.strip_prefix(b" ") });
        pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='))
    }

    /// The cookie of exactly this name; `None` if there are two, because then one of them is not ours.
    pub(crate) fn unique(self, name: &str) -> Option<&'a str> {
        let mut found = self.pairs().filter(|(other, _)| *other == name).map(|(_, value)| value);
        let value = found.next().filter(|value| !value.is_empty())?;
        found.next().is_none().then_some(value)
    }

    /// Whether there is a cookie of exactly this name.
    pub(crate) fn has(self, name: &str) -> bool {
        self.pairs().any(|(other, _)| other == name)
    }

    /// The token of the session by the first of its cookies that is there.
    pub(crate) fn session(self, store: &Store) -> SessionCookieState<'a> {
        let names = std::iter::once(&*store.cookie).chain(store.second_cookies.iter().map(|second| &*second.name));
        for name in names {
            if self.has(name) {
                return self.unique(name).map_or(SessionCookieState::Unclear, SessionCookieState::Token);
            }
        }
        SessionCookieState::Missing
    }

    /// Names and values of the attempts' cookies, each name once.
    pub(crate) fn attempts(self, store: &Store) -> Vec<(&'a str, &'a str)> {
        self.with_suffix(ATTEMPT, store)
    }

    /// Names and values of the cookies of apps' requests, each name once.
    pub(crate) fn app_requests(self, store: &Store) -> Vec<(&'a str, &'a str)> {
        self.with_suffix(APP_REQUEST, store)
    }

    /// The cookies whose names end with eight characters behind `beginning`.
    fn with_suffix(self, beginning: &str, store: &Store) -> Vec<(&'a str, &'a str)> {
        let beginning = prefixed_name(beginning, store);
        let is_ours = |name: &str| name.strip_prefix(beginning.as_str()).is_some_and(|rest| rest.len() == 8);
        let all: Vec<(&str, &str)> = self.pairs().filter(|(name, _)| is_ours(name)).take(100).collect();
        let once = |name: &str| all.iter().filter(|(other, _)| *other == name).count() == 1;
        all.iter().copied().filter(|(name, _)| once(name)).collect()
    }

    pub(crate) fn language(self, store: &Store) -> Option<&'a str> {
        self.unique(&prefixed_name(LANGUAGE, store))
    }

    /// The handle of the pending e-mail proof.
    pub(crate) fn proof(self, store: &Store) -> Option<&'a str> {
        self.unique(&prefixed_name(PROOF, store))
    }

    /// The key to which the tokens of forms belong where there is no session.
    pub(crate) fn form_key(self, store: &Store) -> Option<&'a str> {
        self.unique(&prefixed_name(FORM, store)).filter(|key| is_random_id(key))
    }

    /// The id of a browser that has asked for an authentication token.
    pub(crate) fn start(self, store: &Store) -> Option<&'a str> {
        self.unique(&prefixed_name(START, store)).filter(|id| is_random_id(id))
    }

    /// The key of the nonces that this browser shows to providers.
    pub(crate) fn one_tap(self, store: &Store) -> Option<&'a str> {
        self.unique(&one_tap_name(store)).filter(|key| is_random_id(key))
    }

    /// Whether the device can keep passkeys, as a script of ours has found out.
    pub(crate) fn has_passkey_device(self, store: &Store) -> bool {
        self.has(&prefixed_name(DEVICE, store))
    }

    /// Whether this browser was offered a passkey.
    pub(crate) fn was_offered_passkey(self, store: &Store) -> bool {
        self.has(&prefixed_name(PASSKEY_OFFERED, store))
    }

    pub(crate) fn last_provider(self, store: &Store) -> Option<&'a str> {
        self.unique(&prefixed_name(LAST, store))
    }
}

/// Whether a text has the form of an id that we draw.
fn is_random_id(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A session's cookie is long and read for every check, so the semicolons are not looked for byte by byte.
fn parts_between_semicolons(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let end = memchr(b';', line).unwrap_or(line.len());
        rest = line.get(end.saturating_add(1)..);
        line.get(..end)
    })
}

pub(crate) fn set_language(code: &str, store: &Store) -> HeaderValue {
    cookie_header(&prefixed_name(LANGUAGE, store), code, 180 * 24 * 3600, store)
}

/// The cookie that a script of ours sets where the device can keep passkeys, for an hour. The script can read it, unlike all others.
pub(crate) fn device_cookie(store: &Store) -> String {
    let secure = if store.secure { "; Secure" } else { "" };
    format!("{}=1; SameSite=Lax; Path=/; Max-Age=3600{secure}", prefixed_name(DEVICE, store))
}

/// Remembers that this browser was offered a passkey, so that it is not offered one again.
pub(crate) fn set_passkey_offered(store: &Store) -> HeaderValue {
    cookie_header(&prefixed_name(PASSKEY_OFFERED, store), "1", 400 * 24 * 3600, store)
}

pub(crate) fn attempt_name(suffix: &str, store: &Store) -> String {
    prefixed_name(&format!("{ATTEMPT}{suffix}"), store)
}

pub(crate) fn app_request_name(id: &str, store: &Store) -> String {
    prefixed_name(&format!("{APP_REQUEST}{id}"), store)
}

pub(crate) fn after_logout_name(store: &Store) -> String {
    prefixed_name(AFTER_LOGOUT, store)
}

pub(crate) fn one_tap_name(store: &Store) -> String {
    prefixed_name(ONE_TAP, store)
}

/// A cookie that lasts so many seconds.
pub(crate) fn set_for(name: &str, value: &str, seconds: i64, store: &Store) -> HeaderValue {
    cookie_header(name, value, seconds, store)
}

fn prefixed_name(name: &str, store: &Store) -> String {
    if store.secure { format!("__Host-{name}") } else { name.to_owned() }
}

pub(crate) fn cookie_header(name: &str, value: &str, seconds: i64, store: &Store) -> HeaderValue {
    cookie_for(None, name, value, seconds, store)
}

/// A cookie for the host alone, or for a domain.
pub(crate) fn cookie_for(domain: Option<&str>, name: &str, value: &str, seconds: i64, store: &Store) -> HeaderValue {
    let cookie = Cookie::build((name, value)).path("/").secure(store.secure).http_only(true).same_site(SameSite::Lax);
    let cookie = cookie.max_age(Duration::seconds(seconds.max(0)));
    let cookie = if let Some(domain) = domain { cookie.domain(domain) } else { cookie };
    HeaderValue::from_str(&cookie.to_string()).expect("names and values of ours are plain text")
}

pub(crate) fn set_attempt(name: &str, sealed: &str, store: &Store) -> HeaderValue {
    cookie_header(name, sealed, GOOD_FOR, store)
}

pub(crate) fn clear(name: &str, store: &Store) -> HeaderValue {
    cookie_header(name, "", 0, store)
}

/// Clears the session's cookies. What the browser has under their plain names, for the host alone or for any domain above it, was
/// written under other settings and goes as well.
pub(crate) fn clear_session(store: &Store, jar: RequestCookies<'_>) -> Vec<HeaderValue> {
    let mut forms = vec![(None, &*store.cookie)];
    forms.extend(store.second_cookies.iter().map(|second| (second.domain.as_deref(), &*second.name)));
    let plain_name = store.cookie.strip_prefix("__Host-").into_iter().chain(store.second_cookies.iter().map(|second| &*second.name));
    let left_over = plain_name.filter(|name| store.secure && !is_host_cookie(name) && jar.has(name));
    let domains = writable_domains(&store.host);
    for name in left_over {
        for domain in std::iter::once(None).chain(domains.iter().copied().map(Some)) {
            if !forms.contains(&(domain, name)) {
                forms.push((domain, name));
            }
        }
    }
    forms.into_iter().map(|(domain, name)| cookie_for(domain, name, "", 0, store)).collect()
}

pub(crate) fn append_to(response: &mut HttpResponseBuilder, cookies: impl IntoIterator<Item = HeaderValue>) {
    for cookie in cookies {
        response.append_header((SET_COOKIE, cookie));
    }
}

/// Keeps the handle of a pending e-mail proof in the browser.
pub(crate) fn set_proof(handle: &str, seconds: i64, store: &Store) -> HeaderValue {
    cookie_header(&prefixed_name(PROOF, store), handle, seconds, store)
}

pub(crate) fn clear_proof(store: &Store) -> HeaderValue {
    clear(&prefixed_name(PROOF, store), store)
}

pub(crate) fn set_form_key(key: &str, seconds: i64, store: &Store) -> HeaderValue {
    cookie_header(&prefixed_name(FORM, store), key, seconds, store)
}

pub(crate) fn set_start(id: &str, seconds: i64, store: &Store) -> HeaderValue {
    cookie_header(&prefixed_name(START, store), id, seconds, store)
}

pub(crate) fn set_last_provider(provider: &str, store: &Store) -> HeaderValue {
    cookie_header(&prefixed_name(LAST, store), provider, 180 * 24 * 3600, store)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::Stores;
    use crate::stores::settings::Settings;
    use crate::vocabulary::place::Source;

    fn store(url: &str) -> std::sync::Arc<Store> {
        let settings = Settings { public_url: url.to_owned(), ..Settings::default() };
        std::sync::Arc::clone(Stores::new(&settings).main())
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).expect("a header"));
        }
        headers
    }

    /// Attacks
    /// Lesson 101
    #[test]
    fn only_the_exact_name_once_is_a_cookie() {
        for (lines, expected) in [
            (&["__Host-portaria=good"][..], Some("good")),
            (&["a=1; __Host-portaria=good; b=2"], Some("good")),
            (&["a=1", "__Host-portaria=good"], Some("good")),
            (&["__Host-portaria=good; __Host-portaria=evil"], None),
            (&["__Host-portaria=good", "__Host-portaria=good"], None),
            (&["%5F%5FHost-portaria=evil"], None),
            (&["%5F%5FHost-portaria=evil; __Host-portaria=good"], Some("good")),
            (&["__host-portaria=evil"], None),
            (&["\"__Host-portaria\"=evil"], None),
            (&["=__Host-portaria=evil"], None),
            (&[" __Host-portaria=evil"], None),
            (&["__Host-portaria =evil"], None),
            (&["$Version=1; __Host-portaria=good"], Some("good")),
            (&["a=1;__Host-portaria=evil"], None),
            (&["nome=Jo\u{e3}o; __Host-portaria=good"], Some("good")),
            (&["__Host-portaria="], None),
            (&["__Host-portaria"], None),
            (&[""], None),
        ] {
            assert_eq!(RequestCookies::new(&headers(lines)).unique("__Host-portaria"), expected, "{lines:?}");
        }
        assert_eq!(
            RequestCookies::new(&headers(&["__Host-portaria=\"good\""])).unique("__Host-portaria"),
            Some("\"good\""),
            "quotes are no decoration"
        );
    }

    /// Attack X-10
    /// Lesson 100
    #[test]
    fn cookies_are_guarded_and_taken_away_as_they_were_set() {
        let store = store("https://login.loja.example");
        let set = cookie_header(&store.cookie, "t", 60, &store);
        assert_eq!(set.to_str().unwrap(), "__Host-portaria=t; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60");
        let nothing = HeaderMap::new();
        let cleared = clear_session(&store, RequestCookies::new(&nothing));
        assert_eq!(lines(&cleared), ["__Host-portaria=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0"]);
    }

    fn lines(headers: &[HeaderValue]) -> Vec<&str> {
        headers.iter().map(|header| header.to_str().expect("a text")).collect()
    }

    fn store_with(text: &str) -> std::sync::Arc<Store> {
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", format!("publicUrl: https://login.loja.example\n{text}\n")));
        std::sync::Arc::clone(Stores::new(&settings.unwrap_or_else(|| panic!("{}", report.draw(false)))).main())
    }

    /// A browser clears a cookie only if the domain is the one for which it was written.
    #[test]
    fn a_sign_out_clears_every_form_that_the_browser_may_have() {
        let jar = headers(&["portaria=old; __Host-portaria=t; other=1"]);
        let cleared = |text: &str| {
            let store = store_with(text);
            let cleared = clear_session(&store, RequestCookies::new(&jar));
            lines(&cleared)
                .iter()
                .map(|line| line.replace("; HttpOnly; SameSite=Lax; Secure; Path=/", "").replace("; Max-Age=0", ""))
                .collect::<Vec<_>>()
        };

        assert_eq!(
            cleared("session: { domain: loja.example }"),
            ["__Host-portaria=", "portaria=; Domain=loja.example", "portaria=", "portaria=; Domain=login.loja.example"]
        );
        assert_eq!(
            cleared(""),
            ["__Host-portaria=", "portaria=", "portaria=; Domain=login.loja.example", "portaria=; Domain=loja.example"],
            "the setting was there before"
        );
        assert_eq!(cleared("session: { alsoCookie: loja }").iter().filter(|line| line.starts_with("loja=")).count(), 1);
    }

    #[test]
    fn the_first_cookie_that_is_there_is_the_one_that_counts() {
        use SessionCookieState::{Missing, Token, Unclear};
        let store = store_with("session: { domain: loja.example, alsoCookie: vtex }");
        for (line, expected) in [
            ("__Host-portaria=a; portaria=b; vtex=c", Token("a")),
            ("vtex=c; portaria=b; __Host-portaria=a", Token("a")),
            ("vtex=c; portaria=b", Token("b")),
            ("vtex=c", Token("c")),
            ("__Host-portaria=a; portaria=b; portaria=c", Token("a")),
            ("__Host-portaria=; portaria=b", Unclear),
            ("__Host-portaria=a; __Host-portaria=a; portaria=b", Unclear),
            ("portaria=b; portaria=c; vtex=c", Unclear),
            ("Portaria=b; %70ortaria=c", Missing),
            ("", Missing),
        ] {
            assert_eq!(RequestCookies::new(&headers(&[line])).session(&store), expected, "{line}");
        }
    }

    #[test]
    fn a_browser_remembers_its_language_and_its_last_provider_for_half_a_year() {
        let store = store("https://login.loja.example");
        let returned = |set: &HeaderValue| headers(&[set.to_str().expect("a text").split(';').next().expect("a cookie")]);
        let (language, provider) = (set_language("pt", &store), set_last_provider("acme", &store));

        assert_eq!(RequestCookies::new(&returned(&language)).language(&store), Some("pt"));
        assert_eq!(RequestCookies::new(&returned(&provider)).last_provider(&store), Some("acme"));
        for set in [language, provider] {
            assert!(set.to_str().expect("a text").ends_with("; Max-Age=15552000"), "{set:?}");
        }
    }

    #[test]
    fn an_attempt_that_stands_twice_is_no_attempt() {
        let store = store("http://localhost:8080");
        let headers =
            headers(&["portaria-attempt-aaaaaaaa=1; portaria-attempt-bbbbbbbb=2; portaria-attempt-aaaaaaaa=3; portaria-attempt-c=4"]);

        assert_eq!(RequestCookies::new(&headers).attempts(&store), [("portaria-attempt-bbbbbbbb", "2")]);
    }
}
