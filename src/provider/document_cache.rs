//! Discovery documents and keys: how long they are kept, and when they are fetched again. What else logins share is kept beside them.
//!
//! `login::documents` fetches them. This module keeps them and decides when to fetch. The time is an argument.

use crate::provider::client_token::cache::ClientTokenCache;
use crate::provider::document_fault::DocumentFault;
use crate::provider::endpoint_hosts::EndpointHosts;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A document is fetched again after this many seconds.
const FRESH: i64 = 3600;
/// When fetching fails, a document is used for this many seconds.
const KEPT: i64 = 86400;
/// After a fetch that failed, the next one is made after this many seconds: a provider that has recovered works within seconds.
const AFTER_FAILURE: i64 = 3;
/// A document that is fresh is fetched early, for a token that its keys do not verify, at once, and then at most once in this many seconds.
/// Anyone can send such a token.
const BETWEEN: i64 = 10;
/// More documents than this are not kept.
const MOST: usize = 20_000;

/// The documents known so far.
#[derive(Debug, Default)]
pub struct DocumentCache {
    known: Mutex<HashMap<Box<str>, CachedDocument>>,
    /// The token addresses that took the credentials of the client in a header, and refused them in a form.
    basic: Mutex<HashSet<Box<str>>>,
    /// The hosts to which the discovery documents lead.
    pub(crate) hosts: Arc<EndpointHosts>,
    /// The tokens that the clients got for themselves.
    pub(crate) client_tokens: ClientTokenCache,
}

#[derive(Clone, Debug, Default)]
struct CachedDocument {
    value: Option<Arc<Value>>,
    fetched: i64,
    /// When it was last tried, and what came of it; `None` while the first fetch is under way.
    tried: Option<(i64, FetchOutcome)>,
    /// Why the last fetch failed, if it did.
    fault: Option<DocumentFault>,
    /// How often fetching it has ended, well or not.
    tries: u64,
    /// Held by the login that is fetching it.
    flight: Arc<tokio::sync::Mutex<()>>,
}

/// What came of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FetchOutcome {
    /// It was due, and it came.
    Fetched,
    /// It came although the one before was fresh.
    FetchedEarly,
    Failed,
}

impl CachedDocument {
    fn is_fresh(&self, now: i64) -> bool {
        self.value.is_some() && (0..FRESH).contains(&now.saturating_sub(self.fetched))
    }

    /// Whether it was tried so lately that it is not tried again.
    fn was_just_tried(&self, now: i64) -> bool {
        let pause = |outcome| match outcome {
            // A provider may exchange its keys at any moment, also just after they were fetched, but not within one login.
            FetchOutcome::Fetched => 1,
            FetchOutcome::FetchedEarly => BETWEEN,
            FetchOutcome::Failed => AFTER_FAILURE,
        };
        self.tried.is_some_and(|(tried, outcome)| (0..pause(outcome)).contains(&now.saturating_sub(tried)))
    }
}

/// A document that is due, for one login of those that need it.
#[derive(Debug)]
pub(crate) struct DueFetch {
    /// Held while the document is fetched, so that many logins fetch it once.
    pub(crate) flight: Arc<tokio::sync::Mutex<()>>,
    tries: u64,
}

impl DocumentCache {
    /// Documents of its own, with the hosts to which those of `other` lead: a document that leads elsewhere now is no other document here.
    pub(crate) fn with_hosts_of(other: &Self) -> Self {
        Self { hosts: Arc::clone(&other.hosts), ..Self::default() }
    }

    /// A document, unless it is too old to be used.
    pub(crate) fn get(&self, address: &str, now: i64) -> Option<Arc<Value>> {
        let known = self.lock();
        let entry = known.get(address)?;
        entry.value.clone().filter(|_| now.saturating_sub(entry.fetched) < KEPT)
    }

    /// A document however old it is: what it promised holds until another version takes it back.
    pub(crate) fn last(&self, address: &str) -> Option<Arc<Value>> {
        self.lock().get(address)?.value.clone()
    }

    /// The fetch of a document that is missing or no longer fresh, unless fetching has just failed.
    pub(crate) fn due(&self, address: &str, now: i64) -> Option<DueFetch> {
        self.due_if(address, |entry| !entry.is_fresh(now) && !entry.was_just_tried(now))
    }

    /// The early fetch of a document whose keys do not verify a token, unless it was fetched early just now.
    pub(crate) fn early(&self, address: &str, now: i64) -> Option<DueFetch> {
        self.due_if(address, |entry| !entry.was_just_tried(now))
    }

    /// Whether a token address took the credentials of the client in a header before.
    pub(crate) fn takes_basic(&self, address: &str) -> bool {
        self.lock_basic().contains(address)
    }

    /// Remembers whether a token address takes the credentials of the client in a header, after it has refused the other way.
    pub(crate) fn remember_basic(&self, address: &str, takes: bool) {
        let mut basic = self.lock_basic();
        if takes && basic.len() < MOST {
            basic.insert(address.into());
        } else {
            basic.remove(address);
        }
    }

