//! The name of a store whose settings give it none: the address that people know it by.

use crate::provider::hosts::is_loopback;
use crate::stores::MAIN;
use crate::stores::settings::browser_host;

/// First parts of a host that say what it is for, and not whose it is.
const PURPOSES: [&str; 12] = ["www", "login", "auth", "id", "sso", "account", "accounts", "conta", "contas", "cuenta", "entrar", "signin"];

/// The name: the host of the storefront, otherwise that of the broker. On loopback it is the name of the store in the settings.
pub(crate) fn usual_title(name: &str, own_host: &str, return_to: &[Box<str>]) -> String {
    let storefront = return_to.first().and_then(|origin| browser_host(origin));
    let host = storefront.into_iter().chain([own_host.to_owned()]).find(|host| !is_loopback(host));
    match host {
        Some(host) => without_purpose(host.split(':').next().unwrap_or(&host)).to_owned(),
        None if name == MAIN => "Portaria".to_owned(),
        None => {
            let mut letters = name.chars();
            letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .chain(letters.map(|letter| if letter == '-' { ' ' } else { letter }))
                .collect()
        }
    }
}

fn without_purpose(host: &str) -> &str {
    match host.split_once('.') {
        Some((first, rest)) if PURPOSES.contains(&first) && rest.contains('.') => rest,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_without_a_title_is_called_as_people_know_it() {
        for (name, host, storefront, expected) in [
            ("main", "login.loja.example", None, "loja.example"),
            ("main", "login.loja.example", Some("https://www.loja.example"), "loja.example"),
            ("main", "loja-login.example", None, "loja-login.example"),
            ("main", "login.example", None, "login.example"),
            ("main", "localhost:8080", Some("https://www.loja.example:8443"), "loja.example"),
            ("main", "localhost:8080", Some("http://localhost:3000"), "Portaria"),
            ("loja-dois", "127.0.0.1:8080", None, "Loja dois"),
        ] {
            let return_to: Vec<Box<str>> = storefront.into_iter().map(Into::into).collect();
            let name = if name == "main" { MAIN } else { name };

            assert_eq!(usual_title(name, host, &return_to), expected, "{host}");
        }
    }
}
