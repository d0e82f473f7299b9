//! The directory in one file, an embedded database, with one connection that writes and a few that read.

use crate::directory::linking::{self, Decision, Known, NotWelcome};
use crate::directory::{Arrival, Away, Directory, End, Event, INCIDENT_KEPT, Incident, SealedKey, User};
use crate::email::Email;
use async_trait::async_trait;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqlSafeStr as _};
use std::path::Path;
use std::time::Duration;

const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "people", include_str!("migrations/sqlite/1_people.sql"))];

/// How long a statement waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The directory in one file.
#[derive(Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
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
            .busy_timeout(PATIENCE);
        let pool = |most: u32| SqlitePoolOptions::new().max_connections(most).acquire_timeout(PATIENCE).test_before_acquire(false);
        let writer = pool(1).connect_with(options.clone()).await?;
        let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
            Migration::new(*version, (*name).into(), MigrationType::Simple, AssertSqlSafe(*sql).into_sql_str(), false)
        });
        Migrator::with_migrations(migrations.collect()).run(&writer).await?;
        let readers = pool(2).connect_with(options).await?;
        Ok(Self { writer, readers })
    }
}

fn away(error: &sqlx::Error) -> Away {
    tracing::error!(reason = %error, "the storage did not do what it was asked");
    Away
}

/// What went wrong in a transaction that is rolled back by being dropped.
impl From<sqlx::Error> for Away {
    fn from(error: sqlx::Error) -> Self {
        away(&error)
    }
}

const USER: &str = "SELECT uid, email, email_verified, name, picture, blocked FROM users ";

fn known(row: &SqliteRow) -> Result<Known, Away> {
    let email: &str = row.try_get("email")?;
    Ok(Known {
        uid: row.try_get::<&str, _>("uid")?.into(),
        email: Email::parse(email).map_err(|_| Away)?,
        email_verified: row.try_get::<i64, _>("email_verified")? != 0,
        blocked: row.try_get::<i64, _>("blocked")? != 0,
    })
}

async fn write_down(writer: &mut SqliteConnection, event: Event<'_>) -> Result<(), Away> {
    let added = sqlx::query("INSERT INTO audit (at, store, what, uid, provider, because) VALUES (?, ?, ?, ?, ?, ?)");
    let added = added.bind(event.at).bind(event.store).bind(event.what).bind(event.uid).bind(event.provider).bind(event.because);
    added.execute(writer).await?;
    Ok(())
}

async fn note_end(writer: &mut SqliteConnection, sid: &str, latest: i64) -> Result<i64, Away> {
    sqlx::query("DELETE FROM sessions WHERE sid = ?").bind(sid).execute(&mut *writer).await?;
    let number = sqlx::query("INSERT INTO ends (sid, latest) VALUES (?, ?) RETURNING number").bind(sid).bind(latest);
    Ok(number.fetch_one(&mut *writer).await?.try_get(0)?)
}

