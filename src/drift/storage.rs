//! About once a minute the new counts are added to those in storage, and then all counts and warnings are read, so that every
//! broker knows those of the others.

use crate::directory::tallies::{AddTallies, ListDriftWarnings, ReadTallies, SaveDriftWarnings, StoredDriftWarning, Tally};
use crate::directory::{Directory, StorageUnavailable};
use crate::drift::judgement::DriftCount;
use crate::drift::observation::ANSWER;
use crate::drift::provider_statistics::{DriftCounterKey, ProviderStatistics};
use crate::drift::shape::{DriftKindCounts, DriftValueKind, PathStatistics};
use crate::drift::warning::DriftWarning;
use crate::drift::{DriftMonitor, lock_ignoring_poison};
use std::collections::BTreeMap;

/// Numbers that are written at once.
const PIECE: usize = 200;
/// By so much clocks of brokers differ at most, in seconds.
const ASKEW: i64 = 180;
/// In front of the paths of a shape.
const SHAPE: &str = "shape ";

impl DriftMonitor {
    /// Writes down what was counted, and reads what others have counted.
    pub async fn synchronize(&self, directory: &Directory, now: i64) -> Result<(), StorageUnavailable> {
        let mut read = self.read.lock().await;
        for (store, provider, book) in self.all_statistics() {
            let mut tallies = {
                let mut book = lock_ignoring_poison(&book);
                book.retire_old_warnings(now);
                book.take_unsaved(&store, &provider)
            };
            while !tallies.is_empty() {
                let rest = tallies.split_off(tallies.len().min(PIECE));
                if let Err(away) = directory.write(AddTallies { tallies: tallies.clone(), now }).await {
                    let mut book = lock_ignoring_poison(&book);
                    tallies.iter().chain(&rest).for_each(|tally| book.restore_unsaved(tally));
                    return Err(away);
                }
                tallies = rest;
            }
            let news = lock_ignoring_poison(&book).unsaved_warnings(&store, &provider);
            if !news.is_empty() {
                directory.write(SaveDriftWarnings(news.clone())).await?;
                lock_ignoring_poison(&book).mark_warnings_saved(&news);
            }
        }
        self.load_since(directory, *read).await?;
        *read = now.saturating_sub(ASKEW);
        Ok(())
    }

    /// Reads what is known, at the start.
    pub(crate) async fn load(&self, directory: &Directory, now: i64) -> Result<(), StorageUnavailable> {
        let mut read = self.read.lock().await;
        self.load_since(directory, 0).await?;
        *read = now.saturating_sub(ASKEW);
        Ok(())
    }

    async fn load_since(&self, directory: &Directory, since: i64) -> Result<(), StorageUnavailable> {
        let mut after = None;
        loop {
            let (tallies, more) = directory.read(ReadTallies { since, after }).await?;
            for tally in &tallies {
                lock_ignoring_poison(&self.provider_statistics(&tally.store, &tally.provider)).apply_stored(tally);
            }
            after = tallies.into_iter().last();
            if !more || after.is_none() {
                break;
            }
        }
        let mut warned: BTreeMap<(Box<str>, Box<str>), Vec<StoredDriftWarning>> = BTreeMap::new();
        for one in directory.read(ListDriftWarnings).await? {
            warned.entry((one.store.clone(), one.provider.clone())).or_default().push(one);
        }
        for (store, provider) in warned.keys() {
            self.provider_statistics(store, provider);
        }
        for (store, provider, book) in self.all_statistics() {
            lock_ignoring_poison(&book).apply_stored_warnings(warned.remove(&(store, provider)).unwrap_or_default());
        }
        Ok(())
    }
}

fn add_kinds(kinds: &DriftKindCounts, seen: &mut DriftKindCounts, sign: i64) {
    seen.iter_mut().zip(kinds).for_each(|(seen, kind)| *seen += sign * kind);
}

