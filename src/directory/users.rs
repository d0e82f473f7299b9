//! Users: found, listed, blocked, erased. `export.rs` exports them.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sessions::{end_all_sessions, lock_user};
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::directory::store_events::{announce, forget_person};
use crate::vocabulary::email::Email;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A user, as a login needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The stable random id.
    pub uid: Box<str>,
    /// The address by which the store knows the user; the placeholder of a file if none was proven.
    pub email: Email,
    /// Whether the address was proven.
    pub email_verified: bool,
    pub(crate) name: Option<String>,
    pub(crate) picture: Option<String>,
}

/// A user, as support sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// The part that a login needs as well.
    pub user: User,
    pub(crate) store: Box<str>,
    pub(crate) locale: Option<String>,
    /// The time of the first sign-in, in seconds since 1970.
    pub(crate) first_seen: i64,
    /// The time of the last sign-in, in seconds since 1970.
    pub(crate) last_seen: i64,
    /// Whether every sign-in of this user is refused.
    pub blocked: bool,
}

/// A linked identity, and why it belongs to this user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityLink {
    /// The key of the provider.
    pub(crate) provider: Box<str>,
    pub(crate) provider_id: Box<str>,
    pub(crate) linked: i64,
    /// The word of the rule by which it was linked.
    pub because: Box<str>,
    /// What proved the e-mail address.
    pub(crate) evidence: Option<Box<str>>,
    /// The version of the provider's file.
    pub version: Option<Box<str>>,
    /// The address that it proved last.
    pub(crate) address: Option<Box<str>>,
    /// Where the provider's file pointed; empty until the provider is live for the first time.
    pub fingerprint: Box<str>,
    /// The name of the file that linked it; `None` for links of versions that did not store it.
    pub(crate) file: Option<Box<str>>,
    /// The further facts of its last login that the settings named then, by name.
    pub facts: BTreeMap<String, String>,
    /// A moment of the last day on which it signed the user in; `None` if that was before this was kept.
    pub used: Option<i64>,
}

/// A linked identity that was removed, so that a later login does not restore it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemovedIdentityLink {
    /// The provider's file name.
    pub(crate) provider: Box<str>,
    pub(crate) provider_id: Box<str>,
}

/// A session that has not expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveSession {
    pub(crate) sid: Box<str>,
    pub(crate) since: i64,
    /// When its last token expires.
    pub(crate) latest: i64,
    pub(crate) provider: Option<Box<str>>,
    /// The device and the browser in which it began, as they are stored.
    pub device: Option<Box<str>>,
}