impl Sqlite {
    async fn let_in(&self, writer: &mut SqliteConnection, arrival: Arrival<'_>) -> Result<Result<User, NotWelcome>, Away> {
        let Arrival { store, identity, new_uid, sid, now, latest, instead_of } = arrival;
        let by_identity = sqlx::query(
            "SELECT u.uid, u.email, u.email_verified, u.blocked FROM identities i JOIN users u ON u.uid = i.uid \
             WHERE i.store = ? AND i.provider = ? AND i.provider_id = ?",
        );
        let by_identity = by_identity.bind(store).bind(&*identity.provider).bind(&*identity.id).fetch_optional(&mut *writer).await?;
        let by_identity = by_identity.as_ref().map(known).transpose()?;
        let address =
            linking::address_of(&identity.address).filter(|email| by_identity.as_ref().is_none_or(|known| known.email != **email));
        let by_email = match address {
            None => None,
            Some(email) => {
                let held = sqlx::query("SELECT uid, email, email_verified, blocked FROM users WHERE store = ? AND email = ?");
                held.bind(store).bind(email.key()).fetch_optional(&mut *writer).await?
            }
        };
        let by_email = by_email.as_ref().map(known).transpose()?;
        let decision = linking::decide(by_identity, by_email, &identity.address);
        let (uid, email, email_verified, because) = match decision {
            Decision::Refuse(why) => {
                let because = match why {
                    NotWelcome::Blocked => "blocked",
                    NotWelcome::AddressTaken => "addressTaken",
                    NotWelcome::NoAddress => "noAddress",
                };
                let event =
                    Event { at: now, store, what: "refused", uid: None, provider: Some(&identity.provider), because: Some(because) };
                write_down(writer, event).await?;
                return Ok(Err(why));
            }
            Decision::New(email, verified) => {
                let new = sqlx::query(
                    "INSERT INTO users (uid, store, email, email_verified, name, picture, locale, first_seen, last_seen) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                );
                let new = new.bind(new_uid).bind(store).bind(email.key()).bind(i64::from(verified));
                let new = new.bind(&identity.name).bind(&identity.picture).bind(&identity.locale).bind(now).bind(now);
                new.execute(&mut *writer).await?;
                (new_uid.into(), email, verified, "new")
            }
            Decision::Link(known) => (known.uid, known.email, known.email_verified, "linked"),
            Decision::Same(known, changed) => {
                let because = if changed.is_some() { "addressChanged" } else { "known" };
                let verified = known.email_verified || changed.is_some();
                (known.uid, changed.unwrap_or(known.email), verified, because)
            }
        };
        if matches!(because, "new" | "linked") {
            let link = sqlx::query("INSERT INTO identities (store, provider, provider_id, uid, linked, because) VALUES (?, ?, ?, ?, ?, ?)");
            let link = link.bind(store).bind(&*identity.provider).bind(&*identity.id).bind(&*uid).bind(now).bind(because);
            link.execute(&mut *writer).await?;
        }
        if because != "new" {
            let seen = sqlx::query(
                "UPDATE users SET email = ?, email_verified = ?, name = coalesce(?, name), picture = coalesce(?, picture), \
                 locale = coalesce(?, locale), last_seen = ? WHERE uid = ?",
            );
            let seen = seen.bind(email.key()).bind(i64::from(email_verified));
            let seen = seen.bind(&identity.name).bind(&identity.picture).bind(&identity.locale).bind(now).bind(&*uid);
            seen.execute(&mut *writer).await?;
        }
        let begun = sqlx::query("INSERT INTO sessions (sid, uid, since, latest) VALUES (?, ?, ?, ?)");
        begun.bind(sid).bind(&*uid).bind(now).bind(latest).execute(&mut *writer).await?;
        if let Some((sid, latest)) = instead_of {
            note_end(writer, sid, latest).await?;
        }
        let event = Event { at: now, store, what: "login", uid: Some(&uid), provider: Some(&identity.provider), because: Some(because) };
        write_down(writer, event).await?;
        Ok(Ok(User { uid, email, email_verified, name: identity.name.clone(), picture: identity.picture.clone() }))
    }
}

#[async_trait]
impl Directory for Sqlite {
    async fn spend(&self, attempt: &str, until: i64) -> Result<bool, Away> {
        let spent = sqlx::query("INSERT INTO attempts (spent, until) VALUES (?, ?) ON CONFLICT DO NOTHING").bind(attempt).bind(until);
        Ok(spent.execute(&self.writer).await?.rows_affected() == 1)
    }

    async fn welcome(&self, arrival: Arrival<'_>) -> Result<Result<User, NotWelcome>, Away> {
        let mut writer = self.writer.acquire().await?;
        let mut work = writer.begin_with("BEGIN IMMEDIATE").await?;
        let outcome = self.let_in(&mut work, arrival).await?;
        work.commit().await?;
        Ok(outcome)
    }

