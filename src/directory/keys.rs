//! The sealed signing keys of the stores. All machines share them, and the first machine that finds a rotation due makes it.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sessions::next_generation;
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::session::rotation::{RotationChange, RotationPlan, SigningKeyState, SigningKeyStatus, due_changes};
use std::collections::{BTreeMap, BTreeSet};

/// A signing key, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSigningKey {
    /// The store whose tokens it signs.
    pub store: Box<str>,
    /// The bytes of the key, sealed.
    pub(crate) sealed: String,
    /// When it was created.
    pub(crate) made: i64,
    /// Its id and its state.
    pub status: SigningKeyStatus,
}

/// A key that is used if a new one is needed.
#[derive(Clone, Debug)]
pub struct NewSigningKey {
    /// A random id, by which tokens will name the key.
    pub id: Box<str>,
    /// The bytes of the key, sealed.
    pub sealed: String,
}

/// The keys of all stores, the active one of each store first.
#[derive(Debug)]
pub struct ListSigningKeys;

impl Verb for ListSigningKeys {
    type Answer = Vec<SealedSigningKey>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<SealedSigningKey>, StorageFault> {
        // "active" comes before "next" and "retiring".
        let list = "SELECT store, id, sealed, made, state, since FROM store_keys ORDER BY store, state, since DESC, id";
        sql.fetch(list, &[]).await?.iter().map(key_from_row).collect()
    }
}

/// The keys of a store, locked until the end of the transaction.
pub(crate) async fn lock_keys<S: SqlTransaction>(sql: &mut S, store: &str) -> Result<Vec<SealedSigningKey>, StorageFault> {
    let list = "SELECT store, id, sealed, made, state, since FROM store_keys WHERE store = $1 ORDER BY state, since DESC, id";
    sql.fetch_for_update(list, with![store]).await?.iter().map(key_from_row).collect()
}

fn key_from_row(row: &SqlRow) -> Result<SealedSigningKey, StorageFault> {
    let status = SigningKeyStatus { id: row.text(1)?.into(), state: SigningKeyState::from_word(row.text(4)?), since: row.number(5)? };
    Ok(SealedSigningKey { store: row.text(0)?.into(), sealed: row.text(2)?.to_owned(), made: row.number(3)?, status })
}

/// Makes the changes of a store's keys that are due, and answers with them.
#[derive(Clone, Debug)]
pub struct RotateSigningKeys {
    /// The store whose keys they are.
    pub store: Box<str>,
    /// The key to use if a new one is needed.
    pub fresh: NewSigningKey,
    /// How long keys live.
    pub plan: RotationPlan,
    /// Whether the operator asks for a new key.
    pub wanted: bool,
    /// The current time in seconds since 1970, by which it is decided which changes are due.
    pub now: i64,
}

impl Verb for RotateSigningKeys {
    type Answer = Vec<RotationChange>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<RotationChange>, StorageFault> {
        let statuses: Vec<SigningKeyStatus> = lock_keys(sql, &self.store).await?.into_iter().map(|key| key.status).collect();
        let changes = due_changes(&statuses, self.now, self.plan, self.wanted);
        let by = if self.wanted { AuditActor::Support } else { AuditActor::Broker };
        let change_of = KeyChange { store: &self.store, by, now: self.now };
        for change in &changes {
            match change {
                RotationChange::Begin => change_of.insert(sql, &self.fresh, SigningKeyState::Active).await?,
                RotationChange::Publish => change_of.insert(sql, &self.fresh, SigningKeyState::Next).await?,
                RotationChange::Activate(id) => change_of.activate(sql, id).await?,
                RotationChange::Forget(id) => change_of.delete(sql, id).await?,
            }
        }
        if !changes.is_empty() {
            next_generation(sql, "keys").await?;
        }
        Ok(changes)
    }
}

/// Rotates the keys of many stores, in one transaction.
#[derive(Debug)]
pub(crate) struct RotateAllSigningKeys(pub(crate) Vec<RotateSigningKeys>);

impl Verb for RotateAllSigningKeys {
    /// The changes of each store.
    type Answer = Vec<Vec<RotationChange>>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let mut changes = Vec::with_capacity(self.0.len());
        for rotation in &self.0 {
            changes.push(rotation.execute(sql).await?);
        }
        Ok(changes)
    }
}

/// Removes a key at once: its tokens are no longer valid. Where it was the active key, the next one or a new one becomes active.
#[derive(Debug)]
pub struct RetireSigningKey {
    /// The key to remove, by the id that tokens name.
    pub id: Box<str>,
    /// All stores that hold it, as the operator confirmed them: the state of the key there, and the key to use if a new one is needed.
    pub copies: BTreeMap<Box<str>, (SigningKeyState, NewSigningKey)>,
    /// The time of the removal, in seconds since 1970, from which the state of its successor counts.
    pub now: i64,
}

