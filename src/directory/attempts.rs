//! Consumes login attempts, so that each is used once over all machines.

use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::directory::sqlite::spent::SpentAttempts;
use crate::directory::{Directory, StorageUnavailable};
use std::sync::Arc;

/// Consumes an attempt; `false` if that has been done before.
#[derive(Clone, Debug)]
pub struct ConsumeAttempt {
    /// The hash of its state.
    pub attempt: Box<str>,
    /// The moment after which the attempt is too old in any case.
    pub until: i64,
}

impl Verb for ConsumeAttempt {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let insert = "INSERT INTO attempts (spent, until) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING spent";
        Ok(sql.fetch(insert, with![&self.attempt, self.until]).await?.len() == 1)
    }
}

/// An attempt that was consumed. On one machine its row is stored together with what the login stores in the end.
#[derive(Debug)]
pub struct ConsumedAttempt(Option<(ConsumeAttempt, Arc<SpentAttempts>)>);

impl ConsumedAttempt {
    pub(crate) fn stored() -> Self {
        Self(None)
    }

    pub(crate) fn unstored(attempt: ConsumeAttempt, spent: Arc<SpentAttempts>) -> Self {
        Self(Some((attempt, spent)))
    }

    /// The attempt, if another verb has to store it.
    pub(crate) fn to_store(&self) -> Option<ConsumeAttempt> {
        self.0.as_ref().map(|(attempt, _)| attempt.clone())
    }

    /// Another verb has stored it.
    pub(crate) fn mark_stored(self) {
        if let Some((attempt, spent)) = self.0 {
            spent.mark_stored(&attempt.attempt);
        }
    }

    /// Stores it by itself.
    pub(crate) async fn store(self, directory: &Directory) -> Result<(), StorageUnavailable> {
        if let Some(attempt) = self.to_store() {
            directory.write(attempt).await?;
        }
        self.mark_stored();
        Ok(())
    }
}
