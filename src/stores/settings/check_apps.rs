//! Complaints about the apps of a store that could not work, or through which people could be sent to addresses of others.

use crate::apps::client_app::AppGrantKind;
use crate::provider::hosts::{is_host, is_loopback};
use crate::provider::value_reference::ValueReference;
use crate::stores::settings::apps::{AppSpec, PkceRule};
use crate::stores::settings::check_audiences::{check_audiences, check_is_asked_for};
use crate::stores::settings::session::SessionSpec;
use crate::stores::settings::{DEFAULT_PUBLIC_URL, SettingsSpec};
use crate::vocabulary::diagnostic::{did_you_mean, is_invisible};
use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;

/// The scopes that have a meaning here.
const KNOWN_SCOPES: [&str; 4] = ["openid", "email", "profile", OFFLINE_ACCESS];
const OFFLINE_ACCESS: &str = "offline_access";

/// Checks the apps of a store, which inherits the audience of its sessions from `main`.
pub(crate) fn check_apps(spec: &SettingsSpec, main: Option<&SessionSpec>, reader: &mut Reader) {
    let apps: Vec<&(Located<String>, AppSpec)> = spec.apps.iter().flat_map(|apps| &apps.0).collect();
    let bearer: Vec<&Located<String>> = spec.auth.iter().filter_map(|auth| auth.bearer.as_ref()).flat_map(|list| &list.0).collect();
    bearer.iter().for_each(|audience| check_is_asked_for(audience, &apps, "so `/auth` would accept no token", reader));
    complain_about_repeated_texts(bearer.into_iter(), reader);
    for (at, (name, app)) in apps.iter().enumerate() {
        check_name(name, reader);
        if let Some((other, _)) = apps.iter().take(at).find(|(other, _)| other.value != name.value && other.eq_ignore_ascii_case(name)) {
            let help = "give them names that people cannot confuse";
            reader.complain(name.place, format!("`{}` and `{}` differ only in capitals", other.value, name.value), help);
        }
        check_title(app, reader);
        check_authentication(name, app, reader);
        check_addresses(name, app, reader);
        check_grants(name, app, reader);
        check_scopes(app, reader);
        check_audiences(name, app, &apps, reader);
        check_session_audience(name, app, (spec, main), reader);
        warn_about_shared_tokens(name, app, reader);
        let grants: Vec<Located<&str>> =
            app.grants.iter().flat_map(|grants| &grants.0).map(|grant| Located::new(grant.value.word(), grant.place)).collect();
        complain_twice(&grants, reader);
        for list in [&app.redirect_uris, &app.scopes, &app.audience, &app.serves, &app.providers] {
            complain_about_repeated_texts(list.iter().flat_map(|list| &list.0), reader);
        }
        for list in [&app.after_logout, &app.tokens] {
            complain_about_repeated_texts(list.iter().flat_map(|list| &list.0), reader);
        }
    }
}

fn complain_about_repeated_texts<'t>(texts: impl Iterator<Item = &'t Located<String>>, reader: &mut Reader) {
    let texts: Vec<Located<&str>> = texts.map(|text| Located::new(text.value.as_str(), text.place)).collect();
    complain_twice(&texts, reader);
}

fn complain_twice(texts: &[Located<&str>], reader: &mut Reader) {
    for (at, text) in texts.iter().enumerate() {
        if texts.iter().take(at).any(|earlier| earlier.value == text.value) {
            reader.complain(text.place, format!("`{}` is written twice", text.value), "leave it out here");
        }
    }
}

/// What is wrong with a text as a `client_id`, if anything.
pub(crate) fn client_id_problem(name: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/@".contains(&byte);
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) || !name.bytes().all(is_plain) {
        return Some("write letters, digits, `-`, `_` and `.`, and a letter or digit first: `painel`");
    }
    (name.len() > 100).then_some("write 100 letters at most")
}

