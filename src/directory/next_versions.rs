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

/// The most rows of one statement.
const PAGE: i64 = 2000;

/// Reads what was counted of next versions, and which were taken back.
#[derive(Clone, Debug, Default)]
pub struct ReadNextVersions {
    /// The versions of which everything is read.
    pub of: Vec<NextVersionKey>,
    /// The time since which what changed of any version is read.
    pub changed_since: Option<i64>,
}

/// What the storage holds of next versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundNextVersions {
    /// The counts.
    pub counts: Vec<NextCount>,
    /// The versions that were taken back.
    pub returns: Vec<NextReturn>,
}

impl Verb for ReadNextVersions {
    type Answer = FoundNextVersions;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<FoundNextVersions, StorageFault> {
        let mut found = FoundNextVersions::default();
        for NextVersionKey { store, provider, version } in &self.of {
            let counts = "SELECT store, provider, version, what, count, story, at FROM next_counts
                 WHERE store = $1 AND provider = $2 AND version = $3 ORDER BY what LIMIT 2000";
            found.add_counts(&sql.fetch(counts, with![store, provider, version]).await?)?;
            let returns = "SELECT store, provider, version, at FROM next_returns WHERE store = $1 AND provider = $2 AND version = $3";
            found.add_returns(&sql.fetch(returns, with![store, provider, version]).await?)?;
        }
        if let Some(since) = self.changed_since {
            found.add_changes(sql, since).await?;
        }
        Ok(found)
    }
}

impl FoundNextVersions {
    fn add_counts(&mut self, rows: &[SqlRow]) -> Result<(), StorageFault> {
        for row in rows {
            let (what, count, story) = (row.text(3)?.into(), row.number(4)?, row.text(5)?.into());
            self.counts.push(NextCount { of: NextVersionKey::from_row(row)?, what, count, story });
        }
        Ok(())
    }

    fn add_returns(&mut self, rows: &[SqlRow]) -> Result<(), StorageFault> {
        for row in rows {
            self.returns.push(NextReturn { of: NextVersionKey::from_row(row)?, at: row.number(3)? });
        }
        Ok(())
    }

    async fn add_changes<S: SqlTransaction>(&mut self, sql: &mut S, since: i64) -> Result<(), StorageFault> {
        let changes = "SELECT store, provider, version, what, count, story, at FROM next_counts
             WHERE at >= $1 AND (at, store, provider, version, what) > ($1, $2, $3, $4, $5)
             ORDER BY at, store, provider, version, what LIMIT 2000";
        let mut last = (since, Box::default(), Box::default(), Box::default(), Box::default());
        loop {
            let (at, store, provider, version, what): &(i64, Box<str>, Box<str>, Box<str>, Box<str>) = &last;
            let rows = sql.fetch(changes, with![*at, store, provider, version, what]).await?;
            self.add_counts(&rows)?;
            let Some(row) = rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|read| read >= PAGE)) else { break };
            last = (row.number(6)?, row.text(0)?.into(), row.text(1)?.into(), row.text(2)?.into(), row.text(3)?.into());
        }
        let returns = "SELECT store, provider, version, at FROM next_returns WHERE at >= $1 ORDER BY store, provider, version LIMIT 2000";
        let rows = sql.fetch(returns, with![since]).await?;
        self.add_returns(&rows)
    }
}