    async fn user(&self, uid: &str) -> Result<Option<User>, Away> {
        let row = sqlx::query(AssertSqlSafe(format!("{USER} WHERE uid = ?"))).bind(uid).fetch_optional(&self.readers).await?;
        row.as_ref()
            .map(|row| {
                let Known { uid, email, email_verified, .. } = known(row)?;
                Ok(User { uid, email, email_verified, name: row.try_get("name")?, picture: row.try_get("picture")? })
            })
            .transpose()
    }

    async fn end_session(&self, sid: &str, latest: i64, event: Event<'_>) -> Result<i64, Away> {
        let mut writer = self.writer.acquire().await?;
        let mut work = writer.begin_with("BEGIN IMMEDIATE").await?;
        let number = note_end(&mut work, sid, latest).await?;
        write_down(&mut work, event).await?;
        work.commit().await?;
        Ok(number)
    }

    async fn ended_since(&self, number: i64) -> Result<(Vec<End>, i64), Away> {
        let rows = sqlx::query("SELECT number, sid, latest FROM ends WHERE number > ? ORDER BY number LIMIT 1000");
        let rows = rows.bind(number).fetch_all(&self.readers).await?;
        let end = |row: &SqliteRow| Ok((row.try_get(0)?, row.try_get::<&str, _>(1)?.into(), row.try_get(2)?));
        let ends: Vec<End> = rows.iter().map(end).collect::<Result<_, sqlx::Error>>()?;
        let last = ends.last().map_or(number, |(number, ..)| *number);
        Ok((ends, last))
    }

    async fn remember(&self, incident: &Incident, event: Event<'_>) -> Result<bool, Away> {
        let mut writer = self.writer.acquire().await?;
        let mut work = writer.begin_with("BEGIN IMMEDIATE").await?;
        let kept = sqlx::query("INSERT INTO incidents (code, store, at, story) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
        let kept = kept.bind(&*incident.code).bind(&*incident.store).bind(incident.at).bind(&incident.story);
        let kept = kept.execute(&mut *work).await?.rows_affected() == 1;
        if kept {
            write_down(&mut work, event).await?;
        }
        work.commit().await?;
        Ok(kept)
    }

    async fn incident(&self, code: &str, now: i64) -> Result<Option<Incident>, Away> {
        let row = sqlx::query("SELECT code, store, at, story FROM incidents WHERE code = ? AND at > ?").bind(code);
        let row = row.bind(now.saturating_sub(INCIDENT_KEPT)).fetch_optional(&self.readers).await?;
        row.map(|row| {
            Ok(Incident {
                code: row.try_get::<&str, _>(0)?.into(),
                store: row.try_get::<&str, _>(1)?.into(),
                at: row.try_get(2)?,
                story: row.try_get(3)?,
            })
        })
        .transpose()
    }

    async fn keys(&self) -> Result<Vec<SealedKey>, Away> {
        let rows = sqlx::query("SELECT id, sealed, made FROM keys ORDER BY made DESC, id").fetch_all(&self.writer).await?;
        let key = |row: &SqliteRow| Ok(SealedKey { id: row.try_get::<&str, _>(0)?.into(), sealed: row.try_get(1)?, made: row.try_get(2)? });
        Ok(rows.iter().map(key).collect::<Result<_, sqlx::Error>>()?)
    }

    async fn first_key(&self, key: &SealedKey) -> Result<Vec<SealedKey>, Away> {
        let first = sqlx::query("INSERT INTO keys (id, sealed, made) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM keys)");
        first.bind(&*key.id).bind(&key.sealed).bind(key.made).execute(&self.writer).await?;
        self.keys().await
    }

    async fn tidy(&self, now: i64, audit_since: i64) -> Result<(), Away> {
        for (sql, before) in [
            ("DELETE FROM attempts WHERE until < ?", now),
            ("DELETE FROM sessions WHERE latest < ?", now),
            ("DELETE FROM ends WHERE latest < ?", now),
            ("DELETE FROM incidents WHERE at < ?", now.saturating_sub(INCIDENT_KEPT)),
            ("DELETE FROM audit WHERE at < ?", audit_since),
        ] {
            sqlx::query(sql).bind(before).execute(&self.writer).await?;
        }
        Ok(())
    }
}
