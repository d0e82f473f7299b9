//! What other machines have done and this one has to know: sessions that ended, keys that changed. Storage is asked twice a
//! second, and tells of itself where it can.

use crate::directory::sessions::{Cursor, EndedSince, Look};
use crate::directory::{Away, Directory};
use crate::session::revocation::Revocations;
use crate::web::signing::Signing;
use tokio::sync::Mutex;

/// How far this machine has read.
#[derive(Debug, Default)]
pub struct News(Mutex<Read>);

#[derive(Debug, Default)]
struct Read {
    ends: Cursor,
    is_in_part: bool,
    keys: i64,
}

/// Sorted behind every name of a session.
const LAST: &str = "~";

impl News {
    /// Reads on. `now` is from before the question, so that what is learned is never thought to be fresher than it is.
    pub async fn read(&self, directory: &Directory, revocations: &Revocations, signing: &Signing, now: i64) -> Result<(), Away> {
        let mut read = self.0.lock().await;
        let generations = directory.read(Look).await?;
        if generations.ends < read.ends.number {
            tracing::warn!("the storage is older than what was read from it before: was it put back? it is read from the beginning");
            read.ends = Cursor::default();
        }
        // Many may have ended under one number: what was read in part is read on.
        let mut more = read.ends.number < generations.ends || read.is_in_part;
        while more {
            let (ends, cursor, is_full) = directory.read(EndedSince(read.ends.clone())).await?;
            revocations.learn(ends);
            (read.ends, read.is_in_part, more) = (cursor, is_full, is_full);
        }
        // What was tidied away leaves no rows behind, but its number.
        if read.ends.number < generations.ends {
            read.ends = Cursor { number: generations.ends, sid: LAST.into() };
        }
        if generations.keys != read.keys {
            signing.learn(directory).await?;
            read.keys = generations.keys;
        }
        revocations.is_fresh(now);
        Ok(())
    }
}
