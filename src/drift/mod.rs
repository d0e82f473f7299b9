//! Drift: whether a provider still answers as it did.
//!
//! For each store, provider and step, every login is counted: which facts were found and missed, and the paths and kinds of the
//! answers, never values. A fact that was found nearly always and is now missed causes a warning before shoppers complain;
//! ordinary traffic causes none. The statistics are in [`judgement`].
//!
//! Only answers that were read count, and answers that should have been readable. A refusal of the provider, a wrong code, a
//! cancelled login or no answer says nothing about the form of answers.

pub mod observation; //           what one login shows
pub(crate) mod shape; //          paths and kinds of the answers
pub mod judgement; //             whether a series of answers is a surprise
pub mod step_statistics; //       the counts of one step
pub mod provider_statistics; //   the counts and warnings of one provider
pub mod warning; //               what is reported
mod storage; //                   counts and warnings are stored and shared

use crate::drift::judgement::{DriftCount, HealthChange};
use crate::drift::observation::{observe_answers, observe_parameters};
use crate::drift::provider_statistics::{CauseFinder, DriftNotice, ObservedLogin, ProviderStatistics};
use crate::drift::warning::{DriftKind, DriftWarning};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::identity::Identity;
use crate::stores::live::LiveProvider;
use crate::story::recent_logins::RecentLogins;
use crate::story::watch::LoginWatch;
use crate::vocabulary::diagnostic::printable;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Statistics with their store and their provider.
type StatisticsEntry = (Box<str>, Box<str>, Arc<Mutex<ProviderStatistics>>);
type StatisticsByStore = BTreeMap<Box<str>, BTreeMap<Box<str>, Arc<Mutex<ProviderStatistics>>>>;

/// The statistics of all providers of all stores.
pub struct DriftMonitor {
    find_causes: CauseFinder,
    statistics: Mutex<StatisticsByStore>,
    /// Only one task at a time uses the storage; the value is the second up to which it was read.
    read_until: tokio::sync::Mutex<i64>,
}

impl fmt::Debug for DriftMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriftMonitor").finish_non_exhaustive()
    }
}

/// The counts of a fact since the last report, for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftMetric {
    pub(crate) provider: String,
    pub(crate) step: String,
    /// The fact; empty for the answer as a whole.
    pub(crate) fact: String,
    /// How often it was found and missed; `None` for the answer as a whole.
    pub(crate) count: Option<DriftCount>,
    /// Whether there is a warning about it.
    pub(crate) is_broken: bool,
}

