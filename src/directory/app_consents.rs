//! The scopes that users have allowed apps, for apps that ask for consent. They stay until the user ends the app's access or is erased.

use crate::directory::app_grants::union_of_scopes;
use crate::directory::sessions::lock_user;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Finds the scopes that a user has allowed an app.
#[derive(Clone, Debug)]
pub struct FindConsent {
    /// The name of the store.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
}

impl Verb for FindConsent {
    /// The scopes, with blanks between them; `None` if the user was never asked.
    type Answer = Option<Box<str>>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let select = "SELECT scopes FROM app_consents WHERE uid = $1 AND app = $2 AND store = $3";
        let rows = sql.fetch(select, with![&self.uid, &self.app, &self.store]).await?;
        rows.first().map(|row| row.text(0).map(Into::into)).transpose()
    }
}

/// Finds the user of an identity who has allowed an app some scopes.
#[derive(Clone, Debug)]
pub struct FindConsentOfIdentity {
    /// The name of the store.
    pub store: Box<str>,
    /// The key of the provider.
    pub provider: Box<str>,
    /// The id at the provider.
    pub provider_id: Box<str>,
    /// Where the provider's file points, to which the identity is pinned.
    pub fingerprint: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
}

impl Verb for FindConsentOfIdentity {
    /// The user, and the scopes with blanks between them; `None` if there is no such user, or if they were never asked.
    type Answer = Option<(Box<str>, Box<str>)>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let Self { store, provider, provider_id, fingerprint, app } = self;
        let select = "SELECT c.uid, c.scopes FROM identities i JOIN app_consents c ON c.uid = i.uid \
             WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3 AND i.fingerprint = $4 AND c.app = $5 AND c.store = $1";
        let rows = sql.fetch(select, with![store, provider, provider_id, fingerprint, app]).await?;
        rows.first().map(|row| Ok((row.text(0)?.into(), row.text(1)?.into()))).transpose()
    }
}

/// Records that a user allows an app more scopes. Those that were allowed before stay.
#[derive(Clone, Debug)]
pub struct RecordConsent {
    /// The name of the store.
    pub store: Box<str>,
    /// The user. Nothing is recorded for one who was erased meanwhile.
    pub uid: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// The scopes, with blanks between them.
    pub scopes: Box<str>,
    /// The time of the request, in seconds since 1970.
    pub now: i64,
}

impl Verb for RecordConsent {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let Self { store, uid, app, scopes, now } = self;
        if lock_user(sql, uid).await?.is_none() {
            return Ok(());
        }
        let before = FindConsent { store: store.clone(), uid: uid.clone(), app: app.clone() }.execute(sql).await?;
        let scopes = union_of_scopes(before.as_deref().unwrap_or_default(), scopes);
        let upsert = "INSERT INTO app_consents (store, uid, app, scopes, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (uid, app) DO UPDATE SET scopes = excluded.scopes, at = excluded.at";
        sql.queue(upsert, with![store, uid, app, &scopes, *now]).await
    }
}

/// What a user has allowed an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppConsent {
    /// The name of the app.
    pub app: Box<str>,
    /// The scopes, with blanks between them.
    pub scopes: Box<str>,
    /// When the user allowed the last of them.
    pub at: i64,
}

/// Lists what a user has allowed apps, by their names.
#[derive(Clone, Debug)]
pub struct ListConsentsOfUser(pub Box<str>);

impl Verb for ListConsentsOfUser {
    type Answer = Vec<AppConsent>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<AppConsent>, StorageFault> {
        let rows = sql.fetch("SELECT app, scopes, at FROM app_consents WHERE uid = $1 ORDER BY app", with![&self.0]).await?;
        rows.iter().map(|row| Ok(AppConsent { app: row.text(0)?.into(), scopes: row.text(1)?.into(), at: row.number(2)? })).collect()
    }
}
