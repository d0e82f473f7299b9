//! Where the linked identities of a provider belong. Each is pinned to the place to which the provider's file pointed when it was linked;
//! an operator moves them when the provider itself has moved.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::endpoint_hosts::NO_STORE;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::provider::fingerprint::ProviderFingerprint;

/// Gives the identities of a provider that have no fingerprint the one with which the provider was live first. Identities that are
/// pinned to its origins go over to its issuer, once the file names it.
#[derive(Clone, Debug)]
pub struct PinIdentities {
    /// The name of the store, whose identities alone are pinned.
    pub store: Box<str>,
    /// The key of the provider.
    pub key: Box<str>,
    /// Where the live file points.
    pub fingerprint: ProviderFingerprint,
}

impl Verb for PinIdentities {
    /// How many identities are pinned to another place than that of the live file.
    type Answer = i64;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<i64, StorageFault> {
        let Self { store, key, fingerprint: ProviderFingerprint { pinned, origins } } = self;
        let pin = "INSERT INTO pins (store, provider, fingerprint) VALUES ($1, $2, $3) ON CONFLICT (store, provider) DO NOTHING";
        sql.queue(pin, with![store, key, pinned]).await?;
        if let Some(origins) = origins {
            let named = "UPDATE pins SET fingerprint = $4 WHERE store = $1 AND provider = $2 AND fingerprint = $3";
            sql.queue(named, with![store, key, origins, pinned]).await?;
            move_identities(sql, (store, key), origins, pinned).await?;
        }
        let rows = sql.fetch("SELECT fingerprint FROM pins WHERE store = $1 AND provider = $2", with![store, key]).await?;
        let first = rows.first().ok_or(StorageFault::Conflict)?.text(0)?.to_owned();
        move_identities(sql, (store, key), "", &first).await?;
        if first == **pinned {
            return Ok(0);
        }
        let elsewhere = "SELECT (SELECT count(*) FROM identities WHERE store = $1 AND provider = $2 AND fingerprint < $3 AND length(fingerprint) >= 0) \
             + (SELECT count(*) FROM identities WHERE store = $1 AND provider = $2 AND fingerprint > $3 AND length(fingerprint) >= 0)";
        sql.fetch(elsewhere, with![store, key, pinned]).await?.first().ok_or(StorageFault::Unavailable)?.number(0)
    }
}

/// Pins the identities of many providers, in one transaction.
#[derive(Debug)]
pub(crate) struct PinAllIdentities(pub(crate) Vec<PinIdentities>);

impl Verb for PinAllIdentities {
    /// The answer for each of them.
    type Answer = Vec<i64>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<i64>, StorageFault> {
        let mut elsewhere = Vec::with_capacity(self.0.len());
        for pin in &self.0 {
            elsewhere.push(pin.execute(sql).await?);
        }
        Ok(elsewhere)
    }
}

/// Lists where the identities of each provider are pinned, except of providers of which some identities are elsewhere: store, key and
/// fingerprint.
#[derive(Debug)]
pub(crate) struct ListSettledPins;

impl Verb for ListSettledPins {
    type Answer = Vec<(Box<str>, Box<str>, Box<str>)>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let settled = "SELECT store, provider, fingerprint FROM pins p WHERE store <> $1 AND NOT EXISTS (SELECT 1 FROM identities i \
             WHERE i.store = p.store AND i.provider = p.provider AND i.fingerprint < p.fingerprint AND length(i.fingerprint) >= 0) \
             AND NOT EXISTS (SELECT 1 FROM identities i \
             WHERE i.store = p.store AND i.provider = p.provider AND i.fingerprint > p.fingerprint AND length(i.fingerprint) >= 0)";
        let rows = sql.fetch(settled, with![NO_STORE]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.into(), row.text(1)?.into(), row.text(2)?.into()))).collect()
    }
}

