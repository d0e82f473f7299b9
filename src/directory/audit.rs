//! The audit: events that are only ever added. Of a user an event holds the id and nothing else, so that it can stay when the
//! user is erased.

use crate::directory::sessions::lock_user;
use crate::directory::sql::{SqlRow, SqlTransaction, SqlValue, StorageFault, Verb, with};
use crate::directory::store_events::announce;

/// An event of the audit: who did what, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditEvent {
    /// When it happened, in seconds since 1970.
    pub at: i64,
    /// The name of the store, or `*` for events of signing keys, which belong to no single store.
    pub store: Box<str>,
    /// The kind, which decides how the reason is to be understood.
    pub what: AuditEventKind,
    /// The user, if known.
    pub uid: Option<Box<str>>,
    /// The name of the provider's file; `None` where no single provider takes part.
    pub provider: Option<Box<str>>,
    /// The reason: the word of a rule, or of a cause.
    pub because: Option<Box<str>>,
    /// What proved the e-mail address; for a provider that moved, how many identities and where to; for failed logins without a line of
    /// their own, how many they are; for an event of an app, its name.
    pub evidence: Option<Box<str>>,
    /// The version of the provider's file.
    pub version: Option<Box<str>>,
    /// The incident code under which the story is kept for a day.
    pub incident: Option<Box<str>>,
    /// The id at the provider. The audit never keeps it; only the store is sent it, if it wants events of this kind.
    pub identity: Option<Box<str>>,
}

macro_rules! whats {
    ($($name:ident = $word:literal $doc:literal,)*) => {
        /// The kinds of events.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum AuditEventKind {
            $(#[doc = $doc] $name,)*
            /// An event that a later version has recorded.
            #[default]
            Other,
        }

        impl AuditEventKind {
            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* Self::Other => "other" }
            }

            /// The kind that a stored word names.
            pub(crate) fn from_word(word: &str) -> Self {
                match word { $($word => Self::$name,)* _ => Self::Other }
            }
        }
    };
}

whats! {
    Login = "login" "A user signed in.",
    Refused = "refused" "An identity was established, and the sign-in was refused.",
    Failed = "failed" "A login failed before an identity was established.",
    Tested = "tested" "Support staff ran a test login, which signs no user in.",
    Searched = "searched" "Support staff looked a user up by the e-mail address in the lab; the evidence is the id of the staff member.",
    Unproven = "unproven" "An e-mail address was not proven: wrong codes were typed too often.",
    Linked = "linked" "The user linked an identity.",
    Unlinked = "unlinked" "A linked identity was removed.",
    Restored = "unlinkUndone" "The user undid the removal of a linked identity.",
    Moved = "addressChanged" "The e-mail address of the user changed.",
    Displaced = "displaced" "The e-mail address went to another user, who proved it.",
    Logout = "logout" "The user ended a session.",
    SignedOut = "signedOut" "All sessions of the user were ended.",
    Blocked = "blocked" "The user was blocked.",
    Unblocked = "unblocked" "The user was unblocked.",
    ProviderMoved = "providerMoved" "Linked identities of a provider were moved to where its file points now.",
    HostsAccepted = "hostsAccepted" "The hosts to which the document of an issuer leads were accepted.",
    Exported = "exported" "The data of the user was exported.",
    Erased = "erased" "A user was erased.",
    PasskeyAdded = "passkeyAdded" "The user added a passkey.",
    PasskeyRemoved = "passkeyRemoved" "A passkey was removed.",
    PasskeyRefused = "passkeyRefused" "A passkey of the user was used, and what its authenticator sent was refused.",
    AppGranted = "appGranted" "An app got access to the user: a code was redeemed.",
    AppEnded = "appEnded" "The access of an app to the user was ended; without the name of an app, that of all apps. That it ended with a session is not recorded by itself.",
    AppReused = "appReused" "A code or a refresh token of an app was used twice, which ended its access.",
    AppRefused = "appRefused" "A request of an app for a login or for tokens was refused.",
    TokenFetched = "tokenFetched" "An app fetched the provider's own access token of the user; recorded once an hour for each access of an app.",
    KeyPublished = "keyPublished" "A signing key was created and published.",
    KeyActive = "keyActive" "A signing key signs from now on.",
    KeyGone = "keyGone" "A signing key was removed.",
    Imported = "imported" "People or linked identities are imported; the evidence is how many of each, once that is over.",
    KeysRecovered = "keysRecovered" "The master key was lost: what it had sealed was given up, and every user has to sign in again.",
}

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditActor {
    /// The user whom the event is about.
    Person,
    /// The operator or support staff.
    Support,
    /// The broker itself, on its schedule.
    Broker,
    /// The app whose access it is.
    App,
    /// The provider by which the user had signed in.
    Provider,
}

