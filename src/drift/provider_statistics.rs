//! What is known of the answers of one provider to one store: what was counted, and what is warned about.

use crate::drift::judgement::{DriftCount, HealthChange};
use crate::drift::observation::{DriftPlan, ObservedAnswer, PlannedStep};
use crate::drift::step_statistics::{DetectedChange, StepStatistics};
use crate::drift::warning::{DriftKind, DriftWarning, merge_by_cause};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::identity::Identity;
use crate::stores::live::LiveProvider;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How long something is reported as broken, in seconds; after that the new way is expected.
pub const TOLD: i64 = 14 * 86_400;
/// The log says the same at most once in so many seconds.
const HOUR: i64 = 3600;

pub(crate) type DriftCounterKey = (Box<str>, Box<str>);

/// A login as it ended: what a proposal may be made from.
#[derive(Clone, Copy, Debug)]
pub struct ObservedLogin<'a> {
    pub provider: &'a Provider,
    pub trace: &'a Trace,
    pub end: Result<&'a Identity, &'a LoginError>,
}

/// An answer in which something is broken now.
#[derive(Clone, Copy, Debug)]
pub struct BrokenAnswer<'a> {
    /// The statistics of the step at that moment.
    pub(crate) page: &'a StepStatistics,
    pub(crate) step: &'a PlannedStep,
    pub(crate) looked: &'a ObservedAnswer,
    pub(crate) ended: &'a ObservedLogin<'a>,
}

/// Gives each broken change its cause and a proposal. The workbench has it; the broker receives it from the command line.
pub type CauseFinder = fn(&BrokenAnswer<'_>, &mut [DetectedChange<'_>]);

/// What has turned, and whether the log says so.
#[derive(Debug)]
pub struct DriftNotice {
    /// The warning that begins or ends.
    pub warning: DriftWarning,
    /// Whether it begins or ends.
    pub turn: HealthChange,
    /// Whether the log has not said the same within the hour.
    pub(crate) is_told: bool,
}

/// What has changed with an answer. Its cause is looked for after the lock is released.
#[derive(Debug)]
pub struct UnexplainedChanges<'p> {
    step: &'p PlannedStep,
    looked: &'p ObservedAnswer,
    /// What was known of the step then, if something is broken.
    page: Option<StepStatistics>,
    news: Vec<DetectedChange<'p>>,
}

impl UnexplainedChanges<'_> {
    /// Gives what is broken its cause and its proposal.
    pub fn assign_causes(&mut self, ended: &ObservedLogin<'_>, find_causes: CauseFinder) {
        if let Some(page) = &self.page {
            find_causes(&BrokenAnswer { page, step: self.step, looked: self.looked, ended }, &mut self.news);
        }
    }
}

/// What is known of a provider's answers.
#[derive(Clone, Debug, Default)]
pub struct ProviderStatistics {
    plan: Option<(Box<str>, Arc<DriftPlan>)>,
    pub(super) steps: BTreeMap<Box<str>, StepStatistics>,
    pub(super) warnings: BTreeMap<DriftCounterKey, DriftWarning>,
    /// What storage does not know of warnings: that there is one, or none any more.
    pub(super) news: BTreeMap<DriftCounterKey, Option<DriftWarning>>,
    /// What storage has to forget, because what is so now is expected from now on.
    pub(super) forgotten: Vec<DriftCounterKey>,
    logged: HashMap<DriftCounterKey, i64>,
}

impl ProviderStatistics {
    /// What the file reads; what it reads no longer is no longer warned about.
    pub(crate) fn plan_for(&mut self, offer: &LiveProvider) -> Arc<DriftPlan> {
        if let Some((version, plan)) = &self.plan
            && *version == offer.version
        {
            return Arc::clone(plan);
        }
        let plan = Arc::new(DriftPlan::from_provider(&offer.provider));
        let gone: Vec<DriftCounterKey> = self.warnings.keys().filter(|(step, key)| !plan.counts(step, key)).cloned().collect();
        for key in gone {
            self.end_warning(&key);
        }
        self.plan = Some((offer.version.clone(), Arc::clone(&plan)));
        plan
    }

    /// The plan, if a login was looked at.
    pub(crate) fn current_plan(&self) -> Option<Arc<DriftPlan>> {
        self.plan.as_ref().map(|(_, plan)| Arc::clone(plan))
    }

    fn end_warning(&mut self, key: &DriftCounterKey) {
        self.warnings.remove(key);
        self.news.insert(key.clone(), None);
        if let Some(stream) = self.steps.get_mut(&key.0).and_then(|page| page.streams.get_mut(&key.1)) {
            stream.mark_well();
        }
    }

    /// Ends the warnings that were reported for long enough; what they are about is expected from now on.
    pub fn retire_old_warnings(&mut self, now: i64) {
        let old: Vec<DriftCounterKey> =
            self.warnings.iter().filter(|(_, warning)| now - warning.reported_since() > TOLD).map(|(key, _)| key.clone()).collect();
        for key in old {
            self.end_warning(&key);
            if let Some(page) = self.steps.get_mut(&key.0) {
                page.kinds.remove(&key.1);
                if let Some(stream) = page.streams.get_mut(&key.1) {
                    stream.reset();
                }
            }
            self.forgotten.push(key);
        }
    }

