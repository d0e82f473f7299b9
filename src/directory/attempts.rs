//! Attempts to log in are spent once, whoever asks and on whichever machine.

use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Spends an attempt; `false` when that has been done before.
#[derive(Debug)]
pub struct ConsumeAttempt {
    /// The hash of its state.
    pub attempt: Box<str>,
    /// When it would be too old anyway.
    pub until: i64,
}

impl Verb for ConsumeAttempt {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let spent = "INSERT INTO attempts (spent, until) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING spent";
        Ok(sql.fetch(spent, with![&self.attempt, self.until]).await?.len() == 1)
    }
}
