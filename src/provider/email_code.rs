//! The sign-in by a code that is sent to an e-mail address. It is no provider, and its key belongs to no file: a user whose address is proven
//! has at most one identity under it, whose id is that of the user. So the address decides, as it is now, and never an earlier one.

use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::trust::EmailEvidence;
use crate::vocabulary::email::Email;

/// Its key in identities, sessions, the audit and metrics, and its name in addresses and in the settings.
pub const EMAIL_CODE: &str = "email";

/// The identity of the person who has typed the code that was sent to an address. The directory gives it the id.
pub fn identity_by_code(email: Email) -> Identity {
    Identity {
        provider: EMAIL_CODE.into(),
        file: EMAIL_CODE.into(),
        fingerprint: EMAIL_CODE.into(),
        id: "".into(),
        address: IdentityEmail::Proven(email, EmailEvidence::Mail),
        name: None,
        picture: None,
        locale: None,
        more: Vec::new(),
    }
}
