//! Complaints about settings that could not work, or that would leave the installation open.

use crate::provider::hosts::{is_host, is_loopback};
use crate::session::further_facts::RESERVED_CLAIMS;
use crate::stores::ip_network::IpNetwork;
use crate::stores::session_cookie::warn_about_open_cookie;
use crate::stores::settings::limits::LimitsSpec;
use crate::stores::settings::{FilesMayReadSpec, LoginSpec, MailSpec, SessionSpec, SettingsSpec};
use crate::stores::variable_pattern::VariablePattern;
use crate::vocabulary::email::Email;
use crate::vocabulary::picture_type::check_picture_ending;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{Reader, complain_not_among};
use crate::world::mail;
use std::net::SocketAddr;
use std::path::{Component, Path};

pub(crate) fn host_of(origin: &str) -> Option<&str> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    Some(rest.trim_end_matches('/'))
}

/// Host and port of an address as browsers send them: in small letters, and without the usual port.
pub(crate) fn browser_host(origin: &str) -> Option<String> {
    let host = host_of(origin)?.to_ascii_lowercase();
    let usual_port = if origin.starts_with("https://") { ":443" } else { ":80" };
    Some(host.strip_suffix(usual_port).unwrap_or(&host).to_owned())
}

pub(crate) fn check(spec: &SettingsSpec, in_store: bool, reader: &mut Reader) {
    for origin in spec.public_url.iter().chain(spec.return_to.iter().flat_map(|list| &list.0)) {
        check_origin(origin, reader);
    }
    for listen in spec.listen.iter().chain(&spec.metrics_listen) {
        if listen.value.parse::<SocketAddr>().is_err() {
            reader.complain(
                listen.place,
                format!("`{}` is not an address with a port", listen.value),
                "write it as `127.0.0.1:8080` or `[::1]:8080`",
            );
        }
    }
    if let Some(storage) = spec.storage.as_ref().filter(|storage| storage.value == "sqlite:") {
        reader.complain(storage.place, "`sqlite:` names no file", "write the file behind it: `sqlite:data/portaria.db`");
    }
    if let Some(storage) = &spec.storage
        && !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| storage.starts_with(scheme))
    {
        reader.complain(
            storage.place,
            format!("`{}` is no storage that is known here", storage.value),
            "write `sqlite:data/portaria.db` or `postgres://user@host/name`",
        );
    }
    for host in spec.private_hosts.iter().flat_map(|list| &list.0) {
        if !is_host(host) || host.contains(':') {
            reader.complain(
                host.place,
                format!("`{}` is not a host", host.value),
                "write its name without scheme, port and path: `sso.interno.example`",
            );
        }
    }
    check_proxies(spec.trusted_proxies.as_ref().map_or(&[], |list| &list.0), reader);
    if let Some(mail) = &spec.mail {
        check_mail(mail, reader);
    }
    for address in spec.lab.iter().filter_map(|lab| lab.staff.as_ref()).flat_map(|list| &list.0) {
        if Email::parse(&address.value).is_err() {
            reader.complain(address.place, format!("`{}` is not an e-mail address", address.value), "write it as `suporte@loja.example`");
        }
    }
    check_what_needs_loopback(spec, reader);
    if let Some(readable) = &spec.files_may_read {
        check_files_may_read(readable, reader);
    }
    if let Some(login) = &spec.login {
        check_login(login, reader);
    }
    if let Some(session) = &spec.session {
        check_session(session, reader);
    }
    if !in_store {
        warn_about_open_cookie(spec, None, reader);
    }
    check_stores(spec, in_store, reader);
}

fn check_proxies(proxies: &[Located<String>], reader: &mut Reader) {
    for proxy in proxies {
        if proxy.value != "none" {
            check_proxy(proxy, reader);
        } else if proxies.len() > 1 {
            reader.complain(proxy.place, "`none` stands beside proxies", "leave `none` out, or write it alone: `trustedProxies: none`");
        }
    }
}

fn check_proxy(proxy: &Located<String>, reader: &mut Reader) {
    let (message, help) = match IpNetwork::parse(proxy) {
        None => (format!("`{}` is neither an address nor a network", proxy.value), "write `10.0.0.7` or `10.0.0.0/8`"),
        Some(network) if network.is_everything() => {
            (format!("`{}` trusts the headers of every client", proxy.value), "name the networks of your own proxies")
        }
        Some(_) => return,
    };
    reader.complain(proxy.place, message, help);
}

