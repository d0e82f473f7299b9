//! The sealed signing keys. All machines share them, and the first machine that finds a rotation due makes it.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sessions::next_generation;
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::session::rotation::{RotationChange, RotationPlan, SigningKeyState, SigningKeyStatus, due_changes};

/// A signing key, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSigningKey {
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

/// The store of the events: keys belong to no single store.
const EVERYWHERE: &str = "*";

/// All keys, the active one first.
#[derive(Debug)]
pub struct ListSigningKeys;

impl Verb for ListSigningKeys {
    type Answer = Vec<SealedSigningKey>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<SealedSigningKey>, StorageFault> {
        sql.fetch(KEYS, &[]).await?.iter().map(key_from_row).collect()
    }
}

// "active" comes before "next" and "retiring".
const KEYS: &str = "SELECT id, sealed, made, state, since FROM keys ORDER BY state, since DESC, id";

fn key_from_row(row: &SqlRow) -> Result<SealedSigningKey, StorageFault> {
    let status = SigningKeyStatus { id: row.text(0)?.into(), state: SigningKeyState::from_word(row.text(3)?), since: row.number(4)? };
    Ok(SealedSigningKey { sealed: row.text(1)?.to_owned(), made: row.number(2)?, status })
}

/// Makes the changes that are due, and answers with them.
#[derive(Debug)]
pub struct RotateSigningKeys {
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
        let keys: Vec<SealedSigningKey> = sql.fetch_for_update(KEYS, &[]).await?.iter().map(key_from_row).collect::<Result<_, _>>()?;
        let statuses: Vec<SigningKeyStatus> = keys.into_iter().map(|key| key.status).collect();
        let changes = due_changes(&statuses, self.now, self.plan, self.wanted);
        let by = if self.wanted { AuditActor::Support } else { AuditActor::Broker };
        for change in &changes {
            match change {
                RotationChange::Begin => self.fresh.insert(sql, SigningKeyState::Active, by, self.now).await?,
                RotationChange::Publish => self.fresh.insert(sql, SigningKeyState::Next, by, self.now).await?,
                RotationChange::Activate(id) => activate_key(sql, id, by, self.now).await?,
                RotationChange::Forget(id) => delete_key(sql, id, by, self.now).await?,
            }
        }
        if !changes.is_empty() {
            next_generation(sql, "keys").await?;
        }
        Ok(changes)
    }
}

/// Removes a key at once: its tokens are no longer valid. If it was the active key, the next one or a new one becomes active.
#[derive(Debug)]
pub struct RetireSigningKey {
    /// The key to remove, by the id that tokens name.
    pub id: Box<str>,
    /// The key to use if a new one is needed.
    pub fresh: NewSigningKey,
    /// The time of the removal, in seconds since 1970, from which the state of its successor counts.
    pub now: i64,
}

impl Verb for RetireSigningKey {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let keys: Vec<SealedSigningKey> = sql.fetch_for_update(KEYS, &[]).await?.iter().map(key_from_row).collect::<Result<_, _>>()?;
        let Some(retired) = keys.iter().find(|key| key.status.id == self.id) else { return Ok(false) };
        delete_key(sql, &self.id, AuditActor::Support, self.now).await?;
        if retired.status.state == SigningKeyState::Active {
            match keys.iter().find(|key| key.status.state == SigningKeyState::Next) {
                Some(next) => activate_key(sql, &next.status.id, AuditActor::Support, self.now).await?,
                None => self.fresh.insert(sql, SigningKeyState::Active, AuditActor::Support, self.now).await?,
            }
        }
        next_generation(sql, "keys").await?;
        Ok(true)
    }
}

impl NewSigningKey {
    async fn insert<S: SqlTransaction>(&self, sql: &mut S, state: SigningKeyState, by: AuditActor, now: i64) -> Result<(), StorageFault> {
        let insert = "INSERT INTO keys (id, sealed, made, state, since) VALUES ($1, $2, $3, $4, $5)";
        sql.queue(insert, with![&self.id, &self.sealed, now, state.word(), now]).await?;
        record_key_event(
            sql,
            if state == SigningKeyState::Active { AuditEventKind::KeyActive } else { AuditEventKind::KeyPublished },
            &self.id,
            by,
            now,
        )
        .await
    }
}

async fn activate_key<S: SqlTransaction>(sql: &mut S, id: &str, by: AuditActor, now: i64) -> Result<(), StorageFault> {
    sql.queue("UPDATE keys SET state = 'retiring', since = $1 WHERE state = 'active'", with![now]).await?;
    sql.queue("UPDATE keys SET state = 'active', since = $1 WHERE id = $2", with![now, id]).await?;
    record_key_event(sql, AuditEventKind::KeyActive, id, by, now).await
}

async fn delete_key<S: SqlTransaction>(sql: &mut S, id: &str, by: AuditActor, now: i64) -> Result<(), StorageFault> {
    sql.queue("DELETE FROM keys WHERE id = $1", with![id]).await?;
    record_key_event(sql, AuditEventKind::KeyGone, id, by, now).await
}

async fn record_key_event<S: SqlTransaction>(
    sql: &mut S,
    what: AuditEventKind,
    id: &str,
    by: AuditActor,
    now: i64,
) -> Result<(), StorageFault> {
    record_event(sql, &AuditEvent { version: Some(id.into()), ..AuditEvent::new(now, EVERYWHERE, what).with_reason(by.word()) }).await
}
