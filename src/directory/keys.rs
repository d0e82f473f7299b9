//! The sealed signing keys of the stores. All machines share them, and the first machine that finds a rotation due makes it.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sessions::next_generation;
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::session::rotation::{RotationChange, RotationPlan, SigningKeyState, SigningKeyStatus, due_changes};
use crate::session::token_algorithm::TokenAlgorithm;
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
    /// Its id, its algorithm and its state.
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

/// The keys of all stores. Those of one algorithm follow each other, the active one first.
#[derive(Debug)]
pub struct ListSigningKeys;

impl Verb for ListSigningKeys {
    type Answer = Vec<SealedSigningKey>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<SealedSigningKey>, StorageFault> {
        // "active" comes before "next" and "retiring".
        let list = "SELECT store, id, sealed, made, state, since, algorithm FROM signing_keys
                    ORDER BY store, algorithm, state, since DESC, id";
        sql.fetch(list, &[]).await?.iter().filter_map(|row| key_from_row(row).transpose()).collect()
    }
}

/// The keys of a store by all algorithms, locked until the end of the transaction.
pub(crate) async fn lock_keys<S: SqlTransaction>(sql: &mut S, store: &str) -> Result<Vec<SealedSigningKey>, StorageFault> {
    let list = "SELECT store, id, sealed, made, state, since, algorithm FROM signing_keys WHERE store = $1
                ORDER BY algorithm, state, since DESC, id";
    sql.fetch_for_update(list, with![store]).await?.iter().filter_map(|row| key_from_row(row).transpose()).collect()
}

/// The key of a row; `None` if it is for an algorithm of a later version.
fn key_from_row(row: &SqlRow) -> Result<Option<SealedSigningKey>, StorageFault> {
    let Some(algorithm) = TokenAlgorithm::from_name(row.text(6)?) else { return Ok(None) };
    let (id, state, since) = (row.text(1)?.into(), SigningKeyState::from_word(row.text(4)?), row.number(5)?);
    let status = SigningKeyStatus { id, algorithm, state, since };
    Ok(Some(SealedSigningKey { store: row.text(0)?.into(), sealed: row.text(2)?.to_owned(), made: row.number(3)?, status }))
}

/// Makes the changes of a store's keys by one algorithm that are due, and answers with what is due.
#[derive(Clone, Debug)]
pub struct RotateSigningKeys {
    /// The store whose keys they are.
    pub store: Box<str>,
    /// The algorithm whose keys they are.
    pub algorithm: TokenAlgorithm,
    /// The key to use if a new one is needed; without it the changes that need one are named in the answer and not made.
    pub fresh: Option<NewSigningKey>,
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
        let keys = lock_keys(sql, &self.store).await?;
        let changes = due_changes(keys.iter().map(|key| &key.status), self.algorithm, self.now, self.plan, self.wanted);
        let by = if self.wanted { AuditActor::Support } else { AuditActor::Broker };
        let change_of = KeyChange { store: &self.store, algorithm: self.algorithm, by, now: self.now };
        for change in &changes {
            match (change, &self.fresh) {
                (RotationChange::Begin, Some(fresh)) => change_of.insert(sql, fresh, SigningKeyState::Active).await?,
                (RotationChange::Publish, Some(fresh)) => change_of.insert(sql, fresh, SigningKeyState::Next).await?,
                (RotationChange::Begin | RotationChange::Publish, None) => {}
                (RotationChange::Activate(id), _) => change_of.activate(sql, id).await?,
                (RotationChange::Forget(id), _) => change_of.delete(sql, id).await?,
            }
        }
        if changes.iter().any(|change| self.fresh.is_some() || !change.needs_new_key()) {
            next_generation(sql, "keys").await?;
        }
        Ok(changes)
    }
}

/// Rotates the keys of many stores, in one transaction.
#[derive(Debug)]
pub(crate) struct RotateAllSigningKeys(pub(crate) Vec<RotateSigningKeys>);

impl Verb for RotateAllSigningKeys {
    /// What is due for each.
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
        let holders = sql.fetch("SELECT store FROM signing_keys WHERE id = $1 ORDER BY store", with![&self.id]).await?;
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
            let algorithm = retired.status.algorithm;
            let change = KeyChange { store, algorithm, by: AuditActor::Support, now: self.now };
            change.delete(sql, &self.id).await?;
            if retired.status.state == SigningKeyState::Active {
                let is_next = |key: &&SealedSigningKey| (key.status.algorithm, key.status.state) == (algorithm, SigningKeyState::Next);
                match keys.iter().find(is_next) {
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
    /// The new key of each store and algorithm.
    pub fresh: Vec<(Box<str>, TokenAlgorithm, NewSigningKey)>,
    /// The time of the change, in seconds since 1970.
    pub now: i64,
}

impl Verb for ReplaceSigningKeys {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        for (store, algorithm, fresh) in &self.fresh {
            let change = KeyChange { store, algorithm: *algorithm, by: AuditActor::Support, now: self.now };
            for key in lock_keys(sql, store).await?.iter().filter(|key| key.status.algorithm == *algorithm) {
                change.delete(sql, &key.status.id).await?;
            }
            change.insert(sql, fresh, SigningKeyState::Active).await?;
        }
        next_generation(sql, "keys").await?;
        Ok(())
    }
}

/// The store and the algorithm whose keys change, who changes them, and when.
pub(crate) struct KeyChange<'a> {
    pub(crate) store: &'a str,
    pub(crate) algorithm: TokenAlgorithm,
    pub(crate) by: AuditActor,
    pub(crate) now: i64,
}

impl KeyChange<'_> {
    async fn insert<S: SqlTransaction>(&self, sql: &mut S, fresh: &NewSigningKey, state: SigningKeyState) -> Result<(), StorageFault> {
        let insert = "INSERT INTO signing_keys (store, id, algorithm, sealed, made, state, since) VALUES ($1, $2, $3, $4, $5, $6, $5)";
        sql.queue(insert, with![self.store, &fresh.id, self.algorithm.name(), &fresh.sealed, self.now, state.word()]).await?;
        let what = if state == SigningKeyState::Active { AuditEventKind::KeyActive } else { AuditEventKind::KeyPublished };
        self.record(sql, what, &fresh.id).await
    }

    async fn activate<S: SqlTransaction>(&self, sql: &mut S, id: &str) -> Result<(), StorageFault> {
        let retire = "UPDATE signing_keys SET state = 'retiring', since = $1 WHERE store = $2 AND algorithm = $3 AND state = 'active'";
        sql.queue(retire, with![self.now, self.store, self.algorithm.name()]).await?;
        let activate = "UPDATE signing_keys SET state = 'active', since = $1 WHERE store = $2 AND id = $3";
        sql.queue(activate, with![self.now, self.store, id]).await?;
        self.record(sql, AuditEventKind::KeyActive, id).await
    }

    pub(crate) async fn delete<S: SqlTransaction>(&self, sql: &mut S, id: &str) -> Result<(), StorageFault> {
        sql.queue("DELETE FROM signing_keys WHERE store = $1 AND id = $2", with![self.store, id]).await?;
        self.record(sql, AuditEventKind::KeyGone, id).await
    }

    async fn record<S: SqlTransaction>(&self, sql: &mut S, what: AuditEventKind, id: &str) -> Result<(), StorageFault> {
        let event = AuditEvent::new(self.now, self.store, what).with_reason(self.by.word());
        record_event(sql, &event.of_version(id)).await
    }
}
