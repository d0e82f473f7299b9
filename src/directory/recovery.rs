//! What is left of a storage whose master key is lost: all but what that key had sealed.
//!
//! What is sealed or was signed goes in batches, so that no transaction is long, and the signing keys are replaced at the end. A command that
//! was interrupted is run again.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::keys::{NewSigningKey, ReplaceSigningKeys};
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::directory::{Directory, StorageUnavailable};
use crate::session::token_algorithm::TokenAlgorithm;

/// How many rows go in one transaction at most.
const BATCH: u64 = 2000;

/// How much was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GivenUp {
    pub(crate) sessions: u64,
    /// Of apps to users.
    pub(crate) grants: u64,
    /// The providers' own tokens that were kept.
    pub(crate) kept_tokens: u64,
    /// Proofs of addresses under way.
    pub(crate) proofs: u64,
}

macro_rules! remove_some {
    ($table:literal, $key:literal) => {
        concat!("DELETE FROM ", $table, " WHERE (", $key, ") IN (SELECT ", $key, " FROM ", $table, " LIMIT 2000)")
    };
}

/// Ends the access of all apps: refresh tokens are of use to no one any more. Answers how many had not ended before.
pub(crate) async fn end_all_grants(directory: &Directory, now: i64) -> Result<u64, StorageUnavailable> {
    let live = directory.read(CountLiveGrants { now }).await?;
    remove_all(directory, remove_some!("app_grants", "id")).await?;
    Ok(live)
}

/// Removes what the lost key had sealed or what hangs on tokens that nothing verifies any more, and replaces the signing keys.
pub(crate) async fn recover(
    directory: &Directory,
    fresh: Vec<(Box<str>, TokenAlgorithm, NewSigningKey)>,
    now: i64,
) -> Result<GivenUp, StorageUnavailable> {
    let given_up = GivenUp {
        sessions: remove_all(directory, remove_some!("sessions", "sid")).await?,
        grants: end_all_grants(directory, now).await?,
        kept_tokens: remove_all(directory, remove_some!("kept_tokens", "uid, provider")).await?,
        proofs: remove_all(directory, remove_some!("proofs", "id")).await?,
    };
    directory.write(RecordRecovery { keys: ReplaceSigningKeys { fresh, now }, now }).await?;
    Ok(given_up)
}

async fn remove_all(directory: &Directory, sql: &'static str) -> Result<u64, StorageUnavailable> {
    let mut removed: u64 = 0;
    loop {
        let some = directory.write(RemoveSome(sql)).await?;
        removed = removed.saturating_add(some);
        if some < BATCH {
            return Ok(removed);
        }
    }
}

/// Removes a batch of rows, and answers how many.
#[derive(Debug)]
struct RemoveSome(&'static str);

impl Verb for RemoveSome {
    type Answer = u64;

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<u64, StorageFault> {
        sql.run(self.0, with![]).await
    }
}

/// Answers how many grants of apps have not ended.
#[derive(Debug)]
struct CountLiveGrants {
    now: i64,
}

impl Verb for CountLiveGrants {
    type Answer = u64;

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<u64, StorageFault> {
        let rows = sql.fetch("SELECT count(*) FROM app_grants WHERE ended = 0 AND until > $1", with![self.now]).await?;
        let count = rows.first().ok_or(StorageFault::Unavailable)?.number(0)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

/// Replaces the keys and records why.
#[derive(Debug)]
struct RecordRecovery {
    keys: ReplaceSigningKeys,
    now: i64,
}

impl Verb for RecordRecovery {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        self.keys.execute(sql).await?;
        let event = AuditEvent::new(self.now, "*", AuditEventKind::KeysRecovered).with_reason(AuditActor::Support.word());
        record_event(sql, &event).await
    }
}
