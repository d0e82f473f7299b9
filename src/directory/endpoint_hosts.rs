//! The hosts to which the discovery documents of issuers lead: those that were there when a document was first seen or that an operator has
//! accepted, and those of a document that waits for the operator. They belong to no single store, and stand among the pins.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use std::collections::BTreeSet;

/// The name of the store in rows that belong to no store.
pub(crate) const NO_STORE: &str = "*";
/// Stands before the address of a document, with its accepted hosts. No key of a provider holds a space.
const ACCEPTED: &str = "hosts ";
/// Stands before the address of a document that waits, with all of its hosts.
const WAITING: &str = "waiting ";

/// The hosts of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentHosts {
    /// The address of the document.
    pub address: Box<str>,
    /// The accepted origins.
    pub accepted: Box<str>,
    /// All origins of a document that is not used before they are accepted.
    pub waiting: Option<Box<str>>,
}

/// Accepts the hosts of a document that was never seen before.
#[derive(Clone, Debug)]
pub struct RememberHosts {
    /// The address of the document.
    pub address: Box<str>,
    /// Its origins.
    pub origins: Box<str>,
}

impl Verb for RememberHosts {
    /// The accepted origins, which are others if another machine has seen the document before.
    type Answer = Box<str>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Box<str>, StorageFault> {
        let key = format!("{ACCEPTED}{}", self.address);
        let insert = "INSERT INTO pins (store, provider, fingerprint) VALUES ($1, $2, $3) ON CONFLICT (store, provider) DO NOTHING";
        sql.queue(insert, with![NO_STORE, &key, &self.origins]).await?;
        find(sql, &key).await?.ok_or(StorageFault::Conflict)
    }
}

/// Records whether a document waits for the operator.
#[derive(Clone, Debug)]
pub struct SetWaitingHosts {
    /// The address of the document.
    pub address: Box<str>,
    /// All of its origins.
    pub waiting: Option<Box<str>>,
}

impl Verb for SetWaitingHosts {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let key = format!("{WAITING}{}", self.address);
        sql.queue("DELETE FROM pins WHERE store = $1 AND provider = $2", with![NO_STORE, &key]).await?;
        if let Some(waiting) = &self.waiting {
            let insert = "INSERT INTO pins (store, provider, fingerprint) VALUES ($1, $2, $3)";
            sql.queue(insert, with![NO_STORE, &key, waiting]).await?;
        }
        Ok(())
    }
}

/// Lists the hosts of all documents.
#[derive(Clone, Copy, Debug)]
pub struct ListHosts;

impl Verb for ListHosts {
    type Answer = Vec<DocumentHosts>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<DocumentHosts>, StorageFault> {
        let rows = sql.fetch("SELECT provider, fingerprint FROM pins WHERE store = $1 ORDER BY provider", with![NO_STORE]).await?;
        let mut list: Vec<DocumentHosts> = Vec::new();
        // `hosts` comes before `waiting`.
        for row in rows {
            let (key, origins) = (row.text(0)?, row.text(1)?);
            if let Some(address) = key.strip_prefix(ACCEPTED) {
                list.push(DocumentHosts { address: address.into(), accepted: origins.into(), waiting: None });
            } else if let Some(address) = key.strip_prefix(WAITING)
                && let Some(known) = list.iter_mut().find(|known| *known.address == *address)
            {
                known.waiting = Some(origins.into());
            }
        }
        Ok(list)
    }
}

/// Accepts hosts of a document that waits. It waits on for those that are not named.
#[derive(Clone, Debug)]
pub struct AcceptHosts {
    /// The address of the document.
    pub address: Box<str>,
    /// The origins to accept. If the document does not wait for one of them, nothing is accepted.
    pub origins: Vec<Box<str>>,
    /// The time of the request, in seconds since 1970, which the event bears.
    pub now: i64,
}

impl Verb for AcceptHosts {
    /// Whether they are accepted.
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let Self { address, origins, now } = self;
        let (accepted_key, waiting_key) = (format!("{ACCEPTED}{address}"), format!("{WAITING}{address}"));
        let (Some(accepted), Some(waiting)) = (find(sql, &accepted_key).await?, find(sql, &waiting_key).await?) else { return Ok(false) };
        let (mut accepted, waiting) = (parse_origins(&accepted), parse_origins(&waiting));
        if !origins.iter().all(|origin| waiting.contains(&**origin) && accepted.insert(origin)) {
            return Ok(false);
        }
        if waiting.is_subset(&accepted) {
            // Hosts to which the document no longer leads are accepted no longer.
            accepted = waiting;
            sql.queue("DELETE FROM pins WHERE store = $1 AND provider = $2", with![NO_STORE, &waiting_key]).await?;
        }
        let accepted = accepted.into_iter().collect::<Vec<_>>().join(" ");
        sql.queue("UPDATE pins SET fingerprint = $3 WHERE store = $1 AND provider = $2", with![NO_STORE, &accepted_key, &accepted]).await?;
        let event = AuditEvent::new(*now, NO_STORE, AuditEventKind::HostsAccepted).with_reason(AuditActor::Support.word());
        record_event(sql, &AuditEvent { evidence: Some(format!("{address} {}", origins.join(" ")).into()), ..event }).await?;
        Ok(true)
    }
}

/// The origins of a text as they are stored.
pub(crate) fn parse_origins(text: &str) -> BTreeSet<&str> {
    text.split(' ').filter(|origin| !origin.is_empty()).collect()
}

async fn find<S: SqlTransaction>(sql: &mut S, key: &str) -> Result<Option<Box<str>>, StorageFault> {
    let rows = sql.fetch("SELECT fingerprint FROM pins WHERE store = $1 AND provider = $2", with![NO_STORE, key]).await?;
    rows.first().map(|row| row.text(0).map(Into::into)).transpose()
}
