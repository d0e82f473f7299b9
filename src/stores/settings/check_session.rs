//! Complaints about the block `session` of the settings.

use crate::session::further_facts::RESERVED_CLAIMS;
use crate::stores::MAIN;
use crate::stores::cookie_domain::{DomainProblem, is_at_or_below};
use crate::stores::session_cookie::is_host_cookie;
use crate::stores::settings::check::browser_host;
use crate::stores::settings::session::SessionSpec;
use crate::stores::settings::values::NullableText;
use crate::stores::settings::{DEFAULT_PUBLIC_URL, SettingsSpec};
use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;
use std::time::Duration;

/// The longest `refreshGrace`.
const LONGEST_GRACE: Duration = Duration::from_mins(1);

pub(crate) fn check_session(session: &SessionSpec, reader: &mut Reader) {
    for name in session.cookie.iter().chain(session.also_cookie.iter().filter_map(|name| name.0.as_ref())) {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.{}".contains(&b)) {
            reader.complain(
                name.place,
                format!("`{}` cannot be the name of a cookie", name.value),
                "write letters, digits, `-`, `_` and `.`",
            );
        }
    }
    check_claims(session, reader);
    check_headers(session, reader);
    check_cookie_of_domain(session, reader);
    if let Some(grace) = session.refresh_grace.filter(|grace| grace.value.0 > LONGEST_GRACE) {
        reader.complain(
            grace.place,
            "a stolen refresh token could be used for long without being noticed",
            "write a minute at most: `refreshGrace: 10s`",
        );
    }
    if let (Some(lifetime), Some(idle)) = (session.lifetime, session.idle)
        && idle.value.0 > lifetime.value.0
    {
        reader.complain(idle.place, "a session would be idle for longer than it lasts", "make `idle` shorter than `lifetime`");
    }
}

/// Complains about a name that browsers refuse for a cookie with a domain.
fn check_cookie_of_domain(session: &SessionSpec, reader: &mut Reader) {
    let has_domain = session.domain.as_ref().is_some_and(|domain| domain.0.is_some());
    if let Some(name) = session.cookie.as_ref().filter(|name| has_domain && is_host_cookie(name)) {
        let help = "leave `__Host-` out: the cookie of the domain has this name, and the one of the host gets `__Host-` in front";
        reader.complain(name.place, format!("a browser refuses the cookie `{}` with a domain", name.value), help);
    }
}

/// Complains about a domain for which the session cookie of a store cannot be written.
pub(crate) fn check_domain(spec: &SettingsSpec, reader: &mut Reader) {
    let Some(domain) = spec.session.as_ref().and_then(|session| session.domain.as_ref()?.0.as_ref()) else { return };
    let url = spec.public_url.as_ref().map_or(DEFAULT_PUBLIC_URL, |url| &url.value);
    let host = browser_host(url).unwrap_or_default();
    let written = &domain.value;
    let (message, help) = match DomainProblem::of(written, &host) {
        None => return,
        Some(DomainProblem::NotADomain) => (
            format!("`{written}` is not a domain"),
            "write the name alone, without scheme, port and a dot in front: `domain: loja.example`",
        ),
        Some(DomainProblem::Address) => {
            ("an address of numbers has no hosts below it".to_owned(), "leave `domain` out: the cookie is for the host of `publicUrl`")
        }
        Some(DomainProblem::Loopback) => (
            "on loopback, the cookie is for the host of `publicUrl` alone".to_owned(),
            "leave `domain` out, or set a `publicUrl` with https below the domain",
        ),
        Some(DomainProblem::Unrelated) => (
            format!("the host of `publicUrl` is not below `{written}`, so browsers refuse the cookie"),
            "name a parent domain of that host, or put the broker below the domain: `publicUrl: https://login.loja.example` and `domain: loja.example`",
        ),
        Some(DomainProblem::PublicSuffix) => (
            format!("below `{written}` there are hosts of strangers, and browsers refuse the cookie"),
            "name the domain that belongs to the shop: `domain: loja.example`",
        ),
    };
    reader.complain(domain.place, message, help);
}