/// Counts stay usable after a panic, so a poisoned lock is used as it is.
fn lock_ignoring_poison<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DriftMonitor {
    pub(crate) fn new(find_causes: CauseFinder) -> Self {
        Self { find_causes, statistics: Mutex::default(), read_until: tokio::sync::Mutex::default() }
    }

    fn provider_statistics(&self, store: &str, provider: &str) -> Arc<Mutex<ProviderStatistics>> {
        let mut by_store = lock_ignoring_poison(&self.statistics);
        if let Some(statistics) = by_store.get(store).and_then(|by_store| by_store.get(provider)) {
            return Arc::clone(statistics);
        }
        Arc::clone(by_store.entry(store.into()).or_default().entry(provider.into()).or_default())
    }

    fn all_statistics(&self) -> Vec<StatisticsEntry> {
        let by_store = lock_ignoring_poison(&self.statistics);
        let each =
            by_store.iter().flat_map(|(store, by_store)| by_store.iter().map(move |(provider, statistics)| (store, provider, statistics)));
        each.map(|(store, provider, statistics)| (store.clone(), provider.clone(), Arc::clone(statistics))).collect()
    }

    /// Counts a login that has ended. A detected change is logged once.
    pub(crate) fn observe(
        &self,
        store: &str,
        live_provider: &LiveProvider,
        trace: &Trace,
        watch: &LoginWatch,
        end: Result<&Identity, &LoginError>,
        (recent, now): (&RecentLogins, i64),
    ) {
        let provider = &live_provider.provider;
        let statistics = self.provider_statistics(store, &provider.name);
        let plan = lock_ignoring_poison(&statistics).plan_for(live_provider);
        let mut observed = observe_answers(&plan, provider, trace, watch);
        if let Ok(identity) = end {
            observe_parameters(&mut observed, trace, identity);
        }
        if observed.is_empty() {
            return;
        }
        // Each line takes the lock by itself, so that other logins are counted while answers are parsed and proposals are tried.
        let wanted = lock_ignoring_poison(&statistics).wanted_documents(&plan, &observed);
        observed
            .iter_mut()
            .zip(wanted)
            .filter(|(_, is_wanted)| *is_wanted)
            .for_each(|(observed, _)| observed.read_document(provider, trace));
        let mut unexplained = lock_ignoring_poison(&statistics).count(&plan, &observed, now);
        if unexplained.is_empty() {
            return;
        }
        let others = recent.at_hand(store, &provider.name, now);
        let login = ObservedLogin { provider, trace, end, others: &others };
        unexplained.iter_mut().for_each(|unexplained| unexplained.assign_causes(&login, self.find_causes));
        let notices = lock_ignoring_poison(&statistics).record_changes(unexplained, now);
        notices.iter().filter(|notice| notice.is_logged).for_each(|notice| log_notice(store, live_provider, notice));
    }

    /// The warnings about a provider.
    pub fn warnings(&self, store: &str, provider: &str) -> Vec<DriftWarning> {
        let statistics = lock_ignoring_poison(&self.statistics).get(store).and_then(|by_store| by_store.get(provider)).map(Arc::clone);
        statistics.map_or_else(Vec::new, |statistics| lock_ignoring_poison(&statistics).warnings())
    }

    /// The counts of all facts that the files read, over all stores.
    pub fn take_metrics(&self) -> Vec<DriftMetric> {
        let mut all: BTreeMap<(String, String, String), (Option<DriftCount>, bool)> = BTreeMap::new();
        for (_, provider, statistics) in self.all_statistics() {
            let mut statistics = lock_ignoring_poison(&statistics);
            let named = |warning: &DriftWarning| {
                let facts = warning.fact_names();
                let facts = if facts.is_empty() { vec![""] } else { facts };
                facts.into_iter().map(|fact| (warning.step.clone(), fact.to_owned())).collect::<Vec<_>>()
            };
            let warned: Vec<(String, String)> = statistics.warnings_by_fact().iter().flat_map(named).collect();
            for (step, fact, count) in statistics.take_unreported() {
                let entry = all.entry((provider.to_string(), step, fact)).or_default();
                entry.0 = count.map(|count| entry.0.unwrap_or_default().plus(count)).or(entry.0);
            }
            for (step, fact) in warned {
                all.entry((provider.to_string(), step, fact)).or_default().1 = true;
            }
        }
        all.into_iter().map(|((provider, step, fact), (count, is_broken))| DriftMetric { provider, step, fact, count, is_broken }).collect()
    }
}

fn log_notice(store: &str, live_provider: &LiveProvider, notice: &DriftNotice) {
    let DriftNotice { warning, direction, .. } = notice;
    let (provider, file) = (&*live_provider.provider.name, &*live_provider.provider.source.name);
    let (step, fact, what) = (warning.step.as_str(), warning.fact(), warning.cause.kind().word());
    match direction {
        HealthChange::Broken => tracing::warn!(
            store,
            provider,
            step,
            fact,
            facts = (warning.cause.kind() == DriftKind::Moved).then(|| warning.fact_names().join(" ")),
            file,
            line = warning.line,
            what,
            said = %printable(&warning.sentence),
            proposal = warning.proposal.as_ref().map(|proposal| printable(&proposal.title)),
            "a provider answers differently than before"
        ),
        HealthChange::Well => tracing::info!(store, provider, step, fact, what, "a provider answers as before again"),
    }
}
