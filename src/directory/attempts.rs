//! Attempts to log in are spent once, whoever asks and on whichever machine.

use crate::directory::sql::{Fault, Sql, Verb, with};

/// Spends an attempt; `false` when that has been done before.
#[derive(Debug)]
pub struct Spend {
    /// The hash of its state.
    pub attempt: Box<str>,
    /// When it would be too old anyway.
    pub until: i64,
}

impl Verb for Spend {
    type Answer = bool;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<bool, Fault> {
        let spent = "INSERT INTO attempts (spent, until) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING spent";
        Ok(sql.ask(spent, with![&self.attempt, self.until]).await?.len() == 1)
    }
}
