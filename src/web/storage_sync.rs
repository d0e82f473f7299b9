//! Reads what other machines have changed: sessions that were ended, and signing keys. Storage is read twice a second, and on
//! notification where the engine has it.

use crate::directory::sessions::{EndedSessionCursor, ListEndedSessions, ReadGenerations};
use crate::directory::{Directory, StorageUnavailable};
use crate::session::revocation::Revocations;
use crate::web::signing_keys::SigningKeys;
use tokio::sync::Mutex;

#[derive(Debug, Default)]
pub(crate) struct StorageSync(Mutex<StorageSyncPosition>);

#[derive(Debug, Default)]
struct StorageSyncPosition {
    ends: EndedSessionCursor,
    is_in_part: bool,
    /// `None` until the keys were read for the first time.
    keys: Option<i64>,
}

/// Sorts behind every session id.
const LAST: &str = "~";

impl StorageSync {
    /// Reads the changes since the last read. `now` is a time before the query, so that the result does not seem newer than it is.
    pub(crate) async fn read(
        &self,
        directory: &Directory,
        revocations: &Revocations,
        signing: &SigningKeys,
        now: i64,
    ) -> Result<(), StorageUnavailable> {
        let mut read = self.0.lock().await;
        let generations = directory.read(ReadGenerations).await?;
        if generations.ends < read.ends.number {
            tracing::warn!("the storage is older than what was read from it before, as after a restore; it is read from the beginning");
            read.ends = EndedSessionCursor::default();
        }
        // Many sessions may have ended under one number; the rest of them is read next.
        let mut more = read.ends.number < generations.ends || read.is_in_part;
        while more {
            let (ends, cursor, is_full) = directory.read(ListEndedSessions(read.ends.clone())).await?;
            revocations.record_all(ends);
            (read.ends, read.is_in_part, more) = (cursor, is_full, is_full);
        }
        // Rows that were removed leave only their number.
        if read.ends.number < generations.ends {
            read.ends = EndedSessionCursor { number: generations.ends, sid: LAST.into() };
        }
        if read.keys != Some(generations.keys) {
            signing.reload(directory).await?;
            read.keys = Some(generations.keys);
        }
        revocations.mark_fresh(now);
        Ok(())
    }
}
