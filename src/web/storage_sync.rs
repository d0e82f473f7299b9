//! Reads what other machines have changed: sessions that were ended, and signing keys. Storage is read twice a second, and on
//! notification where the engine has it.

use crate::directory::sessions::{EndedSessionCursor, ListEndedSessions, ReadGenerations};
use crate::directory::{Directory, StorageUnavailable};
use crate::session::revocation::Revocations;
use crate::web::signing_keys::SigningKeys;
use crate::world::clock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::{Mutex, Notify};

#[derive(Debug, Default)]
pub(crate) struct StorageSync {
    position: Mutex<StorageSyncPosition>,
    /// Whether sessions have ended since the last look.
    ended: Notify,
    /// Whether the last reading failed.
    is_down: AtomicBool,
}

#[derive(Debug, Default)]
struct StorageSyncPosition {
    ends: EndedSessionCursor,
    is_in_part: bool,
    /// `None` until the keys were read for the first time.
    keys: Option<i64>,
    /// When the last reading began, and how it ended.
    last: Option<(Instant, Result<(), StorageUnavailable>)>,
}

/// Sorts behind every session id.
const LAST: &str = "~";

impl StorageSync {
    /// Reads the changes since the last read. `now` is a time before the query, so that the result does not seem newer than it is.
    /// Those who ask while a reading is under way share the next one, so that many requests cause few queries.
    pub(crate) async fn read(
        &self,
        directory: &Directory,
        revocations: &Revocations,
        signing: &SigningKeys,
        now: i64,
    ) -> Result<(), StorageUnavailable> {
        let asked = clock::instant();
        let mut position = self.position.lock().await;
        if let Some((began, outcome)) = position.last
            && began >= asked
        {
            return outcome;
        }
        let began = clock::instant();
        let before = position.ends.number;
        let outcome = position.read_changes(directory, revocations, signing, now).await;
        if position.ends.number != before {
            self.ended.notify_one();
        }
        self.is_down.store(outcome.is_err(), Ordering::Relaxed);
        position.last = Some((began, outcome));
        outcome
    }

    /// Whether storage answered when it was last read.
    pub(crate) fn is_up(&self) -> bool {
        !self.is_down.load(Ordering::Relaxed)
    }

    /// Waits until sessions have ended since the last call.
    pub(crate) async fn sessions_ended(&self) {
        self.ended.notified().await;
    }
}

impl StorageSyncPosition {
    async fn read_changes(
        &mut self,
        directory: &Directory,
        revocations: &Revocations,
        signing: &SigningKeys,
        now: i64,
    ) -> Result<(), StorageUnavailable> {
        let generations = directory.read(ReadGenerations).await?;
        if generations.ends < self.ends.number {
            tracing::warn!("the storage is older than what was read from it before, as after a restore; it is read from the beginning");
            self.ends = EndedSessionCursor::default();
        }
        // A restore changes the number of the keys, and may leave a higher number of ends that begins with others than those that were read.
        if self.keys.is_some_and(|keys| keys != generations.keys) {
            self.ends = EndedSessionCursor::default();
        }
        // Many sessions may have ended under one number; the rest of them is read next.
        let mut more = self.ends.number < generations.ends || self.is_in_part;
        while more {
            let (ends, cursor, is_full) = directory.read(ListEndedSessions(self.ends.clone())).await?;
            revocations.record_all(ends);
            (self.ends, self.is_in_part, more) = (cursor, is_full, is_full);
        }
        // Rows that were removed leave only their number.
        if self.ends.number < generations.ends {
            self.ends = EndedSessionCursor { number: generations.ends, sid: LAST.into() };
        }
        if self.keys != Some(generations.keys) {
            signing.reload(directory).await?;
            self.keys = Some(generations.keys);
        }
        revocations.mark_fresh(now);
        Ok(())
    }
}