/// Moves identities from one fingerprint to another, and answers how many. An identity whose id is linked there already stays where it
/// is, unless it belongs to the same user, who keeps the newer one.
async fn move_identities<S: SqlTransaction>(sql: &mut S, (store, key): (&str, &str), from: &str, to: &str) -> Result<u64, StorageFault> {
    let twice = "DELETE FROM identities WHERE store = $1 AND provider = $2 AND fingerprint = $3 AND provider_id IN \
         (SELECT i.provider_id FROM identities i WHERE i.store = $1 AND i.provider = $2 AND i.fingerprint = $3 AND length(i.fingerprint) >= 0) \
         AND EXISTS (SELECT 1 FROM identities o WHERE o.store = $1 AND o.provider = $2 AND o.fingerprint = $4 \
         AND o.provider_id = identities.provider_id AND o.uid = identities.uid)";
    let doubled = sql.run(twice, with![store, key, from, to]).await?;
    let update = "UPDATE identities SET fingerprint = $4 WHERE store = $1 AND provider = $2 AND fingerprint = $3 AND provider_id IN \
         (SELECT i.provider_id FROM identities i WHERE i.store = $1 AND i.provider = $2 AND i.fingerprint = $3 AND length(i.fingerprint) >= 0) AND NOT EXISTS \
         (SELECT 1 FROM identities o WHERE o.store = $1 AND o.provider = $2 AND o.fingerprint = $4 AND o.provider_id = identities.provider_id)";
    Ok(doubled.saturating_add(sql.run(update, with![store, key, from, to]).await?))
}

/// Identities of a provider that are pinned to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedIdentities {
    /// Where they belong; empty for those that are pinned at the next start of the broker.
    pub fingerprint: Box<str>,
    /// How many identities there are.
    pub identities: i64,
    /// How many users have them.
    pub users: i64,
    /// How many of them cannot be moved to the place that was asked about, because the id is linked there to another user.
    pub taken: i64,
}

/// Lists the places to which the identities of a provider are pinned.
#[derive(Clone, Debug)]
pub struct ListPinnedIdentities {
    /// The name of the store.
    pub store: Box<str>,
    /// The key of the provider.
    pub key: Box<str>,
    /// Where the identities are to be moved.
    pub to: Box<str>,
}

impl Verb for ListPinnedIdentities {
    type Answer = Vec<PinnedIdentities>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<PinnedIdentities>, StorageFault> {
        let select = "SELECT i.fingerprint, count(*), count(DISTINCT i.uid), count(o.uid) FROM identities i LEFT JOIN identities o \
             ON o.store = i.store AND o.provider = i.provider AND o.provider_id = i.provider_id AND o.fingerprint = $3 AND o.uid <> i.uid \
             WHERE i.store = $1 AND i.provider = $2 GROUP BY i.fingerprint ORDER BY i.fingerprint";
        let rows = sql.fetch(select, with![&self.store, &self.key, &self.to]).await?;
        let pinned = rows.iter().map(|row| {
            Ok(PinnedIdentities {
                fingerprint: row.text(0)?.into(),
                identities: row.number(1)?,
                users: row.number(2)?,
                taken: row.number(3)?,
            })
        });
        pinned.collect()
    }
}

/// Moves the identities of a provider to where its file points now.
#[derive(Clone, Debug)]
pub struct MoveIdentities {
    /// The name of the store.
    pub store: Box<str>,
    /// The key of the provider.
    pub key: Box<str>,
    /// The name of its file, which the event names.
    pub file: Box<str>,
    /// The version of the file, which the event names.
    pub version: Box<str>,
    /// Where the identities belong now.
    pub from: Box<str>,
    /// Where the file points.
    pub to: Box<str>,
    /// The time of the request, in seconds since 1970, which the event bears.
    pub now: i64,
}

impl Verb for MoveIdentities {
    /// How many identities were moved.
    type Answer = u64;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<u64, StorageFault> {
        let Self { store, key, file, version, from, to, now } = self;
        let moved = move_identities(sql, (store, key), from, to).await?;
        let pin = "UPDATE pins SET fingerprint = $4 WHERE store = $1 AND provider = $2 AND fingerprint = $3";
        sql.queue(pin, with![store, key, from, to]).await?;
        let event = AuditEvent::new(*now, store, AuditEventKind::ProviderMoved).via_provider(file).with_reason(AuditActor::Support.word());
        let event = AuditEvent { evidence: Some(format!("{moved} {to}").into()), version: Some(version.clone()), ..event };
        record_event(sql, &event).await?;
        Ok(moved)
    }
}
