//! What is handed from step to step: the ticket that the browser carries, and the entry that it is changed for.

use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::person::PlaygroundPerson;
use crate::simulated::playground::seal::PlaygroundSealed;
use serde::{Deserialize, Serialize};

/// How long a ticket is good for, in seconds.
pub(super) const TICKET_IS_GOOD_FOR: i64 = 60;

/// How long an entry is good for, in seconds.
pub(super) const ENTRY_IS_GOOD_FOR: i64 = 300;

/// What the browser brings back: good once, for one app, one way back and one riddle.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaygroundTicket {
    /// Its number: random, no two have the same.
    pub(crate) number: String,
    /// When it was made, in seconds since 1970.
    pub(crate) made: i64,
    pub(crate) app: String,
    /// The address to which the browser was sent back.
    pub(crate) back: String,
    /// The hash whose proof the app will show.
    pub(crate) riddle: String,
    pub(crate) person: PlaygroundPerson,
    /// The word for what goes wrong.
    pub(crate) fault: Option<String>,
}

impl PlaygroundSealed for PlaygroundTicket {
    const KIND: &'static str = "ticket";
}

/// What a ticket is changed for: it shows who somebody is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaygroundEntry {
    /// When it was made, in seconds since 1970.
    pub(crate) made: i64,
    pub(crate) person: PlaygroundPerson,
    /// The word for what goes wrong.
    pub(crate) fault: Option<String>,
}

impl PlaygroundSealed for PlaygroundEntry {
    const KIND: &'static str = "entry";
}

impl PlaygroundTicket {
    /// What goes wrong, if anything does.
    pub(super) fn fault(&self) -> Option<PlaygroundFault> {
        self.fault.as_deref().and_then(PlaygroundFault::named)
    }

    /// Whether it may still be used.
    pub(super) fn is_good(&self, now: i64) -> bool {
        (0..TICKET_IS_GOOD_FOR).contains(&now.saturating_sub(self.made))
    }
}

impl PlaygroundEntry {
    /// What goes wrong, if anything does.
    pub(super) fn fault(&self) -> Option<PlaygroundFault> {
        self.fault.as_deref().and_then(PlaygroundFault::named)
    }

    /// Whether it may still be used.
    pub(super) fn is_good(&self, now: i64) -> bool {
        (0..ENTRY_IS_GOOD_FOR).contains(&now.saturating_sub(self.made))
    }
}
