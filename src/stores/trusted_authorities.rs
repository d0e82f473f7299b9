//! The certificate authorities that the settings trust for calls to providers, beside those of the machine.

use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::{Complaint, Severity};
use crate::vocabulary::place::Located;
use crate::world::files;
use crate::world::tls::{AuthorityFault, TrustedAuthorities};

/// The largest file of authorities.
const LARGEST: usize = 1 << 20;

const WRITE_A_PATH: &str = "write the path of a PEM file with the certificate of the authority, relative to the settings file";

/// The files that the settings list.
pub(crate) fn listed_authorities(settings: &Settings) -> impl Iterator<Item = &Located<String>> {
    settings.spec.iter().filter_map(|spec| spec.trusted_authorities.as_ref()).flat_map(|list| &list.0)
}

/// Reads the authorities. What cannot be read is an error, and trusts no one; a file that others may write is a warning, because they decide
/// which provider is the real one.
pub(crate) fn trusted_authorities(settings: &Settings) -> (TrustedAuthorities, Vec<Complaint>) {
    let (mut authorities, mut complaints) = (TrustedAuthorities::default(), Vec::new());
    for file in listed_authorities(settings) {
        let path = settings.folder().join(&file.value);
        let wrong = match files::read_bytes(&path, LARGEST + 1) {
            Ok(pem) if pem.len() > LARGEST => Some((format!("`{}` is larger than {} KiB", file.value, LARGEST / 1024), WRITE_A_PATH)),
            Ok(pem) => authorities.add(&pem).err().map(|fault| match fault {
                AuthorityFault::NoCertificate => {
                    (format!("`{}` holds no certificate, or something that is none", file.value), WRITE_A_PATH)
                }
                AuthorityFault::CutOff => (
                    format!("`{}` is cut off: a part begins in it (`-----BEGIN`) and does not end", file.value),
                    "copy the file once more, with the line `-----END CERTIFICATE-----` of each certificate",
                ),
            }),
            Err(_) => Some((format!("`{}` cannot be read", file.value), WRITE_A_PATH)),
        };
        if let Some((wrong, help)) = wrong {
            complaints.push(Complaint::new(Severity::Error, Some(file.place), wrong, help));
        } else if files::others_may_write(&path) {
            let message = format!("others than its owner may write `{}`, and so name authorities that are trusted", file.value);
            complaints.push(Complaint::new(Severity::Warning, Some(file.place), message, "take the right from them: `chmod go-w FILE`"));
        }
    }
    (authorities, complaints)
}
