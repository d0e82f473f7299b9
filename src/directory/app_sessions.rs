//! The session to which the grant of an app belongs. A session gets a new id when an identity is linked, and apps go on to name the old one.

use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Whether an app was given the id of a session that now has another one.
#[derive(Clone, Debug)]
pub struct IsSessionOfApp {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// The id that the app was given.
    pub claimed_sid: Box<str>,
    /// The present id of the session.
    pub sid: Box<str>,
}

impl Verb for IsSessionOfApp {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let select = "SELECT id FROM app_grants WHERE sid = $1 AND claimed_sid = $2 AND app = $3 AND store = $4 LIMIT 1";
        Ok(!sql.fetch(select, with![&self.sid, &self.claimed_sid, &self.app, &self.store]).await?.is_empty())
    }
}
