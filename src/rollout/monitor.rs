//! The counts of all next versions. Every broker adds its own to the storage, and all brokers read the sums.

use crate::directory::next_versions::{AddNextCounts, NextReturn, NextVersionKey, ReadNextVersions, RecordNextReturn};
use crate::directory::{Directory, StorageUnavailable};
use crate::provider::document_cache::DocumentCache;
use crate::rollout::comparison::{LoginComparison, LoginVersion, compare};
use crate::rollout::counts::{LoginEnd, NextVersionCounts};
use crate::rollout::replay::{AnsweredLogin, replay};
use crate::rollout::standing::RolloutStanding;
use crate::rollout::verdict::fails_more_often;
use crate::stores::live::{LiveProvider, LiveProvidersSnapshot};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many logins wait for their comparison at most; further ones are not compared.
const MOST_WAITING: usize = 16;
/// The most counts of one write.
const BATCH: usize = 200;

/// The next versions that this broker knows of.
pub struct RolloutMonitor {
    versions: Mutex<BTreeMap<NextVersionKey, NextVersionCounts>>,
    /// A place for each comparison that runs or waits.
    places: Arc<Semaphore>,
    /// Only one task at a time uses the storage.
    storage: tokio::sync::Mutex<()>,
}

impl Default for RolloutMonitor {
    fn default() -> Self {
        Self { versions: Mutex::default(), places: Arc::new(Semaphore::new(MOST_WAITING)), storage: tokio::sync::Mutex::default() }
    }
}

impl fmt::Debug for RolloutMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RolloutMonitor").finish_non_exhaustive()
    }
}

/// What the metrics show of the next version of one provider.
#[derive(Clone, Debug, Default)]
pub(crate) struct RolloutMetric {
    pub(crate) provider: String,
    /// The largest share of the new logins at a store, from 0 to 1, and at how many stores it was taken back; `None` if it is gone.
    pub(crate) state: Option<(f64, i64)>,
    /// What was compared since the last call.
    pub(crate) compared: Vec<(Box<str>, u64)>,
}

/// The version of a provider's file through which a new login goes.
pub(crate) struct DrawnVersion {
    pub(crate) live_provider: Arc<LiveProvider>,
    /// The next version that had a chance, whether it was drawn or not.
    pub(crate) drawn_for: Option<Box<str>>,
}

/// A login that went through one of two versions, and both of them.
pub(crate) struct ComparedVersions {
    pub(crate) present: Arc<LiveProvider>,
    pub(crate) next: Arc<LiveProvider>,
    /// The version of the login itself.
    pub(crate) own: LoginVersion,
}

impl ComparedVersions {
    /// Both versions of the provider of a login, if there is a next one; `own` is the version of the login.
    pub(crate) fn of(own: &Arc<LiveProvider>, snapshot: &LiveProvidersSnapshot) -> Option<Self> {
        let present = snapshot.provider(&own.listed.name)?;
        let next = snapshot.next_version(&own.listed.name)?.live_provider.as_ref()?;
        let version = if own.version == present.version {
            LoginVersion::Present
        } else if own.version == next.version {
            LoginVersion::Next
        } else {
            return None;
        };
        (present.version != next.version && present.replaced.is_none()).then(|| Self {
            present: Arc::clone(present),
            next: Arc::clone(next),
            own: version,
        })
    }

    /// The versions of a login that began with a next version, which may be gone meanwhile.
    pub(crate) fn of_next(next: &Arc<LiveProvider>, snapshot: &LiveProvidersSnapshot) -> Option<Self> {
        let present = Arc::clone(snapshot.provider(&next.listed.name)?);
        Some(Self { present, next: Arc::clone(next), own: LoginVersion::Next })
    }

    fn key(&self, store: &str) -> NextVersionKey {
        key_of(store, &self.next)
    }
}

fn key_of(store: &str, next: &LiveProvider) -> NextVersionKey {
    NextVersionKey { store: store.into(), provider: next.listed.name.clone(), version: next.version.clone() }
}

impl RolloutMonitor {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<NextVersionKey, NextVersionCounts>> {
        // Counts stay usable after a panic.
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts of the next version of a provider at a store, if anything was counted.
    pub fn counts(&self, store: &str, next: &LiveProvider) -> Option<NextVersionCounts> {
        self.lock().get(&key_of(store, next)).cloned()
    }

    /// How the next version of a provider takes part in the logins of a store; `None` if there is none.
    pub fn standing(&self, store: &str, name: &str, snapshot: &LiveProvidersSnapshot) -> Option<RolloutStanding> {
        let (present, next) = (snapshot.provider(name)?, snapshot.next_version(name)?);
        let counted = next.live_provider.as_ref().map(|live| key_of(store, live));
        let versions = self.lock();
        Some(RolloutStanding::of(present, next, counted.and_then(|key| versions.get(&key))))
    }

    /// The version through which a new login goes. Nothing but a random number of the broker decides.
    pub(crate) fn draw_version(
        &self,
        store: &str,
        present: &Arc<LiveProvider>,
        snapshot: &LiveProvidersSnapshot,
        random: u32,
    ) -> DrawnVersion {
        let next = snapshot.next_version(&present.listed.name).and_then(|next| next.live_provider.as_ref());
        match (self.standing(store, &present.listed.name, snapshot), next) {
            (Some(RolloutStanding::Runs(share)), Some(next)) => {
                let chosen = if share.includes(random) { next } else { present };
                DrawnVersion { live_provider: Arc::clone(chosen), drawn_for: Some(next.version.clone()) }
            }
            (Some(_) | None, _) => DrawnVersion { live_provider: Arc::clone(present), drawn_for: None },
        }
    }