/// Complains about what only an installation on loopback may have.
fn check_what_needs_loopback(spec: &SettingsSpec, reader: &mut Reader) {
    let loopback = spec.public_url.as_ref().is_none_or(|url| host_of(&url.value).is_some_and(is_loopback));
    if let (Some(LimitsSpec::Off(place)), false) = (&spec.limits, loopback) {
        let help = "`off` is for measurements on loopback; set rates instead: `limits: { login: 10 }`";
        reader.complain(*place, "without limits, a client may send any number of requests", help);
    }
    if let (Some(playground), false) = (spec.playground.filter(|playground| playground.value), loopback) {
        let help = "leave `playground` out; it is there where `publicUrl` is on loopback";
        reader.complain(
            playground.place,
            "the playground signs any visitor in as any person, so it is not allowed under a public `publicUrl`",
            help,
        );
    }
}

fn check_files_may_read(readable: &FilesMayReadSpec, reader: &mut Reader) {
    for name in readable.env.iter().flat_map(|names| &names.0) {
        match VariablePattern::parse(name) {
            None => reader.complain(
                name.place,
                format!("`{}` is not the name of a variable", name.value),
                "write letters, digits and `_`, with `{NAME}` or `{STORE}` for a name, and a `*` at the end for any rest: `ACME_*`",
            ),
            Some(pattern) if pattern.is_own() => reader.complain(
                name.place,
                format!("`{}` belongs to the broker, and no provider file may read it", name.value),
                "leave it out; give the provider a variable of its own",
            ),
            Some(pattern) if pattern.is_everything() => reader.warn(
                name.place,
                "every provider file may send every variable of this machine to an address of its choice",
                "name the beginning of the variables: `ACME_*`",
            ),
            Some(_) => {}
        }
    }
    for folder in readable.folder.iter().flat_map(|list| &list.0) {
        let path = Path::new(&folder.value);
        if folder.trim().is_empty() || path.components().any(|part| part == Component::ParentDir) {
            let help = "write its name, such as `secrets`, or its whole path, such as `/run/secrets`";
            reader.complain(folder.place, format!("`{}` is not a folder that can be named here", folder.value), help);
        } else if !path.components().any(|part| matches!(part, Component::Normal(_))) {
            let help = "name a folder that holds nothing but values for providers: `secrets`";
            reader.complain(folder.place, format!("`{}` holds more than values for providers", folder.value), help);
        }
    }
}

fn check_stores(spec: &SettingsSpec, in_store: bool, reader: &mut Reader) {
    let Some(stores) = &spec.stores else { return };
    for (name, store) in &stores.0 {
        if name.value == "main" {
            reader.complain(name.place, "the store that this file itself describes is called `main`", "give this store another name");
        }
        if in_store {
            reader.complain(name.place, "a store cannot have stores of its own", "put it beside the other stores");
        } else if store.public_url.is_none() {
            reader.complain(
                name.place,
                format!("the store `{}` has no address", name.value),
                "add `publicUrl: https://…`: its host chooses the store",
            );
        }
        check_belongs_to_installation(store, reader);
        warn_about_open_cookie(store, spec.session.as_ref(), reader);
        check(store, true, reader);
    }
    let hosts: Vec<&Located<String>> =
        spec.public_url.iter().chain(stores.0.iter().filter_map(|(_, store)| store.public_url.as_ref())).collect();
    for (at, host) in hosts.iter().enumerate() {
        if hosts.iter().take(at).any(|earlier| browser_host(&earlier.value) == browser_host(&host.value)) {
            reader.complain(
                host.place,
                format!("`{}` is the address of another store as well", host.value),
                "give each store a host of its own",
            );
        }
    }
}

