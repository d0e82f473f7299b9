//! The redacted stories behind the incident codes on error pages, kept for a day.

use crate::directory::audit::{AuditEvent, record_event_if_user_exists};
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use serde_json::Value;

/// How long an incident is kept, in seconds.
pub(crate) const KEPT: i64 = 24 * 3600;

/// A failed or refused login whose story support can read by its code for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredIncident {
    /// The code on the error page.
    pub code: Box<str>,
    /// The name of the store at which it happened.
    pub store: Box<str>,
    /// When it happened, in seconds since 1970; its day of storage counts from here.
    pub at: i64,
    /// The redacted story, as JSON.
    pub story: String,
}

/// Stores an incident and records its event; `false` if the code is taken.
#[derive(Debug)]
pub struct SaveIncident {
    /// What is stored; nothing is recorded if its code is taken.
    pub incident: StoredIncident,
    /// The event to record; the code of the incident is added to it.
    pub event: AuditEvent,
}

impl Verb for SaveIncident {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let StoredIncident { code, store, at, story } = &self.incident;
        let insert = "INSERT INTO incidents (code, store, at, story) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING code";
        if sql.fetch(insert, with![code, store, *at, story]).await?.is_empty() {
            return Ok(false);
        }
        record_event_if_user_exists(sql, &AuditEvent { incident: Some(code.clone()), ..self.event.clone() }).await?;
        Ok(true)
    }
}

/// Records in a stored story how many other failures show its code.
#[derive(Debug)]
pub(crate) struct ShareIncident {
    /// The code on the error pages.
    pub(crate) code: Box<str>,
    /// How many other failures share it.
    pub(crate) shared: u32,
}

impl Verb for ShareIncident {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let rows = sql.fetch_for_update("SELECT story FROM incidents WHERE code = $1", with![&self.code]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let Ok(Value::Object(mut story)) = serde_json::from_str(row.text(0)?) else { return Ok(()) };
        let known = story.get("shared").and_then(Value::as_u64).unwrap_or(0);
        story.insert("shared".to_owned(), known.max(self.shared.into()).into());
        let story = Value::Object(story).to_string();
        sql.run("UPDATE incidents SET story = $2 WHERE code = $1", with![&self.code, &story]).await?;
        Ok(())
    }
}

/// Lists the incidents of a store in a span of time, the newest first.
#[derive(Debug)]
pub struct ListIncidents {
    /// The name of the store.
    pub store: Box<str>,
    /// Those of this moment or later.
    pub since: i64,
    /// Those before this moment.
    pub until: i64,
    /// How many at most.
    pub most: i64,
}

impl Verb for ListIncidents {
    type Answer = Vec<StoredIncident>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<StoredIncident>, StorageFault> {
        let select =
            "SELECT code, store, at, story FROM incidents WHERE store = $1 AND at >= $2 AND at < $3 ORDER BY at DESC, code LIMIT $4";
        let rows = sql.fetch(select, with![&self.store, self.since, self.until, self.most]).await?;
        rows.iter().map(incident_from_row).collect()
    }
}

fn incident_from_row(row: &SqlRow) -> Result<StoredIncident, StorageFault> {
    Ok(StoredIncident { code: row.text(0)?.into(), store: row.text(1)?.into(), at: row.number(2)?, story: row.text(3)?.to_owned() })
}

/// Finds an incident that has not expired.
#[derive(Debug)]
pub struct LoadIncident {
    /// The code on the error page.
    pub code: Box<str>,
    /// The current time in seconds since 1970, by which an incident older than a day is not found.
    pub now: i64,
}

impl Verb for LoadIncident {
    type Answer = Option<StoredIncident>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<StoredIncident>, StorageFault> {
        let select = "SELECT code, store, at, story FROM incidents WHERE code = $1 AND at > $2";
        let rows = sql.fetch(select, with![&self.code, self.now.saturating_sub(KEPT)]).await?;
        rows.first().map(incident_from_row).transpose()
    }
}
