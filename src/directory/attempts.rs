//! Consumes login attempts, so that each is used once over all machines.

use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Consumes an attempt; `false` if that has been done before.
#[derive(Debug)]
pub struct ConsumeAttempt {
    /// The hash of its state.
    pub attempt: Box<str>,
    /// The moment after which the attempt is too old in any case.
    pub until: i64,
}

impl Verb for ConsumeAttempt {
    type Answer = bool;

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let insert = "INSERT INTO attempts (spent, until) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING spent";
        Ok(sql.fetch(insert, with![&self.attempt, self.until]).await?.len() == 1)
    }
}
