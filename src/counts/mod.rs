//! How many logins began, came back and ended, for each store, provider and five minutes; and how long the steps took.
//!
//! A login hands its events to a queue and waits for nothing. A background task sums them, and adds the sums to the storage about once
//! a minute, so no login writes more than before. Nothing here knows a person.

pub mod durations; //  durations in classes, and what is said of them
pub mod period; //     the sums of a period, as the lab shows them
#[cfg(test)]
mod tests;

use crate::choice;
use crate::counts::durations::class_of;
use crate::directory::login_counts::{AddLoginCounts, CountedLogin};
use crate::directory::{Directory, StorageUnavailable};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// How many seconds a slot has.
pub const SLOT: i64 = 300;
/// How many events wait at most; further ones are not counted.
const MOST_WAITING: usize = 200_000;
/// The most counts of one write.
const BATCH: usize = 200;
/// The most sums that wait for the storage. While it is away, further ones are not counted.
const MOST_UNSAVED: usize = 50_000;
/// How many different causes of a provider are counted in a slot; further ones are counted together.
const MOST_CAUSES: usize = 40;
/// The cause under which those are counted.
pub(crate) const OTHER_CAUSES: &str = "other";
/// The longest cause that is counted by its own name.
const LONGEST_CAUSE: usize = 60;
/// The step under which the duration of all calls of a login is counted.
pub(crate) const ALL_CALLS: &str = "";

choice! {
    /// What is counted of a login.
    pub enum LoginCountKind {
        /// The browser was sent to the provider.
        Began = "began",
        /// The provider sent the browser back. It is counted in the slot in which the login began, so that those which never came back are the
        /// difference of two counts of one slot.
        Returned = "returned",
        /// The person was signed in.
        SignedIn = "signedIn",
        /// The person cancelled.
        Cancelled = "cancelled",
        /// It failed.
        Failed = "failed",
        /// How long a step took.
        Took = "took",
    }
}

/// An event of a login, as it is counted.
#[derive(Clone, Copy, Debug)]
pub enum LoginCount<'a> {
    /// The browser was sent to the provider.
    Began,
    /// The provider sent the browser of a login back that began at this moment.
    Returned {
        /// When it began, in seconds since 1970.
        began: i64,
    },
    /// The person was signed in.
    SignedIn,
    /// The person cancelled.
    Cancelled,
    /// It failed.
    Failed {
        /// The step.
        step: &'a str,
        /// The code of the cause, which is never personal data.
        cause: &'a str,
    },
    /// A step took some time.
    Took {
        /// The step; empty for all calls together.
        step: &'a str,
        /// How long it took.
        took: Duration,
    },
}

impl LoginCount<'_> {
    fn kind(&self) -> LoginCountKind {
        match self {
            Self::Began => LoginCountKind::Began,
            Self::Returned { .. } => LoginCountKind::Returned,
            Self::SignedIn => LoginCountKind::SignedIn,
            Self::Cancelled => LoginCountKind::Cancelled,
            Self::Failed { .. } => LoginCountKind::Failed,
            Self::Took { .. } => LoginCountKind::Took,
        }
    }
}

/// Whose login it is.
#[derive(Clone, Copy, Debug)]
pub struct CountedAt<'a> {
    /// The name of the store.
    pub store: &'a str,
    /// The name of the provider's file.
    pub provider: &'a str,
    /// Which version of the file, as in [`CountedLogin`].
    pub variant: &'a str,
}

/// The events that no background task has seen yet.
#[derive(Debug)]
pub struct LoginCounts {
    sender: Sender<CountedLogin>,
    waiting: AtomicUsize,
    /// The sums that are not stored yet. Only the task that stores them takes this lock.
    unsaved: tokio::sync::Mutex<UnsavedCounts>,
}

/// The failures of a slot, with the names of the store and the provider.
type SlotOfProvider = (i64, Box<str>, Box<str>);
/// A step and the code of a cause.
type CauseOfStep = (Box<str>, Box<str>);

