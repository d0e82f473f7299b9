//! Sessions that ended before they expired, numbered in the order in which all machines learn of them.
//!
//! A transaction takes its number last, and the next number is given only after the commit. A machine that has seen a number
//! has therefore seen all smaller ones. No clock is involved.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::ended_grants::{EndingGrants, end_grants_of_sessions};
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

/// Ends one session, also under the new id that it got when an identity was linked. The grants of apps end that do not outlive it.
#[derive(Debug)]
pub struct EndSession {
    /// The id of the session, which its tokens carry.
    pub sid: Box<str>,
    /// The user of the session, who is locked until its end is stored.
    pub uid: Box<str>,
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
        let Self { sid, uid, latest, again, event } = self;
        let rows = sql.fetch_for_update("SELECT uid, apps FROM users WHERE uid = $1", with![uid]).await?;
        let known_uid = rows.first().map(|_| uid.clone());
        let has_apps = rows.first().map_or(Ok(false), |row| row.flag(1))?;
        let renamed = "SELECT sid FROM sessions WHERE uid = $1 AND replace(former, $2, '') <> former LIMIT 1";
        if *again && sql.fetch(renamed, with![uid, sid]).await?.is_empty() {
            return Ok(());
        }
        record_event(sql, &AuditEvent { uid: known_uid, ..event.clone() }).await?;
        next_generation(sql, "ends").await?;
        let end_renamed = "INSERT INTO ends (number, sid, latest) SELECT (SELECT number FROM generations WHERE name = 'ends'), sid, latest \
             FROM sessions WHERE uid = $1 AND replace(former, $2, '') <> former";
        sql.queue(end_renamed, with![uid, sid]).await?;
        sql.queue(END, with![sid, *latest]).await?;
        if has_apps {
            end_grants_of_sessions(sql, sid, uid, event.at).await?;
        }
        sql.queue("DELETE FROM sessions WHERE uid = $1 AND replace(former, $2, '') <> former", with![uid, sid]).await?;
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

/// Ends one session in a transaction that has taken the number of the ended sessions.
pub(crate) async fn end_numbered_session<S: SqlTransaction>(sql: &mut S, sid: &str, latest: i64) -> Result<(), StorageFault> {
    sql.queue(END, with![sid, latest]).await?;
    sql.queue("DELETE FROM sessions WHERE sid = $1", with![sid]).await
}

/// Records that one session ended. This has to be the last step of a transaction.
pub(crate) async fn record_session_end<S: SqlTransaction>(sql: &mut S, sid: &str, latest: i64) -> Result<(), StorageFault> {
    next_generation(sql, "ends").await?;
    sql.queue(END, with![sid, latest]).await
}

/// Ends all sessions of a user except one, with all grants of apps but those in that session, and forgets the kept tokens of providers.
/// Answers with the number of the sessions. The user is locked. This has to be the last step of a transaction.
pub(crate) async fn end_all_sessions<S: SqlTransaction>(
    sql: &mut S,
    uid: &str,
    except: Option<&str>,
    now: i64,
) -> Result<u64, StorageFault> {
    end_sessions_through(sql, uid, except, "", now).await
}

/// Ends the sessions of one provider, and those whose provider is not known. All that apps and the broker itself were given through it ends
/// as well, also in the session that goes on.
pub(crate) async fn end_sessions_through<S: SqlTransaction>(
    sql: &mut S,
    uid: &str,
    except: Option<&str>,
    provider: &str,
    now: i64,
) -> Result<u64, StorageFault> {
    let except = except.unwrap_or_default();
    let counts = "SELECT (SELECT count(*) FROM sessions WHERE uid = $1 AND sid <> $2 AND ($3 = '' OR provider = $3 OR provider IS NULL)), \
         (SELECT count(*) FROM app_grants WHERE uid = $1), (SELECT count(*) FROM app_grants WHERE uid = $1 AND ended = 0), \
         (SELECT count(*) FROM kept_tokens WHERE uid = $1 AND ($3 = '' OR provider = $3))";
    macro_rules! on_ended_sessions {
        ($before:literal) => {
            concat!($before, " FROM sessions WHERE uid = $1 AND sid <> $2 AND ($3 = '' OR provider = $3 OR provider IS NULL)")
        };
    }
    let rows = sql.fetch(counts, with![uid, except, provider]).await?;
    let row = rows.first().ok_or(StorageFault::Unavailable)?;
    let (count, has_grants, has_live_grants, has_tokens) = (row.number(0)?, row.flag(1)?, row.flag(2)?, row.flag(3)?);
    if has_tokens {
        sql.queue("DELETE FROM kept_tokens WHERE uid = $1 AND ($2 = '' OR provider = $2)", with![uid, provider]).await?;
    }
    if count == 0 && !has_live_grants {
        return Ok(0);
    }
    next_generation(sql, "ends").await?;
    if has_grants {
        EndingGrants { uid, except, provider, app: "" }.end(sql, now).await?;
    }
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

/// Ends all sessions of a user, except the one of the request, and all access of apps. Answers with the number of the sessions.
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
        end_all_sessions(sql, &self.uid, self.except.as_deref(), self.now).await
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
