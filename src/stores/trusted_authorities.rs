//! The certificate authorities that the settings trust for calls to providers, beside those of the machine.

use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::{Complaint, Severity};
use crate::vocabulary::place::Located;
use crate::world::files;
use crate::world::tls::TrustedAuthorities;

/// The largest file of authorities.
const LARGEST: usize = 1 << 20;

/// The files that the settings list.
pub(crate) fn listed_authorities(settings: &Settings) -> impl Iterator<Item = &Located<String>> {
    settings.spec.iter().filter_map(|spec| spec.trusted_authorities.as_ref()).flat_map(|list| &list.0)
}

/// Reads the authorities. What cannot be read is a complaint, and trusts no one.
pub(crate) fn trusted_authorities(settings: &Settings) -> (TrustedAuthorities, Vec<Complaint>) {
    let (mut authorities, mut complaints) = (TrustedAuthorities::default(), Vec::new());
    for file in listed_authorities(settings) {
        let wrong = match files::read_bytes(&settings.folder().join(&file.value), LARGEST + 1) {
            Ok(pem) if pem.len() > LARGEST => format!("`{}` is larger than {} KiB", file.value, LARGEST / 1024),
            Ok(pem) if authorities.add(&pem) => continue,
            Ok(_) => format!("`{}` holds no certificate, or something that is none", file.value),
            Err(_) => format!("`{}` cannot be read", file.value),
        };
        let help = "write the path of a PEM file with the certificate of the authority, relative to the settings file";
        complaints.push(Complaint::new(Severity::Error, Some(file.place), wrong, help));
    }
    (authorities, complaints)
}
