//! Complaints about `ways`: what a store offers beside its providers.

use crate::provider::email_code::EMAIL_CODE;
use crate::stores::settings::SettingsSpec;
use crate::vocabulary::words::{Reader, complain_not_among};

/// Checks the key of a store; `main` holds the settings that it inherits.
pub(crate) fn check_ways(spec: &SettingsSpec, main: Option<&SettingsSpec>, reader: &mut Reader) {
    let has_mail = spec.mail.is_some() || main.is_some_and(|main| main.mail.is_some());
    let ways = spec.ways.as_ref().map_or(&[][..], |ways| &ways.0);
    for (at, way) in ways.iter().enumerate() {
        match way.as_str() {
            EMAIL_CODE if ways.iter().take(at).any(|earlier| earlier.value == way.value) => {
                reader.complain(way.place, format!("`{}` is written twice", way.value), "leave it out here");
            }
            EMAIL_CODE if !has_mail && !reader.is_unusable_word(spec.place, "mail") => {
                let help = "add `mail: { smtp: …, from: … }`, or leave `email` out";
                reader.complain(way.place, "codes cannot be sent, because the settings hold no `mail`", help);
            }
            EMAIL_CODE => {}
            "passkey" => reader.complain(way.place, "this version has no passkeys", "leave `passkey` out"),
            _ => complain_not_among(way, &[EMAIL_CODE], reader),
        }
    }
}
