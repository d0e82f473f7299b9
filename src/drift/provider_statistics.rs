//! The counts of one provider's answers to one store, and its warnings.

use crate::drift::judgement::{DriftCount, HealthChange};
use crate::drift::observation::{DriftPlan, ObservedAnswer, PlannedStep};
use crate::drift::step_statistics::{DetectedChange, StepStatistics};
use crate::drift::warning::{DriftKind, DriftWarning, merge_by_cause};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::identity::Identity;
use crate::stores::live::LiveProvider;
use crate::story::recent_logins::LoginsAtHand;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How long a warning lasts, in seconds; after that the changed answers are the expected ones.
pub const WARNING_LASTS: i64 = 14 * 86_400;
/// The shortest time between two log lines about the same change, in seconds.
const HOUR: i64 = 3600;

pub(crate) type DriftCounterKey = (Box<str>, Box<str>);

/// A login that has ended, with its calls and its outcome.
#[derive(Clone, Copy, Debug)]
pub struct ObservedLogin<'a> {
    /// The provider as it was compiled from the file with which the login took place.
    pub provider: &'a Provider,
    /// The calls of the login with their answers, from which causes are found.
    pub trace: &'a Trace,
    /// The outcome: the identity, or why the login failed.
    pub end: Result<&'a Identity, &'a LoginError>,
    /// Other logins of the provider, with which a proposed id is compared.
    pub others: &'a LoginsAtHand,
}

/// An answer in which a change was detected.
#[derive(Clone, Copy, Debug)]
pub struct BrokenAnswer<'a> {
    /// The statistics of the step at that moment.
    pub(crate) statistics: &'a StepStatistics,
    pub(crate) step: &'a PlannedStep,
    pub(crate) observed: &'a ObservedAnswer,
    pub(crate) login: &'a ObservedLogin<'a>,
}

/// Gives each broken change its cause and a proposal. The workbench has it; the broker receives it from the command line.
pub type CauseFinder = fn(&BrokenAnswer<'_>, &mut [DetectedChange<'_>]);

/// A change to report, and whether the log reports it.
#[derive(Debug)]
pub struct DriftNotice {
    /// The warning that begins or ends.
    pub warning: DriftWarning,
    /// Whether the warning begins or ends.
    pub direction: HealthChange,
    /// Whether the log reports it: not again within the hour.
    pub(crate) is_logged: bool,
}

/// The changes that an answer has shown. Their causes are looked for without the lock.
#[derive(Debug)]
pub struct UnexplainedChanges<'p> {
    step: &'p PlannedStep,
    observed: &'p ObservedAnswer,
    /// A copy of the statistics of the step, if something is broken.
    statistics: Option<StepStatistics>,
    changes: Vec<DetectedChange<'p>>,
}

impl UnexplainedChanges<'_> {
    /// Gives what is broken its cause and its proposal.
    pub fn assign_causes(&mut self, login: &ObservedLogin<'_>, find_causes: CauseFinder) {
        if let Some(statistics) = &self.statistics {
            find_causes(&BrokenAnswer { statistics, step: self.step, observed: self.observed, login }, &mut self.changes);
        }
    }
}

/// The statistics of a provider's answers.
#[derive(Clone, Debug, Default)]
pub struct ProviderStatistics {
    plan: Option<(Box<str>, Arc<DriftPlan>)>,
    pub(super) steps: BTreeMap<Box<str>, StepStatistics>,
    pub(super) warnings: BTreeMap<DriftCounterKey, DriftWarning>,
    /// Changes of warnings that are not stored: a new warning, or `None` for one that has ended.
    pub(super) unsaved_warnings: BTreeMap<DriftCounterKey, Option<DriftWarning>>,
    /// Counts that the storage has to remove, because the changed answers are now the expected ones.
    pub(super) forgotten: Vec<DriftCounterKey>,
    logged: HashMap<DriftCounterKey, i64>,
}

impl ProviderStatistics {
    /// The plan of the current file. Warnings about readings that it no longer has end.
    pub(crate) fn plan_for(&mut self, live_provider: &LiveProvider) -> Arc<DriftPlan> {
        if let Some((version, plan)) = &self.plan
            && *version == live_provider.version
        {
            return Arc::clone(plan);
        }
        let plan = Arc::new(DriftPlan::from_provider(&live_provider.provider));
        let gone: Vec<DriftCounterKey> = self.warnings.keys().filter(|(step, key)| !plan.counts(step, key)).cloned().collect();
        for key in gone {
            self.end_warning(&key);
        }
        self.plan = Some((live_provider.version.clone(), Arc::clone(&plan)));
        plan
    }

    /// The plan, if a login was observed.
    pub(crate) fn current_plan(&self) -> Option<Arc<DriftPlan>> {
        self.plan.as_ref().map(|(_, plan)| Arc::clone(plan))
    }

    fn end_warning(&mut self, key: &DriftCounterKey) {
        self.warnings.remove(key);
        self.unsaved_warnings.insert(key.clone(), None);
        if let Some(stream) = self.steps.get_mut(&key.0).and_then(|statistics| statistics.streams.get_mut(&key.1)) {
            stream.mark_well();
        }
    }

    /// Ends old warnings: the changed answers are the expected ones from here on.
    pub fn retire_old_warnings(&mut self, now: i64) {
        let old: Vec<DriftCounterKey> = self
            .warnings
            .iter()
            .filter(|(_, warning)| now - warning.reported_since() > WARNING_LASTS)
            .map(|(key, _)| key.clone())
            .collect();
        for key in old {
            self.end_warning(&key);
            if let Some(statistics) = self.steps.get_mut(&key.0) {
                statistics.kinds.remove(&key.1);
                if let Some(stream) = statistics.streams.get_mut(&key.1) {
                    stream.reset();
                }
            }
            self.forgotten.push(key);
        }
    }

