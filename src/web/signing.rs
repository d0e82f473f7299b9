//! The signing keys as they are used right now, shared with all machines through storage and turned over in time.

use crate::directory::keys::{self, Fresh, SealedKey, Turn};
use crate::directory::{Away, Directory};
use crate::session::keys::{Key, Keys};
use crate::session::rotation::{Change, Plan, Standing, State, due};
use crate::session::seal::{MasterKey, Seal};
use crate::world::dice;
use arc_swap::{ArcSwap, Guard};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The keys, and what they are sealed with.
pub struct Signing {
    keys: ArcSwap<Keys>,
    standings: Mutex<Vec<Standing>>,
    version: AtomicU64,
    seal: Seal,
}

/// For what keys are sealed.
const PURPOSE: &str = "signing keys";

/// A fresh key under this seal.
pub fn fresh(master: &MasterKey) -> Fresh {
    fresh_under(&Seal::new(master, PURPOSE))
}

fn fresh_under(seal: &Seal) -> Fresh {
    let id = dice::name();
    Fresh { sealed: seal.seal(&[&id], &dice::signing_key(), dice::bytes()), id }
}

/// Whether the keys of the storage are under this seal: a further one may only be made with what opens the one that signs.
pub fn is_of(master: &MasterKey, keys: &[SealedKey]) -> bool {
    keys.is_empty() || signing(keys, &Seal::new(master, PURPOSE)).is_some()
}

impl Signing {
    /// The keys of the storage, made when there are none.
    pub async fn open(directory: &Directory, master: &MasterKey, plan: Plan, now: i64) -> Result<Self, Away> {
        let seal = Seal::new(master, PURPOSE);
        let mut sealed = directory.read(keys::Keys).await?;
        if !is_of(master, &sealed) {
            return Err(Away);
        }
        // What is due besides the first key waits until the clock has been looked at.
        if sealed.is_empty() {
            directory.write(Turn { fresh: fresh_under(&seal), plan, wanted: false, now }).await?;
            sealed = directory.read(keys::Keys).await?;
        }
        let (keys, standings) = opened(&sealed, &seal).ok_or(Away)?;
        Ok(Self { keys: ArcSwap::from_pointee(keys), standings: Mutex::new(standings), version: AtomicU64::new(0), seal })
    }

    /// The keys.
    pub fn keys(&self) -> Guard<Arc<Keys>> {
        self.keys.load()
    }

    /// A number that changes with the keys: what was judged by others has to be judged again.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Takes over the keys as they are in storage now.
    pub async fn learn(&self, directory: &Directory) -> Result<(), Away> {
        let sealed = directory.read(keys::Keys).await?;
        // Without a key that can be opened, those that are known go on.
        let (keys, standings) = opened(&sealed, &self.seal).ok_or(Away)?;
        self.keys.store(Arc::new(keys));
        *self.standings.lock().unwrap_or_else(PoisonError::into_inner) = standings;
        self.version.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Turns the keys over where that is due. Of many machines, one does it, and all hear of it.
    pub async fn turn(&self, directory: &Directory, plan: Plan, now: i64) -> Result<(), Away> {
        let is_due = !due(&self.standings.lock().unwrap_or_else(PoisonError::into_inner), now, plan, false).is_empty();
        if !is_due {
            return Ok(());
        }
        let changes = directory.write(Turn { fresh: fresh_under(&self.seal), plan, wanted: false, now }).await?;
        for change in changes {
            match change {
                Change::Begin | Change::Publish => tracing::info!("a new signing key has been published"),
                Change::Activate(id) => tracing::info!(key = &*id, "a new key signs"),
                Change::Forget(id) => tracing::info!(key = &*id, "a signing key is gone: its last token is over"),
            }
        }
        Ok(())
    }
}

fn open(key: &SealedKey, seal: &Seal) -> Option<Key> {
    Key::new(&key.standing.id, &seal.open(&[&key.standing.id], &key.sealed)?)
}

fn signing(sealed: &[SealedKey], seal: &Seal) -> Option<Key> {
    sealed.iter().find(|key| key.standing.state == State::Active).and_then(|key| open(key, seal))
}

fn opened(sealed: &[SealedKey], seal: &Seal) -> Option<(Keys, Vec<Standing>)> {
    // The one that signs comes first, in storage as well as here.
    let signs = signing(sealed, seal)?;
    let others = sealed.iter().filter(|key| key.standing.state != State::Active);
    let others: Vec<Key> = others.filter_map(|key| open(key, seal)).collect();
    if others.len() + 1 < sealed.len() {
        tracing::error!("{} signing keys cannot be opened: they were sealed with another master key", sealed.len() - others.len() - 1);
    }
    let standings = sealed.iter().map(|key| key.standing.clone()).collect();
    Keys::new(std::iter::once(signs).chain(others).collect()).map(|keys| (keys, standings))
}