/// Complains about what a store cannot set for itself.
fn check_belongs_to_installation(store: &SettingsSpec, reader: &mut Reader) {
    let texts = [("listen", &store.listen), ("metricsListen", &store.metrics_listen), ("storage", &store.storage)];
    let connections = store.limits.as_ref().and_then(LimitsSpec::rates).and_then(|rates| rates.connections.as_ref());
    let connections = connections.map(|connections| ("limits: connections", connections.place));
    let texts = texts.into_iter().filter_map(|(word, text)| Some((word, text.as_ref()?.place)));
    let master_key = store.master_key.as_ref().map(|key| ("masterKey", key.1));
    let private_hosts = store.private_hosts.as_ref().and_then(|hosts| Some(("privateHosts", hosts.0.first()?.place)));
    let audit = store.audit.as_ref().map(|audit| ("audit", audit.place));
    for (word, place) in texts.chain(master_key).chain(private_hosts).chain(audit).chain(connections) {
        let help = "take it out here, and set it beside `stores`, for all stores together";
        reader.complain(place, format!("`{word}` belongs to the whole installation, and a store cannot set it"), help);
    }
}

/// What is wrong with `publicUrl`, if anything.
pub(crate) fn check_public_url(url: &str) -> Option<(String, String)> {
    let mut reader = Reader::default();
    check_origin(&Located::new(url.to_owned(), Place::default()), &mut reader);
    reader.complaints.pop().map(|complaint| (complaint.message, complaint.help))
}

fn check_origin(origin: &Located<String>, reader: &mut Reader) {
    let Some(host) = host_of(&origin.value) else {
        reader.complain(origin.place, format!("`{}` is not an origin", origin.value), "write scheme and host: `https://www.loja.example`");
        return;
    };
    if !is_host(host) {
        reader.complain(
            origin.place,
            format!("`{}` is more than an origin", origin.value),
            "write scheme, host and port only, without a path: `https://www.loja.example`",
        );
    } else if origin.value.starts_with("http://") && !is_loopback(host) {
        reader.complain(
            origin.place,
            format!("`{}` is not encrypted", origin.value),
            "write `https://…`; http is accepted on loopback only",
        );
    }
}

fn check_mail(mail: &MailSpec, reader: &mut Reader) {
    if !mail::is_valid_sender(&mail.from) {
        let help = "write it as `nao-responda@loja.example`, or as `Loja Exemplo <nao-responda@loja.example>`";
        reader.complain(mail.from.place, format!("`{}` is not an e-mail address", mail.from.value), help);
    }
    if let Some(wrong) = mail::server_problem(&mail.smtp) {
        let help = "write `smtps://mail.loja.example:465` or `smtp://localhost:25`, and beside it `user: env:…` and `password: env:…`";
        reader.complain(mail.smtp.place, wrong, help);
    }
    if let (Some(alone), None) | (None, Some(alone)) = (&mail.user, &mail.password) {
        reader.complain(alone.1, "the mail server needs a user and a password, and only one is set", "set both, or neither");
    }
}

/// The languages of the login page.
const LANGUAGES: &[&str] = &["pt-BR", "es", "en", "ru", "zh-TW", "ja"];

fn check_login(login: &LoginSpec, reader: &mut Reader) {
    if let Some(accent) = &login.accent {
        let digits = accent.strip_prefix('#').unwrap_or_default();
        if !matches!(digits.len(), 3 | 6) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            reader.complain(
                accent.place,
                format!("`{}` is not a colour", accent.value),
                "write it as `\"#0a6\"` or `\"#00aa66\"`, in quotes",
            );
        }
    }
    login.logo.iter().for_each(|logo| check_picture_ending(logo, reader));
    if let Some(help) = &login.help
        && Email::parse(help).is_err()
        && !help.starts_with("https://")
    {
        reader.complain(help.place, format!("`{}` is no place to find help", help.value), "write an https address or an e-mail address");
    }
    if let Some(privacy) = &login.privacy
        && !privacy.starts_with("https://")
    {
        reader.complain(privacy.place, format!("`{}` is not an https address", privacy.value), "write it with `https://` in front");
    }
    for language in login.languages.iter().flat_map(|list| &list.0) {
        // With phrases of your own there may be further languages.
        if !LANGUAGES.contains(&language.as_str()) && login.phrases.is_none() {
            complain_not_among(language, LANGUAGES, reader);
        }
    }
}

fn check_session(session: &SessionSpec, reader: &mut Reader) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::languages::PageLanguages;

    #[test]
    fn every_language_of_the_pages_may_be_named_and_no_other() {
        let embedded: Vec<String> = PageLanguages::embedded().0.into_iter().map(|language| language.code).collect();
        assert_eq!(LANGUAGES, embedded);
    }
}
