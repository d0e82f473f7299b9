//! The signing keys of each store, shared with all machines through storage and rotated in time.

use crate::directory::keys::{self, NewSigningKey, RotateAllSigningKeys, RotateSigningKeys, SealedSigningKey};
use crate::directory::{Directory, StorageUnavailable};
use crate::session::keys::{SessionSigningKey, SessionSigningKeys};
use crate::session::rotation::{RotationChange, SigningKeyState, SigningKeyStatus, due_changes};
use crate::session::seal::{MasterKey, Seal};
use crate::stores::Store;
use crate::world::random;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The keys of all stores in memory, and the seal under which storage keeps them.
pub struct SigningKeys {
    stores: ArcSwap<HashMap<Box<str>, StoreSigningKeys>>,
    version: AtomicU64,
    seal: Seal,
}

/// The keys of a store.
#[derive(Clone)]
struct StoreSigningKeys {
    keys: Arc<SessionSigningKeys>,
    statuses: Vec<SigningKeyStatus>,
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

/// Whether the seal opens the key that signs at each store. Only then may a further key be made.
pub(crate) fn opens_keys(master: &MasterKey, keys: &[SealedSigningKey]) -> bool {
    let seal = Seal::new(master, PURPOSE);
    keys.iter().filter(|key| key.status.state == SigningKeyState::Active).all(|key| open_key(key, &seal).is_some())
}

impl SigningKeys {
    /// Checks that the keys of the storage can be opened. They are read later, when each store has its first key.
    pub async fn open(directory: &Directory, master: &MasterKey) -> Result<Self, StorageUnavailable> {
        if !opens_keys(master, &directory.read(keys::ListSigningKeys).await?) {
            return Err(StorageUnavailable);
        }
        Ok(Self { stores: ArcSwap::default(), version: AtomicU64::new(0), seal: Seal::new(master, PURPOSE) })
    }

    /// The keys of a store at this moment; `None` while a new store has none, because storage could not be reached yet.
    pub fn keys(&self, store: &str) -> Option<Arc<SessionSigningKeys>> {
        self.stores.load().get(store).map(|of_store| Arc::clone(&of_store.keys))
    }

    /// A number that changes with the keys: tokens that older keys verified have to be verified again.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Reads the keys from storage.
    pub(crate) async fn reload(&self, directory: &Directory) -> Result<(), StorageUnavailable> {
        let sealed = directory.read(keys::ListSigningKeys).await?;
        let known = self.stores.load();
        let mut stores = HashMap::new();
        for of_store in sealed.chunk_by(|one, next| one.store == next.store) {
            let Some(SealedSigningKey { store, .. }) = of_store.first() else { continue };
            // If the key that signs cannot be opened, the known keys stay in use.
            let opened = open_keys(of_store, &self.seal).or_else(|| {
                tracing::error!(store = &**store, "the signing key in the storage cannot be opened: the known keys stay in use");
                known.get(store).cloned()
            });
            if let Some(opened) = opened {
                stores.insert(store.clone(), opened);
            }
        }
        self.stores.store(Arc::new(stores));
        self.version.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Rotates the keys of stores where that is due, and makes the first ones. One of many machines does it, and all of them read the
    /// result.
    pub(crate) async fn rotate(&self, directory: &Directory, stores: &[Arc<Store>], now: i64) -> Result<(), StorageUnavailable> {
        let known = Arc::clone(&self.stores.load());
        let is_due = |store: &&Arc<Store>| match known.get(&store.name) {
            Some(of_store) => !due_changes(&of_store.statuses, now, store.rotation_plan(), false).is_empty(),
            None => true,
        };
        let mut due: Vec<&Arc<Store>> = stores.iter().filter(is_due).collect();
        // All brokers use one order, so that two of them cannot deadlock.
        due.sort_by(|one, other| one.name.cmp(&other.name));
        for part in due.chunks(ROTATED_AT_ONCE) {
            let rotation = |store: &&Arc<Store>| {
                let (name, fresh, plan) = (store.name.clone(), new_key_sealed_with(&self.seal), store.rotation_plan());
                RotateSigningKeys { store: name, fresh, plan, wanted: false, now }
            };
            let changes = directory.write(RotateAllSigningKeys(part.iter().map(rotation).collect())).await?;
            for (store, changes) in part.iter().zip(changes) {
                changes.into_iter().for_each(|change| log_change(&store.name, change));
            }
        }
        Ok(())
    }
}

/// How many stores get keys in one transaction at most.
const ROTATED_AT_ONCE: usize = 100;

fn log_change(store: &str, change: RotationChange) {
    match change {
        RotationChange::Begin | RotationChange::Publish => tracing::info!(store, "a new signing key has been published"),
        RotationChange::Activate(id) => tracing::info!(store, key = &*id, "a new key signs"),
        RotationChange::Forget(id) => tracing::info!(store, key = &*id, "a signing key was removed: its last token has expired"),
    }
}

fn open_key(key: &SealedSigningKey, seal: &Seal) -> Option<SessionSigningKey> {
    SessionSigningKey::new(&key.status.id, &seal.open(&[&key.status.id], &key.sealed)?)
}

fn open_keys(sealed: &[SealedSigningKey], seal: &Seal) -> Option<StoreSigningKeys> {
    // The signing key comes first.
    let is_active = |key: &&SealedSigningKey| key.status.state == SigningKeyState::Active;
    let signs = sealed.iter().find(is_active).and_then(|key| open_key(key, seal))?;
    let others: Vec<SessionSigningKey> = sealed.iter().filter(|key| !is_active(key)).filter_map(|key| open_key(key, seal)).collect();
    let unreadable = sealed.len().saturating_sub(others.len()).saturating_sub(1);
    if unreadable > 0 {
        tracing::error!("{unreadable} signing keys cannot be opened: they were sealed with another master key");
    }
    let statuses = sealed.iter().map(|key| key.status.clone()).collect();
    let keys = SessionSigningKeys::new(std::iter::once(signs).chain(others).collect())?;
    Some(StoreSigningKeys { keys: Arc::new(keys), statuses })
}
