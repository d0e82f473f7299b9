//! Whether what is written is kept, and what time it is there.

use crate::directory::sql::{Fault, Sql, Verb, with};

/// Writes something that nobody needs, and each time something else: what stays the same need not be written.
#[derive(Debug)]
pub struct Probe;

impl Verb for Probe {
    type Answer = ();

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<(), Fault> {
        // No attempt has this name, and it is too old for ever.
        let written = "INSERT INTO attempts (spent, until) VALUES ($1, 0) ON CONFLICT (spent) DO UPDATE SET until = attempts.until + 1";
        sql.then(written, with!["probe"]).await
    }
}

/// What time it is at the storage; none where that is this machine.
#[derive(Debug)]
pub struct Clock;

impl Verb for Clock {
    type Answer = Option<i64>;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Option<i64>, Fault> {
        sql.clock().await
    }
}
