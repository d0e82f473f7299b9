//! The signing keys, sealed: shared by all machines, and turned over by whichever machine comes first.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sessions::next_generation;
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::session::rotation::{RotationChange, RotationPlan, SigningKeyState, SigningKeyStatus, due_changes};

/// A signing key, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSigningKey {
    /// Its bytes, sealed.
    pub(crate) sealed: String,
    /// When it was made.
    pub(crate) made: i64,
    /// Its name, what it does, and since when.
    pub standing: SigningKeyStatus,
}

/// A key that may be made use of.
#[derive(Clone, Debug)]
pub struct NewSigningKey {
    /// Its name.
    pub id: Box<str>,
    /// Its bytes, sealed.
    pub sealed: String,
}

/// The keys do not belong to a store.
const EVERYWHERE: &str = "*";

/// All keys, the one that signs first.
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
    let standing = SigningKeyStatus { id: row.text(0)?.into(), state: SigningKeyState::from_word(row.text(3)?), since: row.number(4)? };
    Ok(SealedSigningKey { sealed: row.text(1)?.to_owned(), made: row.number(2)?, standing })
}

/// Does what is due with the keys. Answers with what that was.
#[derive(Debug)]
pub struct RotateSigningKeys {
    /// A key for the case that one is needed.
    pub fresh: NewSigningKey,
    /// How long keys live.
    pub plan: RotationPlan,
    /// Whether somebody has asked for a new key.
    pub wanted: bool,
    /// When.
    pub now: i64,
}

impl Verb for RotateSigningKeys {
    type Answer = Vec<RotationChange>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<RotationChange>, StorageFault> {
        let held: Vec<SealedSigningKey> = sql.fetch_for_update(KEYS, &[]).await?.iter().map(key_from_row).collect::<Result<_, _>>()?;
        let standings: Vec<SigningKeyStatus> = held.into_iter().map(|key| key.standing).collect();
        let changes = due_changes(&standings, self.now, self.plan, self.wanted);
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

/// Takes a key out of use at once: whoever has a token of it is logged out. If it signed, the next one or a new one does.
#[derive(Debug)]
pub struct RetireSigningKey {
    /// The key.
    pub id: Box<str>,
    /// A key for the case that one is needed.
    pub fresh: NewSigningKey,
    /// When.
    pub now: i64,
}

impl Verb for RetireSigningKey {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let held: Vec<SealedSigningKey> = sql.fetch_for_update(KEYS, &[]).await?.iter().map(key_from_row).collect::<Result<_, _>>()?;
        let Some(going) = held.iter().find(|key| key.standing.id == self.id) else { return Ok(false) };
        delete_key(sql, &self.id, AuditActor::Support, self.now).await?;
        if going.standing.state == SigningKeyState::Active {
            match held.iter().find(|key| key.standing.state == SigningKeyState::Next) {
                Some(next) => activate_key(sql, &next.standing.id, AuditActor::Support, self.now).await?,
                None => self.fresh.insert(sql, SigningKeyState::Active, AuditActor::Support, self.now).await?,
            }
        }
        next_generation(sql, "keys").await?;
        Ok(true)
    }
}

impl NewSigningKey {
    async fn insert<S: SqlTransaction>(&self, sql: &mut S, state: SigningKeyState, by: AuditActor, now: i64) -> Result<(), StorageFault> {
        let added = "INSERT INTO keys (id, sealed, made, state, since) VALUES ($1, $2, $3, $4, $5)";
        sql.queue(added, with![&self.id, &self.sealed, now, state.word(), now]).await?;
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
