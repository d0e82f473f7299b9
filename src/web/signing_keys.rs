//! The signing keys in use, shared with all machines through storage and rotated in time.

use crate::directory::keys::{self, NewSigningKey, RotateSigningKeys, SealedSigningKey};
use crate::directory::{Directory, StorageUnavailable};
use crate::session::keys::{SessionSigningKey, SessionSigningKeys};
use crate::session::rotation::{RotationChange, RotationPlan, SigningKeyState, SigningKeyStatus, due_changes};
use crate::session::seal::{MasterKey, Seal};
use crate::world::random;
use arc_swap::{ArcSwap, Guard};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The keys in memory, and the seal under which storage keeps them.
pub struct SigningKeys {
    keys: ArcSwap<SessionSigningKeys>,
    standings: Mutex<Vec<SigningKeyStatus>>,
    version: AtomicU64,
    seal: Seal,
}

/// The purpose for which keys are sealed.
const PURPOSE: &str = "signing keys";

/// A new key under this seal.
pub fn new_sealed_key(master: &MasterKey) -> NewSigningKey {
    new_key_sealed_with(&Seal::new(master, PURPOSE))
}

fn new_key_sealed_with(seal: &Seal) -> NewSigningKey {
    let id = random::id();
    NewSigningKey { sealed: seal.seal(&[&id], &random::signing_key(), random::bytes()), id }
}

/// Whether the seal opens the signing key of the storage. Only then may a further key be made.
pub(crate) fn opens_keys(master: &MasterKey, keys: &[SealedSigningKey]) -> bool {
    keys.is_empty() || active_key(keys, &Seal::new(master, PURPOSE)).is_some()
}

impl SigningKeys {
    /// Opens the keys of the storage; makes the first key if there is none.
    pub async fn open(directory: &Directory, master: &MasterKey, plan: RotationPlan, now: i64) -> Result<Self, StorageUnavailable> {
        let seal = Seal::new(master, PURPOSE);
        let mut sealed = directory.read(keys::ListSigningKeys).await?;
        if !opens_keys(master, &sealed) {
            return Err(StorageUnavailable);
        }
        // Everything else that is due waits until the clock was compared with that of the storage.
        if sealed.is_empty() {
            directory.write(RotateSigningKeys { fresh: new_key_sealed_with(&seal), plan, wanted: false, now }).await?;
            sealed = directory.read(keys::ListSigningKeys).await?;
        }
        let (keys, standings) = open_keys(&sealed, &seal).ok_or(StorageUnavailable)?;
        Ok(Self { keys: ArcSwap::from_pointee(keys), standings: Mutex::new(standings), version: AtomicU64::new(0), seal })
    }

    /// The keys at this moment.
    pub fn keys(&self) -> Guard<Arc<SessionSigningKeys>> {
        self.keys.load()
    }

    /// A number that changes with the keys: tokens that older keys verified have to be verified again.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Reads the keys from storage.
    pub(crate) async fn reload(&self, directory: &Directory) -> Result<(), StorageUnavailable> {
        let sealed = directory.read(keys::ListSigningKeys).await?;
        // If no key can be opened, the known keys stay in use.
        let (keys, standings) = open_keys(&sealed, &self.seal).ok_or(StorageUnavailable)?;
        self.keys.store(Arc::new(keys));
        *self.standings.lock().unwrap_or_else(PoisonError::into_inner) = standings;
        self.version.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Rotates the keys where that is due. One of many machines does it, and all of them read the result.
    pub(crate) async fn rotate(&self, directory: &Directory, plan: RotationPlan, now: i64) -> Result<(), StorageUnavailable> {
        let is_due = !due_changes(&self.standings.lock().unwrap_or_else(PoisonError::into_inner), now, plan, false).is_empty();
        if !is_due {
            return Ok(());
        }
        let changes = directory.write(RotateSigningKeys { fresh: new_key_sealed_with(&self.seal), plan, wanted: false, now }).await?;
        for change in changes {
            match change {
                RotationChange::Begin | RotationChange::Publish => tracing::info!("a new signing key has been published"),
                RotationChange::Activate(id) => tracing::info!(key = &*id, "a new key signs"),
                RotationChange::Forget(id) => tracing::info!(key = &*id, "a signing key was removed: its last token has expired"),
            }
        }
        Ok(())
    }
}

fn open_key(key: &SealedSigningKey, seal: &Seal) -> Option<SessionSigningKey> {
    SessionSigningKey::new(&key.status.id, &seal.open(&[&key.status.id], &key.sealed)?)
}

fn active_key(sealed: &[SealedSigningKey], seal: &Seal) -> Option<SessionSigningKey> {
    sealed.iter().find(|key| key.status.state == SigningKeyState::Active).and_then(|key| open_key(key, seal))
}

fn open_keys(sealed: &[SealedSigningKey], seal: &Seal) -> Option<(SessionSigningKeys, Vec<SigningKeyStatus>)> {
    // The signing key comes first.
    let signs = active_key(sealed, seal)?;
    let others = sealed.iter().filter(|key| key.status.state != SigningKeyState::Active);
    let others: Vec<SessionSigningKey> = others.filter_map(|key| open_key(key, seal)).collect();
    let unreadable = sealed.len().saturating_sub(others.len()).saturating_sub(1);
    if unreadable > 0 {
        tracing::error!("{unreadable} signing keys cannot be opened: they were sealed with another master key");
    }
    let standings = sealed.iter().map(|key| key.status.clone()).collect();
    SessionSigningKeys::new(std::iter::once(signs).chain(others).collect()).map(|keys| (keys, standings))
}
