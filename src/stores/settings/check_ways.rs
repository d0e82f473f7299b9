//! Complaints about `ways`: what a store offers beside its providers.

use crate::provider::email_code::EMAIL_CODE;
use crate::provider::hosts::without_port;
use crate::provider::passkey::PASSKEY;
use crate::stores::settings::{SettingsSpec, browser_host};
use crate::vocabulary::words::{Reader, complain_not_among};
use std::net::Ipv4Addr;

/// Checks the key of a store; `main` holds the settings that it inherits.
pub(crate) fn check_ways(spec: &SettingsSpec, main: Option<&SettingsSpec>, reader: &mut Reader) {
    let has_mail = spec.mail.is_some() || main.is_some_and(|main| main.mail.is_some());
    let ways = spec.ways.as_ref().map_or(&[][..], |ways| &ways.0);
    let host = spec.public_url.as_ref().and_then(|url| browser_host(url));
    for (at, way) in ways.iter().enumerate() {
        match way.as_str() {
            EMAIL_CODE | PASSKEY if ways.iter().take(at).any(|earlier| earlier.value == way.value) => {
                reader.complain(way.place, format!("`{}` is written twice", way.value), "leave it out here");
            }
            EMAIL_CODE if !has_mail && !reader.is_unusable_word(spec.place, "mail") => {
                let help = "add `mail: { smtp: …, from: … }`, or leave `email` out";
                reader.complain(way.place, "codes cannot be sent, because the settings hold no `mail`", help);
            }
            PASSKEY if host.as_deref().is_some_and(|host| !can_have_passkeys(host)) => {
                let help = "write a name into `publicUrl`, such as `localhost`, or leave `passkey` out";
                reader.complain(way.place, "browsers make no passkeys for `publicUrl`, which names its host by an address", help);
            }
            EMAIL_CODE | PASSKEY => {}
            _ => complain_not_among(way, &[EMAIL_CODE, PASSKEY], reader),
        }
    }
}

/// Whether browsers make passkeys for a host: one with a name (WebAuthn, 5.1.2).
pub(crate) fn can_have_passkeys(host: &str) -> bool {
    let name = without_port(host);
    !name.starts_with('[') && name.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_with_a_name_can_have_passkeys() {
        for (host, can) in [
            ("login.loja.example", true),
            ("localhost:8080", true),
            ("127.0.0.1:8080", false),
            ("10.0.0.7", false),
            ("[::1]:8080", false),
            ("[2001:db8::7]", false),
        ] {
            assert_eq!(can_have_passkeys(host), can, "{host}");
        }
    }
}
