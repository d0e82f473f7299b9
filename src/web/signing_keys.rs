//! The signing keys of each store, shared with all machines through storage and rotated in time.

use crate::directory::keys::{self, NewSigningKey, RotateAllSigningKeys, RotateSigningKeys, SealedSigningKey};
use crate::directory::{Directory, StorageUnavailable};
use crate::session::keys::{SESSION_ALGORITHM, SessionSigningKeys};
use crate::session::rotation::{RotationChange, SigningKeyState, SigningKeyStatus, due_changes};
use crate::session::seal::{MasterKey, Seal};
use crate::session::signing_key::SessionSigningKey;
use crate::session::token_algorithm::TokenAlgorithm;
use crate::web::live_config::LiveStore;
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

/// The keys of a store, and what storage has of them.
#[derive(Clone)]
struct StoreSigningKeys {
    keys: Arc<SessionSigningKeys>,
    sealed: Vec<SealedSigningKey>,
}

/// The purpose for which keys are sealed.
const PURPOSE: &str = "signing keys";

/// How many stores get keys in one transaction at most.
const ROTATED_AT_ONCE: usize = 100;

/// A new key under this seal. For RSA that takes a part of a second.
pub fn new_sealed_key(master: &MasterKey, algorithm: TokenAlgorithm) -> NewSigningKey {
    seal_key(&Seal::new(master, PURPOSE), &random::signing_key(algorithm))
}

fn seal_key(seal: &Seal, pkcs8: &[u8]) -> NewSigningKey {
    let id = random::id();
    NewSigningKey { sealed: seal.seal(&[&id], pkcs8, random::bytes()), id }
}

/// Whether the seal opens the keys that sign at each store. Only then may a further key be made.
pub(crate) fn opens_keys(master: &MasterKey, keys: &[SealedSigningKey]) -> bool {
    let seal = Seal::new(master, PURPOSE);
    keys.iter().filter(|key| key.status.state == SigningKeyState::Active).all(|key| open_key(key, &seal).is_some())
}

/// Whether the master key opens a sealed key with this id.
pub(crate) fn opens_sealed(master: &MasterKey, id: &str, sealed: &str) -> bool {
    Seal::new(master, PURPOSE).open(&[id], sealed).is_some()
}

fn signs_sessions(key: &SigningKeyStatus) -> bool {
    (key.algorithm, key.state) == (SESSION_ALGORITHM, SigningKeyState::Active)
}

