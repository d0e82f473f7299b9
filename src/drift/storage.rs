//! About once a minute the new counts are added to the storage, and the sums of all brokers are read with their warnings.

use crate::directory::tallies::{AddTallies, ListDriftWarnings, ReadTallies, SaveDriftWarnings, StoredDriftWarning, Tally, TallyCursor};
use crate::directory::{Directory, StorageUnavailable};
use crate::drift::judgement::DriftCount;
use crate::drift::observation::ANSWER;
use crate::drift::provider_statistics::{DriftCounterKey, ProviderStatistics};
use crate::drift::shape::{DriftValueKind, PathStatistics};
use crate::drift::warning::DriftWarning;
use crate::drift::{DriftMonitor, lock_ignoring_poison};
use std::collections::BTreeMap;

/// The most counts of one write.
const BATCH: usize = 200;
/// The largest difference between the clocks of brokers, in seconds.
const CLOCK_SKEW: i64 = 180;
/// The prefix of the paths of a shape.
const SHAPE: &str = "shape ";

impl DriftMonitor {
    /// Stores the new counts, and reads those of other brokers.
    pub async fn synchronize(&self, directory: &Directory, now: i64) -> Result<(), StorageUnavailable> {
        let mut read_until = self.read_until.lock().await;
        for (store, provider, statistics) in self.all_statistics() {
            let mut tallies = {
                let mut statistics = lock_ignoring_poison(&statistics);
                statistics.retire_old_warnings(now);
                statistics.take_unsaved(&store, &provider)
            };
            while !tallies.is_empty() {
                let rest = tallies.split_off(tallies.len().min(BATCH));
                if let Err(unavailable) = directory.write(AddTallies { tallies: tallies.clone(), now }).await {
                    let mut statistics = lock_ignoring_poison(&statistics);
                    tallies.iter().chain(&rest).for_each(|tally| statistics.restore_unsaved(tally));
                    return Err(unavailable);
                }
                tallies = rest;
            }
            let changes = lock_ignoring_poison(&statistics).warnings_to_save(&store, &provider);
            if !changes.is_empty() {
                directory.write(SaveDriftWarnings(changes.clone())).await?;
                lock_ignoring_poison(&statistics).mark_warnings_saved(&changes);
            }
        }
        self.load_since(directory, *read_until).await?;
        *read_until = now.saturating_sub(CLOCK_SKEW);
        Ok(())
    }

    /// Reads all counts and warnings at the start.
    pub(crate) async fn load(&self, directory: &Directory, now: i64) -> Result<(), StorageUnavailable> {
        let mut read_until = self.read_until.lock().await;
        self.load_since(directory, 0).await?;
        *read_until = now.saturating_sub(CLOCK_SKEW);
        Ok(())
    }

    async fn load_since(&self, directory: &Directory, since: i64) -> Result<(), StorageUnavailable> {
        let mut cursor = Some(TallyCursor::at(since));
        while let Some(after) = cursor {
            let (tallies, next) = directory.read(ReadTallies(after)).await?;
            for tally in &tallies {
                lock_ignoring_poison(&self.provider_statistics(&tally.store, &tally.provider)).apply_stored(tally);
            }
            cursor = next;
        }
        let mut warned: BTreeMap<(Box<str>, Box<str>), Vec<StoredDriftWarning>> = BTreeMap::new();
        for one in directory.read(ListDriftWarnings).await? {
            warned.entry((one.store.clone(), one.provider.clone())).or_default().push(one);
        }
        for (store, provider) in warned.keys() {
            self.provider_statistics(store, provider);
        }
        for (store, provider, statistics) in self.all_statistics() {
            lock_ignoring_poison(&statistics).apply_stored_warnings(warned.remove(&(store, provider)).unwrap_or_default());
        }
        Ok(())
    }
}

impl ProviderStatistics {
    /// Takes the counts to add to the storage. They count as stored from here on.
    fn take_unsaved(&mut self, store: &str, provider: &str) -> Vec<Tally> {
        let mut tallies = Vec::new();
        for (step, page) in &mut self.steps {
            let mut add = |what: &str, kind: &str, found: i64, missed: i64| {
                if found != 0 || missed != 0 {
                    let (what, kind) = (what.into(), kind.into());
                    tallies.push(Tally { store: store.into(), provider: provider.into(), step: step.clone(), what, kind, found, missed });
                }
            };
            for (key, stream) in &mut page.streams {
                let DriftCount { found, missed } = std::mem::take(&mut stream.unsaved);
                stream.stored = stream.stored.plus(DriftCount { found, missed });
                add(key, "", found, missed);
            }
            let mut kinds = |what: &str, seen: &mut PathStatistics| {
                let unsaved = std::mem::take(&mut seen.unsaved);
                for kind in DriftValueKind::ALL {
                    *seen.stored.of(kind) += unsaved.get(kind);
                    add(what, kind.word(), unsaved.get(kind), 0);
                }
            };
            page.kinds.iter_mut().for_each(|(key, seen)| kinds(key, seen));
            page.shape.for_each_path(|path, seen| kinds(&format!("{SHAPE}{path}"), seen));
        }
        tallies
    }

