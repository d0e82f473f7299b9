//! Whether what is written is kept, and what time it is there.

use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Writes something that nobody needs, and each time something else: what stays the same need not be written.
#[derive(Debug)]
pub(crate) struct ProbeStorage;

impl Verb for ProbeStorage {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        // No attempt has this name, and it is too old for ever.
        let written = "INSERT INTO attempts (spent, until) VALUES ($1, 0) ON CONFLICT (spent) DO UPDATE SET until = attempts.until + 1";
        sql.queue(written, with!["probe"]).await
    }
}

/// What time it is at the storage; none where that is this machine.
#[derive(Debug)]
pub(crate) struct ReadStorageClock;

impl Verb for ReadStorageClock {
    type Answer = Option<i64>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<i64>, StorageFault> {
        sql.clock().await
    }
}
