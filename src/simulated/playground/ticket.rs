//! What is handed out: the ticket that the browser carries (an authorization code), and the entry that it is exchanged for (an access
//! token).

use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::person::PlaygroundPerson;
use crate::simulated::playground::seal::PlaygroundSealed;
use serde::{Deserialize, Serialize};

/// How long a ticket is valid, in seconds.
pub(super) const TICKET_LIFETIME: i64 = 60;

/// How long an entry is valid, in seconds.
pub(super) const ENTRY_LIFETIME: i64 = 300;

/// The authorization code of the playground: it is accepted once, from one app, with one redirect URI and one PKCE verifier.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaygroundTicket {
    /// Random, so that no two tickets are equal.
    pub(crate) number: String,
    /// When it was made, in seconds since 1970.
    pub(crate) made: i64,
    pub(crate) app: String,
    /// The redirect URI.
    pub(crate) back: String,
    /// The PKCE code challenge.
    pub(crate) riddle: String,
    pub(crate) person: PlaygroundPerson,
    /// The word of the fault that was chosen.
    pub(crate) fault: Option<String>,
}

impl PlaygroundSealed for PlaygroundTicket {
    const KIND: &'static str = "ticket";
}

/// The access token of the playground.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaygroundEntry {
    /// When it was made, in seconds since 1970.
    pub(crate) made: i64,
    pub(crate) person: PlaygroundPerson,
    /// The word of the fault that was chosen.
    pub(crate) fault: Option<String>,
}

impl PlaygroundSealed for PlaygroundEntry {
    const KIND: &'static str = "entry";
}

impl PlaygroundTicket {
    pub(super) fn fault(&self) -> Option<PlaygroundFault> {
        self.fault.as_deref().and_then(PlaygroundFault::named)
    }

    pub(super) fn is_valid(&self, now: i64) -> bool {
        (0..TICKET_LIFETIME).contains(&now.saturating_sub(self.made))
    }
}

impl PlaygroundEntry {
    pub(super) fn fault(&self) -> Option<PlaygroundFault> {
        self.fault.as_deref().and_then(PlaygroundFault::named)
    }

    pub(super) fn is_valid(&self, now: i64) -> bool {
        (0..ENTRY_LIFETIME).contains(&now.saturating_sub(self.made))
    }
}
