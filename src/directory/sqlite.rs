//! The directory in one file, an embedded database: one connection that writes and a few that read.

mod orders;

use crate::directory::linking::NotWelcome;
use crate::directory::sqlite::orders::{Desk, Done, Newcomer, Noted, Order};
use crate::directory::{Arrival, Away, Directory, End, Event, INCIDENT_KEPT, Incident, SealedKey, User};
use crate::email::Email;
use crate::world::files;
use async_trait::async_trait;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, SqlSafeStr as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "people", include_str!("migrations/sqlite/1_people.sql"))];

const DAY: i64 = 86_400;

/// How long a statement waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The directory in one file.
#[derive(Debug)]
pub struct Sqlite {
    desk: Desk,
    readers: SqlitePool,
    file: PathBuf,
    number: Option<(u64, u64)>,
    missed: AtomicBool,
}

impl Sqlite {
    /// Opens the file, makes it if need be, and brings its tables up to date.
    pub async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        // What is kept beside it takes over its rights.
        files::make_private(file)?;
        let mut writer = options.connect().await?;
        let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
            Migration::new(*version, (*name).into(), MigrationType::Simple, AssertSqlSafe(*sql).into_sql_str(), false)
        });
        Migrator::with_migrations(migrations.collect()).run(&mut writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(2).acquire_timeout(PATIENCE).test_before_acquire(false);
        let readers = readers.connect_with(options).await?;
        Ok(Self { desk: Desk::open(writer), readers, file: file.to_owned(), number: files::number(file), missed: AtomicBool::new(false) })
    }

    /// What is written into a file that was removed or replaced would be gone with this process.
    fn is_still_there(&self) -> Result<(), Away> {
        if files::number(&self.file) == self.number {
            return Ok(());
        }
        if !self.missed.swap(true, Ordering::Relaxed) {
            tracing::error!(file = %self.file.display(), "this is no longer the file that was opened; put it back, or start again");
        }
        Err(Away)
    }
}

/// Why it did not work is for the log alone.
impl From<sqlx::Error> for Away {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(reason = %error, "the storage did not do what it was asked");
        Self
    }
}

#[async_trait]
impl Directory for Sqlite {
    async fn spend(&self, attempt: &str, until: i64) -> Result<bool, Away> {
        self.is_still_there()?;
        let done = self.desk.give(Order::Spend { attempt: attempt.into(), until }).await?;
        Ok(matches!(done, Done::Said(true)))
    }

    async fn welcome(&self, arrival: Arrival<'_>) -> Result<Result<User, NotWelcome>, Away> {
        self.is_still_there()?;
        let newcomer = Newcomer {
            store: arrival.store.into(),
            identity: arrival.identity.clone(),
            new_uid: arrival.new_uid.into(),
            sid: arrival.sid.into(),
            now: arrival.now,
            latest: arrival.latest,
            instead_of: arrival.instead_of.map(|(sid, latest)| (sid.into(), latest)),
        };
        match self.desk.give(Order::Welcome(Box::new(newcomer))).await? {
            Done::Welcomed(outcome) => Ok(outcome),
            Done::Said(_) | Done::Number(_) | Done::Nothing => Err(Away),
        }
    }

    async fn user(&self, uid: &str) -> Result<Option<User>, Away> {
        self.is_still_there()?;
        let row = sqlx::query("SELECT uid, email, email_verified, name, picture FROM users WHERE uid = ?").bind(uid);
        let row = row.fetch_optional(&self.readers).await?;
        let user = |row: SqliteRow| {
            Ok(User {
                uid: row.try_get::<&str, _>(0)?.into(),
                email: Email::parse(row.try_get(1)?).map_err(|_| Away)?,
                email_verified: row.try_get::<i64, _>(2)? != 0,
                name: row.try_get(3)?,
                picture: row.try_get(4)?,
            })
        };
        row.map(user).transpose()
    }

    async fn end_session(&self, sid: &str, latest: i64, event: Event<'_>) -> Result<i64, Away> {
        self.is_still_there()?;
        match self.desk.give(Order::EndSession { sid: sid.into(), latest, event: Noted::new(event) }).await? {
            Done::Number(number) => Ok(number),
            Done::Said(_) | Done::Welcomed(_) | Done::Nothing => Err(Away),
        }
    }

    async fn ended_since(&self, number: i64) -> Result<(Vec<End>, i64), Away> {
        self.is_still_there()?;
        let rows = sqlx::query("SELECT number, sid, latest FROM ends WHERE number > ? ORDER BY number LIMIT 1000");
        let rows = rows.bind(number).fetch_all(&self.readers).await?;
        let end = |row: &SqliteRow| Ok((row.try_get(0)?, row.try_get::<&str, _>(1)?.into(), row.try_get(2)?));
        let ends: Vec<End> = rows.iter().map(end).collect::<Result<_, sqlx::Error>>()?;
        let last = ends.last().map_or(number, |(number, ..)| *number);
        Ok((ends, last))
    }

    async fn remember(&self, incident: &Incident, event: Event<'_>) -> Result<bool, Away> {
        let done = self.desk.give(Order::Remember { incident: incident.clone(), event: Noted::new(event) }).await?;
        Ok(matches!(done, Done::Said(true)))
    }

    async fn incident(&self, code: &str, now: i64) -> Result<Option<Incident>, Away> {
        let row = sqlx::query("SELECT code, store, at, story FROM incidents WHERE code = ? AND at > ?").bind(code);
        let row = row.bind(now.saturating_sub(INCIDENT_KEPT)).fetch_optional(&self.readers).await?;
        let incident = |row: SqliteRow| {
            let (code, store) = (row.try_get::<&str, _>(0)?.into(), row.try_get::<&str, _>(1)?.into());
            Ok(Incident { code, store, at: row.try_get(2)?, story: row.try_get(3)? })
        };
        row.map(incident).transpose()
    }

    async fn keys(&self) -> Result<Vec<SealedKey>, Away> {
        let rows = sqlx::query("SELECT id, sealed, made FROM keys ORDER BY made DESC, id").fetch_all(&self.readers).await?;
        let key = |row: &SqliteRow| Ok(SealedKey { id: row.try_get::<&str, _>(0)?.into(), sealed: row.try_get(1)?, made: row.try_get(2)? });
        Ok(rows.iter().map(key).collect::<Result<_, sqlx::Error>>()?)
    }

    async fn first_key(&self, key: &SealedKey) -> Result<Vec<SealedKey>, Away> {
        self.desk.give(Order::FirstKey(key.clone())).await?;
        self.keys().await
    }

    async fn tidy(&self, now: i64, audit_since: i64) -> Result<(), Away> {
        for (sql, before) in [
            // A day longer than need be: a clock that was wrong for a while brings nothing back to life.
            ("DELETE FROM attempts WHERE until < ?", now.saturating_sub(DAY)),
            ("DELETE FROM sessions WHERE latest < ?", now.saturating_sub(DAY)),
            ("DELETE FROM ends WHERE latest < ?", now.saturating_sub(DAY)),
            ("DELETE FROM incidents WHERE at < ?", now.saturating_sub(INCIDENT_KEPT)),
            ("DELETE FROM audit WHERE at < ?", audit_since),
        ] {
            self.desk.give(Order::Tidy { sql, before }).await?;
        }
        Ok(())
    }
}
