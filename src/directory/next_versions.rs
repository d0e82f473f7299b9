//! What was counted of the next versions of provider files: every broker adds its own, and all brokers read the sums. The counts and their
//! stories hold no personal data.

use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};

/// How long a count is kept after its last change, and a version that was taken back, in seconds. A version that reads other ids must not
/// become good again while its file lies there.
pub(crate) const KEPT: i64 = 400 * 24 * 3600;

/// A next version of a provider file at a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NextVersionKey {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of the provider's file.
    pub provider: Box<str>,
    /// The version of the next file.
    pub version: Box<str>,
}

impl NextVersionKey {
    fn from_row(row: &SqlRow) -> Result<Self, StorageFault> {
        Ok(Self { store: row.text(0)?.into(), provider: row.text(1)?.into(), version: row.text(2)?.into() })
    }
}

/// How often something was seen of a next version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextCount {
    /// The version.
    pub of: NextVersionKey,
    /// What was seen.
    pub what: Box<str>,
    /// How often.
    pub count: i64,
    /// Where it was seen last, without personal data; empty where there is nothing to say.
    pub story: Box<str>,
}

/// Adds counts; a story that is not empty replaces the one before.
#[derive(Debug)]
pub struct AddNextCounts {
    /// What is added.
    pub counts: Vec<NextCount>,
    /// The current time in seconds since 1970.
    pub now: i64,
}

impl Verb for AddNextCounts {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let upsert = "INSERT INTO next_counts (store, provider, version, what, count, story, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (store, provider, version, what) DO UPDATE SET count = next_counts.count + excluded.count, at = excluded.at,
             story = CASE WHEN excluded.story = '' THEN next_counts.story ELSE excluded.story END";
        // All brokers use one order, so that two of them cannot deadlock.
        let mut counts: Vec<&NextCount> = self.counts.iter().collect();
        counts.sort_by_key(|count| (&count.of, &count.what));
        for NextCount { of: NextVersionKey { store, provider, version }, what, count, story } in counts {
            sql.queue(upsert, with![store, provider, version, what, *count, story, self.now]).await?;
        }
        Ok(())
    }
}

/// A next version through which no new login goes any more, because its logins failed more often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextReturn {
    /// The version.
    pub of: NextVersionKey,
    /// When it was taken back, in seconds since 1970.
    pub at: i64,
}

/// Records that a next version was taken back. The first broker that says so decides when.
#[derive(Debug)]
pub struct RecordNextReturn(pub NextReturn);

impl Verb for RecordNextReturn {
    /// Whether this is the first that is heard of it.
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let NextReturn { of: NextVersionKey { store, provider, version }, at } = &self.0;
        let insert = "INSERT INTO next_returns (store, provider, version, at) VALUES ($1, $2, $3, $4) ON CONFLICT (store, provider, version) DO NOTHING";
        Ok(sql.run(insert, with![store, provider, version, *at]).await? > 0)
    }
}

/// Reads everything that was counted, and the versions that were taken back.
#[derive(Clone, Copy, Debug)]
pub struct ReadNextVersions;

impl Verb for ReadNextVersions {
    type Answer = (Vec<NextCount>, Vec<NextReturn>);

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let counts =
            "SELECT store, provider, version, what, count, story FROM next_counts ORDER BY store, provider, version, what LIMIT 50000";
        let count = |row: &SqlRow| {
            let (what, count, story) = (row.text(3)?.into(), row.number(4)?, row.text(5)?.into());
            Ok(NextCount { of: NextVersionKey::from_row(row)?, what, count, story })
        };
        let counts = sql.fetch(counts, with![]).await?.iter().map(count).collect::<Result<_, StorageFault>>()?;
        let returns = "SELECT store, provider, version, at FROM next_returns ORDER BY store, provider, version LIMIT 50000";
        let one = |row: &SqlRow| Ok(NextReturn { of: NextVersionKey::from_row(row)?, at: row.number(3)? });
        let returns = sql.fetch(returns, with![]).await?.iter().map(one).collect::<Result<_, StorageFault>>()?;
        Ok((counts, returns))
    }
}
