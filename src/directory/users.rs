//! The people themselves: found, shown, blocked, handed out, forgotten.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, ListUserAuditEvents, record_event};
use crate::directory::sessions::{end_all_sessions, lock_user};
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::vocabulary::email::Email;

/// A person as a login needs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The stable random id.
    pub uid: Box<str>,
    /// The address.
    pub email: Email,
    /// Whether it was proven.
    pub email_verified: bool,
    pub(crate) name: Option<String>,
    pub(crate) picture: Option<String>,
}

/// A person as support sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Who.
    pub user: User,
    pub(crate) store: Box<str>,
    pub(crate) locale: Option<String>,
    /// When they first came in.
    pub(crate) first_seen: i64,
    /// When they last came in.
    pub(crate) last_seen: i64,
    /// Whether the store has shut them out.
    pub blocked: bool,
}

/// A way in, and why it leads to this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityLink {
    /// The provider's file name.
    pub(crate) provider: Box<str>,
    pub(crate) provider_id: Box<str>,
    pub(crate) linked: i64,
    /// By which rule.
    pub because: Box<str>,
    /// What proved the address.
    pub(crate) evidence: Option<Box<str>>,
    /// The version of the provider's file.
    pub version: Option<Box<str>>,
    /// The address that was last proven by it.
    pub(crate) address: Option<Box<str>>,
}

/// A way in that was removed, so that it does not come back by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemovedIdentityLink {
    /// The provider's file name.
    pub(crate) provider: Box<str>,
    pub(crate) provider_id: Box<str>,
}

/// A session that may still be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveSession {
    pub(crate) since: i64,
    /// Until when at most.
    pub(crate) latest: i64,
    pub(crate) provider: Option<Box<str>>,
}

fn record_from_row(row: &SqlRow) -> Result<UserRecord, StorageFault> {
    let maybe = |column| row.optional_text(column).map(|text| text.map(str::to_owned));
    let user = User {
        uid: row.text(0)?.into(),
        email: Email::parse(row.text(2)?).map_err(|_| StorageFault::Away)?,
        email_verified: row.flag(3)?,
        name: maybe(4)?,
        picture: maybe(5)?,
    };
    let (store, locale) = (row.text(1)?.into(), maybe(6)?);
    Ok(UserRecord { user, store, locale, first_seen: row.number(7)?, last_seen: row.number(8)?, blocked: row.flag(9)? })
}

macro_rules! records {
    ($rest:literal) => {
        concat!("SELECT uid, store, email, email_verified, name, picture, locale, first_seen, last_seen, blocked FROM users WHERE ", $rest)
    };
}

/// A person by their id.
#[derive(Debug)]
pub(crate) struct FindUserById(pub(crate) Box<str>);

impl Verb for FindUserById {
    type Answer = Option<UserRecord>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<UserRecord>, StorageFault> {
        sql.fetch(records!("uid = $1"), with![&self.0]).await?.first().map(record_from_row).transpose()
    }
}

/// A person by their address.
#[derive(Debug)]
pub struct FindUserByEmail {
    /// The store.
    pub store: Box<str>,
    /// The address.
    pub email: Email,
}

impl Verb for FindUserByEmail {
    type Answer = Option<UserRecord>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<UserRecord>, StorageFault> {
        let found = sql.fetch(records!("store = $1 AND email = $2"), with![&self.store, self.email.key()]).await?;
        found.first().map(record_from_row).transpose()
    }
}

/// People whose address, name or id holds a text, and those who have a way in with exactly this id at a provider.
#[derive(Debug)]
pub struct SearchUsers {
    /// The store.
    pub store: Box<str>,
    /// The text.
    pub text: String,
    /// How many at most.
    pub most: i64,
}

impl Verb for SearchUsers {
    type Answer = Vec<UserRecord>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<UserRecord>, StorageFault> {
        let found = records!(
            "store = $1 AND (lower(email) LIKE $2 ESCAPE '!' OR lower(name) LIKE $2 ESCAPE '!' OR name LIKE $5 ESCAPE '!' OR uid = $3 \
             OR uid IN (SELECT i.uid FROM identities i WHERE i.store = $1 AND i.provider_id = $3)) ORDER BY email LIMIT $4"
        );
        // Not every engine knows small letters beyond ASCII; what is typed as it is written is found by each.
        let (small, typed) = (contains_pattern(&self.text.to_lowercase()), contains_pattern(&self.text));
        let rows = sql.fetch(found, with![&self.store, &small, &self.text, self.most, &typed]).await?;
        rows.iter().map(record_from_row).collect()
    }
}

/// A pattern for texts that hold this one, in which nothing has a meaning of its own.
fn contains_pattern(text: &str) -> String {
    let plain = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{plain}%")
}

/// The ways in of a person.
#[derive(Debug)]
pub struct ListIdentityLinks(pub Box<str>);

impl Verb for ListIdentityLinks {
    type Answer = Vec<IdentityLink>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<IdentityLink>, StorageFault> {
        let ways = "SELECT provider, provider_id, linked, because, evidence, version, address FROM identities WHERE uid = $1 \
             ORDER BY linked, provider, provider_id";
        let way = |row: &SqlRow| {
            let maybe = |column| row.optional_text(column).map(|text| text.map(Into::into));
            let (provider, provider_id) = (row.text(0)?.into(), row.text(1)?.into());
            let (linked, because) = (row.number(2)?, row.text(3)?.into());
            Ok(IdentityLink { provider, provider_id, linked, because, evidence: maybe(4)?, version: maybe(5)?, address: maybe(6)? })
        };
        sql.fetch(ways, with![&self.0]).await?.iter().map(way).collect()
    }
}

