//! The own tokens of providers, kept for apps that may fetch them: sealed, so that storage shows nothing of them.

use crate::directory::sessions::lock_user;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Keeps the tokens of a provider for a user, in place of those that were kept before. What ends the session or removes the identity before
/// this is written forgets them as well.
#[derive(Clone, Debug)]
pub struct KeepProviderTokens {
    /// The name of the store.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The key of the provider.
    pub provider: Box<str>,
    /// The id at the provider, which must be linked to the user.
    pub provider_id: Box<str>,
    /// The session that the login has opened, or in which it has linked the identity.
    pub sid: Box<str>,
    /// The tokens, sealed.
    pub sealed: String,
    /// When they are of no more use.
    pub until: i64,
}

impl Verb for KeepProviderTokens {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let Self { store, uid, provider, provider_id, sid, sealed, until } = self;
        if lock_user(sql, uid).await?.is_none() {
            return Ok(());
        }
        let upsert = "INSERT INTO kept_tokens (store, uid, provider, sealed, until) \
             SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT) \
             WHERE EXISTS (SELECT 1 FROM identities i WHERE i.uid = $2 AND i.provider = $3 AND i.provider_id = $6) \
             AND EXISTS (SELECT 1 FROM sessions s WHERE s.sid = $7 AND s.uid = $2) \
             ON CONFLICT (uid, provider) DO UPDATE SET sealed = excluded.sealed, until = excluded.until";
        sql.queue(upsert, with![store, uid, provider, sealed, *until, provider_id, sid]).await
    }
}

/// The kept tokens of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptProviderTokens {
    /// The key of the provider.
    pub provider: Box<str>,
    /// The tokens, sealed.
    pub sealed: String,
    /// When they are of no more use.
    pub until: i64,
}

/// Finds the kept tokens of a provider for a user. They may be of no more use.
#[derive(Clone, Debug)]
pub struct FindProviderTokens {
    /// The name of the store.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The key of the provider.
    pub provider: Box<str>,
}

impl Verb for FindProviderTokens {
    type Answer = Option<KeptProviderTokens>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let select = "SELECT sealed, until FROM kept_tokens WHERE uid = $1 AND provider = $2 AND store = $3";
        let rows = sql.fetch(select, with![&self.uid, &self.provider, &self.store]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(KeptProviderTokens { provider: self.provider.clone(), sealed: row.text(0)?.to_owned(), until: row.number(1)? }))
    }
}

/// Replaces kept tokens by those that a refresh gave, unless others were kept meanwhile.
#[derive(Clone, Debug)]
pub struct ReplaceProviderTokens {
    /// The name of the store.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The key of the provider.
    pub provider: Box<str>,
    /// The tokens that were refreshed, sealed as they were found.
    pub before: String,
    /// The new tokens, sealed.
    pub sealed: String,
    /// When the new ones are of no more use.
    pub until: i64,
}

impl Verb for ReplaceProviderTokens {
    /// Whether they are replaced; false if others are kept, or none.
    type Answer = bool;

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let Self { store, uid, provider, before, sealed, until } = self;
        let update = "UPDATE kept_tokens SET sealed = $5, until = $6 WHERE uid = $1 AND provider = $2 AND store = $3 AND sealed = $4";
        Ok(sql.run(update, with![uid, provider, store, before, sealed, *until]).await? == 1)
    }
}

/// The kept tokens for an app that has access to their user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokensForApp {
    /// The access of the app has ended, or the user is blocked.
    AccessEnded,
    /// None are kept.
    None,
    /// They may be of no more use.
    Kept(KeptProviderTokens),
}

/// Finds the kept tokens of a provider for an app, if its access to the user goes on.
#[derive(Clone, Debug)]
pub struct FindTokensForApp {
    /// The name of the store.
    pub store: Box<str>,
    /// The grant of the app.
    pub grant: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The key of the provider.
    pub provider: Box<str>,
}

impl Verb for FindTokensForApp {
    type Answer = TokensForApp;

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<TokensForApp, StorageFault> {
        let select = "SELECT k.sealed, coalesce(k.until, 0) FROM app_grants g JOIN users u ON u.uid = g.uid \
             LEFT JOIN kept_tokens k ON k.uid = g.uid AND k.provider = $5 AND k.store = g.store \
             WHERE g.id = $2 AND g.store = $1 AND g.app = $3 AND g.uid = $4 AND g.ended = 0 AND u.blocked = 0 \
             AND (g.offline = 1 OR EXISTS (SELECT 1 FROM sessions s WHERE s.sid = g.sid))";
        let rows = sql.fetch(select, with![&self.store, &self.grant, &self.app, &self.uid, &self.provider]).await?;
        let Some(row) = rows.first() else { return Ok(TokensForApp::AccessEnded) };
        let Some(sealed) = row.optional_text(0)? else { return Ok(TokensForApp::None) };
        let kept = KeptProviderTokens { provider: self.provider.clone(), sealed: sealed.to_owned(), until: row.number(1)? };
        Ok(TokensForApp::Kept(kept))
    }
}

/// Forgets kept tokens of a provider, unless others were kept meanwhile.
#[derive(Clone, Debug)]
pub struct ForgetProviderTokens {
    /// The name of the store.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The key of the provider.
    pub provider: Box<str>,
    /// The tokens, sealed as they were found.
    pub before: String,
}

impl Verb for ForgetProviderTokens {
    type Answer = ();

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let delete = "DELETE FROM kept_tokens WHERE uid = $1 AND provider = $2 AND store = $3 AND sealed = $4";
        sql.queue(delete, with![&self.uid, &self.provider, &self.store, &self.before]).await
    }
}

/// Which apps of a store may fetch the tokens of which providers: the app, and the key of the provider.
#[derive(Clone, Debug, Default)]
pub struct TokenFetchers(pub Vec<(Box<str>, Box<str>)>);

impl TokenFetchers {
    /// Forgets the tokens of a user that an app could fetch whose access has ended (all apps if it is empty), unless another app that may
    /// fetch them has access to the user. The user is locked.
    pub(crate) async fn forget<S: SqlTransaction>(
        &self,
        sql: &mut S,
        (store, uid, ended): (&str, &str, &str),
        now: i64,
    ) -> Result<(), StorageFault> {
        let is_ended = |app: &str| ended.is_empty() || app == ended;
        let mut providers: Vec<&str> = self.0.iter().filter(|(app, _)| is_ended(app)).map(|(_, provider)| &**provider).collect();
        providers.sort_unstable();
        providers.dedup();
        if providers.is_empty() {
            return Ok(());
        }
        let select = "SELECT DISTINCT app FROM app_grants WHERE uid = $1 AND store = $2 AND ended = 0 AND until > $3";
        let rows = sql.fetch(select, with![uid, store, now]).await?;
        let live = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<&str>, StorageFault>>()?;
        for provider in providers {
            if !self.0.iter().any(|(app, of)| **of == *provider && live.contains(&&**app)) {
                let delete = "DELETE FROM kept_tokens WHERE uid = $1 AND store = $2 AND provider = $3";
                sql.queue(delete, with![uid, store, provider]).await?;
            }
        }
        Ok(())
    }
}

/// Lists the providers whose tokens are kept for a user, and until when.
#[derive(Clone, Debug)]
pub struct ListKeptTokensOfUser(pub Box<str>);

impl Verb for ListKeptTokensOfUser {
    type Answer = Vec<(Box<str>, i64)>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let rows = sql.fetch("SELECT provider, until FROM kept_tokens WHERE uid = $1 ORDER BY provider", with![&self.0]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.into(), row.number(1)?))).collect()
    }
}