struct UnsavedCounts {
    receiver: Receiver<CountedLogin>,
    sums: HashMap<CountedLogin, i64>,
    /// The failures of each slot, store and provider: how many different causes were counted.
    causes: HashMap<SlotOfProvider, HashSet<CauseOfStep>>,
}

impl fmt::Debug for UnsavedCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsavedCounts").field("sums", &self.sums.len()).finish_non_exhaustive()
    }
}

/// The beginning of the slot of a moment.
pub(crate) fn slot_of(moment: i64) -> i64 {
    moment.saturating_sub(moment.rem_euclid(SLOT))
}

impl Default for LoginCounts {
    fn default() -> Self {
        let (sender, receiver) = channel();
        let unsaved = UnsavedCounts { receiver, sums: HashMap::new(), causes: HashMap::new() };
        Self { sender, waiting: AtomicUsize::new(0), unsaved: tokio::sync::Mutex::new(unsaved) }
    }
}

impl LoginCounts {
    /// Counts an event. It waits for no lock and for no storage.
    pub fn count(&self, at: CountedAt<'_>, event: LoginCount<'_>, now: i64) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MOST_WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let moment = if let LoginCount::Returned { began } = event { began } else { now };
        let (step, detail): (&str, Box<str>) = match event {
            LoginCount::Began | LoginCount::Returned { .. } | LoginCount::SignedIn | LoginCount::Cancelled => ("", "".into()),
            LoginCount::Failed { step, cause } => (step, if cause.len() > LONGEST_CAUSE { OTHER_CAUSES } else { cause }.into()),
            LoginCount::Took { step, took } => (step, class_of(took).into()),
        };
        // The receiver lives as long as the sender.
        let _ = self.sender.send(CountedLogin {
            store: at.store.into(),
            slot: slot_of(moment),
            provider: at.provider.into(),
            variant: at.variant.into(),
            what: event.kind().word().into(),
            step: step.into(),
            detail,
        });
    }

    /// Sums what waits, so that the queue stays short.
    pub async fn sum_up(&self) {
        let mut unsaved = self.unsaved.lock().await;
        self.take_waiting(&mut unsaved);
    }

    /// Adds the counts to the storage. What cannot be stored waits for the next turn.
    pub async fn save(&self, directory: &Directory, now: i64) -> Result<(), StorageUnavailable> {
        let mut unsaved = self.unsaved.lock().await;
        self.take_waiting(&mut unsaved);
        unsaved.causes.retain(|(slot, ..), _| *slot >= slot_of(now).saturating_sub(SLOT));
        let mut counts: Vec<(CountedLogin, i64)> = unsaved.sums.drain().collect();
        while !counts.is_empty() {
            let rest = counts.split_off(counts.len().min(BATCH));
            if let Err(unavailable) = directory.write(AddLoginCounts(counts.clone())).await {
                unsaved.sums.extend(counts.into_iter().chain(rest));
                return Err(unavailable);
            }
            counts = rest;
        }
        Ok(())
    }

    fn take_waiting(&self, unsaved: &mut UnsavedCounts) {
        while let Ok(counted) = unsaved.receiver.try_recv() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let counted = unsaved.within_bounds(counted);
            if unsaved.sums.len() >= MOST_UNSAVED && !unsaved.sums.contains_key(&counted) {
                continue;
            }
            let sum = unsaved.sums.entry(counted).or_default();
            *sum = sum.saturating_add(1);
        }
    }
}

impl UnsavedCounts {
    /// A provider says what its codes are, and a browser what a callback is, so only so many are told apart.
    fn within_bounds(&mut self, counted: CountedLogin) -> CountedLogin {
        if *counted.what != *LoginCountKind::Failed.word() {
            return counted;
        }
        let causes = self.causes.entry((counted.slot, counted.store.clone(), counted.provider.clone())).or_default();
        let cause = (counted.step.clone(), counted.detail.clone());
        if causes.contains(&cause) {
            return counted;
        }
        if causes.len() >= MOST_CAUSES {
            return CountedLogin { detail: OTHER_CAUSES.into(), ..counted };
        }
        causes.insert(cause);
        counted
    }
}