    /// Which answers of a login are parsed as documents; few of them while nothing is missed.
    pub fn wanted_documents(&mut self, plan: &DriftPlan, observed: &[ObservedAnswer]) -> Vec<bool> {
        observed.iter().map(|observed| self.wants_document(plan, observed)).collect()
    }

    /// Whether an answer is parsed as a document.
    pub fn wants_document(&mut self, plan: &DriftPlan, observed: &ObservedAnswer) -> bool {
        let Some(step) = plan.steps.get(observed.step) else { return false };
        self.step_statistics(&step.name).is_some_and(|statistics| statistics.wants_document(step, observed))
    }

    fn step_statistics(&mut self, step: &str) -> Option<&mut StepStatistics> {
        if !self.steps.contains_key(step) {
            self.steps.insert(step.into(), StepStatistics::default());
        }
        self.steps.get_mut(step)
    }

    /// Counts the answers of a login. The answer holds the detected changes, without their causes.
    pub fn count<'p>(&mut self, plan: &'p DriftPlan, observed: &'p [ObservedAnswer], now: i64) -> Vec<UnexplainedChanges<'p>> {
        let mut unexplained = Vec::new();
        for observed in observed {
            let Some(step) = plan.steps.get(observed.step) else { continue };
            let Some(statistics) = self.step_statistics(&step.name) else { continue };
            let changes = statistics.count(step, observed, now);
            if !changes.is_empty() {
                let is_broken = changes.iter().any(|changes| changes.direction == HealthChange::Broken);
                unexplained.push(UnexplainedChanges { step, observed, statistics: is_broken.then(|| statistics.clone()), changes });
            }
        }
        unexplained
    }

    /// Records changes as warnings; one notice for each cause.
    pub fn record_changes(&mut self, unexplained: Vec<UnexplainedChanges<'_>>, now: i64) -> Vec<DriftNotice> {
        unexplained.into_iter().flat_map(|unexplained| self.record_step_changes(unexplained.step, unexplained.changes, now)).collect()
    }

    fn record_step_changes(&mut self, step: &PlannedStep, changes: Vec<DetectedChange<'_>>, now: i64) -> Vec<DriftNotice> {
        let mut by_direction: [(HealthChange, Vec<DriftWarning>); 2] =
            [(HealthChange::Broken, Vec::new()), (HealthChange::Well, Vec::new())];
        for changes in changes {
            let key: DriftCounterKey = (step.name.clone(), (&*changes.key).into());
            let own = changes.to_warning(step, now);
            let warning = match changes.direction {
                // It may have recovered while the cause was looked for.
                HealthChange::Broken if !self.is_broken(&key) => continue,
                HealthChange::Broken => {
                    self.warnings.insert(key.clone(), own.clone());
                    self.unsaved_warnings.insert(key, Some(own.clone()));
                    own
                }
                HealthChange::Well => {
                    self.unsaved_warnings.insert(key.clone(), None);
                    self.warnings.remove(&key).unwrap_or(own)
                }
            };
            by_direction.iter_mut().filter(|(direction, _)| *direction == changes.direction).for_each(|(_, all)| all.push(warning.clone()));
        }
        let mut notices = Vec::new();
        for (direction, all) in by_direction {
            for warning in merge_by_cause(all) {
                let is_logged = self.should_log(step, direction, &warning, now);
                notices.push(DriftNotice { warning, direction, is_logged });
            }
        }
        notices
    }

    fn is_broken(&self, key: &DriftCounterKey) -> bool {
        self.steps.get(&key.0).and_then(|statistics| statistics.streams.get(&key.1)).is_some_and(|stream| stream.broken.is_some())
    }

    /// Whether the log reports a change: not again within the hour, and of facts that moved together only the first and the last.
    fn should_log(&mut self, step: &PlannedStep, direction: HealthChange, warning: &DriftWarning, now: i64) -> bool {
        let about = warning.cause.fact().map_or("", |fact| fact.path.as_deref().unwrap_or(&fact.name));
        let kind = warning.cause.kind();
        let key: DriftCounterKey = (step.name.clone(), format!("{} {about}", kind.word()).into());
        match direction {
            HealthChange::Broken => {
                let is_logged = self.logged.get(&key).is_none_or(|at| now - at >= HOUR);
                if is_logged {
                    self.logged.insert(key, now);
                }
                is_logged
            }
            HealthChange::Well => {
                let has_more = self.warnings.iter().any(|(key, other)| key.0 == step.name && other.cause.kind() == DriftKind::Moved);
                kind != DriftKind::Moved || !has_more
            }
        }
    }

    /// The warnings, one for each cause, with the current shares.
    pub fn warnings(&self) -> Vec<DriftWarning> {
        merge_by_cause(self.warnings_by_fact())
    }

    /// The warnings, one for each fact.
    pub(super) fn warnings_by_fact(&self) -> Vec<DriftWarning> {
        let now = |(key, warning): (&DriftCounterKey, &DriftWarning)| {
            let stream = self.steps.get(&key.0).and_then(|statistics| statistics.streams.get(&key.1));
            let run = stream.map(|stream| stream.run).filter(|run| run.answers() > 0);
            DriftWarning { share_now: run.map_or(warning.share_now, DriftCount::share), ..warning.clone() }
        };
        self.warnings.iter().map(now).collect()
    }
}