fn check_name(name: &Located<String>, reader: &mut Reader) {
    if let Some(help) = client_id_problem(name) {
        reader.complain(name.place, format!("`{}` cannot be a `client_id`", name.value), help);
    }
}

fn check_title(app: &AppSpec, reader: &mut Reader) {
    if let Some(title) = &app.name
        && (title.trim().is_empty() || title.chars().count() > 60 || title.chars().any(is_invisible))
    {
        reader.complain(title.place, "this cannot be the name that people read", "write 1 to 60 letters that can be seen");
    }
}

fn check_authentication(name: &Located<String>, app: &AppSpec, reader: &mut Reader) {
    let has_keys = app.written_keys().is_some();
    let is_unusable = ["secret", "keys", ""].iter().any(|word| reader.is_unusable_word(app.place, word));
    match &app.secret {
        None if !has_keys && !is_unusable => {
            let help = format!(
                "write `secret: env:NAME`, or `portaria apps secret {}` makes one; a program that can keep no secret has `secret: none`",
                name.value
            );
            reader.complain_missing(name.place, format!("the app `{}` has neither `secret` nor `keys`", name.value), help);
        }
        Some(_) if has_keys => {
            let place = app.written_keys().map_or(name.place, |keys| keys.place);
            let help = "keep one of them: `keys` for an app that signs (`private_key_jwt`), otherwise `secret`";
            reader.complain(place, format!("the app `{}` has both `secret` and `keys`", name.value), help);
        }
        Some(_) | None => {}
    }
    if let Some(rule) = app.pkce.filter(|rule| rule.value == PkceRule::Optional && app.is_public()) {
        let help = "leave `pkce` out: it is required of a public client (`secret: none`)";
        reader.complain(rule.place, "a code for a client without a secret could be redeemed by the program that intercepts it", help);
    }
    if let Some(keys) = app.written_keys() {
        let is_file = keys.strip_prefix("file:").is_some_and(|path| !path.trim().is_empty() && !path.contains('\0'));
        if !is_file && let Some((message, _)) = https_problem(keys) {
            reader.complain(keys.place, message, "write `https://painel.loja.example/jwks.json` or `file:PATH`");
        }
    }
    if let Some(reference) = app.secret_reference()
        && let ValueReference::Variable(variable) = &reference.0
        && variable.starts_with("PORTARIA_")
    {
        let help = format!("keep it in a variable of its own: `env:{}_SECRET`", name.to_ascii_uppercase().replace(['-', '.'], "_"));
        reader.complain(reference.1, format!("`{variable}` belongs to the broker itself"), help);
    }
}

fn check_addresses(name: &Located<String>, app: &AppSpec, reader: &mut Reader) {
    let redirect = app.redirect_uris.iter().flat_map(|list| &list.0);
    for address in redirect.chain(app.after_logout.iter().flat_map(|list| &list.0)) {
        if let Some((message, help)) = address_problem(address, app.is_public()) {
            reader.complain(address.place, message, help);
        }
    }
    if let Some(address) = &app.back_channel_logout
        && let Some((message, help)) = https_problem(address)
    {
        reader.complain(address.place, message, help);
    }
    let signs_people_in = app.grant_kinds().contains(&AppGrantKind::AuthorizationCode);
    let is_unusable = ["redirectUris", "grants", ""].iter().any(|word| reader.is_unusable_word(app.place, word));
    if signs_people_in && app.redirect_uris.is_none() && !is_unusable {
        let help = "add `redirectUris: [ https://painel.loja.example/callback ]`; an app that only acts on its own behalf has \
                    `grants: clientCredentials`";
        reader.complain_missing(name.place, format!("the app `{}` has no address to which people return", name.value), help);
    }
    if let Some(first) = app.redirect_uris.as_ref().and_then(|list| list.0.first()).filter(|_| !signs_people_in && !is_unusable) {
        let help = "add `authorizationCode` to `grants`, or leave `redirectUris` out";
        reader.warn(first.place, "these addresses are never used: the app lacks the grant `authorizationCode`", help);
    }
}