    /// Takes a count back that could not be stored.
    fn restore_unsaved(&mut self, tally: &Tally) {
        let Some(page) = self.steps.get_mut(&tally.step) else { return };
        let count = DriftCount { found: tally.found, missed: tally.missed };
        if tally.kind.is_empty() {
            if let Some(stream) = page.streams.get_mut(&tally.what) {
                stream.unsaved = stream.unsaved.plus(count);
                stream.stored = DriftCount { found: stream.stored.found - count.found, missed: stream.stored.missed - count.missed };
            }
            return;
        }
        let Some(kind) = DriftValueKind::named(&tally.kind) else { return };
        let back = |seen: &mut PathStatistics| {
            *seen.unsaved.of(kind) += count.found;
            *seen.stored.of(kind) -= count.found;
        };
        match tally.what.strip_prefix(SHAPE) {
            None => page.kinds.get_mut(&tally.what).into_iter().for_each(back),
            Some(path) => page.shape.for_each_path(|known, seen| {
                if known == path {
                    back(seen);
                }
            }),
        }
    }

    /// Applies a stored count. An unknown kind belongs to a later version.
    fn apply_stored(&mut self, tally: &Tally) {
        let page = self.steps.entry(tally.step.clone()).or_default();
        if tally.kind.is_empty() {
            let stream = page.streams.entry(tally.what.clone()).or_default();
            stream.stored = DriftCount { found: tally.found, missed: tally.missed };
            return;
        }
        let Some(kind) = DriftValueKind::named(&tally.kind) else { return };
        match tally.what.strip_prefix(SHAPE) {
            Some(path) => page.shape.apply_stored(path, kind, tally.found),
            None => *page.kinds.entry(tally.what.clone()).or_default().stored.of(kind) = tally.found,
        }
    }

    /// The changes of warnings that are not stored yet.
    fn warnings_to_save(&self, store: &str, provider: &str) -> Vec<StoredDriftWarning> {
        let one = |(key, warning): (&DriftCounterKey, &Option<DriftWarning>)| StoredDriftWarning {
            store: store.into(),
            provider: provider.into(),
            step: key.0.clone(),
            what: key.1.clone(),
            since: warning.as_ref().map_or(0, DriftWarning::reported_since),
            warning: warning.as_ref().map(|warning| serde_json::to_string(warning).unwrap_or_default()),
            is_forgotten: self.forgotten.contains(key),
        };
        self.unsaved_warnings.iter().map(one).collect()
    }

    /// Marks changes of warnings as stored. A warning that has changed again meanwhile stays unsaved.
    fn mark_warnings_saved(&mut self, kept: &[StoredDriftWarning]) {
        for warned in kept {
            let key = (warned.step.clone(), warned.what.clone());
            if self.unsaved_warnings.get(&key).is_some_and(|warning| warning.is_some() == warned.warning.is_some()) {
                self.unsaved_warnings.remove(&key);
            }
            self.forgotten.retain(|forgotten| !warned.is_forgotten || *forgotten != key);
        }
    }

    /// Applies the stored warnings. Changes of this broker that are not stored yet stay.
    fn apply_stored_warnings(&mut self, warned: Vec<StoredDriftWarning>) {
        let mut kept: BTreeMap<DriftCounterKey, DriftWarning> = BTreeMap::new();
        for one in warned {
            // A warning that cannot be read belongs to a later version.
            if let Some(warning) = one.warning.as_deref().and_then(|warning| serde_json::from_str(warning).ok()) {
                kept.insert((one.step, one.what), warning);
            }
        }
        let over: Vec<DriftCounterKey> =
            self.warnings.keys().filter(|key| !kept.contains_key(*key) && !self.unsaved_warnings.contains_key(*key)).cloned().collect();
        for key in over {
            self.warnings.remove(&key);
            if let Some(stream) = self.steps.get_mut(&key.0).and_then(|page| page.streams.get_mut(&key.1)) {
                stream.mark_well();
            }
        }
        for (key, warning) in kept {
            if !self.unsaved_warnings.contains_key(&key) && !self.warnings.contains_key(&key) {
                let page = self.steps.entry(key.0.clone()).or_default();
                page.streams.entry(key.1.clone()).or_default().mark_broken(warning.since);
                self.warnings.insert(key, warning);
            }
        }
    }

    /// Step, fact and the counts since the last call, for all that the file reads.
    pub(super) fn take_unreported(&mut self) -> Vec<(String, String, Option<DriftCount>)> {
        let Some(plan) = self.current_plan() else { return Vec::new() };
        let mut unreported = Vec::new();
        for (at, step) in plan.steps.iter().enumerate() {
            let Some(page) = self.steps.get_mut(&step.name) else { continue };
            for reading in &step.readings {
                let count = page.streams.get_mut(&reading.key).map(|stream| std::mem::take(&mut stream.unreported));
                unreported.push((step.name.to_string(), reading.name.to_string(), Some(count.unwrap_or_default())));
            }
            if at > 0 && page.streams.contains_key(ANSWER) {
                unreported.push((step.name.to_string(), String::new(), None));
            }
        }
        unreported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_a_later_version_is_neither_counted_nor_taken_back() {
        let tally = |kind: &str, found| Tally {
            store: "main".into(),
            provider: "acme".into(),
            step: "getUserInfo".into(),
            what: "fact id x".into(),
            kind: kind.into(),
            found,
            missed: 0,
        };
        let mut statistics = ProviderStatistics::default();
        statistics.apply_stored(&tally("", 40));

        statistics.apply_stored(&tally("date", 7));
        statistics.restore_unsaved(&tally("date", 7));

        let page = &statistics.steps["getUserInfo"];
        assert_eq!((page.streams["fact id x"].stored.found, page.streams["fact id x"].unsaved.found), (40, 0));
        assert!(page.kinds.is_empty());
    }
}
