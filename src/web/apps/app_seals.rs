//! The keys with which codes, waiting requests and refresh tokens of apps are protected, and those that are kept for them, derived from the master key.

use crate::session::seal::{MasterKey, Seal};
use aws_lc_rs::hmac;

/// The keys of what apps are given.
pub struct AppSeals {
    /// Seals codes.
    pub codes: Seal,
    /// Seals the requests that wait for the person.
    pub(crate) requests: Seal,
    /// Seals the own tokens of providers that are kept for apps.
    pub(crate) tokens: Seal,
    /// Seals the person in access tokens that `/auth` accepts.
    pub(crate) persons: Seal,
    /// The key of refresh tokens.
    pub(crate) refresh: hmac::Key,
}

impl AppSeals {
    pub(crate) fn new(master: &MasterKey) -> Self {
        Self {
            codes: Seal::new(master, "app codes"),
            requests: Seal::new(master, "app requests"),
            tokens: Seal::new(master, "provider tokens"),
            persons: Seal::new(master, "app persons"),
            refresh: hmac::Key::new(hmac::HMAC_SHA256, &*master.derive("refresh tokens")),
        }
    }
}
