//! The counts of logins: every broker adds its own, and the lab reads the sums. The counts hold no personal data.

use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};

/// How long a count is kept, in seconds.
pub(crate) const KEPT: i64 = 8 * 24 * 3600;
/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountedLogin {
    /// The name of the store whose logins are counted.
    pub store: Box<str>,
    /// The moment at which the five minutes begin, in seconds since 1970.
    pub slot: i64,
    /// The name of the provider's file, or of another kind of sign-in.
    pub provider: Box<str>,
    /// Which version of the file: empty for the one that is live, `next` for one that is tried with a part of the logins.
    pub variant: Box<str>,
    /// What happened to the login.
    pub what: Box<str>,
    /// The step in which it happened; empty where no step takes part.
    pub step: Box<str>,
    /// The code of the cause, or the longest duration of the class in milliseconds.
    pub detail: Box<str>,
}

/// Adds counts.
#[derive(Debug)]
pub struct AddLoginCounts(pub Vec<(CountedLogin, i64)>);

impl Verb for AddLoginCounts {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let upsert =
            "INSERT INTO login_counts (store, slot, provider, variant, what, step, detail, count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (store, slot, provider, variant, what, step, detail) DO UPDATE SET count = login_counts.count + excluded.count";
        // All brokers use one order, so that two of them cannot deadlock.
        let mut counts: Vec<&(CountedLogin, i64)> = self.0.iter().collect();
        counts.sort();
        for (CountedLogin { store, slot, provider, variant, what, step, detail }, count) in counts {
            sql.queue(upsert, with![store, *slot, provider, variant, what, step, detail, *count]).await?;
        }
        Ok(())
    }
}

/// Sums the counts of a store over parts of a period.
#[derive(Clone, Debug)]
pub struct SumLoginCounts {
    /// The name of the store.
    pub store: Box<str>,
    /// Slots that begin at this moment or later.
    pub since: i64,
    /// Slots that begin before this moment.
    pub until: i64,
    /// Logins that began before this moment have come back, or will not; of others it is not said that they began.
    pub settled: i64,
    /// How many seconds a part of the period has.
    pub part: i64,
}

/// The sum of one count over a part of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSum {
    /// As in [`CountedLogin`].
    pub provider: Box<str>,
    /// As in [`CountedLogin`].
    pub variant: Box<str>,
    /// As in [`CountedLogin`].
    pub what: Box<str>,
    /// As in [`CountedLogin`].
    pub step: Box<str>,
    /// As in [`CountedLogin`].
    pub detail: Box<str>,
    /// The number of the part, from 0; durations are summed over the whole period and have 0.
    pub part: i64,
    /// The sum.
    pub count: i64,
}

impl Verb for SumLoginCounts {
    type Answer = Vec<LoginSum>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<LoginSum>, StorageFault> {
        let select = "SELECT provider, variant, what, step, detail, CASE WHEN what = 'took' THEN 0 ELSE (slot - $2) / $4 END AS part,
             CAST(SUM(count) AS BIGINT) FROM login_counts WHERE store = $1 AND slot >= $2 AND slot < $3
             AND (slot < $5 OR what NOT IN ('began', 'returned'))
             GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6 LIMIT 50000";
        let sum = |row: &SqlRow| {
            let text = |column| row.text(column).map(Into::into);
            let (part, count) = (row.number(5)?, row.number(6)?);
            Ok(LoginSum { provider: text(0)?, variant: text(1)?, what: text(2)?, step: text(3)?, detail: text(4)?, part, count })
        };
        sql.fetch(select, with![&self.store, self.since, self.until, self.part, self.settled]).await?.iter().map(sum).collect()
    }
}