fn record_from_row(row: &SqlRow) -> Result<UserRecord, StorageFault> {
    let maybe = |column| row.optional_text(column).map(|text| text.map(str::to_owned));
    let user = User {
        uid: row.text(0)?.into(),
        email: Email::parse(row.text(2)?).map_err(|_| StorageFault::Unavailable)?,
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

/// Finds a user by id.
#[derive(Debug)]
pub(crate) struct FindUserById(pub(crate) Box<str>);

impl Verb for FindUserById {
    type Answer = Option<UserRecord>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<UserRecord>, StorageFault> {
        sql.fetch(records!("uid = $1"), with![&self.0]).await?.first().map(record_from_row).transpose()
    }
}

/// Finds a user by e-mail address.
#[derive(Debug)]
pub struct FindUserByEmail {
    /// The name of the store; the same address at another store is another user.
    pub store: Box<str>,
    /// The address, which is compared in its normalized form.
    pub email: Email,
}

impl Verb for FindUserByEmail {
    type Answer = Option<UserRecord>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<UserRecord>, StorageFault> {
        let found = sql.fetch(records!("store = $1 AND email = $2"), with![&self.store, self.email.key()]).await?;
        found.first().map(record_from_row).transpose()
    }
}

/// Finds users whose address, name or id contains a text, and users with a linked identity of exactly this id.
#[derive(Debug)]
pub struct SearchUsers {
    /// The name of the store, whose users alone are searched.
    pub store: Box<str>,
    /// The text as it was typed; `%` and `_` have no special meaning in it.
    pub text: String,
    /// How many users the answer holds at most.
    pub most: i64,
}

impl Verb for SearchUsers {
    type Answer = Vec<UserRecord>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<UserRecord>, StorageFault> {
        let select = records!(
            "store = $1 AND (lower(email) LIKE $2 ESCAPE '!' OR lower(name) LIKE $2 ESCAPE '!' OR name LIKE $5 ESCAPE '!' OR uid = $3 \
             OR uid IN (SELECT i.uid FROM identities i WHERE i.store = $1 AND i.provider_id = $3)) ORDER BY email LIMIT $4"
        );
        // SQLite knows lower case only of ASCII, so the text is also compared as it was typed.
        let (lower, typed) = (contains_pattern(&self.text.to_lowercase()), contains_pattern(&self.text));
        let rows = sql.fetch(select, with![&self.store, &lower, &self.text, self.most, &typed]).await?;
        rows.iter().map(record_from_row).collect()
    }
}

/// A `LIKE` pattern for texts that contain this one literally.
fn contains_pattern(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Lists the linked identities of a user.
#[derive(Debug)]
pub struct ListIdentityLinks(pub Box<str>);

impl Verb for ListIdentityLinks {
    type Answer = Vec<IdentityLink>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<IdentityLink>, StorageFault> {
        let select = "SELECT provider, provider_id, linked, because, evidence, version, address, fingerprint, file, facts, coalesce(used, 0) \
             FROM identities WHERE uid = $1 \
             ORDER BY linked, provider, provider_id, fingerprint";
        let link_from_row = |row: &SqlRow| {
            let maybe = |column| row.optional_text(column).map(|text| text.map(Into::into));
            let (provider, provider_id) = (row.text(0)?.into(), row.text(1)?.into());
            let (linked, because) = (row.number(2)?, row.text(3)?.into());
            let facts = row.optional_text(9)?.and_then(|facts| serde_json::from_str(facts).ok()).unwrap_or_default();
            let (evidence, version, address, file) = (maybe(4)?, maybe(5)?, maybe(6)?, maybe(8)?);
            Ok(IdentityLink {
                provider,
                provider_id,
                linked,
                because,
                evidence,
                version,
                address,
                fingerprint: row.text(7)?.into(),
                file,
                facts,
                used: Some(row.number(10)?).filter(|used| *used > 0),
            })
        };
        sql.fetch(select, with![&self.0]).await?.iter().map(link_from_row).collect()
    }
}

/// Lists the sessions of a user that have not expired.
#[derive(Debug)]
pub struct ListActiveSessions {
    /// The user whose sessions are listed, the oldest first.
    pub uid: Box<str>,
    /// The current time in seconds since 1970, by which it is decided what has expired.
    pub now: i64,
}

impl Verb for ListActiveSessions {
    type Answer = Vec<ActiveSession>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<ActiveSession>, StorageFault> {
        let select = "SELECT sid, since, latest, provider, device FROM sessions WHERE uid = $1 AND latest > $2 ORDER BY since, sid";
        let session_from_row = |row: &SqlRow| {
            let (sid, since, latest) = (row.text(0)?.into(), row.number(1)?, row.number(2)?);
            let (provider, device) = (row.optional_text(3)?.map(Into::into), row.optional_text(4)?.map(Into::into));
            Ok(ActiveSession { sid, since, latest, provider, device })
        };
        sql.fetch(select, with![&self.uid, self.now]).await?.iter().map(session_from_row).collect()
    }
}

/// Blocks or unblocks a user. Blocking ends all sessions and all access of apps.
#[derive(Debug)]
pub struct BlockUser {
    /// The name of the store, which the event names.
    pub store: Box<str>,
    /// The user whose sign-ins are to be refused or allowed.
    pub uid: Box<str>,
    /// Whether to block; `false` lifts a block and ends no session.
    pub blocked: bool,
    /// The time of the request, in seconds since 1970, which the event bears.
    pub now: i64,
}

impl Verb for BlockUser {
    /// The number of sessions that ended; `None` if there is no such user.
    type Answer = Option<u64>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<u64>, StorageFault> {
        let Some(uid) = lock_user(sql, &self.uid).await? else { return Ok(None) };
        sql.queue("UPDATE users SET blocked = $1 WHERE uid = $2", with![self.blocked, &self.uid]).await?;
        let what = if self.blocked { AuditEventKind::Blocked } else { AuditEventKind::Unblocked };
        record_event(sql, &AuditEvent::new(self.now, &self.store, what).for_user(&uid).with_reason(AuditActor::Support.word())).await?;
        Ok(Some(if self.blocked { end_all_sessions(sql, &self.uid, None, self.now).await? } else { 0 }))
    }
}

/// Erases a user with all linked identities and sessions, and all access of apps. The events stay and no longer name the user; apps still get
/// notices of the ended sessions.
#[derive(Debug)]
pub struct EraseUser {
    /// The name of the store; a user of another store is not erased.
    pub store: Box<str>,
    /// The user to erase; the answer is `false` if there is no such user.
    pub uid: Box<str>,
    /// The person who asked for it, which is recorded as the reason of the event.
    pub by: AuditActor,
    /// The time of the erasure, in seconds since 1970, which the event bears.
    pub now: i64,
}

impl Verb for EraseUser {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let rows = sql.fetch_for_update("SELECT uid FROM users WHERE uid = $1 AND store = $2", with![&self.uid, &self.store]).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        sql.queue("UPDATE audit SET uid = NULL WHERE uid = $1", with![&self.uid]).await?;
        let event = AuditEvent::new(self.now, &self.store, AuditEventKind::Erased).with_reason(self.by.word());
        record_event(sql, &event).await?;
        forget_person(sql, &self.uid).await?;
        announce(sql, &event.for_user(&self.uid)).await?;
        // The number of the ended sessions is taken late, because all transactions wait for it.
        sql.queue("DELETE FROM identities WHERE uid = $1", with![&self.uid]).await?;
        sql.queue("DELETE FROM passkeys WHERE uid = $1", with![&self.uid]).await?;
        end_all_sessions(sql, &self.uid, None, self.now).await?;
        sql.queue("DELETE FROM users WHERE uid = $1", with![&self.uid]).await?;
        Ok(true)
    }
}
