//! To what the passkeys of a store belong.

use crate::provider::hosts::without_port;
use crate::stores::settings::{browser_origin, can_have_passkeys};

/// The host and the origin of the pages of a store, as browsers write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PasskeyPlace {
    pub(crate) host: Box<str>,
    pub(crate) origin: Box<str>,
}

impl PasskeyPlace {
    /// The place of a store at this host; `None` if browsers make no passkeys for it.
    pub(crate) fn of_store(host: &str, public_url: &str) -> Option<Self> {
        can_have_passkeys(host).then(|| Self { host: without_port(host).into(), origin: browser_origin(public_url).into() })
    }
}