/// The outcome of the removal of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRetirement {
    /// The key is removed from every store.
    Removed,
    /// No store holds the key.
    NotThere,
    /// Other stores hold the key than those that were named, or in another state, and nothing was removed.
    Changed,
}

impl Verb for RetireSigningKey {
    type Answer = KeyRetirement;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<KeyRetirement, StorageFault> {
        // They are locked in one order, so that no two removals wait for each other, and listed only then.
        let mut locked = Vec::new();
        for (store, (state, fresh)) in &self.copies {
            locked.push((store, *state, fresh, lock_keys(sql, store).await?));
        }
        let holders = sql.fetch("SELECT store FROM store_keys WHERE id = $1 ORDER BY store", with![&self.id]).await?;
        let holders: BTreeSet<&str> = holders.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        if holders.is_empty() {
            return Ok(KeyRetirement::NotThere);
        }
        let is_as_confirmed = |keys: &[SealedSigningKey], confirmed: SigningKeyState| {
            keys.iter().any(|key| key.status.id == self.id && key.status.state == confirmed)
        };
        if !holders.into_iter().eq(self.copies.keys().map(|store| &**store))
            || !locked.iter().all(|(_, state, _, keys)| is_as_confirmed(keys, *state))
        {
            return Ok(KeyRetirement::Changed);
        }
        for (store, _, fresh, keys) in locked {
            let Some(retired) = keys.iter().find(|key| key.status.id == self.id) else { continue };
            let change = KeyChange { store, by: AuditActor::Support, now: self.now };
            change.delete(sql, &self.id).await?;
            if retired.status.state == SigningKeyState::Active {
                match keys.iter().find(|key| key.status.state == SigningKeyState::Next) {
                    Some(next) => change.activate(sql, &next.status.id).await?,
                    None => change.insert(sql, fresh, SigningKeyState::Active).await?,
                }
            }
        }
        next_generation(sql, "keys").await?;
        Ok(KeyRetirement::Removed)
    }
}

/// Replaces the keys of all stores, also those that no master key opens any more: every token is refused from then on.
#[derive(Debug)]
pub struct ReplaceSigningKeys {
    /// The new key of each store.
    pub fresh: Vec<(Box<str>, NewSigningKey)>,
    /// The time of the change, in seconds since 1970.
    pub now: i64,
}

impl Verb for ReplaceSigningKeys {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        for (store, fresh) in &self.fresh {
            let change = KeyChange { store, by: AuditActor::Support, now: self.now };
            for key in lock_keys(sql, store).await? {
                change.delete(sql, &key.status.id).await?;
            }
            change.insert(sql, fresh, SigningKeyState::Active).await?;
        }
        next_generation(sql, "keys").await?;
        Ok(())
    }
}

/// The store whose keys change, who changes them, and when.
pub(crate) struct KeyChange<'a> {
    pub(crate) store: &'a str,
    pub(crate) by: AuditActor,
    pub(crate) now: i64,
}

impl KeyChange<'_> {
    async fn insert<S: SqlTransaction>(&self, sql: &mut S, fresh: &NewSigningKey, state: SigningKeyState) -> Result<(), StorageFault> {
        let insert = "INSERT INTO store_keys (store, id, sealed, made, state, since) VALUES ($1, $2, $3, $4, $5, $6)";
        sql.queue(insert, with![self.store, &fresh.id, &fresh.sealed, self.now, state.word(), self.now]).await?;
        let what = if state == SigningKeyState::Active { AuditEventKind::KeyActive } else { AuditEventKind::KeyPublished };
        self.record(sql, what, &fresh.id).await
    }

    async fn activate<S: SqlTransaction>(&self, sql: &mut S, id: &str) -> Result<(), StorageFault> {
        let retire = "UPDATE store_keys SET state = 'retiring', since = $1 WHERE store = $2 AND state = 'active'";
        sql.queue(retire, with![self.now, self.store]).await?;
        let activate = "UPDATE store_keys SET state = 'active', since = $1 WHERE store = $2 AND id = $3";
        sql.queue(activate, with![self.now, self.store, id]).await?;
        self.record(sql, AuditEventKind::KeyActive, id).await
    }

    pub(crate) async fn delete<S: SqlTransaction>(&self, sql: &mut S, id: &str) -> Result<(), StorageFault> {
        sql.queue("DELETE FROM store_keys WHERE store = $1 AND id = $2", with![self.store, id]).await?;
        self.record(sql, AuditEventKind::KeyGone, id).await
    }

    async fn record<S: SqlTransaction>(&self, sql: &mut S, what: AuditEventKind, id: &str) -> Result<(), StorageFault> {
        let event = AuditEvent::new(self.now, self.store, what).with_reason(self.by.word());
        record_event(sql, &event.of_version(id)).await
    }
}