fn check_grants(name: &Located<String>, app: &AppSpec, reader: &mut Reader) {
    let kinds = app.grant_kinds();
    let has_offline = app.scopes.iter().flat_map(|scopes| &scopes.0).find(|scope| scope.value == OFFLINE_ACCESS);
    for grant in app.grants.iter().flat_map(|grants| &grants.0) {
        match grant.value {
            AppGrantKind::RefreshToken if has_offline.is_none() && !reader.is_unusable_word(app.place, "scopes") => {
                let help = "add `scopes: [ openid, email, profile, offline_access ]`, or leave `refreshToken` out";
                reader.complain(grant.place, "a refresh token needs the scope `offline_access`, which this app may not ask for", help);
            }
            AppGrantKind::RefreshToken
                if !kinds.contains(&AppGrantKind::AuthorizationCode) && !kinds.contains(&AppGrantKind::TokenExchange) =>
            {
                let help = "add `authorizationCode` or `tokenExchange`, or leave `refreshToken` out";
                reader.complain(grant.place, "the app never gets a refresh token that it could redeem", help);
            }
            AppGrantKind::ClientCredentials if app.is_public() => {
                let help = "give the app a secret, or leave `clientCredentials` out";
                let message = format!("with `secret: none` any program could act as the app `{}`", name.value);
                reader.complain(grant.place, message, help);
            }
            AppGrantKind::RefreshToken
            | AppGrantKind::ClientCredentials
            | AppGrantKind::AuthorizationCode
            | AppGrantKind::TokenExchange => {}
        }
    }
    if let Some(scope) = has_offline.filter(|_| !kinds.contains(&AppGrantKind::RefreshToken))
        && !reader.is_unusable_word(app.place, "grants")
    {
        let help = "write `grants: [ authorizationCode, refreshToken ]`, or leave the scope out";
        reader.complain(scope.place, "`offline_access` is of no use without the grant `refreshToken`", help);
    }
}

fn check_scopes(app: &AppSpec, reader: &mut Reader) {
    for scope in app.scopes.iter().flat_map(|scopes| &scopes.0) {
        // RFC 6749, appendix A.4.
        let is_token = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if scope.is_empty() || scope.len() > 100 || !scope.bytes().all(is_token) {
            let help = if scope.contains(' ') {
                "write a list: `[ openid, email ]`"
            } else {
                "write letters, digits and signs such as `orders:read`"
            };
            reader.complain(scope.place, format!("`{}` is not a scope", scope.value), help);
        } else if !KNOWN_SCOPES.contains(&scope.as_str())
            && let Some(near) = did_you_mean(scope, KNOWN_SCOPES).filter(|near| !scope.value.contains(':') && *near != scope.value)
        {
            let help = format!("did you mean `{near}`? Otherwise write it with a colon, such as `app:{}`", scope.value);
            reader.complain(scope.place, format!("`{}` is almost the name of a scope that has a meaning", scope.value), help);
        }
    }
}

/// A service that verifies session tokens accepts what has their issuer and audience.
fn check_session_audience(name: &Located<String>, app: &AppSpec, (spec, main): (&SettingsSpec, Option<&SessionSpec>), reader: &mut Reader) {
    let audience = spec.session.as_ref().and_then(|session| session.audience.as_ref()).or_else(|| main?.audience.as_ref());
    let audience = audience.and_then(|audience| audience.0.as_ref()).map(|audience| audience.value.as_str());
    let url = spec.public_url.as_ref().map_or(DEFAULT_PUBLIC_URL, |url| url.trim_end_matches('/'));
    // `webstore` is accepted where the settings name no audience.
    let of_sessions = [audience.unwrap_or("webstore"), url];
    for written in std::iter::once(name).chain(app.audience.iter().flat_map(|list| &list.0)) {
        if of_sessions.contains(&written.trim_end_matches('/')) {
            let help = "choose another one, so that no token of an app is taken for a session";
            reader.complain(written.place, format!("`{}` is the audience of the session tokens of this store", written.value), help);
        }
    }
}

