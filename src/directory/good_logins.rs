//! The last login that worked with each provider of each store, so that a failed one can be compared with it. One row a provider.

use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::story::good_login::GoodLogin;

/// How long it is kept after it was written, in seconds: longer than the year for which it confirms a file.
pub(crate) const KEPT: i64 = 400 * 24 * 3600;

/// Keeps the last login that worked. What is stored of the same version of the file is merged with it; an older login replaces nothing.
#[derive(Clone, Debug)]
pub struct SaveGoodLogin {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of the provider's file.
    pub provider: Box<str>,
    /// The login.
    pub login: GoodLogin,
}

impl Verb for SaveGoodLogin {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let Self { store, provider, login } = self;
        let insert =
            "INSERT INTO good_logins (store, provider, at, login) VALUES ($1, $2, $3, '') ON CONFLICT (store, provider) DO NOTHING";
        sql.queue(insert, with![store, provider, login.at]).await?;
        let select = "SELECT login FROM good_logins WHERE store = $1 AND provider = $2";
        let rows = sql.fetch_for_update(select, with![store, provider]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        // What another version of the program has written is replaced.
        let merged = match serde_json::from_str::<GoodLogin>(row.text(0)?) {
            Ok(mut known) if known.version == login.version => {
                known.merge(login.clone());
                known
            }
            Ok(known) if known.at > login.at => return Ok(()),
            Ok(_) | Err(_) => login.clone(),
        };
        let text = serde_json::to_string(&merged).map_err(|_| StorageFault::Unavailable)?;
        sql.run("UPDATE good_logins SET at = $3, login = $4 WHERE store = $1 AND provider = $2", with![store, provider, merged.at, &text])
            .await?;
        Ok(())
    }
}

/// Finds the last login that worked.
#[derive(Clone, Debug)]
pub struct LoadGoodLogin {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of the provider's file.
    pub provider: Box<str>,
}

impl Verb for LoadGoodLogin {
    type Answer = Option<GoodLogin>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<GoodLogin>, StorageFault> {
        let select = "SELECT login FROM good_logins WHERE store = $1 AND provider = $2";
        let rows = sql.fetch(select, with![&self.store, &self.provider]).await?;
        // What another version of the program has written may not be readable.
        rows.first().map_or(Ok(None), |row| Ok(serde_json::from_str(row.text(0)?).ok()))
    }
}

/// Lists when each provider of a store last had a login that worked. That confirms the provider's file.
#[derive(Clone, Debug)]
pub struct ListGoodLogins {
    /// The name of the store.
    pub store: Box<str>,
}

impl Verb for ListGoodLogins {
    /// The names of the files, each with the time.
    type Answer = Vec<(Box<str>, i64)>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let rows = sql.fetch("SELECT provider, at FROM good_logins WHERE store = $1", with![&self.store]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.into(), row.number(1)?))).collect()
    }
}
