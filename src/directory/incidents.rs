//! The stories behind the codes on error pages, kept for a day.

use crate::directory::audit::{Event, write_down_if_there};
use crate::directory::sql::{Fault, Sql, Verb, with};

/// How long an incident is kept, in seconds.
pub const KEPT: i64 = 24 * 3600;

/// What has been kept of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The code on the error page.
    pub code: Box<str>,
    /// The store.
    pub store: Box<str>,
    /// When.
    pub at: i64,
    /// The redacted story, as JSON.
    pub story: String,
}

/// Keeps an incident, and writes down that it happened; `false` when the code is taken.
#[derive(Debug)]
pub struct Remember {
    /// The incident.
    pub incident: Incident,
    /// What is written down.
    pub event: Event,
}

impl Verb for Remember {
    type Answer = bool;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<bool, Fault> {
        let Incident { code, store, at, story } = &self.incident;
        let kept = "INSERT INTO incidents (code, store, at, story) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING code";
        if sql.ask(kept, with![code, store, *at, story]).await?.is_empty() {
            return Ok(false);
        }
        write_down_if_there(sql, &Event { incident: Some(code.clone()), ..self.event.clone() }).await?;
        Ok(true)
    }
}

/// An incident, while it is kept.
#[derive(Debug)]
pub struct Recall {
    /// The code on the error page.
    pub code: Box<str>,
    /// When that is asked.
    pub now: i64,
}

impl Verb for Recall {
    type Answer = Option<Incident>;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Option<Incident>, Fault> {
        let found = "SELECT code, store, at, story FROM incidents WHERE code = $1 AND at > $2";
        let rows = sql.ask(found, with![&self.code, self.now.saturating_sub(KEPT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (code, store) = (row.text(0)?.into(), row.text(1)?.into());
        Ok(Some(Incident { code, store, at: row.number(2)?, story: row.text(3)?.to_owned() }))
    }
}
