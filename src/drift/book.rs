//! What is known of the answers of one provider to one store: what was counted, and what is warned about.

use crate::drift::judgement::{Count, Turn};
use crate::drift::looked::{Looked, Plan, PlannedStep};
use crate::drift::page::{News, Page};
use crate::drift::warning::{Change, Warning, by_cause};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::identity::Identity;
use crate::roster::Offer;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// So long something is told as broken; then the new way is what is expected, in seconds.
pub const TOLD: i64 = 14 * 86_400;
/// So often the log says the same at most, in seconds.
const HOUR: i64 = 3600;

/// Step and key.
pub type Key = (Box<str>, Box<str>);

/// A login as it ended: what a proposal may be made from.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The provider.
    pub provider: &'a Provider,
    /// What happened.
    pub trace: &'a Trace,
    /// How it ended.
    pub end: Result<&'a Identity, &'a LoginError>,
    /// When.
    pub now: i64,
}

/// What has turned, and whether the log says so.
#[derive(Debug)]
pub struct Turned {
    /// The warning that begins or ends.
    pub warning: Warning,
    /// Which of both.
    pub turn: Turn,
    /// Whether the log has not said the same within the hour.
    pub is_told: bool,
}

/// What is known of a provider's answers.
#[derive(Clone, Debug, Default)]
pub struct Book {
    plan: Option<(Box<str>, Arc<Plan>)>,
    pub(super) steps: BTreeMap<Box<str>, Page>,
    pub(super) warnings: BTreeMap<Key, Warning>,
    /// What storage does not know of warnings: that there is one, or none any more.
    pub(super) news: BTreeMap<Key, Option<Warning>>,
    /// What storage has to forget, because what is so now is expected from now on.
    pub(super) forgotten: Vec<Key>,
    logged: HashMap<Key, i64>,
}

impl Book {
    /// What the file reads; what it reads no longer is no longer warned about.
    pub fn plan(&mut self, offer: &Offer) -> Arc<Plan> {
        if let Some((version, plan)) = &self.plan
            && *version == offer.version
        {
            return Arc::clone(plan);
        }
        let plan = Arc::new(Plan::of(&offer.provider));
        let gone: Vec<Key> = self.warnings.keys().filter(|(step, key)| !plan.counts(step, key)).cloned().collect();
        for key in gone {
            self.is_over(&key);
        }
        self.plan = Some((offer.version.clone(), Arc::clone(&plan)));
        plan
    }

    /// The plan, if a login was looked at.
    pub fn planned(&self) -> Option<Arc<Plan>> {
        self.plan.as_ref().map(|(_, plan)| Arc::clone(plan))
    }

    fn is_over(&mut self, key: &Key) {
        self.warnings.remove(key);
        self.news.insert(key.clone(), None);
        if let Some(stream) = self.steps.get_mut(&key.0).and_then(|page| page.streams.get_mut(&key.1)) {
            stream.is_well();
        }
    }

    /// What has been told for long enough is expected from now on.
    pub fn grow_old(&mut self, now: i64) {
        let old: Vec<Key> = self.warnings.iter().filter(|(_, warning)| now - warning.since > TOLD).map(|(key, _)| key.clone()).collect();
        for key in old {
            self.is_over(&key);
            if let Some(page) = self.steps.get_mut(&key.0) {
                page.kinds.remove(&key.1);
                if let Some(stream) = page.streams.get_mut(&key.1) {
                    stream.forget();
                }
            }
            self.forgotten.push(key);
        }
    }

    /// Reads those answers of a login that are looked at as documents: while everything is as it was, few of them.
    pub fn read(&mut self, plan: &Plan, looked: &mut [Looked], provider: &Provider, trace: &Trace) {
        for looked in looked {
            if self.wants(plan, looked) {
                looked.read(provider, trace);
            }
        }
    }

    /// Whether an answer is looked at as a document.
    pub fn wants(&mut self, plan: &Plan, looked: &Looked) -> bool {
        let Some(step) = plan.steps.get(looked.step) else { return false };
        self.page(&step.name).is_some_and(|page| page.wants(step, looked))
    }

    fn page(&mut self, step: &str) -> Option<&mut Page> {
        if !self.steps.contains_key(step) {
            self.steps.insert(step.into(), Page::default());
        }
        self.steps.get_mut(step)
    }

    /// Counts the answers of a login.
    pub fn count(&mut self, plan: &Plan, looked: &[Looked], ended: &Ended<'_>) -> Vec<Turned> {
        let mut told = Vec::new();
        for looked in looked {
            let step = &plan.steps[looked.step];
            let news = self.page(&step.name).map(|page| page.count(step, looked, ended)).unwrap_or_default();
            if !news.is_empty() {
                told.extend(self.tell(step, news, ended));
            }
        }
        told
    }

    /// Keeps what has turned, and says it once for each cause.
    fn tell(&mut self, step: &PlannedStep, news: Vec<News<'_>>, ended: &Ended<'_>) -> Vec<Turned> {
        let mut by_turn: [(Turn, Vec<Warning>); 2] = [(Turn::Broken, Vec::new()), (Turn::Well, Vec::new())];
        for news in news {
            let key: Key = (step.name.clone(), news.key.into());
            let own = news.warning(step);
            let warning = match news.turn {
                Turn::Broken => {
                    self.warnings.insert(key.clone(), own.clone());
                    self.news.insert(key, Some(own.clone()));
                    own
                }
                Turn::Well => {
                    self.news.insert(key.clone(), None);
                    self.warnings.remove(&key).unwrap_or(own)
                }
            };
            by_turn.iter_mut().filter(|(turn, _)| *turn == news.turn).for_each(|(_, all)| all.push(warning.clone()));
        }
        let mut told = Vec::new();
        for (turn, all) in by_turn {
            for warning in by_cause(all) {
                let is_told = self.is_told(step, turn, &warning, ended.now);
                told.push(Turned { warning, turn, is_told });
            }
        }
        told
    }

    /// Whether the log says it: not again within the hour, and of what moved together only the first and the last.
    fn is_told(&mut self, step: &PlannedStep, turn: Turn, warning: &Warning, now: i64) -> bool {
        let about = warning.path.as_deref().or(warning.fact.as_deref()).unwrap_or_default();
        let key: Key = (step.name.clone(), format!("{} {about}", warning.kind.word()).into());
        match turn {
            Turn::Broken => {
                let is_told = self.logged.get(&key).is_none_or(|at| now - at >= HOUR);
                if is_told {
                    self.logged.insert(key, now);
                }
                is_told
            }
            Turn::Well => {
                let has_more = self.warnings.iter().any(|(key, other)| key.0 == step.name && other.kind == Change::Moved);
                warning.kind != Change::Moved || !has_more
            }
        }
    }

    /// The warnings, one for each cause, with how it is now.
    pub fn warnings(&self) -> Vec<Warning> {
        by_cause(self.each_warning())
    }

    /// The warnings, one for each fact.
    pub(super) fn each_warning(&self) -> Vec<Warning> {
        let now = |(key, warning): (&Key, &Warning)| {
            let stream = self.steps.get(&key.0).and_then(|page| page.streams.get(&key.1));
            let run = stream.map(|stream| stream.run).filter(|run| run.answers() > 0);
            Warning { share_now: run.map_or(warning.share_now, Count::share), ..warning.clone() }
        };
        self.warnings.iter().map(now).collect()
    }
}