impl AuditActor {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Support => "support",
            Self::Broker => "broker",
            Self::App => "app",
            Self::Provider => "provider",
        }
    }
}

impl AuditEvent {
    /// An event of a store.
    pub fn new(at: i64, store: &str, what: AuditEventKind) -> Self {
        Self { at, store: store.into(), what, ..Self::default() }
    }

    /// The same event with the id of the user whom it is about.
    #[must_use]
    pub fn for_user(self, uid: &str) -> Self {
        Self { uid: Some(uid.into()), ..self }
    }

    /// The same event with the file name of the provider that takes part in it.
    #[must_use]
    pub fn via_provider(self, provider: &str) -> Self {
        Self { provider: Some(provider.into()), ..self }
    }

    /// The same event with the version of the provider's file.
    #[must_use]
    pub(crate) fn of_version(self, version: &str) -> Self {
        Self { version: Some(version).filter(|version| !version.is_empty()).map(Into::into), ..self }
    }

    /// The same event with the id at the provider.
    #[must_use]
    pub(crate) fn of_identity(self, id: &str) -> Self {
        Self { identity: Some(id.into()), ..self }
    }

    /// The same event with the name of the app that takes part in it.
    #[must_use]
    pub fn of_app(self, app: &str) -> Self {
        Self { evidence: Some(app.into()), ..self }
    }

    /// The same event with the stored word of a rule, a cause or an actor as its reason.
    #[must_use]
    pub fn with_reason(self, reason: &str) -> Self {
        Self { because: Some(reason.into()), ..self }
    }
}

/// Records an event, and queues it for the store that wants to be sent such events.
pub(crate) async fn record_event<S: SqlTransaction>(sql: &mut S, event: &AuditEvent) -> Result<(), StorageFault> {
    let AuditEvent { at, store, what, uid, provider, because, evidence, version, incident, identity: _ } = event;
    let insert = "INSERT INTO audit (at, store, what, uid, provider, because, evidence, version, incident) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let texts = [uid, provider, because, evidence, version, incident].map(|text| SqlValue::from(text.as_deref()));
    let [uid, provider, because, evidence, version, incident] = texts;
    sql.queue(insert, &[(*at).into(), store.into(), what.word().into(), uid, provider, because, evidence, version, incident]).await?;
    announce(sql, event).await
}

/// Records an event by itself, outside of another verb.
#[derive(Debug)]
pub struct RecordAuditEvent(pub AuditEvent);

impl Verb for RecordAuditEvent {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        record_event_if_user_exists(sql, &self.0).await
    }
}

/// Records an event. If its user was erased meanwhile, the event names no user.
pub(crate) async fn record_event_if_user_exists<S: SqlTransaction>(sql: &mut S, event: &AuditEvent) -> Result<(), StorageFault> {
    let uid = match &event.uid {
        Some(uid) => lock_user(sql, uid).await?,
        None => None,
    };
    record_event(sql, &AuditEvent { uid, ..event.clone() }).await
}

macro_rules! lines {
    ($rest:literal) => {
        concat!("SELECT at, store, what, uid, provider, because, evidence, version, incident, number FROM audit WHERE ", $rest)
    };
}

/// A page of the events of all users, the newest first.
#[derive(Debug)]
pub struct ListAuditEvents {
    /// Only of this store.
    pub store: Option<Box<str>>,
    /// Only of this provider.
    pub provider: Option<Box<str>>,
    /// Only those that were recorded before the event of this number, as the page before names it.
    pub before: Option<i64>,
    /// How many events at most.
    pub most: i64,
}

/// Events, and where the next page begins.
#[derive(Debug)]
pub struct AuditPage {
    /// The newest first.
    pub events: Vec<AuditEvent>,
    /// What `before` has to be for the events after these; `None` if there are no more.
    pub next: Option<i64>,
}