    /// A cache for a login that is read once more: it holds no document, and knows how the clients authenticate.
    pub(crate) fn for_second_reading(&self) -> Self {
        Self { basic: Mutex::new(self.lock_basic().clone()), ..Self::default() }
    }

    fn lock_basic(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.basic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due_if(&self, address: &str, is_due: impl Fn(&CachedDocument) -> bool) -> Option<DueFetch> {
        let mut known = self.lock();
        Self::make_room(&mut known, address);
        let entry = known.entry(address.into()).or_default();
        is_due(entry).then(|| DueFetch { flight: Arc::clone(&entry.flight), tries: entry.tries })
    }

    /// Whether the document has been fetched since, well or not, by another login.
    pub(crate) fn is_over(&self, address: &str, due: &DueFetch) -> bool {
        self.lock().get(address).is_some_and(|entry| entry.tries != due.tries)
    }

    pub(crate) fn insert(&self, address: &str, value: Value, now: i64) {
        self.record(address, |entry| {
            let outcome = if entry.is_fresh(now) { FetchOutcome::FetchedEarly } else { FetchOutcome::Fetched };
            entry.value = Some(Arc::new(value));
            entry.fetched = now;
            entry.tried = Some((now, outcome));
            entry.fault = None;
        });
    }

    /// Forgets a document, so that it is fetched before it is used.
    pub(crate) fn forget(&self, address: &str) {
        self.lock().remove(address);
    }

    /// Records that fetching failed; the earlier document stays.
    pub(crate) fn record_failure(&self, address: &str, fault: DocumentFault, now: i64) {
        self.record(address, |entry| {
            entry.tried = Some((now, FetchOutcome::Failed));
            entry.fault = Some(fault);
        });
    }

    /// Why the last fetch of a document failed.
    pub(crate) fn fault(&self, address: &str) -> DocumentFault {
        self.lock().get(address).and_then(|entry| entry.fault.clone()).unwrap_or(DocumentFault::NotFetched)
    }

    fn record(&self, address: &str, change: impl FnOnce(&mut CachedDocument)) {
        let mut known = self.lock();
        Self::make_room(&mut known, address);
        let entry = known.entry(address.into()).or_default();
        entry.tries = entry.tries.wrapping_add(1);
        change(entry);
    }

    /// Forgets the document that was tried longest ago when there are too many.
    fn make_room(known: &mut HashMap<Box<str>, CachedDocument>, address: &str) {
        if known.len() >= MOST && !known.contains_key(address) {
            let oldest = known.iter().min_by_key(|(_, entry)| entry.tried.map(|(tried, _)| tried)).map(|(address, _)| address.clone());
            if let Some(oldest) = oldest {
                known.remove(&oldest);
            }
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
    fn a_document_is_fresh_for_an_hour_and_kept_for_a_day() {
        let documents = DocumentCache::default();
        assert!(documents.due("a", 0).is_some());

        documents.insert("a", json!(1), 100_000);
        assert!(documents.due("a", 103_599).is_none() && documents.due("a", 103_600).is_some());
        assert!(documents.get("a", 186_399).is_some() && documents.get("a", 186_400).is_none());
    }

    #[test]
    fn keys_that_verify_nothing_are_fetched_again_at_once_and_then_at_most_every_ten_seconds() {
        let documents = DocumentCache::default();
        documents.insert("a", json!(1), 100);
        assert!(documents.early("a", 100).is_none() && documents.early("a", 101).is_some(), "they may have been exchanged since");

        documents.insert("a", json!(2), 101);

        assert!(documents.early("a", 110).is_none() && documents.early("a", 111).is_some());
    }

    /// Attack J-12
    #[test]
    fn a_failed_fetch_is_repeated_within_seconds_and_the_document_stays() {
        let documents = DocumentCache::default();
        documents.record_failure("new", DocumentFault::Status(503), 100);
        assert_eq!(documents.fault("new"), DocumentFault::Status(503));
        assert!(documents.due("new", 102).is_none() && documents.due("new", 103).is_some());

        documents.insert("known", json!(1), 100);
        documents.record_failure("known", DocumentFault::Status(503), 3700);
        assert!(documents.get("known", 3701).is_some());
        assert!(documents.due("known", 3702).is_none() && documents.due("known", 3703).is_some());
    }

    #[test]
    fn a_fetch_that_another_login_has_made_is_over() {
        let documents = DocumentCache::default();
        let (one, other) = (documents.due("a", 0).expect("it is due"), documents.due("a", 0).expect("it is due"));
        assert!(Arc::ptr_eq(&one.flight, &other.flight) && !documents.is_over("a", &other));

        documents.record_failure("a", DocumentFault::Status(503), 0);
        assert!(documents.is_over("a", &other));
    }
}
