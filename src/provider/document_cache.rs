//! Discovery documents and keys: how long they are kept, and when they are fetched again.
//!
//! `login::drive` fetches them. This module keeps them and decides when to fetch. The time is an argument.

use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A document is fetched again after this many seconds.
const FRESH: i64 = 3600;
/// When fetching fails, a document is used for this many seconds.
const KEPT: i64 = 86400;
/// For unknown keys, a document is fetched again at most once in this many seconds.
const BETWEEN: i64 = 60;
/// More documents than this are not kept.
const MOST: usize = 20_000;

/// The documents known so far.
#[derive(Debug, Default)]
pub struct DocumentCache {
    known: Mutex<HashMap<Box<str>, CachedDocument>>,
}

#[derive(Clone, Debug)]
struct CachedDocument {
    value: Option<Arc<Value>>,
    fetched: i64,
    tried: i64,
}

impl DocumentCache {
    /// A document, unless it is too old to be used.
    pub(crate) fn get(&self, address: &str, now: i64) -> Option<Arc<Value>> {
        let known = self.lock();
        let entry = known.get(address)?;
        entry.value.clone().filter(|_| now.saturating_sub(entry.fetched) < KEPT)
    }

    /// Whether to fetch the document now: it is missing or no longer fresh, and fetching has not just failed.
    pub(crate) fn should_fetch(&self, address: &str, now: i64) -> bool {
        match self.lock().get(address) {
            None => true,
            Some(entry) if entry.value.is_some() && (0..FRESH).contains(&now.saturating_sub(entry.fetched)) => false,
            Some(entry) => !(0..BETWEEN).contains(&now.saturating_sub(entry.tried)),
        }
    }

    /// Whether the document may be fetched early because it lacks a key.
    pub(crate) fn may_refetch(&self, address: &str, now: i64) -> bool {
        self.lock().get(address).is_none_or(|entry| !(0..BETWEEN).contains(&now.saturating_sub(entry.tried)))
    }

    pub(crate) fn insert(&self, address: &str, value: Value, now: i64) {
        let mut known = self.lock();
        if known.len() >= MOST && !known.contains_key(address) {
            let oldest = known.iter().min_by_key(|(_, entry)| entry.tried).map(|(address, _)| address.clone());
            if let Some(oldest) = oldest {
                known.remove(&oldest);
            }
        }
        known.insert(address.into(), CachedDocument { value: Some(Arc::new(value)), fetched: now, tried: now });
    }

    /// Records that fetching failed; the earlier document stays.
    pub(crate) fn record_failure(&self, address: &str, now: i64) {
        let mut known = self.lock();
        if let Some(entry) = known.get_mut(address) {
            entry.tried = now;
        } else if known.len() < MOST {
            known.insert(address.into(), CachedDocument { value: None, fetched: 0, tried: now });
        }
    }

    /// All known documents, by address.
    pub(crate) fn all(&self) -> Vec<(String, Arc<Value>)> {
        let known = self.lock();
        let mut all: Vec<(String, Arc<Value>)> =
            known.iter().filter_map(|(address, entry)| Some((address.to_string(), Arc::clone(entry.value.as_ref()?)))).collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, CachedDocument>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_fresh_for_an_hour_kept_for_a_day_and_asked_for_once_a_minute() {
        let documents = DocumentCache::default();
        assert!(documents.should_fetch("a", 0) && documents.may_refetch("a", 0));

        documents.insert("a", json!(1), 100_000);
        assert!(!documents.should_fetch("a", 103_599) && documents.should_fetch("a", 103_600));
        assert!(!documents.may_refetch("a", 100_059) && documents.may_refetch("a", 100_060));

        documents.record_failure("a", 103_600);
        assert!(!documents.should_fetch("a", 103_601) && documents.get("a", 103_601).is_some());
        assert!(documents.should_fetch("a", 103_660));
        assert!(documents.get("a", 186_399).is_some() && documents.get("a", 186_400).is_none());
    }
}
