//! What is over goes, so that no table grows for ever.

use crate::directory::incidents::KEPT;
use crate::directory::sql::{Fault, Sql, Verb, with};

const DAY: i64 = 86_400;

/// Removes what is over.
#[derive(Debug)]
pub struct Tidy {
    /// When.
    pub now: i64,
    /// The audit keeps what is younger.
    pub audit_since: i64,
}

impl Verb for Tidy {
    type Answer = ();

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<(), Fault> {
        // A day longer than need be: a clock that was wrong for a while brings nothing back to life.
        let over = self.now.saturating_sub(DAY);
        for (gone, before) in [
            ("DELETE FROM attempts WHERE until < $1", over),
            ("DELETE FROM sessions WHERE latest < $1", over),
            ("DELETE FROM ends WHERE latest < $1", over),
            ("DELETE FROM proofs WHERE until < $1", over),
            ("DELETE FROM mails WHERE at < $1", over),
            ("DELETE FROM incidents WHERE at < $1", self.now.saturating_sub(KEPT)),
            ("DELETE FROM audit WHERE at < $1", self.audit_since),
        ] {
            sql.then(gone, with![before]).await?;
        }
        Ok(())
    }
}
