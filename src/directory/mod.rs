//! Who has come in: people and their ways in, sessions that ended, attempts that were spent, incidents, keys.
//!
//! It speaks the words of the domain. Every verb is atomic; what it has answered is kept.

pub mod linking;
pub mod sqlite;

use crate::directory::linking::NotWelcome;
use crate::email::Email;
use crate::provider::identity::Identity;
use async_trait::async_trait;
use std::fmt;

/// The storage cannot be reached, or could not do it. The reason has been logged; nobody else is to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the storage is away")
    }
}

/// A person as the directory remembers them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The stable random id.
    pub uid: Box<str>,
    /// The address.
    pub email: Email,
    /// Whether it was proven.
    pub email_verified: bool,
    /// The name.
    pub name: Option<String>,
    /// A picture.
    pub picture: Option<String>,
}

/// What a login brings to the door.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The store.
    pub store: &'a str,
    /// Who came.
    pub identity: &'a Identity,
    /// Their id, should they be new.
    pub new_uid: &'a str,
    /// The id of the session that would begin.
    pub sid: &'a str,
    /// When.
    pub now: i64,
    /// When the last token of that session is over.
    pub latest: i64,
    /// A session of this browser that ends by this: its id, and when its last token is over.
    pub instead_of: Option<(&'a str, i64)>,
}

/// The number of an end, the session that ended, and when its last token is over.
pub type End = (i64, Box<str>, i64);

/// What has been kept of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The code on the error page.
    pub code: Box<str>,
    /// The store.
    pub store: Box<str>,
    /// When.
    pub at: i64,
    /// The redacted story, as JSON.
    pub story: String,
}

/// Something that is written down: who did what, and why it was so.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// When.
    pub at: i64,
    /// The store.
    pub store: &'a str,
    /// What happened, in one word.
    pub what: &'a str,
    /// To whom, if that is known.
    pub uid: Option<&'a str>,
    /// Through whom.
    pub provider: Option<&'a str>,
    /// Why.
    pub because: Option<&'a str>,
}

/// A signing key, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// Its name.
    pub id: Box<str>,
    /// Its bytes, sealed.
    pub sealed: String,
    /// When it was made.
    pub made: i64,
}

/// The directory.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Spends an attempt; `false` when that has been done before. `until` is when it would be too old anyway.
    async fn spend(&self, attempt: &str, until: i64) -> Result<bool, Away>;

    /// Lets somebody in, or says why not: finds or makes the person, remembers the way in, and begins the session.
    async fn welcome(&self, arrival: Arrival<'_>) -> Result<Result<User, NotWelcome>, Away>;

    /// A person.
    async fn user(&self, uid: &str) -> Result<Option<User>, Away>;

    /// Ends a session before its time; answers with the number of that end.
    async fn end_session(&self, sid: &str, latest: i64, event: Event<'_>) -> Result<i64, Away>;

    /// What ended after a number, at most a thousand at once, and the highest number there is.
    async fn ended_since(&self, number: i64) -> Result<(Vec<End>, i64), Away>;

    /// Keeps an incident for a day, and writes down that it happened; `false` when the code is taken.
    async fn remember(&self, incident: &Incident, event: Event<'_>) -> Result<bool, Away>;

    /// An incident, while it is kept.
    async fn incident(&self, code: &str, now: i64) -> Result<Option<Incident>, Away>;

    /// The signing keys, newest first.
    async fn keys(&self) -> Result<Vec<SealedKey>, Away>;

    /// Keeps the first signing key; when somebody else was faster, theirs stays. Answers with all keys.
    async fn first_key(&self, key: &SealedKey) -> Result<Vec<SealedKey>, Away>;

    /// Removes what is over; the audit keeps what is younger than `audit_since`.
    async fn tidy(&self, now: i64, audit_since: i64) -> Result<(), Away>;
}

/// How long an incident is kept, in seconds.
pub const INCIDENT_KEPT: i64 = 24 * 3600;
