//! Sessions that ended before they expired, numbered in the order in which all machines learn of them.
//!
//! A transaction takes its number last, and the next number is given only after the commit. A machine that has seen a number
//! has therefore seen all smaller ones. No clock is involved.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// How many ended sessions are listed at once, as the query says.
const PAGE: usize = 5000;
/// A session ends with the number that this transaction has taken.
const END: &str = "INSERT INTO ends (number, sid, latest) VALUES ((SELECT number FROM generations WHERE name = 'ends'), $1, $2)";

/// The id of an ended session, and when its last token expires.
pub(crate) type EndedSession = (Box<str>, i64);

/// How far a machine has read: the last number, and the last session of that number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedSessionCursor {
    /// The number of the last change that was read; 0 before the first.
    pub number: i64,
    pub(crate) sid: Box<str>,
}

/// Ends one session, also under the new id that it got when an identity was linked.
#[derive(Debug)]
pub struct EndSession {
    /// The id of the session, which its tokens carry.
    pub sid: Box<str>,
    /// The user of the session, who is locked until its end is stored.
    pub uid: Box<str>,
    /// When the login took place.
    pub since: i64,
    /// When its last token expires.
    pub latest: i64,
    /// Whether it has ended before, so that only the session that took its place is left to end.
    pub again: bool,
    /// The event to record; it names no user if the user was erased meanwhile.
    pub event: AuditEvent,
}

impl Verb for EndSession {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let Self { sid, uid, since, latest, again, event } = self;
        let known_uid = lock_user(sql, uid).await?;
        let of_this_login = "SELECT sid FROM sessions WHERE uid = $1 AND since = $2 LIMIT 1";
        if *again && sql.fetch(of_this_login, with![uid, *since]).await?.is_empty() {
            return Ok(());
        }
        record_event(sql, &AuditEvent { uid: known_uid, ..event.clone() }).await?;
        next_generation(sql, "ends").await?;
        let renamed = "INSERT INTO ends (number, sid, latest) SELECT (SELECT number FROM generations WHERE name = 'ends'), sid, latest \
             FROM sessions WHERE uid = $1 AND since = $2 AND sid <> $3";
        sql.queue(renamed, with![uid, *since, sid]).await?;
        sql.queue(END, with![sid, *latest]).await?;
        sql.queue("DELETE FROM sessions WHERE uid = $1 AND since = $2", with![uid, *since]).await?;
        sql.queue("DELETE FROM sessions WHERE sid = $1", with![sid]).await
    }
}

/// Keeps the ID token of a session, sealed, until the session ends.
#[derive(Debug)]
pub struct KeepIdToken {
    /// The id of the session.
    pub sid: Box<str>,
    /// The token, sealed, because storage must not show personal data.
    pub sealed: String,
}

impl Verb for KeepIdToken {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        sql.queue("UPDATE sessions SET id_token = $1 WHERE sid = $2", with![&self.sealed, &self.sid]).await
    }
}

/// Finds the sealed ID token of a session that has not ended.
#[derive(Debug)]
pub struct FindIdToken {
    /// The id of the session.
    pub sid: Box<str>,
}

impl Verb for FindIdToken {
    type Answer = Option<String>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<String>, StorageFault> {
        let rows = sql.fetch("SELECT id_token FROM sessions WHERE sid = $1", with![&self.sid]).await?;
        let token = rows.first().map(|row| row.optional_text(0)).transpose()?;
        Ok(token.flatten().map(str::to_owned))
    }
}

/// Locks a user until the end of the transaction, so that sign-ins and changes of this user happen before or after it. Answers
/// with the id if the user still exists, so that an erased user is not recorded again.
pub(crate) async fn lock_user<S: SqlTransaction>(sql: &mut S, uid: &str) -> Result<Option<Box<str>>, StorageFault> {
    let rows = sql.fetch_for_update("SELECT uid FROM users WHERE uid = $1", with![uid]).await?;
    rows.first().map(|row| row.text(0).map(Into::into)).transpose()
}

/// Records that one session ended. This has to be the last step of a transaction.
pub(crate) async fn record_session_end<S: SqlTransaction>(sql: &mut S, sid: &str, latest: i64) -> Result<(), StorageFault> {
    next_generation(sql, "ends").await?;
    sql.queue(END, with![sid, latest]).await
}