/// Whether the tokens of a store are signed by this algorithm.
fn signs_with(live_store: &LiveStore, algorithm: TokenAlgorithm) -> bool {
    match algorithm {
        TokenAlgorithm::Es256 => true,
        TokenAlgorithm::Rs256 => live_store.needs_rsa(),
    }
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
            // A store without a key for sessions is new or was removed, whatever other keys it has left.
            let Some(SealedSigningKey { store, .. }) = of_store.iter().find(|key| signs_sessions(&key.status)) else { continue };
            // If a key that signs cannot be opened, the known keys stay in use.
            let opened = open_keys(of_store, &self.seal, known.get(store)).or_else(|| {
                tracing::error!(store = &**store, "a signing key in the storage cannot be opened: the known keys stay in use");
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

    /// Whether a store has no key yet by which its tokens are to be signed.
    pub(crate) fn lacks_key(&self, live_store: &LiveStore) -> bool {
        let keys = self.keys(&live_store.store.name);
        let has_key = |algorithm| keys.as_ref().is_some_and(|keys| keys.can_sign(algorithm));
        TokenAlgorithm::ALL.into_iter().any(|algorithm| signs_with(live_store, algorithm) && !has_key(algorithm))
    }

    /// Rotates the keys of stores where that is due, and makes the first ones. One of many machines does it, and all of them read the
    /// result. A key is made only where storage lacks one, and only a few of RSA in one turn.
    pub(crate) async fn rotate(&self, directory: &Directory, stores: &[Arc<LiveStore>], now: i64) -> Result<(), StorageUnavailable> {
        for algorithm in TokenAlgorithm::ALL {
            let due = self.due_rotations(stores, algorithm, now);
            let mut lacking = Vec::new();
            for part in due.chunks(ROTATED_AT_ONCE) {
                let found = rotate_all(directory, part.iter().map(|due| due.rotation.clone()).collect()).await?;
                let lacks_key = |(due, changes): &(&DueRotation, Vec<RotationChange>)| {
                    due.is_needed && changes.iter().any(RotationChange::needs_new_key)
                };
                lacking.extend(part.iter().zip(found).filter(lacks_key).map(|(due, _)| &due.rotation));
            }
            lacking.truncate(keys_at_once(algorithm));
            for part in lacking.chunks(ROTATED_AT_ONCE) {
                let mut rotations = Vec::with_capacity(part.len());
                for rotation in part {
                    let fresh = seal_key(&self.seal, &new_key(algorithm).await?);
                    rotations.push(RotateSigningKeys { fresh: Some(fresh), ..(*rotation).clone() });
                }
                rotate_all(directory, rotations).await?;
            }
        }
        Ok(())
    }

    /// The rotations that are due by what is known of the keys, in the order in which all brokers make them, so that two of them cannot
    /// deadlock.
    fn due_rotations(&self, stores: &[Arc<LiveStore>], algorithm: TokenAlgorithm, now: i64) -> Vec<DueRotation> {
        let known = self.stores.load();
        let due_rotation = |live_store: &Arc<LiveStore>| {
            let (store, plan) = (live_store.store.name.clone(), live_store.store.rotation_plan());
            let sealed = known.get(&store).map_or(&[][..], |known| &known.sealed);
            let changes = due_changes(sealed.iter().map(|key| &key.status), algorithm, now, plan, false);
            let is_needed = signs_with(live_store, algorithm);
            // A key that is not needed any more stays, and gets no successor.
            let is_due = changes.iter().any(|change| is_needed || !change.needs_new_key());
            let rotation = RotateSigningKeys { store, algorithm, fresh: None, plan, wanted: false, now };
            is_due.then_some(DueRotation { rotation, is_needed })
        };
        let mut due: Vec<DueRotation> = stores.iter().filter_map(due_rotation).collect();
        due.sort_by(|one, other| one.rotation.store.cmp(&other.rotation.store));
        due
    }
}

/// A rotation that is due, and whether the store needs a key by its algorithm.
struct DueRotation {
    rotation: RotateSigningKeys,
    is_needed: bool,
}

/// How many keys are made in one turn at most. One of RSA takes a part of a second, and the caller has other things to do.
fn keys_at_once(algorithm: TokenAlgorithm) -> usize {
    match algorithm {
        TokenAlgorithm::Es256 => usize::MAX,
        TokenAlgorithm::Rs256 => 4,
    }
}

/// A fresh key; one of RSA is made on a thread that nothing else waits for.
async fn new_key(algorithm: TokenAlgorithm) -> Result<Vec<u8>, StorageUnavailable> {
    match algorithm {
        TokenAlgorithm::Es256 => Ok(random::signing_key(algorithm)),
        TokenAlgorithm::Rs256 => tokio::task::spawn_blocking(move || random::signing_key(algorithm)).await.map_err(|_| StorageUnavailable),
    }
}

/// Makes rotations in one transaction, and answers with what is due for each.
async fn rotate_all(directory: &Directory, rotations: Vec<RotateSigningKeys>) -> Result<Vec<Vec<RotationChange>>, StorageUnavailable> {
    let found = directory.write(RotateAllSigningKeys(rotations.clone())).await?;
    for (rotation, changes) in rotations.iter().zip(&found) {
        changes.iter().filter(|change| rotation.fresh.is_some() || !change.needs_new_key()).for_each(|change| log_change(rotation, change));
    }
    Ok(found)
}

fn log_change(RotateSigningKeys { store, algorithm, .. }: &RotateSigningKeys, change: &RotationChange) {
    let (store, algorithm) = (&**store, algorithm.name());
    match change {
        RotationChange::Begin | RotationChange::Publish => tracing::info!(store, algorithm, "a new signing key has been published"),
        RotationChange::Activate(id) => tracing::info!(store, algorithm, key = &**id, "a new key signs"),
        RotationChange::Forget(id) => {
            tracing::info!(store, algorithm, key = &**id, "a signing key was removed: its last token has expired");
        }
    }
}

fn open_key(key: &SealedSigningKey, seal: &Seal) -> Option<SessionSigningKey> {
    let status = &key.status;
    SessionSigningKey::new(&status.id, status.algorithm, &seal.open(&[&status.id], &key.sealed)?)
}

/// The keys of a store. Those that were opened `before` are not opened again.
fn open_keys(sealed: &[SealedSigningKey], seal: &Seal, before: Option<&StoreSigningKeys>) -> Option<StoreSigningKeys> {
    let known = |key: &SealedSigningKey| {
        let before =
            before.filter(|before| before.sealed.iter().any(|known| known.status.id == key.status.id && known.sealed == key.sealed))?;
        before.keys.find(&key.status.id).cloned()
    };
    let open = |key: &SealedSigningKey| known(key).or_else(|| open_key(key, seal).map(Arc::new));
    let (active, others): (Vec<_>, Vec<_>) = sealed.iter().partition(|key| key.status.state == SigningKeyState::Active);
    let signing = active.into_iter().map(open).collect::<Option<Vec<_>>>()?;
    let many = others.len();
    let others: Vec<_> = others.into_iter().filter_map(open).collect();
    let unreadable = many.saturating_sub(others.len());
    if unreadable > 0 {
        tracing::error!("{unreadable} signing keys cannot be opened: they were sealed with another master key");
    }
    let keys = SessionSigningKeys::new(signing, others)?;
    Some(StoreSigningKeys { keys: Arc::new(keys), sealed: sealed.to_vec() })
}
