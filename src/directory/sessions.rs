//! Sessions that ended before their time, numbered in the order in which everybody comes to know of them.
//!
//! A number is taken last in its transaction, and the next is only given once that is kept: whoever has seen a number has seen
//! all that are smaller. No clock decides anything here.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// How many ends are told at once.
const PAGE: i64 = 1000;

/// A session that ended, and when its last token is over.
pub(crate) type EndedSession = (Box<str>, i64);

/// How far somebody has read: the last number, and the last session of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedSessionCursor {
    /// The number.
    pub number: i64,
    pub(crate) sid: Box<str>,
}

/// Ends one session, whatever it is called by now: with a way in that is added it gets a new name.
#[derive(Debug)]
pub struct EndSession {
    /// Which.
    pub sid: Box<str>,
    /// Whose.
    pub uid: Box<str>,
    /// When the login took place.
    pub since: i64,
    /// When its last token is over.
    pub latest: i64,
    /// What is written down.
    pub event: AuditEvent,
}

impl Verb for EndSession {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let Self { sid, uid, since, latest, event } = self;
        let whose = lock_user(sql, uid).await?;
        record_event(sql, &AuditEvent { uid: whose, ..event.clone() }).await?;
        let number = next_generation(sql, "ends").await?;
        let renamed =
            "INSERT INTO ends (number, sid, latest) SELECT $1, sid, latest FROM sessions WHERE uid = $2 AND since = $3 AND sid <> $4";
        sql.queue(renamed, with![number, uid, *since, sid]).await?;
        sql.queue("INSERT INTO ends (number, sid, latest) VALUES ($1, $2, $3)", with![number, sid, *latest]).await?;
        sql.queue("DELETE FROM sessions WHERE uid = $1 AND since = $2", with![uid, *since]).await?;
        sql.queue("DELETE FROM sessions WHERE sid = $1", with![sid]).await
    }
}

/// Until this is over nobody else changes this person, and whoever comes in is before or after. Answers with their id, if they
/// are still there: who was forgotten is not written down again.
pub(crate) async fn lock_user<S: SqlTransaction>(sql: &mut S, uid: &str) -> Result<Option<Box<str>>, StorageFault> {
    let held = sql.fetch_for_update("SELECT uid FROM users WHERE uid = $1", with![uid]).await?;
    held.first().map(|row| row.text(0).map(Into::into)).transpose()
}

/// Notes one end. It has to be the last thing that a transaction does.
pub(crate) async fn record_session_end<S: SqlTransaction>(sql: &mut S, sid: &str, latest: i64) -> Result<(), StorageFault> {
    let number = next_generation(sql, "ends").await?;
    sql.queue("INSERT INTO ends (number, sid, latest) VALUES ($1, $2, $3)", with![number, sid, latest]).await
}

/// Ends all sessions of somebody but one; the last thing that a transaction does. Answers with how many there were.
pub(crate) async fn end_all_sessions<S: SqlTransaction>(sql: &mut S, uid: &str, but: Option<&str>) -> Result<u64, StorageFault> {
    end_sessions_through(sql, uid, but, "").await
}

/// The same for those that came through one provider, and those of which nobody knows through whom.
pub(crate) async fn end_sessions_through<S: SqlTransaction>(
    sql: &mut S,
    uid: &str,
    but: Option<&str>,
    provider: &str,
) -> Result<u64, StorageFault> {
    let but = but.unwrap_or_default();
    macro_rules! these {
        ($before:literal, $after:literal) => {
            concat!($before, " FROM sessions WHERE uid = $1 AND sid <> $2 AND ($3 = '' OR provider = $3 OR provider IS NULL)", $after)
        };
    }
    if sql.fetch(these!("SELECT sid", " LIMIT 1"), with![uid, but, provider]).await?.is_empty() {
        return Ok(0);
    }
    let number = next_generation(sql, "ends").await?;
    let ended = these!("INSERT INTO ends (number, sid, latest) SELECT $4, sid, latest", "");
    let many = sql.run(ended, with![uid, but, provider, number]).await?;
    sql.queue(these!("DELETE", ""), with![uid, but, provider]).await?;
    Ok(many)
}

/// The next number of what every machine has to hear of; they are told once it is kept.
pub(crate) async fn next_generation<S: SqlTransaction>(sql: &mut S, name: &'static str) -> Result<i64, StorageFault> {
    let rows = sql.fetch("UPDATE generations SET number = number + 1 WHERE name = $1 RETURNING number", with![name]).await?;
    sql.notify_machines().await?;
    rows.first().ok_or(StorageFault::Away)?.number(0)
}

/// Ends all sessions of a person, but the one in which they ask for it. Answers with how many there were.
#[derive(Debug)]
pub struct EndAllSessions {
    /// Their store.
    pub store: Box<str>,
    /// Their id.
    pub uid: Box<str>,
    /// The session that goes on.
    pub but: Option<Box<str>>,
    /// Who wants it.
    pub by: AuditActor,
    /// When.
    pub now: i64,
}

impl Verb for EndAllSessions {
    type Answer = u64;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<u64, StorageFault> {
        let whose = lock_user(sql, &self.uid).await?;
        let event = AuditEvent::new(self.now, &self.store, AuditEventKind::SignedOut).with_reason(self.by.word());
        record_event(sql, &AuditEvent { uid: whose, ..event }).await?;
        end_all_sessions(sql, &self.uid, self.but.as_deref()).await
    }
}

/// What every machine has to hear of, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generations {
    /// Of sessions that ended.
    pub ends: i64,
    /// Of signing keys.
    pub keys: i64,
}

/// Asks for the numbers.
#[derive(Debug)]
pub struct ReadGenerations;

impl Verb for ReadGenerations {
    type Answer = Generations;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Generations, StorageFault> {
        let mut found = Generations::default();
        for row in sql.fetch("SELECT name, number FROM generations", &[]).await? {
            match row.text(0)? {
                "ends" => found.ends = row.number(1)?,
                "keys" => found.keys = row.number(1)?,
                _ => {}
            }
        }
        Ok(found)
    }
}

/// What ended after somebody last looked, a page at a time; the cursor is as far as it goes, and there is more while the page
/// is full.
#[derive(Debug)]
pub struct ListEndedSessions(pub EndedSessionCursor);

impl Verb for ListEndedSessions {
    type Answer = (Vec<EndedSession>, EndedSessionCursor, bool);

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let page = "SELECT number, sid, latest FROM ends WHERE number > $1 OR (number = $1 AND sid > $2) ORDER BY number, sid LIMIT $3";
        let rows = sql.fetch(page, with![self.0.number, &self.0.sid, PAGE]).await?;
        let mut cursor = self.0.clone();
        let mut ends = Vec::with_capacity(rows.len());
        for row in &rows {
            cursor = EndedSessionCursor { number: row.number(0)?, sid: row.text(1)?.into() };
            ends.push((cursor.sid.clone(), row.number(2)?));
        }
        let more = i64::try_from(rows.len()).unwrap_or(PAGE) >= PAGE;
        Ok((ends, cursor, more))
    }
}