/// Ends all sessions of a user except one, and answers with their number. This has to be the last step of a transaction.
pub(crate) async fn end_all_sessions<S: SqlTransaction>(sql: &mut S, uid: &str, except: Option<&str>) -> Result<u64, StorageFault> {
    end_sessions_through(sql, uid, except, "").await
}

/// Ends the sessions of one provider, and those whose provider is not known.
pub(crate) async fn end_sessions_through<S: SqlTransaction>(
    sql: &mut S,
    uid: &str,
    except: Option<&str>,
    provider: &str,
) -> Result<u64, StorageFault> {
    let except = except.unwrap_or_default();
    macro_rules! on_ended_sessions {
        ($before:literal) => {
            concat!($before, " FROM sessions WHERE uid = $1 AND sid <> $2 AND ($3 = '' OR provider = $3 OR provider IS NULL)")
        };
    }
    let rows = sql.fetch(on_ended_sessions!("SELECT count(*)"), with![uid, except, provider]).await?;
    let count = rows.first().ok_or(StorageFault::Unavailable)?.number(0)?;
    if count == 0 {
        return Ok(0);
    }
    next_generation(sql, "ends").await?;
    let ended = on_ended_sessions!(
        "INSERT INTO ends (number, sid, latest) SELECT (SELECT number FROM generations WHERE name = 'ends'), sid, latest"
    );
    sql.queue(ended, with![uid, except, provider]).await?;
    sql.queue(on_ended_sessions!("DELETE"), with![uid, except, provider]).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// A generation gets its next number, which the statements behind this one read. All machines are notified at the commit.
pub(crate) async fn next_generation<S: SqlTransaction>(sql: &mut S, name: &'static str) -> Result<(), StorageFault> {
    sql.queue("UPDATE generations SET number = number + 1 WHERE name = $1", with![name]).await?;
    sql.notify_machines().await
}

/// Ends all sessions of a user, except the one of the request. Answers with their number.
#[derive(Debug)]
pub struct EndAllSessions {
    /// The name of the store, which the event names.
    pub store: Box<str>,
    /// The user whose sessions end.
    pub uid: Box<str>,
    /// The session that goes on.
    pub except: Option<Box<str>>,
    /// The person who asked for it, which is recorded as the reason of the event.
    pub by: AuditActor,
    /// The time of the request, in seconds since 1970, which the event bears.
    pub now: i64,
}

impl Verb for EndAllSessions {
    type Answer = u64;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<u64, StorageFault> {
        let known_uid = lock_user(sql, &self.uid).await?;
        let event = AuditEvent::new(self.now, &self.store, AuditEventKind::SignedOut).with_reason(self.by.word());
        record_event(sql, &AuditEvent { uid: known_uid, ..event }).await?;
        end_all_sessions(sql, &self.uid, self.except.as_deref()).await
    }
}

/// The newest numbers of what all machines have to learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generations {
    /// The number of the newest ended session.
    pub ends: i64,
    /// The number of the newest change of a signing key.
    pub keys: i64,
}

/// Reads the newest numbers, so that a machine learns whether it has anything to read.
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

/// Lists the sessions that ended after a cursor, a page at a time: the page, the next cursor, and whether there may be more.
#[derive(Debug)]
pub struct ListEndedSessions(pub EndedSessionCursor);

impl Verb for ListEndedSessions {
    type Answer = (Vec<EndedSession>, EndedSessionCursor, bool);

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let page = "SELECT number, sid, latest FROM ends WHERE (number, sid) > ($1, $2) ORDER BY number, sid LIMIT 5000";
        let rows = sql.fetch(page, with![self.0.number, &self.0.sid]).await?;
        let mut cursor = self.0.clone();
        let mut ends = Vec::with_capacity(rows.len());
        for row in &rows {
            cursor = EndedSessionCursor { number: row.number(0)?, sid: row.text(1)?.into() };
            ends.push((cursor.sid.clone(), row.number(2)?));
        }
        let more = rows.len() >= PAGE;
        Ok((ends, cursor, more))
    }
}
