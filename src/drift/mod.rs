//! Whether a provider still answers as it did.
//!
//! For each store, provider and step, every login counts which facts were found and missed, and which paths and kinds of values the
//! answers have, never the values. When a fact that was found nearly always is missed, there is a warning before shoppers complain.
//! [`judgement`] describes how that is decided.
//!
//! An answer counts if it was read, or if it should have been readable. A refusal by the provider, a wrong code, a cancelled login
//! and a missing answer do not count, because they do not show what answers look like.

pub mod step_statistics; //      what is known of one step
pub mod provider_statistics; //  what is known of one provider
pub mod judgement; //            whether a missing fact means that something broke
mod storage; //                  statistics are saved and shared
pub mod observation; //          what one login shows
pub(crate) mod shape; //         the paths and kinds of an answer
pub mod warning; //              the warning and its cause

use crate::drift::judgement::{DriftCount, HealthChange};
use crate::drift::observation::observe_answers;
use crate::drift::provider_statistics::{CauseFinder, DriftNotice, ObservedLogin, ProviderStatistics};
use crate::drift::warning::{DriftKind, DriftWarning};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::identity::Identity;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A book, with its store and its provider.
type StatisticsEntry = (Box<str>, Box<str>, Arc<Mutex<ProviderStatistics>>);
type StatisticsByStore = BTreeMap<Box<str>, BTreeMap<Box<str>, Arc<Mutex<ProviderStatistics>>>>;

/// What is known of all providers' answers.
pub struct DriftMonitor {
    find_causes: CauseFinder,
    books: Mutex<StatisticsByStore>,
    /// Storage is written to and read by one at a time; until which second it was read.
    read: tokio::sync::Mutex<i64>,
}

impl fmt::Debug for DriftMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drift").finish_non_exhaustive()
    }
}

/// What was counted of a fact since it was last asked for, and whether it is warned about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftMetric {
    pub(crate) provider: String,
    pub(crate) step: String,
    /// The fact; empty for the answer as a whole.
    pub(crate) fact: String,
    /// How often it was found and missed; `None` for the answer as a whole.
    pub(crate) count: Option<DriftCount>,
    /// Whether it is warned about.
    pub(crate) is_broken: bool,
}

/// Locks a mutex even after a panic: the counts that it protects stay valid.
fn lock_ignoring_poison<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DriftMonitor {
    pub(crate) fn new(find_causes: CauseFinder) -> Self {
        Self { find_causes, books: Mutex::default(), read: tokio::sync::Mutex::default() }
    }

    fn provider_statistics(&self, store: &str, provider: &str) -> Arc<Mutex<ProviderStatistics>> {
        let mut books = lock_ignoring_poison(&self.books);
        if let Some(book) = books.get(store).and_then(|books| books.get(provider)) {
            return Arc::clone(book);
        }
        Arc::clone(books.entry(store.into()).or_default().entry(provider.into()).or_default())
    }

    fn all_statistics(&self) -> Vec<StatisticsEntry> {
        let books = lock_ignoring_poison(&self.books);
        let each = books.iter().flat_map(|(store, books)| books.iter().map(move |(provider, book)| (store, provider, book)));
        each.map(|(store, provider, book)| (store.clone(), provider.clone(), Arc::clone(book))).collect()
    }

    /// Looks at a login that is over. What has changed is said in the log, once.
    pub(crate) fn observe(
        &self,
        store: &str,
        offer: &LiveProvider,
        trace: &Trace,
        watch: &LoginWatch,
        end: Result<&Identity, &LoginError>,
        now: i64,
    ) {
        let provider = &offer.provider;
        let book = self.provider_statistics(store, &provider.name);
        let plan = lock_ignoring_poison(&book).plan_for(offer);
        let mut looked = observe_answers(&plan, provider, trace, watch);
        if looked.is_empty() {
            return;
        }
        // Parsing answers and trying proposals takes time, so the lock is held only within each line.
        let wanted = lock_ignoring_poison(&book).wanted_documents(&plan, &looked);
        looked.iter_mut().zip(wanted).filter(|(_, is_wanted)| *is_wanted).for_each(|(looked, _)| looked.read_document(provider, trace));
        let mut untold = lock_ignoring_poison(&book).count(&plan, &looked, now);
        if untold.is_empty() {
            return;
        }
        untold.iter_mut().for_each(|untold| untold.assign_causes(&ObservedLogin { provider, trace, end }, self.find_causes));
        let turned = lock_ignoring_poison(&book).record_changes(untold, now);
        turned.iter().filter(|turned| turned.is_told).for_each(|turned| log_notice(store, offer, turned));
    }

    /// What is warned about of a provider.
    pub fn warnings(&self, store: &str, provider: &str) -> Vec<DriftWarning> {
        let book = lock_ignoring_poison(&self.books).get(store).and_then(|books| books.get(provider)).map(Arc::clone);
        book.map_or_else(Vec::new, |book| lock_ignoring_poison(&book).warnings())
    }

    /// What machines read: all facts that the files read, over all stores.
    pub fn take_metrics(&self) -> Vec<DriftMetric> {
        let mut all: BTreeMap<(String, String, String), (Option<DriftCount>, bool)> = BTreeMap::new();
        for (_, provider, book) in self.all_statistics() {
            let mut book = lock_ignoring_poison(&book);
            let named = |warning: &DriftWarning| {
                let facts = warning.fact_names();
                let facts = if facts.is_empty() { vec![""] } else { facts };
                facts.into_iter().map(|fact| (warning.step.clone(), fact.to_owned())).collect::<Vec<_>>()
            };
            let warned: Vec<(String, String)> = book.warnings_by_fact().iter().flat_map(named).collect();
            for (step, fact, count) in book.take_unreported() {
                let entry = all.entry((provider.to_string(), step, fact)).or_default();
                entry.0 = count.map(|count| entry.0.unwrap_or_default().plus(count)).or(entry.0);
            }
            for (step, fact) in warned {
                all.entry((provider.to_string(), step, fact)).or_default().1 = true;
            }
        }
        let told = all.into_iter();
        told.map(|((provider, step, fact), (count, is_broken))| DriftMetric { provider, step, fact, count, is_broken }).collect()
    }
}

fn log_notice(store: &str, offer: &LiveProvider, turned: &DriftNotice) {
    let DriftNotice { warning, turn, .. } = turned;
    let (provider, file) = (&*offer.provider.name, &*offer.provider.source.name);
    let (step, fact, what) = (warning.step.as_str(), warning.fact(), warning.cause.kind().word());
    match turn {
        HealthChange::Broken => tracing::warn!(
            store,
            provider,
            step,
            fact,
            facts = (warning.cause.kind() == DriftKind::Moved).then(|| warning.fact_names().join(" ")),
            file,
            line = warning.line,
            what,
            said = %crate::vocabulary::diagnostic::printable(&warning.sentence),
            proposal = warning.proposal.as_ref().map(|proposal| crate::vocabulary::diagnostic::printable(&proposal.title)),
            "a provider answers otherwise than before"
        ),
        HealthChange::Well => tracing::info!(store, provider, step, fact, what, "a provider answers as before again"),
    }
}