    /// Which answers of a login are looked at as documents: while everything is as it was, few of them.
    pub fn wanted_documents(&mut self, plan: &DriftPlan, looked: &[ObservedAnswer]) -> Vec<bool> {
        looked.iter().map(|looked| self.wants_document(plan, looked)).collect()
    }

    /// Whether an answer is looked at as a document.
    pub fn wants_document(&mut self, plan: &DriftPlan, looked: &ObservedAnswer) -> bool {
        let Some(step) = plan.steps.get(looked.step) else { return false };
        self.step_statistics(&step.name).is_some_and(|page| page.wants_document(step, looked))
    }

    fn step_statistics(&mut self, step: &str) -> Option<&mut StepStatistics> {
        if !self.steps.contains_key(step) {
            self.steps.insert(step.into(), StepStatistics::default());
        }
        self.steps.get_mut(step)
    }

    /// Counts the answers of a login: what has turned, before its cause is looked for.
    pub fn count<'p>(&mut self, plan: &'p DriftPlan, looked: &'p [ObservedAnswer], now: i64) -> Vec<UnexplainedChanges<'p>> {
        let mut untold = Vec::new();
        for looked in looked {
            let step = &plan.steps[looked.step];
            let Some(page) = self.step_statistics(&step.name) else { continue };
            let news = page.count(step, looked, now);
            if !news.is_empty() {
                let is_broken = news.iter().any(|news| news.turn == HealthChange::Broken);
                untold.push(UnexplainedChanges { step, looked, page: is_broken.then(|| page.clone()), news });
            }
        }
        untold
    }

    /// Keeps what has turned, and says it once for each cause.
    pub fn record_changes(&mut self, untold: Vec<UnexplainedChanges<'_>>, now: i64) -> Vec<DriftNotice> {
        untold.into_iter().flat_map(|untold| self.record_step_changes(untold.step, untold.news, now)).collect()
    }

    fn record_step_changes(&mut self, step: &PlannedStep, news: Vec<DetectedChange<'_>>, now: i64) -> Vec<DriftNotice> {
        let mut by_turn: [(HealthChange, Vec<DriftWarning>); 2] = [(HealthChange::Broken, Vec::new()), (HealthChange::Well, Vec::new())];
        for news in news {
            let key: DriftCounterKey = (step.name.clone(), news.key.into());
            let own = news.to_warning(step, now);
            let warning = match news.turn {
                // It may have changed again while its cause was looked for.
                HealthChange::Broken if !self.is_broken(&key) => continue,
                HealthChange::Broken => {
                    self.warnings.insert(key.clone(), own.clone());
                    self.news.insert(key, Some(own.clone()));
                    own
                }
                HealthChange::Well => {
                    self.news.insert(key.clone(), None);
                    self.warnings.remove(&key).unwrap_or(own)
                }
            };
            by_turn.iter_mut().filter(|(turn, _)| *turn == news.turn).for_each(|(_, all)| all.push(warning.clone()));
        }
        let mut told = Vec::new();
        for (turn, all) in by_turn {
            for warning in merge_by_cause(all) {
                let is_told = self.should_log(step, turn, &warning, now);
                told.push(DriftNotice { warning, turn, is_told });
            }
        }
        told
    }

    fn is_broken(&self, key: &DriftCounterKey) -> bool {
        self.steps.get(&key.0).and_then(|page| page.streams.get(&key.1)).is_some_and(|stream| stream.broken.is_some())
    }

    /// Whether the log says it: not again within the hour, and of what moved together only the first and the last.
    fn should_log(&mut self, step: &PlannedStep, turn: HealthChange, warning: &DriftWarning, now: i64) -> bool {
        let about = warning.cause.fact().map_or("", |fact| fact.path.as_deref().unwrap_or(&fact.name));
        let kind = warning.cause.kind();
        let key: DriftCounterKey = (step.name.clone(), format!("{} {about}", kind.word()).into());
        match turn {
            HealthChange::Broken => {
                let is_told = self.logged.get(&key).is_none_or(|at| now - at >= HOUR);
                if is_told {
                    self.logged.insert(key, now);
                }
                is_told
            }
            HealthChange::Well => {
                let has_more = self.warnings.iter().any(|(key, other)| key.0 == step.name && other.cause.kind() == DriftKind::Moved);
                kind != DriftKind::Moved || !has_more
            }
        }
    }

    /// The warnings, one for each cause, with how it is now.
    pub fn warnings(&self) -> Vec<DriftWarning> {
        merge_by_cause(self.warnings_by_fact())
    }

    /// The warnings, one for each fact.
    pub(super) fn warnings_by_fact(&self) -> Vec<DriftWarning> {
        let now = |(key, warning): (&DriftCounterKey, &DriftWarning)| {
            let stream = self.steps.get(&key.0).and_then(|page| page.streams.get(&key.1));
            let run = stream.map(|stream| stream.run).filter(|run| run.answers() > 0);
            DriftWarning { share_now: run.map_or(warning.share_now, DriftCount::share), ..warning.clone() }
        };
        self.warnings.iter().map(now).collect()
    }
}