    /// Counts how a login ended, while a share of the logins goes through the next version. The answer is whether that version is now taken back.
    pub(crate) fn count_end(&self, store: &str, of: &ComparedVersions, end: LoginEnd, now: i64) -> bool {
        let share = of.next.provider.rollout.share;
        let mut versions = self.lock();
        let counts = versions.entry(of.key(store)).or_default();
        counts.add_end(of.own, end);
        let (present, next) = (counts.ended(LoginVersion::Present), counts.ended(LoginVersion::Next));
        let is_taken_back = counts.returned.is_none() && fails_more_often(present, next, share.as_fraction());
        if is_taken_back {
            counts.returned = Some(now);
            tracing::warn!(
                store,
                provider = &*of.next.listed.name,
                file = &*of.next.provider.source.name,
                share = %share,
                signed_in = next.succeeded,
                failed = next.failed,
                signed_in_by_present = present.succeeded,
                failed_by_present = present.failed,
                "logins through the next version of a provider file fail more often, so new logins use the present version again"
            );
        }
        is_taken_back
    }

    /// A place for a comparison; `None` while too many wait.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Reads a login once more by both versions, and counts what differs. The answer is whether both mean the same person.
    pub(crate) fn compare(
        &self,
        store: &str,
        of: &ComparedVersions,
        login: &AnsweredLogin,
        is_accepted: bool,
        known: &DocumentCache,
    ) -> bool {
        let (present, next) = (replay(&of.present, login, known), replay(&of.next, login, known));
        let comparison = compare(((&of.present.provider, &present), (&of.next.provider, &next)), (of.own, is_accepted), login);
        let had_other_ids = self.count_comparison(store, of, &comparison);
        !had_other_ids && comparison.is_same_person(of.next.provider.rollout.same_ids)
    }

    /// The answer is whether other ids were known before.
    fn count_comparison(&self, store: &str, of: &ComparedVersions, comparison: &LoginComparison) -> bool {
        let mut versions = self.lock();
        let counts = versions.entry(of.key(store)).or_default();
        let had_other_ids = counts.has_other_ids();
        counts.add_comparison(comparison);
        if !had_other_ids && counts.has_other_ids() {
            tracing::warn!(
                store,
                provider = &*of.next.listed.name,
                file = &*of.next.provider.source.name,
                "the next version of a provider file reads another id or address than the present one, so no login goes through it"
            );
        }
        had_other_ids
    }

    /// Waits until every comparison that has begun is counted.
    pub async fn settle(&self) {
        let _ = self.places.acquire_many(u32::try_from(MOST_WAITING).unwrap_or(u32::MAX)).await;
    }

    /// Stores the new counts, and reads those of other brokers.
    pub async fn synchronize(&self, directory: &Directory) -> Result<(), StorageUnavailable> {
        let _turn = self.storage.lock().await;
        let mut unsaved: Vec<_> = self.lock().iter_mut().flat_map(|(key, counts)| counts.take_unsaved(key)).collect();
        let now = crate::world::clock::now();
        while !unsaved.is_empty() {
            let rest = unsaved.split_off(unsaved.len().min(BATCH));
            if let Err(unavailable) = directory.write(AddNextCounts { counts: unsaved.clone(), now }).await {
                let mut versions = self.lock();
                unsaved.iter().chain(&rest).for_each(|lost| versions.entry(lost.of.clone()).or_default().restore(lost));
                return Err(unavailable);
            }
            unsaved = rest;
        }
        let (counts, returns) = directory.read(ReadNextVersions).await?;
        let known: HashSet<&NextVersionKey> = returns.iter().map(|one| &one.of).collect();
        let unsaved: Vec<NextReturn> = self
            .lock()
            .iter()
            .filter(|(key, _)| !known.contains(key))
            .filter_map(|(key, counts)| Some(NextReturn { of: key.clone(), at: counts.returned? }))
            .collect();
        for one in unsaved {
            directory.write(RecordNextReturn(one)).await?;
        }
        let mut versions = self.lock();
        counts.iter().for_each(|count| versions.entry(count.of.clone()).or_default().apply_stored(count));
        returns.iter().for_each(|one| versions.entry(one.of.clone()).or_default().returned = Some(one.at));
        Ok(())
    }

    /// What the metrics show of the next versions at a store, by provider.
    pub(crate) fn take_metrics<'a>(&self, stores: impl Iterator<Item = (&'a str, Arc<LiveProvidersSnapshot>)>) -> Vec<RolloutMetric> {
        let mut all: BTreeMap<String, RolloutMetric> = BTreeMap::new();
        for (store, snapshot) in stores {
            for (name, _) in snapshot.all_next_versions() {
                let standing = self.standing(store, name, &snapshot);
                let metric = all.entry(name.to_string()).or_default();
                let (share, returned) = metric.state.unwrap_or_default();
                let is_returned = matches!(standing, Some(RolloutStanding::Returned(_)));
                let share = share.max(standing.map_or(0.0, RolloutStanding::share));
                metric.state = Some((share, returned.saturating_add(i64::from(is_returned))));
            }
        }
        for (key, counts) in self.lock().iter_mut() {
            let compared = counts.take_unreported();
            if !compared.is_empty() {
                all.entry(key.provider.to_string()).or_default().compared.extend(compared);
            }
        }
        all.into_iter().map(|(provider, metric)| RolloutMetric { provider, ..metric }).collect()
    }
}
