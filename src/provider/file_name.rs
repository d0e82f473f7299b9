//! The name of a provider's file, which is part of addresses and what the provider is called everywhere.

use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::vocabulary::words::Reader;

/// The names of pages of the lab, each at the address that a page of a provider of the same name would have.
pub(crate) const LAB_PAGES: [&str; 7] = ["apps", "catalogue", "check", "editor", "find", "incidents", "providers"];

/// Complains about a name that no file may have, and warns of one that hides a page.
pub(crate) fn check_file_name(name: &str, reader: &mut Reader) {
    if !is_name(name) {
        reader.complain_about_file(
            format!("`{name}` cannot be part of an address"),
            "name the file with letters, digits, `-` and `_`: it is what the provider is called everywhere",
        );
    }
    if name == EMAIL_CODE {
        reader.complain_about_file(
            format!("`{name}` is what the sign-in by a code is called everywhere"),
            "give the file another name, such as `correio.yaml`",
        );
    }
    if name == PASSKEY {
        reader.complain_about_file(
            format!("`{name}` is what the sign-in by a passkey is called everywhere"),
            "give the file another name, such as `chaves.yaml`",
        );
    }
    if LAB_PAGES.contains(&name) {
        reader.warn_about_file(
            format!("the lab has a page of its own called `{name}`, which hides a page of this provider"),
            format!(
                "give the file another name, write `key: {name}` in it so that people keep their accounts, and register the new redirect address at the provider"
            ),
        );
    }
}

/// Whether a text can be the name of a file, and so a part of an address.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