/// Warns about access tokens for a service by which that service, too, can fetch the own tokens of providers.
fn warn_about_shared_tokens(name: &Located<String>, app: &AppSpec, reader: &mut Reader) {
    let other = app.audience.iter().flat_map(|list| &list.0).find(|audience| audience.value != name.value);
    let provider = app.tokens.iter().flat_map(|list| &list.0).next();
    if let (Some(other), Some(provider)) = (other, provider) {
        reader.warn(
            other.place,
            format!(
                "what gets an access token of `{}` for `{}` can fetch the tokens of `{}` with it, too",
                name.value, other.value, provider.value
            ),
            "take `audience` out, or give `tokens` to an app of its own, which sends its access tokens to no service",
        );
    }
}

/// Parameters that an answer to an authorization request adds.
const ANSWER_PARAMETERS: [&str; 9] =
    ["code", "state", "error", "error_description", "iss", "session_state", "id_token", "access_token", "response"];

/// What is wrong with an address to which people are sent, and what to do.
fn address_problem(address: &str, is_public: bool) -> Option<(String, String)> {
    const EXAMPLE: &str = "write it as `https://painel.loja.example/callback`";
    if let Some(problem) = letters_problem(address) {
        return Some(problem);
    }
    let Some((scheme, rest)) = address.split_once(':').filter(|(_, rest)| rest.starts_with('/')) else {
        return Some((format!("`{address}` is not a whole address"), EXAMPLE.to_owned()));
    };
    match scheme {
        "https" | "http" if rest.starts_with("//") => web_address_problem(address),
        _ if scheme.contains('.') && is_private_scheme(scheme) => (!is_public).then(|| {
            let help = "write an https address; a scheme of its own is for a public client (`secret: none`)";
            (format!("any program on the person's machine may take the scheme `{scheme}`, and with it the code"), help.to_owned())
        }),
        _ if is_private_scheme(scheme) && !matches!(scheme, "https" | "http") => Some((
            format!("`{scheme}` is a scheme that any other program may have as well"),
            "write the name of a domain of yours backwards: `com.example.app:/callback`".to_owned(),
        )),
        _ => Some((format!("`{address}` is not an address"), EXAMPLE.to_owned())),
    }
}

fn is_private_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte))
        && scheme.split('.').all(|label| !label.is_empty())
}

/// What is wrong with the letters of an address of any scheme.
fn letters_problem(address: &str) -> Option<(String, String)> {
    let problem = |message: &str, help: &str| Some((format!("`{address}` {message}"), help.to_owned()));
    if address.contains('*') {
        return problem("has a `*`, and addresses are compared letter by letter", "write each address out");
    }
    if address.contains('#') {
        return problem("has a fragment, which is never sent", "write it without `#` and what follows");
    }
    if !address.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return problem("has letters that an address cannot have", "write them percent-encoded: `%20` for a blank");
    }
    if address.len() > 1000 {
        return Some(("this address is too long".to_owned(), "write 1000 letters at most".to_owned()));
    }
    let path = address.split('?').next().unwrap_or_default();
    if path.split('/').any(|segment| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..")) {
        return problem("has a `.` or `..` in its path, which browsers resolve", "write the path that is meant");
    }
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    if let Some(name) = names.into_iter().find(|name| ANSWER_PARAMETERS.contains(name)) {
        let help = "leave it out of the address";
        return problem(&format!("has a parameter `{name}`, which the answer adds"), help);
    }
    None
}