/// The sessions of a person that may still be good.
#[derive(Debug)]
pub struct ListActiveSessions {
    /// Their id.
    pub uid: Box<str>,
    /// When that is asked.
    pub now: i64,
}

impl Verb for ListActiveSessions {
    type Answer = Vec<ActiveSession>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<ActiveSession>, StorageFault> {
        let sessions = "SELECT since, latest, provider FROM sessions WHERE uid = $1 AND latest > $2 ORDER BY since, sid";
        let standing = |row: &SqlRow| {
            Ok(ActiveSession { since: row.number(0)?, latest: row.number(1)?, provider: row.optional_text(2)?.map(Into::into) })
        };
        sql.fetch(sessions, with![&self.uid, self.now]).await?.iter().map(standing).collect()
    }
}

/// Shuts somebody out, or lets them in again. Who is shut out is signed out everywhere.
#[derive(Debug)]
pub struct BlockUser {
    /// The store.
    pub store: Box<str>,
    /// Whom.
    pub uid: Box<str>,
    /// Whether they are to be shut out.
    pub blocked: bool,
    /// When.
    pub now: i64,
}

impl Verb for BlockUser {
    /// How many sessions ended; none when there is nobody of that name any more.
    type Answer = Option<u64>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<u64>, StorageFault> {
        let Some(uid) = lock_user(sql, &self.uid).await? else { return Ok(None) };
        sql.queue("UPDATE users SET blocked = $1 WHERE uid = $2", with![self.blocked, &self.uid]).await?;
        let what = if self.blocked { AuditEventKind::Blocked } else { AuditEventKind::Unblocked };
        record_event(sql, &AuditEvent::new(self.now, &self.store, what).for_user(&uid).with_reason(AuditActor::Support.word())).await?;
        Ok(Some(if self.blocked { end_all_sessions(sql, &self.uid, None).await? } else { 0 }))
    }
}

/// Everything that is kept of a person.
#[derive(Debug)]
pub struct UserExport {
    /// Who.
    pub record: UserRecord,
    /// Their ways in.
    pub ways: Vec<IdentityLink>,
    /// Ways in that were removed.
    pub(crate) removed: Vec<RemovedIdentityLink>,
    /// Their sessions.
    pub sessions: Vec<ActiveSession>,
    /// What happened, the newest first.
    pub history: Vec<AuditEvent>,
}

/// Hands out everything that is kept of a person, and writes down that it was.
#[derive(Debug)]
pub struct ExportUser {
    /// Whose.
    pub uid: Box<str>,
    /// When.
    pub now: i64,
}

impl Verb for ExportUser {
    type Answer = Option<UserExport>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<UserExport>, StorageFault> {
        lock_user(sql, &self.uid).await?;
        let Some(record) = FindUserById(self.uid.clone()).execute(sql).await? else { return Ok(None) };
        let event =
            AuditEvent::new(self.now, &record.store, AuditEventKind::Exported).for_user(&self.uid).with_reason(AuditActor::Support.word());
        record_event(sql, &event).await?;
        let ways = ListIdentityLinks(self.uid.clone()).execute(sql).await?;
        let removed = "SELECT provider, provider_id FROM detached WHERE uid = $1 ORDER BY provider, provider_id";
        let removed = sql.fetch(removed, with![&self.uid]).await?;
        let removed = removed.iter().map(|row| Ok(RemovedIdentityLink { provider: row.text(0)?.into(), provider_id: row.text(1)?.into() }));
        let removed = removed.collect::<Result<_, StorageFault>>()?;
        let sessions = ListActiveSessions { uid: self.uid.clone(), now: self.now }.execute(sql).await?;
        let history = ListUserAuditEvents { uid: self.uid.clone(), most: i64::from(i32::MAX) }.execute(sql).await?;
        Ok(Some(UserExport { record, ways, removed, sessions, history }))
    }
}

/// Forgets somebody for good: the person, their ways in and their sessions. What happened stays, and does not say to whom.
#[derive(Debug)]
pub struct EraseUser {
    /// The store.
    pub store: Box<str>,
    /// Whom.
    pub uid: Box<str>,
    /// When.
    pub now: i64,
}

impl Verb for EraseUser {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let there = sql.fetch_for_update("SELECT uid FROM users WHERE uid = $1 AND store = $2", with![&self.uid, &self.store]).await?;
        if there.is_empty() {
            return Ok(false);
        }
        sql.queue("UPDATE audit SET uid = NULL WHERE uid = $1", with![&self.uid]).await?;
        record_event(sql, &AuditEvent::new(self.now, &self.store, AuditEventKind::Erased).with_reason(AuditActor::Support.word())).await?;
        // What others may be waiting for goes before the number is taken for which everybody waits.
        sql.queue("DELETE FROM identities WHERE uid = $1", with![&self.uid]).await?;
        end_all_sessions(sql, &self.uid, None).await?;
        sql.queue("DELETE FROM users WHERE uid = $1", with![&self.uid]).await?;
        Ok(true)
    }
}
