//! Complaints about settings that could not work, or that would leave the installation open.

use crate::provider::hosts::{is_host, is_loopback};
use crate::stores::hand_over_page::check_hand_over_page;
use crate::stores::internal_host::check_internal_hosts;
use crate::stores::ip_network::IpNetwork;
use crate::stores::login_paths::check_login_path;
use crate::stores::session_cookie::warn_about_open_cookie;
use crate::stores::settings::account::check_account;
use crate::stores::settings::check_apps::check_apps;
use crate::stores::settings::check_finish::check_finish;
use crate::stores::settings::check_origins::{check_origin, check_return_origins, warn_about_other_sites};
use crate::stores::settings::check_session::{check_domain, check_session, check_shared_domains};
use crate::stores::settings::check_ways::check_ways;
use crate::stores::settings::events::check_events;
use crate::stores::settings::limits::LimitsSpec;
use crate::stores::settings::outgoing_proxy::check_outgoing_proxy;
use crate::stores::settings::shutdown::check_shutdown;
use crate::stores::settings::{FilesMayReadSpec, LoginSpec, MailSpec, SettingsSpec};
use crate::stores::variable_pattern::VariablePattern;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::email::Email;
use crate::vocabulary::localized_text::LocalizedTextSpec;
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

/// An origin as browsers write it, or a pattern of origins in the same form.
pub(crate) fn browser_origin(origin: &str) -> String {
    let scheme = if origin.starts_with("https://") { "https" } else { "http" };
    browser_host(origin).map_or_else(|| origin.to_owned(), |host| format!("{scheme}://{host}"))
}

pub(crate) fn check(spec: &SettingsSpec, in_store: bool, reader: &mut Reader) {
    spec.public_url.iter().for_each(|url| check_origin(url, reader));
    spec.hand_over.iter().flat_map(|list| &list.0).for_each(|page| check_hand_over_page(page, reader));
    check_return_origins(spec, reader);
    spec.login_paths.iter().flat_map(|list| &list.0).for_each(|path| check_login_path(path, reader));
    for listen in spec.listen.iter().chain(&spec.metrics_listen) {
        if listen.value.parse::<SocketAddr>().is_err() {
            reader.complain(
                listen.place,
                format!("`{}` is not an address with a port", listen.value),
                "write it as `127.0.0.1:8080` or `[::1]:8080`",
            );
        }
    }
    spec.storage.iter().for_each(|storage| check_storage(storage, reader));
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
    spec.outgoing_proxy.iter().for_each(|proxy| check_outgoing_proxy(proxy, reader));
    spec.shutdown.iter().for_each(|shutdown| check_shutdown(shutdown, reader));
    spec.account.iter().for_each(|account| check_account(account, reader));
    spec.events.iter().for_each(|events| check_events(events, reader));
    if let Some(session) = &spec.session {
        check_session(session, reader);
        check_domain(spec, reader);
    }
    if !in_store {
        check_internal_hosts(spec, reader);
        check_what_is_inherited(spec, None, reader);
    }
    check_stores(spec, in_store, reader);
}

/// Checks what depends on the settings from which a store inherits.
fn check_what_is_inherited(spec: &SettingsSpec, main: Option<&SettingsSpec>, reader: &mut Reader) {
    let main_session = main.and_then(|main| main.session.as_ref());
    warn_about_open_cookie(spec, main_session, reader);
    warn_about_other_sites(spec, main.unwrap_or(spec), reader);
    check_apps(spec, main_session, reader);
    check_ways(spec, main, reader);
    check_finish(spec, main, reader);
}

fn check_storage(storage: &Located<String>, reader: &mut Reader) {
    if storage.value == "sqlite:" {
        reader.complain(storage.place, "`sqlite:` names no file", "write the file behind it: `sqlite:data/portaria.db`");
    }
    if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| storage.starts_with(scheme)) {
        reader.complain(
            storage.place,
            format!("`{}` is no storage that is known here", storage.value),
            "write `sqlite:data/portaria.db` or `postgres://user@host/name`",
        );
    }
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
    if !in_store {
        check_shared_domains(spec, reader);
    }
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
        check_what_is_inherited(store, Some(spec), reader);
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
    let authorities = store.trusted_authorities.as_ref().and_then(|files| Some(("trustedAuthorities", files.0.first()?.place)));
    let audit = store.audit.as_ref().map(|audit| ("audit", audit.place));
    let proxy = store.outgoing_proxy.as_ref().map(|proxy| ("outgoingProxy", proxy.place()));
    let shutdown = store.shutdown.as_ref().map(|shutdown| ("shutdown", shutdown.place));
    for (word, place) in
        texts.chain(master_key).chain(private_hosts).chain(proxy).chain(authorities).chain(audit).chain(shutdown).chain(connections)
    {
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
    for text in login.button.iter().flat_map(LocalizedTextSpec::texts) {
        let is_one_hole = text.matches("{name}").count() == 1 && text.matches(['{', '}']).count() == 2;
        if !is_one_hole || text.chars().count() > 60 || printable(text) != text.value {
            let help = "write at most 60 visible characters with `{name}` in the place of the provider's name: `\"Entrar como {name}\"`";
            reader.complain(text.place, format!("`{}` is not the text of a button", printable(text)), help);
        }
    }
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
