//! Removes expired rows, so that no table grows without end. They are removed in small batches, so that other transactions wait
//! only briefly and a failed batch undoes no other.

use crate::directory::incidents::KEPT;
use crate::directory::proofs::WRONG_COUNTS;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::directory::tallies;
use crate::directory::{Directory, StorageUnavailable};

const DAY: i64 = 86_400;
/// How many rows a batch removes at most.
const BATCH: i64 = 2000;

/// Removes expired rows; the audit keeps the events since `audit_since`.
pub async fn tidy(directory: &Directory, now: i64, audit_since: i64) -> Result<(), StorageUnavailable> {
    // Rows are kept a day longer than needed, so that a clock that was wrong for a while makes nothing valid again.
    let expired = now.saturating_sub(DAY);
    for (sql, before) in [
        ("DELETE FROM attempts WHERE spent IN (SELECT spent FROM attempts WHERE until < $1 LIMIT $2)", expired),
        ("DELETE FROM sessions WHERE sid IN (SELECT sid FROM sessions WHERE latest < $1 LIMIT $2)", expired),
        ("DELETE FROM ends WHERE (number, sid) IN (SELECT number, sid FROM ends WHERE latest < $1 LIMIT $2)", expired),
        ("DELETE FROM proofs WHERE id IN (SELECT id FROM proofs WHERE until < $1 LIMIT $2)", expired),
        ("DELETE FROM mails WHERE (recipient, at) IN (SELECT recipient, at FROM mails WHERE at < $1 LIMIT $2)", expired),
        ("DELETE FROM wrongs WHERE (who, at) IN (SELECT who, at FROM wrongs WHERE at < $1 LIMIT $2)", expired.saturating_sub(WRONG_COUNTS)),
        ("DELETE FROM incidents WHERE code IN (SELECT code FROM incidents WHERE at < $1 LIMIT $2)", now.saturating_sub(KEPT)),
        (
            "DELETE FROM tallies WHERE (store, provider, step, what, kind) IN
             (SELECT store, provider, step, what, kind FROM tallies WHERE at < $1 LIMIT $2)",
            now.saturating_sub(tallies::KEPT),
        ),
        (
            "DELETE FROM drifts WHERE (store, provider, step, what) IN
             (SELECT store, provider, step, what FROM drifts WHERE since < $1 LIMIT $2)",
            now.saturating_sub(tallies::KEPT),
        ),
        ("DELETE FROM audit WHERE number IN (SELECT number FROM audit WHERE at < $1 LIMIT $2)", audit_since),
    ] {
        while directory.write(RemoveExpiredRows { sql, before }).await? {}
    }
    Ok(())
}

/// Removes a batch of one table, and answers whether there may be more.
#[derive(Debug)]
struct RemoveExpiredRows {
    sql: &'static str,
    before: i64,
}

impl Verb for RemoveExpiredRows {
    type Answer = bool;

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let removed = sql.run(self.sql, with![self.before, BATCH]).await?;
        Ok(i64::try_from(removed).unwrap_or(BATCH) >= BATCH)
    }
}
