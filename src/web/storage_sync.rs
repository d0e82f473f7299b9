//! What other machines have done and this one has to know: sessions that ended, keys that changed. Storage is asked twice a
//! second, and tells of itself where it can.

use crate::directory::sessions::{EndedSessionCursor, ListEndedSessions, ReadGenerations};
use crate::directory::{Directory, StorageUnavailable};
use crate::session::revocation::Revocations;
use crate::web::signing_keys::SigningKeys;
use tokio::sync::Mutex;

/// How far this machine has read.
#[derive(Debug, Default)]
pub(crate) struct StorageSync(Mutex<StorageSyncPosition>);

#[derive(Debug, Default)]
struct StorageSyncPosition {
    ends: EndedSessionCursor,
    is_in_part: bool,
    keys: i64,
}

/// Sorted behind every name of a session.
const LAST: &str = "~";

impl StorageSync {
    /// Reads on. `now` is from before the question, so that what is learned is never thought to be fresher than it is.
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
            tracing::warn!("the storage is older than what was read from it before: was it put back? it is read from the beginning");
            read.ends = EndedSessionCursor::default();
        }
        // Many may have ended under one number: what was read in part is read on.
        let mut more = read.ends.number < generations.ends || read.is_in_part;
        while more {
            let (ends, cursor, is_full) = directory.read(ListEndedSessions(read.ends.clone())).await?;
            revocations.record_all(ends);
            (read.ends, read.is_in_part, more) = (cursor, is_full, is_full);
        }
        // What was tidied away leaves no rows behind, but its number.
        if read.ends.number < generations.ends {
            read.ends = EndedSessionCursor { number: generations.ends, sid: LAST.into() };
        }
        if generations.keys != read.keys {
            signing.reload(directory).await?;
            read.keys = generations.keys;
        }
        revocations.mark_fresh(now);
        Ok(())
    }
}
