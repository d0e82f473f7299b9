//! What was counted is written down about once a minute, as what is to be added; then the whole is read, with what other brokers
//! have counted and what they warn about.

use crate::directory::tallies::{Add, Added, Tally, Warn, Warned, Warnings};
use crate::directory::{Away, Directory};
use crate::drift::book::{Book, Key};
use crate::drift::judgement::Count;
use crate::drift::looked::ANSWER;
use crate::drift::shape::{Kind, Kinds, Seen};
use crate::drift::warning::Warning;
use crate::drift::{Drift, locked};
use std::collections::BTreeMap;

/// Numbers that are written at once.
const PIECE: usize = 200;
/// By so much clocks of brokers differ at most, in seconds.
const ASKEW: i64 = 180;
/// In front of the paths of a shape.
const SHAPE: &str = "shape ";

impl Drift {
    /// Writes down what was counted, and reads what others have counted.
    pub async fn keep(&self, directory: &Directory, now: i64) -> Result<(), Away> {
        let mut read = self.read.lock().await;
        for (store, provider, book) in self.all() {
            let mut tallies = {
                let mut book = locked(&book);
                book.grow_old(now);
                book.unsaved(&store, &provider)
            };
            while !tallies.is_empty() {
                let rest = tallies.split_off(tallies.len().min(PIECE));
                if let Err(away) = directory.write(Add { tallies: tallies.clone(), now }).await {
                    let mut book = locked(&book);
                    tallies.iter().chain(&rest).for_each(|tally| book.take_back(tally));
                    return Err(away);
                }
                tallies = rest;
            }
            let news = locked(&book).news(&store, &provider);
            if !news.is_empty() {
                directory.write(Warn(news.clone())).await?;
                locked(&book).news_are_kept(&news);
            }
        }
        self.learn(directory, *read).await?;
        *read = now.saturating_sub(ASKEW);
        Ok(())
    }

    /// Reads what is known, at the start.
    pub async fn recall(&self, directory: &Directory, now: i64) -> Result<(), Away> {
        let mut read = self.read.lock().await;
        self.learn(directory, 0).await?;
        *read = now.saturating_sub(ASKEW);
        Ok(())
    }

    async fn learn(&self, directory: &Directory, since: i64) -> Result<(), Away> {
        let mut after = None;
        loop {
            let (tallies, more) = directory.read(Added { since, after }).await?;
            for tally in &tallies {
                locked(&self.book(&tally.store, &tally.provider)).store(tally);
            }
            after = tallies.into_iter().last();
            if !more || after.is_none() {
                break;
            }
        }
        let mut warned: BTreeMap<(Box<str>, Box<str>), Vec<Warned>> = BTreeMap::new();
        for one in directory.read(Warnings).await? {
            warned.entry((one.store.clone(), one.provider.clone())).or_default().push(one);
        }
        for (store, provider) in warned.keys() {
            self.book(store, provider);
        }
        for (store, provider, book) in self.all() {
            locked(&book).are_warned(warned.remove(&(store, provider)).unwrap_or_default());
        }
        Ok(())
    }
}

fn added(kinds: &Kinds, seen: &mut Kinds, sign: i64) {
    seen.iter_mut().zip(kinds).for_each(|(seen, kind)| *seen += sign * kind);
}

impl Book {
    /// What has to be added to storage; it counts as written from now on.
    fn unsaved(&mut self, store: &str, provider: &str) -> Vec<Tally> {
        let mut tallies = Vec::new();
        for (step, page) in &mut self.steps {
            let mut add = |what: &str, kind: &str, found: i64, missed: i64| {
                if found != 0 || missed != 0 {
                    let (what, kind) = (what.into(), kind.into());
                    tallies.push(Tally { store: store.into(), provider: provider.into(), step: step.clone(), what, kind, found, missed });
                }
            };
            for (key, stream) in &mut page.streams {
                let Count { found, missed } = std::mem::take(&mut stream.unsaved);
                stream.stored = stream.stored.plus(Count { found, missed });
                add(key, "", found, missed);
            }
            let mut kinds = |what: &str, seen: &mut Seen| {
                let unsaved = std::mem::take(&mut seen.unsaved);
                added(&unsaved, &mut seen.stored, 1);
                Kind::ALL.into_iter().for_each(|kind| add(what, kind.word(), unsaved[kind as usize], 0));
            };
            page.kinds.iter_mut().for_each(|(key, seen)| kinds(key, seen));
            page.shape.each(|path, seen| kinds(&format!("{SHAPE}{path}"), seen));
        }
        tallies
    }

