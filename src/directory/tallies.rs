//! What providers' answers are like, in numbers: every broker adds what it has counted, and all of them know the whole. There is
//! nothing about anybody in it.

use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};

/// How long a number is kept that nobody adds to, in seconds.
pub(crate) const KEPT: i64 = 30 * 24 * 3600;
/// Numbers that are read at once.
const PIECE: usize = 5000;

/// A number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The store.
    pub store: Box<str>,
    /// The provider.
    pub provider: Box<str>,
    /// The step.
    pub step: Box<str>,
    /// What is counted.
    pub what: Box<str>,
    /// The kind of value that is counted; nothing where found and missed are.
    pub kind: Box<str>,
    /// How often it was found, or seen.
    pub found: i64,
    /// How often it was missed.
    pub missed: i64,
}

impl Tally {
    fn from_row(row: &SqlRow) -> Result<Self, StorageFault> {
        let text = |column| row.text(column).map(Into::into);
        let (found, missed) = (row.number(5)?, row.number(6)?);
        Ok(Self { store: text(0)?, provider: text(1)?, step: text(2)?, what: text(3)?, kind: text(4)?, found, missed })
    }
}

/// Adds numbers. Where many have been found and missed, the older ones fade.
#[derive(Debug)]
pub struct AddTallies {
    /// The numbers.
    pub tallies: Vec<Tally>,
    /// When.
    pub now: i64,
}

impl Verb for AddTallies {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let add = "INSERT INTO tallies (store, provider, step, what, kind, found, missed, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (store, provider, step, what, kind) DO UPDATE SET at = excluded.at,
             found = CASE WHEN tallies.kind = '' AND tallies.found + tallies.missed > 20000 THEN tallies.found / 2 ELSE tallies.found END + excluded.found,
             missed = CASE WHEN tallies.kind = '' AND tallies.found + tallies.missed > 20000 THEN tallies.missed / 2 ELSE tallies.missed END + excluded.missed";
        // In one order everywhere, so that two brokers never wait crosswise.
        let mut tallies: Vec<&Tally> = self.tallies.iter().collect();
        tallies.sort_by_key(|tally| (&tally.store, &tally.provider, &tally.step, &tally.what, &tally.kind));
        for tally in tallies {
            let Tally { store, provider, step, what, kind, found, missed } = tally;
            sql.queue(add, with![store, provider, step, what, kind, *found, *missed, self.now]).await?;
        }
        Ok(())
    }
}

/// The numbers that were added to at a second or later, a piece after a row.
#[derive(Debug)]
pub struct ReadTallies {
    /// The second.
    pub since: i64,
    /// The last row that is known; nothing at the beginning.
    pub after: Option<Tally>,
}

impl Verb for ReadTallies {
    /// The numbers, and whether there may be more.
    type Answer = (Vec<Tally>, bool);

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let piece = i64::try_from(PIECE).unwrap_or(i64::MAX);
        let first = "SELECT store, provider, step, what, kind, found, missed FROM tallies WHERE at >= $1
             ORDER BY store, provider, step, what, kind LIMIT $2";
        let next = "SELECT store, provider, step, what, kind, found, missed FROM tallies
             WHERE at >= $1 AND (store, provider, step, what, kind) > ($3, $4, $5, $6, $7) ORDER BY store, provider, step, what, kind LIMIT $2";
        let rows = match &self.after {
            None => sql.fetch(first, with![self.since, piece]).await?,
            Some(Tally { store, provider, step, what, kind, .. }) => {
                sql.fetch(next, with![self.since, piece, store, provider, step, what, kind]).await?
            }
        };
        let is_full = rows.len() >= PIECE;
        Ok((rows.iter().map(Tally::from_row).collect::<Result<_, _>>()?, is_full))
    }
}

/// What is warned about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDriftWarning {
    /// The store.
    pub store: Box<str>,
    /// The provider.
    pub provider: Box<str>,
    /// The step.
    pub step: Box<str>,
    /// What it is about.
    pub what: Box<str>,
    /// Since when.
    pub since: i64,
    /// The warning as JSON; nothing when it is over.
    pub warning: Option<String>,
    /// Whether what was counted of it is forgotten.
    pub is_forgotten: bool,
}

/// Writes down warnings, and that they are over.
#[derive(Debug)]
pub struct SaveDriftWarnings(pub Vec<StoredDriftWarning>);

impl Verb for SaveDriftWarnings {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let mut all: Vec<&StoredDriftWarning> = self.0.iter().collect();
        all.sort_by_key(|warned| (&warned.store, &warned.provider, &warned.step, &warned.what));
        for StoredDriftWarning { store, provider, step, what, since, warning, is_forgotten } in all {
            if *is_forgotten {
                let forget = "DELETE FROM tallies WHERE store = $1 AND provider = $2 AND step = $3 AND what = $4";
                sql.queue(forget, with![store, provider, step, what]).await?;
            }
            if let Some(warning) = warning {
                let warn = "INSERT INTO drifts (store, provider, step, what, since, warning) VALUES ($1, $2, $3, $4, $5, $6)
                     ON CONFLICT (store, provider, step, what) DO NOTHING";
                sql.queue(warn, with![store, provider, step, what, *since, warning]).await?;
            } else {
                let over = "DELETE FROM drifts WHERE store = $1 AND provider = $2 AND step = $3 AND what = $4";
                sql.queue(over, with![store, provider, step, what]).await?;
            }
        }
        Ok(())
    }
}

/// All that is warned about.
#[derive(Debug)]
pub struct ListDriftWarnings;

impl Verb for ListDriftWarnings {
    type Answer = Vec<StoredDriftWarning>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<StoredDriftWarning>, StorageFault> {
        let all = "SELECT store, provider, step, what, since, warning FROM drifts ORDER BY store, provider, step, what LIMIT 10000";
        let one = |row: &SqlRow| {
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
        sql.fetch(all, with![]).await?.iter().map(one).collect()
    }
}
