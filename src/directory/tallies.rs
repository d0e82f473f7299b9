//! The counts that drift takes of the providers' answers: every broker adds its own, and all brokers read the sums. The counts hold
//! no personal data.

use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};

/// How long a count is kept after its last change, in seconds.
pub(crate) const KEPT: i64 = 30 * 24 * 3600;
/// How many counts a page holds, as the query says.
const PAGE: usize = 5000;

/// A stored count: how often something was found and missed, or how often a kind of value was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The name of the store whose logins were counted.
    pub store: Box<str>,
    /// The name of the provider's file.
    pub provider: Box<str>,
    /// The step whose answer is counted: `callback`, or the word of a call, with a number where there are several.
    pub step: Box<str>,
    /// The key of what is counted.
    pub what: Box<str>,
    /// The kind of value that is counted; empty where found and missed are counted.
    pub kind: Box<str>,
    /// How often it was found, or a value of the kind was seen.
    pub found: i64,
    /// How often it was missing; meaningful only where `kind` is empty.
    pub missed: i64,
}

impl Tally {
    fn from_row(row: &SqlRow) -> Result<Self, StorageFault> {
        let text = |column| row.text(column).map(Into::into);
        let (found, missed) = (row.number(5)?, row.number(6)?);
        Ok(Self { store: text(0)?, provider: text(1)?, step: text(2)?, what: text(3)?, kind: text(4)?, found, missed })
    }
}

/// Adds counts. Large sums of found and missed are halved, so that older answers count less.
#[derive(Debug)]
pub struct AddTallies {
    /// What is added to the stored counts; a count that is not stored yet begins at zero.
    pub tallies: Vec<Tally>,
    /// The current time in seconds since 1970, by which other machines find what has changed.
    pub now: i64,
}

impl Verb for AddTallies {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let upsert = "INSERT INTO tallies (store, provider, step, what, kind, found, missed, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (store, provider, step, what, kind) DO UPDATE SET at = excluded.at,
             found = CASE WHEN tallies.kind = '' AND tallies.found + tallies.missed > 20000 THEN tallies.found / 2 ELSE tallies.found END + excluded.found,
             missed = CASE WHEN tallies.kind = '' AND tallies.found + tallies.missed > 20000 THEN tallies.missed / 2 ELSE tallies.missed END + excluded.missed";
        // All brokers use one order, so that two of them cannot deadlock.
        let mut tallies: Vec<&Tally> = self.tallies.iter().collect();
        tallies.sort_by_key(|tally| (&tally.store, &tally.provider, &tally.step, &tally.what, &tally.kind));
        for tally in tallies {
            let Tally { store, provider, step, what, kind, found, missed } = tally;
            sql.queue(upsert, with![store, provider, step, what, kind, *found, *missed, self.now]).await?;
        }
        Ok(())
    }
}

/// How far the counts were read, in the order in which they changed: when the last one changed, and which it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TallyCursor {
    at: i64,
    /// Store, provider, step, key and kind.
    key: [Box<str>; 5],
}

impl TallyCursor {
    /// Before all counts that have changed at a moment, in seconds since 1970, or later.
    pub fn at(at: i64) -> Self {
        Self { at, ..Self::default() }
    }
}

/// Reads the counts after a cursor, a page at a time.
#[derive(Debug)]
pub struct ReadTallies(pub TallyCursor);

impl Verb for ReadTallies {
    /// The counts, and the next cursor if there may be more.
    type Answer = (Vec<Tally>, Option<TallyCursor>);

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let page = "SELECT store, provider, step, what, kind, found, missed, at FROM tallies
             WHERE (at, store, provider, step, what, kind) > ($1, $2, $3, $4, $5, $6) ORDER BY at, store, provider, step, what, kind LIMIT 5000";
        let TallyCursor { at, key: [store, provider, step, what, kind] } = &self.0;
        let rows = sql.fetch(page, with![*at, store, provider, step, what, kind]).await?;
        let tallies = rows.iter().map(Tally::from_row).collect::<Result<Vec<_>, _>>()?;
        let next = match (rows.last(), tallies.last()) {
            (Some(row), Some(Tally { store, provider, step, what, kind, .. })) if rows.len() >= PAGE => {
                Some(TallyCursor { at: row.number(7)?, key: [store, provider, step, what, kind].map(Clone::clone) })
            }
            (Some(_) | None, Some(_) | None) => None,
        };
        Ok((tallies, next))
    }
}

/// A warning of drift as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDriftWarning {
    /// The name of the store whose logins showed the change.
    pub store: Box<str>,
    /// The name of the provider's file.
    pub provider: Box<str>,
    /// The step whose answer has changed, as in [`Tally`].
    pub step: Box<str>,
    /// The key of what it is about.
    pub what: Box<str>,
    /// The moment from which the warning could be read, in seconds since 1970; 0 if it has ended.
    pub since: i64,
    /// The warning as JSON; `None` if it has ended.
    pub warning: Option<String>,
    /// Whether its counts are removed.
    pub is_forgotten: bool,
}

/// Stores warnings, and removes those that have ended.
#[derive(Debug)]
pub struct SaveDriftWarnings(pub Vec<StoredDriftWarning>);

impl Verb for SaveDriftWarnings {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let mut all: Vec<&StoredDriftWarning> = self.0.iter().collect();
        all.sort_by_key(|warned| (&warned.store, &warned.provider, &warned.step, &warned.what));
        for StoredDriftWarning { store, provider, step, what, since, warning, is_forgotten } in all {
            if *is_forgotten {
                let delete_counts = "DELETE FROM tallies WHERE store = $1 AND provider = $2 AND step = $3 AND what = $4";
                sql.queue(delete_counts, with![store, provider, step, what]).await?;
            }
            if let Some(warning) = warning {
                let insert = "INSERT INTO drifts (store, provider, step, what, since, warning) VALUES ($1, $2, $3, $4, $5, $6)
                     ON CONFLICT (store, provider, step, what) DO NOTHING";
                sql.queue(insert, with![store, provider, step, what, *since, warning]).await?;
            } else {
                let delete = "DELETE FROM drifts WHERE store = $1 AND provider = $2 AND step = $3 AND what = $4";
                sql.queue(delete, with![store, provider, step, what]).await?;
            }
        }
        Ok(())
    }
}

/// Lists the warnings of all stores that have not ended, at most 10,000.
#[derive(Debug)]
pub struct ListDriftWarnings;

impl Verb for ListDriftWarnings {
    type Answer = Vec<StoredDriftWarning>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<StoredDriftWarning>, StorageFault> {
        let select = "SELECT store, provider, step, what, since, warning FROM drifts ORDER BY store, provider, step, what LIMIT 10000";
        let warning_from_row = |row: &SqlRow| {
            let text = |column| row.text(column).map(Into::into);
            let (since, warning) = (row.number(4)?, Some(row.text(5)?.to_owned()));
            Ok(StoredDriftWarning {
                store: text(0)?,
                provider: text(1)?,
                step: text(2)?,
                what: text(3)?,
                since,
                warning,
                is_forgotten: false,
            })
        };
        sql.fetch(select, with![]).await?.iter().map(warning_from_row).collect()
    }
}