/// What is wrong with an address that begins with `https://` or `http://`.
fn web_address_problem(address: &str) -> Option<(String, String)> {
    let host = address.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    if host.contains('@') {
        return Some((format!("`{address}` has a user or a password in it"), "write the host alone behind `://`".to_owned()));
    }
    if !is_host(host) {
        return Some((
            format!("`{address}` has no host that there can be"),
            "write it as `https://painel.loja.example/callback`".to_owned(),
        ));
    }
    (address.starts_with("http://") && !is_loopback(host))
        .then(|| (format!("`{address}` is not encrypted"), "write `https://…`; http is accepted on loopback only".to_owned()))
}

/// What is wrong with an address that the broker itself calls.
pub(crate) fn https_problem(address: &str) -> Option<(String, String)> {
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return Some((format!("`{address}` is not an https address"), "write it with `https://` in front".to_owned()));
    }
    letters_problem(address).or_else(|| web_address_problem(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_which_people_are_sent_is_safe_or_complained_about() {
        let confidential = [
            "https://painel.loja.example/callback",
            "https://painel.loja.example",
            "https://painel.loja.example:8443/cb?a=1",
            "http://localhost:3000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:80/cb",
        ];
        for address in confidential {
            assert_eq!((address_problem(address, false), address_problem(address, true)), (None, None), "{address}");
        }
        for address in ["com.example.app:/callback", "com.example.app:///callback", "com.example.app://callback"] {
            assert!(address_problem(address, true).is_none() && address_problem(address, false).is_some(), "{address}");
        }
        for (address, expected) in [
            ("", "whole address"),
            ("painel.loja.example/callback", "whole address"),
            ("painel.loja.example:8443/callback", "whole address"),
            ("//painel.loja.example/callback", "whole address"),
            ("localhost:3000/cb", "whole address"),
            ("javascript:alert(1)", "whole address"),
            ("javascript://x/%0aalert(1)", "any other program"),
            ("myapp://callback", "any other program"),
            ("COM.example.app:/callback", "is not an address"),
            ("com..app:/callback", "is not an address"),
            (".:/callback", "is not an address"),
            ("HTTPS://painel.loja.example/cb", "is not an address"),
            ("https:/painel.loja.example/cb", "is not an address"),
            ("https:///cb", "no host"),
            ("https://painel..loja.example/cb", "no host"),
            ("https://painel.loja.example:99999/cb", "no host"),
            ("https://painel@evil.example/cb", "user or a password"),
            ("http://painel.loja.example/cb", "not encrypted"),
            ("http://localhost.evil.example/cb", "not encrypted"),
            ("https://*.loja.example/cb", "letter by letter"),
            ("https://painel.loja.example/cb#", "fragment"),
            ("https://painel.loja.example/a b", "cannot have"),
            ("https://painel.loja.example/é", "cannot have"),
            ("https://painel.loja.example\\@evil.example", "cannot have"),
            ("https://painel.loja.example/{x}", "cannot have"),
            ("https://painel.loja.example/a/../cb", "`..`"),
            ("https://painel.loja.example/a/%2E%2e/cb", "`..`"),
            ("https://painel.loja.example/cb?state=1", "the answer adds"),
            ("https://painel.loja.example/cb?a=1&code", "the answer adds"),
        ] {
            let found = address_problem(address, true).map(|(message, _)| message).unwrap_or_default();
            assert!(found.contains(expected), "{address}: {found}");
        }
    }

    #[test]
    fn a_client_id_needs_no_encoding_that_programs_do_differently() {
        for name in ["painel", "painel-2", "com.example.app", "https://app.loja.example/", "loja:painel", "0", &"a".repeat(100)] {
            assert_eq!(client_id_problem(name), None, "{name}");
        }
        for name in ["", "-a", "a b", "a+b", "a%41", "a\"", "é", "a\n", "a&b", &"a".repeat(101)] {
            assert!(client_id_problem(name).is_some(), "{name}");
        }
    }
}