impl Verb for ListAuditEvents {
    type Answer = AuditPage;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<AuditPage, StorageFault> {
        let mut page = NewestEvents { events: Vec::new(), before: self.before.unwrap_or(i64::MAX), most: self.most.saturating_add(1) };
        if self.store.is_none() && self.provider.is_none() {
            let rows = sql.fetch(lines!("number < $1 ORDER BY number DESC LIMIT $2"), with![page.before, page.most]).await?;
            page.add(&rows)?;
        }
        // The index has the events of each store and provider by themselves, so those of some of them are merged.
        let mut store = self.first_store(sql).await?;
        while let Some(of_store) = store {
            if self.provider.is_none() {
                let lines = lines!("store = $1 AND provider IS NULL AND number < $2 AND number > $3 ORDER BY number DESC LIMIT $4");
                page.add(&sql.fetch(lines, with![&of_store, page.before, page.least(), page.most]).await?)?;
            }
            let mut provider = match &self.provider {
                Some(provider) => Some(provider.clone()),
                None => next_provider(sql, &of_store, "").await?,
            };
            while let Some(of_provider) = provider {
                let lines = lines!("store = $1 AND provider = $2 AND number < $3 AND number > $4 ORDER BY number DESC LIMIT $5");
                page.add(&sql.fetch(lines, with![&of_store, &of_provider, page.before, page.least(), page.most]).await?)?;
                provider = if self.provider.is_none() { next_provider(sql, &of_store, &of_provider).await? } else { None };
            }
            store = if self.store.is_none() { next_store(sql, &of_store).await? } else { None };
        }
        Ok(page.finish())
    }
}

impl ListAuditEvents {
    async fn first_store<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<Box<str>>, StorageFault> {
        match (&self.store, &self.provider) {
            (Some(store), _) => Ok(Some(store.clone())),
            (None, Some(_)) => next_store(sql, "").await,
            (None, None) => Ok(None),
        }
    }
}

async fn next_store<S: SqlTransaction>(sql: &mut S, after: &str) -> Result<Option<Box<str>>, StorageFault> {
    let rows = sql.fetch("SELECT store FROM audit WHERE store > $1 ORDER BY store LIMIT 1", with![after]).await?;
    rows.first().map(|row| row.text(0).map(Into::into)).transpose()
}

async fn next_provider<S: SqlTransaction>(sql: &mut S, store: &str, after: &str) -> Result<Option<Box<str>>, StorageFault> {
    let next = "SELECT provider FROM audit WHERE store = $1 AND provider > $2 ORDER BY provider LIMIT 1";
    let rows = sql.fetch(next, with![store, after]).await?;
    rows.first().map(|row| row.text(0).map(Into::into)).transpose()
}

/// The newest events of those that were read so far, one more than a page.
struct NewestEvents {
    events: Vec<(i64, AuditEvent)>,
    before: i64,
    most: i64,
}

impl NewestEvents {
    fn add(&mut self, rows: &[SqlRow]) -> Result<(), StorageFault> {
        for row in rows {
            self.events.push((row.number(9)?, event_from_row(row)?));
        }
        self.events.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        self.events.truncate(self.limit());
        Ok(())
    }

    /// Only events after this number can be on the page.
    fn least(&self) -> i64 {
        self.events.last().filter(|_| self.events.len() >= self.limit()).map_or(i64::MIN, |(number, _)| *number)
    }

    fn limit(&self) -> usize {
        usize::try_from(self.most).unwrap_or(usize::MAX)
    }

    fn finish(mut self) -> AuditPage {
        let is_more = self.events.len() >= self.limit();
        if is_more {
            self.events.pop();
        }
        let next = self.events.last().map(|(number, _)| *number).filter(|_| is_more);
        AuditPage { events: self.events.into_iter().map(|(_, event)| event).collect(), next }
    }
}

/// The newest requests of apps that were refused, and codes and refresh tokens that were used twice.
#[derive(Debug)]
pub struct ListAppRefusals {
    /// The store of the apps.
    pub store: Box<str>,
    /// How many events at most.
    pub most: usize,
}

/// Among how many events of a store refused requests are looked for.
const LOOKED_THROUGH: i64 = 2000;

impl Verb for ListAppRefusals {
    type Answer = Vec<AuditEvent>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<AuditEvent>, StorageFault> {
        let lines = lines!("store = $1 AND provider IS NULL AND number < $2 AND number > $3 ORDER BY number DESC LIMIT $4");
        let rows = sql.fetch(lines, with![&self.store, i64::MAX, i64::MIN, LOOKED_THROUGH]).await?;
        let mut events = rows.iter().map(event_from_row).collect::<Result<Vec<AuditEvent>, StorageFault>>()?;
        events.retain(|event| matches!(event.what, AuditEventKind::AppRefused | AuditEventKind::AppReused));
        events.truncate(self.most);
        Ok(events)
    }
}

/// The events of a user, the newest first.
#[derive(Debug)]
pub struct ListUserAuditEvents {
    /// The user whom the events name; the events of an erased user name none, so they are not found.
    pub uid: Box<str>,
    /// How many events at most.
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
        identity: None,
    })
}
