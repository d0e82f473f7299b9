//! The sign-in by a passkey. It is no provider, and its key belongs to no file: the passkey belongs to a user, and there is no identity.

use crate::provider::identity::{Identity, IdentityEmail};

/// Its key in sessions, the audit and metrics, and its name in addresses and in the settings.
pub const PASSKEY: &str = "passkey";

/// What a passkey says of a person: nothing. The user of the passkey is known, and keeps name and address.
pub fn identity_by_passkey() -> Identity {
    Identity {
        provider: PASSKEY.into(),
        file: PASSKEY.into(),
        fingerprint: PASSKEY.into(),
        id: "".into(),
        address: IdentityEmail::Ask(None),
        name: None,
        picture: None,
        locale: None,
        more: Vec::new(),
    }
}
