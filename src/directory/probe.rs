//! Probes of the storage: whether it accepts a write, and what its clock shows.

use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Writes a row that nothing reads. The value changes each time, because an engine may skip a write that changes nothing.
#[derive(Debug)]
pub(crate) struct ProbeStorage;

impl Verb for ProbeStorage {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        // No attempt has this name, and the row always counts as expired.
        let upsert = "INSERT INTO attempts (spent, until) VALUES ($1, 0) ON CONFLICT (spent) DO UPDATE SET until = attempts.until + 1";
        sql.queue(upsert, with!["probe"]).await
    }
}

/// Reads the clock of the storage; `None` if the storage is on this machine.
#[derive(Debug)]
pub(crate) struct ReadStorageClock;

impl Verb for ReadStorageClock {
    type Answer = Option<i64>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<i64>, StorageFault> {
        sql.clock().await
    }
}
