//! The scopes that users have allowed apps, for apps that ask for consent. They count until the user ends the app's access or is erased,
//! or until the app looks different from what the user has seen.

use crate::directory::app_grants::union_of_scopes;
use crate::directory::sessions::lock_user;
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};

/// Finds the scopes that a user has allowed an app.
#[derive(Clone, Debug)]
pub struct FindConsent {
    /// The name of the store.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// What the user is shown of the app, as a hash.
    pub shown: Box<str>,
}

impl Verb for FindConsent {
    /// The scopes, with blanks between them; `None` if the user did not agree to this app as it is shown now.
    type Answer = Option<Box<str>>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let select = "SELECT scopes FROM app_consents WHERE uid = $1 AND app = $2 AND store = $3 AND shown = $4 AND scopes <> ''";
        let rows = sql.fetch(select, with![&self.uid, &self.app, &self.store, &self.shown]).await?;
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
    /// What the user is shown of the app, as a hash.
    pub shown: Box<str>,
}

impl Verb for FindConsentOfIdentity {
    /// The user, and the scopes with blanks between them; `None` if there is no such user, or if they did not agree to this app as it is shown now.
    type Answer = Option<(Box<str>, Box<str>)>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let Self { store, provider, provider_id, fingerprint, app, shown } = self;
        let select = "SELECT c.uid, c.scopes FROM identities i JOIN app_consents c ON c.uid = i.uid \
             WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3 AND i.fingerprint = $4 AND c.app = $5 AND c.store = $1 \
             AND c.shown = $6 AND c.scopes <> ''";
        let rows = sql.fetch(select, with![store, provider, provider_id, fingerprint, app, shown]).await?;
        rows.first().map(|row| Ok((row.text(0)?.into(), row.text(1)?.into()))).transpose()
    }
}

/// Records that a user allows an app more scopes. Those that were allowed before stay, if the app is shown as it was then.
#[derive(Clone, Debug)]
pub struct RecordConsent {
    /// The name of the store.
    pub store: Box<str>,
    /// The user. Nothing is recorded for one who was erased meanwhile.
    pub uid: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// What the user was shown of the app, as a hash.
    pub shown: Box<str>,
    /// The scopes, with blanks between them.
    pub scopes: Box<str>,
    /// The time of the request, in seconds since 1970.
    pub now: i64,
}

impl Verb for RecordConsent {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let Self { store, uid, app, shown, scopes, now } = self;
        if lock_user(sql, uid).await?.is_none() {
            return Ok(());
        }
        let before = FindConsent { store: store.clone(), uid: uid.clone(), app: app.clone(), shown: shown.clone() }.execute(sql).await?;
        let scopes = union_of_scopes(before.as_deref().unwrap_or_default(), scopes);
        let upsert = "INSERT INTO app_consents (store, uid, app, scopes, at, shown) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (uid, app) DO UPDATE SET scopes = excluded.scopes, at = excluded.at, shown = excluded.shown";
        sql.queue(upsert, with![store, uid, app, &scopes, *now, shown]).await
    }
}

/// Withdraws what a user of a store has allowed an app, or with an empty name all apps. That is kept, because codes that were issued until
/// now may still come. The user is locked.
pub(crate) async fn withdraw_consent<S: SqlTransaction>(
    sql: &mut S,
    (store, uid, app): (&str, &str, &str),
    now: i64,
) -> Result<(), StorageFault> {
    let forget = "UPDATE app_consents SET scopes = '' WHERE uid = $1 AND store = $2 AND ($3 = '' OR app = $3)";
    sql.queue(forget, with![uid, store, app]).await?;
    let withdraw = "INSERT INTO app_consents (store, uid, app, scopes, at, withdrawn) \
         SELECT store, uid, CAST($3 AS TEXT), '', CAST($4 AS BIGINT), CAST($4 AS BIGINT) FROM users WHERE uid = $1 AND store = $2 \
         ON CONFLICT (uid, app) DO UPDATE SET withdrawn = excluded.withdrawn";
    sql.queue(withdraw, with![uid, store, app, now]).await
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
    /// What the user was shown of the app, as a hash.
    pub shown: Box<str>,
}

/// Lists what a user has allowed apps, by their names.
#[derive(Clone, Debug)]
pub struct ListConsentsOfUser(pub Box<str>);

impl Verb for ListConsentsOfUser {
    type Answer = Vec<AppConsent>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<AppConsent>, StorageFault> {
        let rows = sql
            .fetch("SELECT app, scopes, at, shown FROM app_consents WHERE uid = $1 AND scopes <> '' ORDER BY app", with![&self.0])
            .await?;
        let consent = |row: &SqlRow| {
            let (app, scopes, shown) = (row.text(0)?.into(), row.text(1)?.into(), row.text(3)?.into());
            Ok(AppConsent { app, scopes, at: row.number(2)?, shown })
        };
        rows.iter().map(consent).collect()
    }
}