/// Complains about stores that would write the same cookie for the same hosts.
pub(crate) fn check_shared_domains(main: &SettingsSpec, reader: &mut Reader) {
    let stores = main.stores.iter().flat_map(|stores| &stores.0).map(|(name, store)| (&*name.value, &**store));
    let mut seen: Vec<(String, Vec<String>)> = Vec::new();
    for (name, store) in std::iter::once((MAIN, main)).chain(stores) {
        let own = store.session.as_ref();
        let Some(domain) = own.and_then(|session| session.domain.as_ref()?.0.as_ref()) else { continue };
        let inherited = main.session.as_ref();
        let cookie = own.and_then(|session| session.cookie.as_ref()).or_else(|| inherited?.cookie.as_ref());
        let also = own.and_then(|session| session.also_cookie.as_ref()).or_else(|| inherited?.also_cookie.as_ref());
        let also = also.and_then(|NullableText(also)| also.as_ref()).filter(|also| !is_host_cookie(also));
        let names = std::iter::once(cookie.map_or("portaria", |cookie| cookie.as_str())).chain(also.map(|also| also.as_str()));
        let names: Vec<String> = names.map(|cookie| cookie.replace("{account}", name)).collect();
        let written = domain.to_ascii_lowercase();
        let overlaps = |other: &str| is_at_or_below(other, &written) || is_at_or_below(&written, other);
        let is_taken = seen.iter().any(|(other, others)| overlaps(other) && names.iter().any(|name| others.contains(name)));
        if is_taken {
            let help = "give each store a cookie of its own: `cookie: \"portaria-{account}\"`";
            reader.complain(domain.place, format!("another store writes the same cookie for hosts of `{}`", domain.value), help);
        }
        seen.push((written, names));
    }
}

fn check_claims(session: &SessionSpec, reader: &mut Reader) {
    for (claim, fact) in session.claims.iter().flat_map(|claims| &claims.0) {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
        if claim.is_empty() || claim.len() > 100 || !claim.bytes().all(is_plain) {
            let help = "write up to 100 letters, digits, `_`, `-`, `.`, `:` and `/`";
            reader.complain(claim.place, format!("`{}` cannot be the name of a claim", claim.value), help);
        } else if RESERVED_CLAIMS.contains(&claim.as_str()) {
            let help = "give the claim a name of its own, such as `customer_tier`";
            reader.complain(claim.place, format!("`{}` is a claim that the token or `/session` has already", claim.value), help);
        }
        check_further_fact(fact, reader);
    }
}

/// Headers of `/auth` that have a meaning for the proxy or for the connection, or that say who is signed in.
const RESERVED_HEADERS: &[&str] = &[
    "x-auth-email",
    "x-auth-name",
    "x-auth-uid",
    "x-auth-provider",
    "x-auth-store",
    "x-auth-app",
    "x-auth-scope",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "authorization",
    "cookie",
    "set-cookie",
    "host",
    "location",
    "date",
    "server",
    "vary",
    "age",
    "expires",
    "pragma",
    "etag",
    "link",
    "via",
    "warning",
    "forwarded",
    "retry-after",
    "cache-control",
    "www-authenticate",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-real-ip",
    "x-request-id",
    "referrer-policy",
    "origin",
    "referer",
    "user-agent",
    "expect",
];

/// The beginnings of such headers.
const RESERVED_HEADER_BEGINNINGS: &[&str] = &["proxy-", "sec-", "content-", "access-control-", "x-forwarded-", "x-accel-", "accept"];

fn check_headers(session: &SessionSpec, reader: &mut Reader) {
    let headers: Vec<_> = session.headers.iter().flat_map(|headers| &headers.0).collect();
    for (at, (header, fact)) in headers.iter().enumerate() {
        let lower = header.to_ascii_lowercase();
        // Programs that turn `-` into `_` could not tell two headers apart that differ only in this.
        if header.is_empty() || header.len() > 100 || !lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            let help = "write up to 100 letters, digits and `-`: `X-Auth-Cpf`";
            reader.complain(header.place, format!("`{}` cannot be the name of a header", header.value), help);
        } else if RESERVED_HEADERS.contains(&&*lower) || RESERVED_HEADER_BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning)) {
            let help = "give the header a name of its own, such as `X-Auth-Cpf`";
            reader.complain(header.place, format!("`{}` is a header that has a meaning already", header.value), help);
        } else if headers.iter().take(at).any(|(earlier, _)| earlier.eq_ignore_ascii_case(header)) {
            let help = "leave one of them out: capitals do not tell headers apart";
            reader.complain(header.place, format!("the header `{}` is written twice", header.value), help);
        }
        check_further_fact(fact, reader);
    }
}

fn check_further_fact(fact: &Located<String>, reader: &mut Reader) {
    let is_name = fact.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && fact.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        let help = "write the name of a fact that a provider file lists in `identity.more`, without `$`: `cpf`";
        reader.complain(fact.place, format!("`{}` is not the name of a fact", fact.value), help);
    }
}