    /// It could not be written.
    fn take_back(&mut self, tally: &Tally) {
        let Some(page) = self.steps.get_mut(&tally.step) else { return };
        let count = Count { found: tally.found, missed: tally.missed };
        if tally.kind.is_empty() {
            if let Some(stream) = page.streams.get_mut(&tally.what) {
                stream.unsaved = stream.unsaved.plus(count);
                stream.stored = Count { found: stream.stored.found - count.found, missed: stream.stored.missed - count.missed };
            }
            return;
        }
        let Some(kind) = Kind::named(&tally.kind) else { return };
        let back = |seen: &mut Seen| {
            seen.unsaved[kind as usize] += count.found;
            seen.stored[kind as usize] -= count.found;
        };
        match tally.what.strip_prefix(SHAPE) {
            None => page.kinds.get_mut(&tally.what).into_iter().for_each(back),
            Some(path) => page.shape.each(|known, seen| {
                if known == path {
                    back(seen);
                }
            }),
        }
    }

    /// Takes over what storage knows. A kind that is not known here is of a later version.
    fn store(&mut self, tally: &Tally) {
        let page = self.steps.entry(tally.step.clone()).or_default();
        if tally.kind.is_empty() {
            let stream = page.streams.entry(tally.what.clone()).or_default();
            stream.stored = Count { found: tally.found, missed: tally.missed };
            return;
        }
        let Some(kind) = Kind::named(&tally.kind) else { return };
        match tally.what.strip_prefix(SHAPE) {
            Some(path) => page.shape.store(path, kind, tally.found),
            None => page.kinds.entry(tally.what.clone()).or_default().stored[kind as usize] = tally.found,
        }
    }

    /// What storage has to hear of warnings.
    fn news(&self, store: &str, provider: &str) -> Vec<Warned> {
        let one = |(key, warning): (&Key, &Option<Warning>)| Warned {
            store: store.into(),
            provider: provider.into(),
            step: key.0.clone(),
            what: key.1.clone(),
            since: warning.as_ref().map_or(0, Warning::told_since),
            warning: warning.as_ref().map(|warning| serde_json::to_string(warning).unwrap_or_default()),
            is_forgotten: self.forgotten.contains(key),
        };
        self.news.iter().map(one).collect()
    }

    /// Storage has heard of it; what has turned again meanwhile is still news.
    fn news_are_kept(&mut self, kept: &[Warned]) {
        for warned in kept {
            let key = (warned.step.clone(), warned.what.clone());
            if self.news.get(&key).is_some_and(|warning| warning.is_some() == warned.warning.is_some()) {
                self.news.remove(&key);
            }
            self.forgotten.retain(|forgotten| !warned.is_forgotten || *forgotten != key);
        }
    }

    /// Takes over what is warned about; what this broker has to say itself stays.
    fn are_warned(&mut self, warned: Vec<Warned>) {
        let mut kept: BTreeMap<Key, Warning> = BTreeMap::new();
        for one in warned {
            // One that cannot be read is of a later version.
            if let Some(warning) = one.warning.as_deref().and_then(|warning| serde_json::from_str(warning).ok()) {
                kept.insert((one.step, one.what), warning);
            }
        }
        let over: Vec<Key> =
            self.warnings.keys().filter(|key| !kept.contains_key(*key) && !self.news.contains_key(*key)).cloned().collect();
        for key in over {
            self.warnings.remove(&key);
            if let Some(stream) = self.steps.get_mut(&key.0).and_then(|page| page.streams.get_mut(&key.1)) {
                stream.is_well();
            }
        }
        for (key, warning) in kept {
            if !self.news.contains_key(&key) && !self.warnings.contains_key(&key) {
                let page = self.steps.entry(key.0.clone()).or_default();
                page.streams.entry(key.1.clone()).or_default().is_broken(warning.since);
                self.warnings.insert(key, warning);
            }
        }
    }

    /// Step, fact, and what was counted since this was last asked for: of all that the file reads.
    pub(super) fn untold(&mut self) -> Vec<(String, String, Option<Count>)> {
        let Some(plan) = self.planned() else { return Vec::new() };
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
        let mut book = Book::default();
        book.store(&tally("", 40));

        book.store(&tally("date", 7));
        book.take_back(&tally("date", 7));

        let page = &book.steps["getUserInfo"];
        assert_eq!((page.streams["fact id x"].stored.found, page.streams["fact id x"].unsaved.found), (40, 0));
        assert!(page.kinds.is_empty());
    }
}
