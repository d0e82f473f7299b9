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
    keys: i64,
}

impl News {
    /// Reads on. `now` is from before the question, so that what is learned is never thought to be fresher than it is.
    pub async fn read(&self, directory: &Directory, revocations: &Revocations, signing: &Signing, now: i64) -> Result<(), Away> {
        let mut read = self.0.lock().await;
        let generations = directory.read(Look).await?;
        if generations.ends < read.ends.number {
            tracing::warn!("the storage is older than what was read from it before: was it put back? it is read from the beginning");
            read.ends = Cursor::default();
        }
        while read.ends.number < generations.ends {
            let (ends, cursor, more) = directory.read(EndedSince(read.ends.clone())).await?;
            revocations.learn(ends);
            read.ends = cursor;
            if !more {
                // What was tidied away leaves no rows behind, but its number.
                read.ends.number = read.ends.number.max(generations.ends);
                break;
            }
        }
        if generations.keys != read.keys {
            signing.learn(directory).await?;
            read.keys = generations.keys;
        }
        revocations.is_fresh(now);
        Ok(())
    }
}
