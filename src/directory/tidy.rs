//! Removes expired rows, so that no table grows without end. They are removed in small batches, so that other transactions wait
//! only briefly and a failed batch undoes no other.

use crate::directory::incidents::KEPT;
use crate::directory::proofs::WRONG_COUNTS;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::directory::{Directory, StorageUnavailable};
use crate::directory::{good_logins, login_counts, next_versions, tallies};

const DAY: i64 = 86_400;
/// How many rows a batch removes, besides those of the same second.
const BATCH: u64 = 500;

/// Removes the rows of a table that are older than `$1`, the oldest [`BATCH`] first. They are one range of the index of their time.
macro_rules! remove_oldest {
    ($table:literal, $time:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $time,
            " < $1 AND ",
            $time,
            " <= coalesce((SELECT ",
            $time,
            " FROM ",
            $table,
            " WHERE ",
            $time,
            " < $1 ORDER BY ",
            $time,
            " LIMIT 1 OFFSET 499), $1)"
        )
    };
}

/// Removes expired rows; the audit keeps the events since `audit_since`.
pub async fn tidy(directory: &Directory, now: i64, audit_since: i64) -> Result<(), StorageUnavailable> {
    // Rows are kept a day longer than needed, so that a clock that was wrong for a while makes nothing valid again.
    let expired = now.saturating_sub(DAY);
    let mut outcome = Ok(());
    for (sql, before) in [
        (remove_oldest!("attempts", "until"), expired),
        (remove_oldest!("sessions", "latest"), expired),
        (remove_oldest!("ends", "latest"), expired),
        (remove_oldest!("app_grants", "until"), expired),
        (remove_oldest!("kept_tokens", "until"), expired),
        // A notice that is too old is not to be looked at with those that are due.
        (remove_oldest!("logout_notices", "until"), now),
        (remove_oldest!("proofs", "until"), expired),
        (remove_oldest!("mails", "at"), expired),
        (remove_oldest!("wrongs", "at"), expired.saturating_sub(WRONG_COUNTS)),
        (remove_oldest!("incidents", "at"), now.saturating_sub(KEPT)),
        (remove_oldest!("tallies", "at"), now.saturating_sub(tallies::KEPT)),
        (remove_oldest!("drifts", "since"), now.saturating_sub(tallies::KEPT)),
        (remove_oldest!("login_counts", "slot"), now.saturating_sub(login_counts::KEPT)),
        (remove_oldest!("good_logins", "at"), now.saturating_sub(good_logins::KEPT)),
        (remove_oldest!("next_counts", "at"), now.saturating_sub(next_versions::KEPT)),
        (remove_oldest!("next_returns", "at"), now.saturating_sub(next_versions::KEPT)),
        (remove_oldest!("audit", "at"), audit_since),
    ] {
        let removed = async {
            while directory.write(RemoveExpiredRows { sql, before }).await? {}
            Ok(())
        };
        // A table that cannot be tidied leaves no other untidied.
        outcome = removed.await.and(outcome);
    }
    outcome
}

/// Removes a batch from one table, and answers whether there may be more.
#[derive(Debug)]
struct RemoveExpiredRows {
    sql: &'static str,
    before: i64,
}

impl Verb for RemoveExpiredRows {
    type Answer = bool;

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let removed = sql.run(self.sql, with![self.before]).await?;
        Ok(removed >= BATCH)
    }
}
