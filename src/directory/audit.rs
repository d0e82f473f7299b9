//! What happened: lines that are only added. Of a person they hold the id and nothing else, so that a line can stay when the
//! person is gone.

use crate::directory::sessions::lock_user;
use crate::directory::sql::{SqlRow, SqlTransaction, SqlValue, StorageFault, Verb, with};

/// Something that is written down: who did what, and why it was so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: i64,
    /// The store.
    pub store: Box<str>,
    /// What happened.
    pub what: AuditEventKind,
    /// To whom, if that is known.
    pub uid: Option<Box<str>>,
    /// Through whom.
    pub provider: Option<Box<str>>,
    /// Why: the word of a rule, or of a cause.
    pub because: Option<Box<str>>,
    /// What proved the address.
    pub evidence: Option<Box<str>>,
    /// The version of the provider's file.
    pub version: Option<Box<str>>,
    /// The code under which the story is kept for a day.
    pub incident: Option<Box<str>>,
}

macro_rules! whats {
    ($($name:ident = $word:literal $doc:literal,)*) => {
        /// What can happen.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum AuditEventKind {
            $(#[doc = $doc] $name,)*
            /// Something that a later version wrote down.
            #[default]
            Other,
        }

        impl AuditEventKind {
            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* Self::Other => "other" }
            }

            /// What a word means.
            pub(crate) fn from_word(word: &str) -> Self {
                match word { $($word => Self::$name,)* _ => Self::Other }
            }
        }
    };
}

whats! {
    Login = "login" "Somebody came in.",
    Refused = "refused" "Somebody showed who they are, and did not come in.",
    Failed = "failed" "A login went wrong before anybody knew who it was.",
    Tested = "tested" "Support staff tried a provider out, and nobody came in.",
    Unproven = "unproven" "An address was not proven: its codes were typed wrong too often.",
    Linked = "linked" "A way in was added by the person.",
    Unlinked = "unlinked" "A way in was removed.",
    Moved = "addressChanged" "The address changed.",
    Displaced = "displaced" "The address went to somebody who proved it.",
    Logout = "logout" "A session was ended by the person.",
    SignedOut = "signedOut" "All sessions were ended.",
    Blocked = "blocked" "The person was shut out.",
    Unblocked = "unblocked" "The person may come in again.",
    Exported = "exported" "What is known of the person was handed out.",
    Erased = "erased" "Somebody was forgotten.",
    KeyPublished = "keyPublished" "A signing key was made and published.",
    KeyActive = "keyActive" "A signing key signs from now on.",
    KeyGone = "keyGone" "A signing key is believed no more.",
}

/// Who did something that is not the shopper's own doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditActor {
    /// The person themselves.
    Person,
    /// Whoever operates this.
    Support,
    /// The broker, by itself.
    Broker,
}

impl AuditActor {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Support => "support",
            Self::Broker => "broker",
        }
    }
}

impl AuditEvent {
    /// Something that happened at a store.
    pub fn new(at: i64, store: &str, what: AuditEventKind) -> Self {
        Self { at, store: store.into(), what, ..Self::default() }
    }

    /// To this person.
    #[must_use]
    pub fn for_user(self, uid: &str) -> Self {
        Self { uid: Some(uid.into()), ..self }
    }

    /// Through this provider.
    #[must_use]
    pub fn via_provider(self, provider: &str) -> Self {
        Self { provider: Some(provider.into()), ..self }
    }

    /// For this reason.
    #[must_use]
    pub fn with_reason(self, why: &str) -> Self {
        Self { because: Some(why.into()), ..self }
    }
}

pub(crate) async fn record_event<S: SqlTransaction>(sql: &mut S, event: &AuditEvent) -> Result<(), StorageFault> {
    let AuditEvent { at, store, what, uid, provider, because, evidence, version, incident } = event;
    let added = "INSERT INTO audit (at, store, what, uid, provider, because, evidence, version, incident) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let texts = [uid, provider, because, evidence, version, incident].map(|text| SqlValue::from(text.as_deref()));
    let [uid, provider, because, evidence, version, incident] = texts;
    sql.queue(added, &[(*at).into(), store.into(), what.word().into(), uid, provider, because, evidence, version, incident]).await
}

/// Writes down what belongs to nothing else that is kept.
#[derive(Debug)]
pub struct RecordAuditEvent(pub AuditEvent);

impl Verb for RecordAuditEvent {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        record_event_if_user_exists(sql, &self.0).await
    }
}

/// Writes it down; of somebody who was forgotten meanwhile, without saying of whom.
pub(crate) async fn record_event_if_user_exists<S: SqlTransaction>(sql: &mut S, event: &AuditEvent) -> Result<(), StorageFault> {
    let uid = match &event.uid {
        Some(uid) => lock_user(sql, uid).await?,
        None => None,
    };
    record_event(sql, &AuditEvent { uid, ..event.clone() }).await
}

macro_rules! lines {
    ($rest:literal) => {
        concat!("SELECT at, store, what, uid, provider, because, evidence, version, incident FROM audit WHERE ", $rest)
    };
}

/// What happened, the newest first: to whomever, and to nobody.
#[derive(Debug)]
pub struct ListAuditEvents {
    /// At this store only.
    pub store: Option<Box<str>>,
    /// Through this provider only.
    pub provider: Option<Box<str>>,
    /// How many lines at most.
    pub most: i64,
}

impl Verb for ListAuditEvents {
    type Answer = Vec<AuditEvent>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<AuditEvent>, StorageFault> {
        let lines = lines!("($1 = 1 OR store = $2) AND ($3 = 1 OR provider = $4) ORDER BY number DESC LIMIT $5");
        let (store, provider) = (self.store.as_deref(), self.provider.as_deref());
        let with = with![store.is_none(), store.unwrap_or_default(), provider.is_none(), provider.unwrap_or_default(), self.most];
        sql.fetch(lines, with).await?.iter().map(event_from_row).collect()
    }
}

/// What happened to a person, the newest first.
#[derive(Debug)]
pub struct ListUserAuditEvents {
    /// Their id.
    pub uid: Box<str>,
    /// How many lines at most.
    pub most: i64,
}

impl Verb for ListUserAuditEvents {
    type Answer = Vec<AuditEvent>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<AuditEvent>, StorageFault> {
        let lines = lines!("uid = $1 ORDER BY number DESC LIMIT $2");
        sql.fetch(lines, with![&self.uid, self.most]).await?.iter().map(event_from_row).collect()
    }
}

fn event_from_row(row: &SqlRow) -> Result<AuditEvent, StorageFault> {
    let maybe = |column| row.optional_text(column).map(|text| text.map(Into::into));
    Ok(AuditEvent {
        at: row.number(0)?,
        store: row.text(1)?.into(),
        what: AuditEventKind::from_word(row.text(2)?),
        uid: maybe(3)?,
        provider: maybe(4)?,
        because: maybe(5)?,
        evidence: maybe(6)?,
        version: maybe(7)?,
        incident: maybe(8)?,
    })
}
