//! The counts of all next versions. Every broker adds its own to the storage, and all brokers read the sums.

use crate::directory::next_versions::{AddNextCounts, FoundNextVersions, NextReturn, NextVersionKey, ReadNextVersions, RecordNextReturn};
use crate::directory::{Directory, StorageUnavailable};
use crate::provider::document_cache::DocumentCache;
use crate::rollout::comparison::{LoginComparison, LoginVersion, compare};
use crate::rollout::counts::{LoginEnd, NextVersionCounts, ShareChange};
use crate::rollout::replay::{AnsweredLogin, replay};
use crate::rollout::standing::RolloutStanding;
use crate::stores::live::{LiveProvider, LiveProvidersSnapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many logins wait for their comparison at most; further ones are not compared.
const MOST_WAITING: usize = 16;
/// The most counts of one write, and the most versions that are read at once.
const BATCH: usize = 200;
/// For how long a change may be under way before it can be read, and by how much the clocks of brokers may differ, in seconds.
const UNDER_WAY: i64 = 120;
/// How many versions are read once more as a whole each time, in turn, in case that the clock of a broker differs by more.
const IN_TURN: usize = 20;

/// The next versions that this broker has files of.
pub struct RolloutMonitor {
    versions: Mutex<BTreeMap<NextVersionKey, NextVersionCounts>>,
    /// A place for each comparison that runs or waits.
    places: Arc<Semaphore>,
    /// What was read last. Only one task at a time uses the storage.
    last_reading: tokio::sync::Mutex<LastReading>,
    /// How often a version was read as a whole.
    read_as_a_whole: AtomicU64,
}

/// Up to where the storage was read.
#[derive(Default)]
struct LastReading {
    /// When it began.
    at: Option<i64>,
    /// The last version that was read once more as a whole.
    version: Option<NextVersionKey>,
}

impl Default for RolloutMonitor {
    fn default() -> Self {
        Self {
            versions: Mutex::default(),
            places: Arc::new(Semaphore::new(MOST_WAITING)),
            last_reading: tokio::sync::Mutex::default(),
            read_as_a_whole: AtomicU64::new(0),
        }
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

/// The next versions at these stores that can be used.
fn keys_of<'a>(stores: impl Iterator<Item = (&'a str, Arc<LiveProvidersSnapshot>)>) -> BTreeSet<NextVersionKey> {
    let mut keys = BTreeSet::new();
    for (store, snapshot) in stores {
        keys.extend(snapshot.all_next_versions().filter_map(|(_, next)| Some(key_of(store, next.live_provider.as_ref()?))));
    }
    keys
}

fn key_of(store: &str, next: &LiveProvider) -> NextVersionKey {
    NextVersionKey { store: store.into(), provider: next.listed.name.clone(), version: next.version_without_rollout.clone() }
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

    /// Counts how a login ended, while a share of the logins goes through the next version or pauses. `is_drawn` says whether chance decided the
    /// version of this login. The answer is whether the share changed, which the other brokers have to learn.
    pub(crate) fn count_end(
        &self,
        store: &str,
        of: &ComparedVersions,
        (is_drawn, end): (bool, LoginEnd),
        (network, now): (IpAddr, i64),
    ) -> bool {
        let share = of.next.provider.rollout.share;
        let mut versions = self.lock();
        let counts = versions.entry(of.key(store)).or_default();
        let change = counts.add_end((share, is_drawn), (of.own, end), (network, now));
        let (present, next) = (counts.ended(LoginVersion::Present), counts.ended(LoginVersion::Next));
        drop(versions);
        let message = match change {
            ShareChange::None => return false,
            ShareChange::TakenBack => {
                "logins through the next version of a provider file fail more often, so new logins use the present version again"
            }
            ShareChange::Paused => {
                "logins through the next version of a provider file fail, and too few of the present version show whether the provider is down, \
                 so new logins use the present version until some have succeeded"
            }
            ShareChange::Resumed => {
                "logins through the present version of a provider file succeed again, so a share of the new ones goes through the next version"
            }
        };
        tracing::warn!(
            store,
            provider = &*of.next.listed.name,
            file = &*of.next.provider.source.name,
            share = %share,
            signed_in = next.succeeded,
            failed = next.failed,
            signed_in_by_present = present.succeeded,
            failed_by_present = present.failed,
            "{message}"
        );
        true
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

    /// Stores the new counts, and reads what other brokers have counted of the next versions at these stores. Only what has changed since the
    /// last time is read, and everything of versions that are new here. Versions without a file are forgotten.
    pub(crate) async fn synchronize<'a>(
        &self,
        directory: &Directory,
        stores: impl Iterator<Item = (&'a str, Arc<LiveProvidersSnapshot>)>,
    ) -> Result<(), StorageUnavailable> {
        let wanted = keys_of(stores);
        let mut last = self.last_reading.lock().await;
        self.save(directory).await?;
        let now = crate::world::clock::now();
        if let Some(at) = last.at {
            let changed_since = Some(at.saturating_sub(UNDER_WAY));
            self.apply(&directory.read(ReadNextVersions { of: Vec::new(), changed_since }).await?, &wanted);
        }
        last.at = Some(now);
        let (in_turn, unread) = self.to_read_as_a_whole(&wanted, last.version.as_ref());
        last.version = in_turn.last().cloned();
        for part in [in_turn, unread].concat().chunks(BATCH) {
            self.apply(&directory.read(ReadNextVersions { of: part.to_vec(), changed_since: None }).await?, &wanted);
            self.read_as_a_whole.fetch_add(part.len() as u64, Ordering::Relaxed);
            let mut versions = self.lock();
            part.iter().for_each(|key| versions.entry(key.clone()).or_default().is_read = true);
        }
        self.lock().retain(|key, counts| wanted.contains(key) || !counts.is_settled());
        Ok(())
    }

    /// The known versions whose turn it is after the last one, and those of which nothing is known.
    fn to_read_as_a_whole(
        &self,
        wanted: &BTreeSet<NextVersionKey>,
        last: Option<&NextVersionKey>,
    ) -> (Vec<NextVersionKey>, Vec<NextVersionKey>) {
        let versions = self.lock();
        let (known, unread): (Vec<_>, Vec<_>) =
            wanted.iter().cloned().partition(|key| versions.get(key).is_some_and(|counts| counts.is_read));
        let is_later = |key: &NextVersionKey| last.is_none_or(|last| key > last);
        let (later, earlier): (Vec<_>, Vec<_>) = known.into_iter().partition(is_later);
        (later.into_iter().chain(earlier).take(IN_TURN).collect(), unread)
    }

    /// Stores what only this broker holds.
    async fn save(&self, directory: &Directory) -> Result<(), StorageUnavailable> {
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
        let returns: Vec<NextReturn> =
            self.lock().iter().filter_map(|(key, counts)| Some(NextReturn { of: key.clone(), at: counts.unsaved_return()? })).collect();
        for one in returns {
            let (key, at) = (one.of.clone(), one.at);
            directory.write(RecordNextReturn(one)).await?;
            self.lock().entry(key).or_default().apply_return(at);
        }
        Ok(())
    }

    fn apply(&self, found: &FoundNextVersions, wanted: &BTreeSet<NextVersionKey>) {
        let mut versions = self.lock();
        for count in found.counts.iter().filter(|count| wanted.contains(&count.of)) {
            versions.entry(count.of.clone()).or_default().apply_stored(count);
        }
        for one in found.returns.iter().filter(|one| wanted.contains(&one.of)) {
            versions.entry(one.of.clone()).or_default().apply_return(one.at);
        }
    }

    /// How often a version was read as a whole since the start.
    pub fn read_as_a_whole(&self) -> u64 {
        self.read_as_a_whole.load(Ordering::Relaxed)
    }

    /// Of how many next versions something is in memory.
    pub fn known(&self) -> usize {
        self.lock().len()
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