impl ProviderStatistics {
    /// What has to be added to storage; it counts as written from now on.
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
                add_kinds(&unsaved, &mut seen.stored, 1);
                DriftValueKind::ALL.into_iter().for_each(|kind| add(what, kind.word(), unsaved[kind as usize], 0));
            };
            page.kinds.iter_mut().for_each(|(key, seen)| kinds(key, seen));
            page.shape.for_each_path(|path, seen| kinds(&format!("{SHAPE}{path}"), seen));
        }
        tallies
    }

    /// It could not be written.
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
            seen.unsaved[kind as usize] += count.found;
            seen.stored[kind as usize] -= count.found;
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

    /// Takes over what storage knows. A kind that is not known here is of a later version.
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
            None => page.kinds.entry(tally.what.clone()).or_default().stored[kind as usize] = tally.found,
        }
    }

    /// What storage has to hear of warnings.
    fn unsaved_warnings(&self, store: &str, provider: &str) -> Vec<StoredDriftWarning> {
        let one = |(key, warning): (&DriftCounterKey, &Option<DriftWarning>)| StoredDriftWarning {
            store: store.into(),
            provider: provider.into(),
            step: key.0.clone(),
            what: key.1.clone(),
            since: warning.as_ref().map_or(0, DriftWarning::reported_since),
            warning: warning.as_ref().map(|warning| serde_json::to_string(warning).unwrap_or_default()),
            is_forgotten: self.forgotten.contains(key),
        };
        self.news.iter().map(one).collect()
    }

    /// Storage has heard of it; what has turned again meanwhile is still news.
    fn mark_warnings_saved(&mut self, kept: &[StoredDriftWarning]) {
        for warned in kept {
            let key = (warned.step.clone(), warned.what.clone());
            if self.news.get(&key).is_some_and(|warning| warning.is_some() == warned.warning.is_some()) {
                self.news.remove(&key);
            }
            self.forgotten.retain(|forgotten| !warned.is_forgotten || *forgotten != key);
        }
    }

    /// Takes over what is warned about; what this broker has to say itself stays.
    fn apply_stored_warnings(&mut self, warned: Vec<StoredDriftWarning>) {
        let mut kept: BTreeMap<DriftCounterKey, DriftWarning> = BTreeMap::new();
        for one in warned {
            // A warning that cannot be read was written by a later version.
            if let Some(warning) = one.warning.as_deref().and_then(|warning| serde_json::from_str(warning).ok()) {
                kept.insert((one.step, one.what), warning);
            }
        }
        let over: Vec<DriftCounterKey> =
            self.warnings.keys().filter(|key| !kept.contains_key(*key) && !self.news.contains_key(*key)).cloned().collect();
        for key in over {
            self.warnings.remove(&key);
            if let Some(stream) = self.steps.get_mut(&key.0).and_then(|page| page.streams.get_mut(&key.1)) {
                stream.mark_well();
            }
        }
        for (key, warning) in kept {
            if !self.news.contains_key(&key) && !self.warnings.contains_key(&key) {
                let page = self.steps.entry(key.0.clone()).or_default();
                page.streams.entry(key.1.clone()).or_default().mark_broken(warning.since);
                self.warnings.insert(key, warning);
            }
        }
    }

    /// Step, fact, and what was counted since this was last asked for: of all that the file reads.
    pub(super) fn take_unreported(&mut self) -> Vec<(String, String, Option<DriftCount>)> {
        let Some(plan) = self.current_plan() else { return Vec::new() };
        let mut told = Vec::new();
        for (at, step) in plan.steps.iter().enumerate() {
            let Some(page) = self.steps.get_mut(&step.name) else { continue };
            for reading in &step.readings {
                let count = page.streams.get_mut(&reading.key).map(|stream| std::mem::take(&mut stream.untold));
                told.push((step.name.to_string(), reading.name.to_string(), Some(count.unwrap_or_default())));
            }
            if at > 0 && page.streams.contains_key(ANSWER) {
                told.push((step.name.to_string(), String::new(), None));
            }
        }
        told
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
        let mut book = ProviderStatistics::default();
        book.apply_stored(&tally("", 40));

        book.apply_stored(&tally("date", 7));
        book.restore_unsaved(&tally("date", 7));

        let page = &book.steps["getUserInfo"];
        assert_eq!((page.streams["fact id x"].stored.found, page.streams["fact id x"].unsaved.found), (40, 0));
        assert!(page.kinds.is_empty());
    }
}
