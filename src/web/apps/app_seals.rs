//! The keys with which codes, waiting requests and refresh tokens of apps are protected, derived from the master key.

use crate::session::seal::{MasterKey, Seal};
use aws_lc_rs::hmac;

pub(crate) struct AppSeals {
    /// Seals codes.
    pub(crate) codes: Seal,
    /// Seals the requests that wait for the person.
    pub(crate) requests: Seal,
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
            persons: Seal::new(master, "app persons"),
            refresh: hmac::Key::new(hmac::HMAC_SHA256, &*master.derive("refresh tokens")),
        }
    }
}
