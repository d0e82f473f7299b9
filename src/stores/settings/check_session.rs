//! Complaints about the block `session` of the settings.

use crate::session::further_facts::RESERVED_CLAIMS;
use crate::stores::settings::SessionSpec;
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
