//! Which broker serves which further store. A store that no broker serves any more was removed from the settings. Its signing keys,
//! open proofs, the access of its apps and the kept tokens go with it, so that a store that is created later under the same name revives
//! nothing of them.
//!
//! A broker that is stopped keeps its entries, so neither a restart nor an outage removes a store. The entries of a broker that does
//! not come back are removed by a broker that has run without it for long enough.

use crate::directory::audit::AuditActor;
use crate::directory::keys::{KeyChange, lock_keys};
use crate::directory::sessions::next_generation;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Records the stores that a broker serves, and answers with the names of stores that were removed by that.
#[derive(Debug)]
pub struct RecordServedStores {
    /// The name of the broker, which stays the same when it is started again.
    pub machine: Box<str>,
    /// The further stores of its settings.
    pub stores: Vec<Box<str>>,
    /// The stores that left its settings since the last record, even if they are back.
    pub dropped: Vec<Box<str>>,
    /// Brokers that recorded nothing since then are gone.
    pub silent_since: Option<i64>,
    /// The current time in seconds since 1970.
    pub now: i64,
}

impl Verb for RecordServedStores {
    type Answer = Vec<Box<str>>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<Box<str>>, StorageFault> {
        sql.lock_name("served").await?;
        for row in sql.fetch("SELECT store FROM served WHERE machine = $1", with![&self.machine]).await? {
            let store = row.text(0)?;
            if !self.serves_on(store) {
                sql.queue("DELETE FROM served WHERE store = $1 AND machine = $2", with![store, &self.machine]).await?;
            }
        }
        if let Some(since) = self.silent_since {
            sql.queue("DELETE FROM served WHERE seen < $1", with![since]).await?;
        }
        let mut removed: Vec<Box<str>> = Vec::new();
        let unserved = "SELECT DISTINCT store FROM signing_keys WHERE store <> 'main' AND store NOT IN (SELECT store FROM served)";
        for row in sql.fetch(unserved, &[]).await? {
            let store = row.text(0)?;
            if self.serves_on(store) {
                continue;
            }
            for key in lock_keys(sql, store).await? {
                let change = KeyChange { store, algorithm: key.status.algorithm, by: AuditActor::Broker, now: self.now };
                change.delete(sql, &key.status.id).await?;
            }
            sql.queue("DELETE FROM proofs WHERE store = $1", with![store]).await?;
            // The access tokens of the grants are not valid without the keys.
            sql.queue("UPDATE app_grants SET ended = 1 WHERE store = $1", with![store]).await?;
            sql.queue("DELETE FROM app_consents WHERE store = $1", with![store]).await?;
            sql.queue("DELETE FROM kept_tokens WHERE store = $1", with![store]).await?;
            sql.queue("DELETE FROM store_events WHERE store = $1", with![store]).await?;
            sql.queue("DELETE FROM store_event_leases WHERE store = $1", with![store]).await?;
            removed.push(store.into());
        }
        for store in &self.stores {
            let record = "INSERT INTO served (store, machine, seen) VALUES ($1, $2, $3)
                          ON CONFLICT (store, machine) DO UPDATE SET seen = excluded.seen";
            sql.queue(record, with![store, &self.machine, self.now]).await?;
        }
        if !removed.is_empty() {
            next_generation(sql, "keys").await?;
        }
        Ok(removed)
    }
}

impl RecordServedStores {
    /// Whether the broker serves the store and did so all the time.
    fn serves_on(&self, store: &str) -> bool {
        let names = |list: &[Box<str>]| list.iter().any(|name| **name == *store);
        names(&self.stores) && !names(&self.dropped)
    }
}
