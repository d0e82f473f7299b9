//! What is known of the answers of one provider to one store: what was counted, and what is warned about.

use crate::drift::cause::{Broken, causes};
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

/// What has turned with an answer. Its cause is looked for while nobody waits for the book.
#[derive(Debug)]
pub struct Untold<'p> {
    step: &'p PlannedStep,
    looked: &'p Looked,
    /// What was known of the step then, if something is broken.
    page: Option<Page>,
    news: Vec<News<'p>>,
}

impl Untold<'_> {
    /// Gives what is broken its cause and its proposal.
    pub fn explain(&mut self, ended: &Ended<'_>) {
        if let Some(page) = &self.page {
            causes(&Broken { page, step: self.step, looked: self.looked, ended }, &mut self.news);
        }
    }
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
        let old: Vec<Key> =
            self.warnings.iter().filter(|(_, warning)| now - warning.told_since() > TOLD).map(|(key, _)| key.clone()).collect();
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

    /// Which answers of a login are looked at as documents: while everything is as it was, few of them.
    pub fn wanted(&mut self, plan: &Plan, looked: &[Looked]) -> Vec<bool> {
        looked.iter().map(|looked| self.wants(plan, looked)).collect()
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

    /// Counts the answers of a login: what has turned, before its cause is looked for.
    pub fn count<'p>(&mut self, plan: &'p Plan, looked: &'p [Looked], now: i64) -> Vec<Untold<'p>> {
        let mut untold = Vec::new();
        for looked in looked {
            let step = &plan.steps[looked.step];
            let Some(page) = self.page(&step.name) else { continue };
            let news = page.count(step, looked, now);
            if !news.is_empty() {
                let is_broken = news.iter().any(|news| news.turn == Turn::Broken);
                untold.push(Untold { step, looked, page: is_broken.then(|| page.clone()), news });
            }
        }
        untold
    }

    /// Keeps what has turned, and says it once for each cause.
    pub fn tell(&mut self, untold: Vec<Untold<'_>>, now: i64) -> Vec<Turned> {
        untold.into_iter().flat_map(|untold| self.tell_of(untold.step, untold.news, now)).collect()
    }

    fn tell_of(&mut self, step: &PlannedStep, news: Vec<News<'_>>, now: i64) -> Vec<Turned> {
        let mut by_turn: [(Turn, Vec<Warning>); 2] = [(Turn::Broken, Vec::new()), (Turn::Well, Vec::new())];
        for news in news {
            let key: Key = (step.name.clone(), news.key.into());
            let own = news.warning(step, now);
            let warning = match news.turn {
                // While its cause was looked for it may have turned again.
                Turn::Broken if !self.is_broken(&key) => continue,
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
                let is_told = self.is_told(step, turn, &warning, now);
                told.push(Turned { warning, turn, is_told });
            }
        }
        told
    }

    fn is_broken(&self, key: &Key) -> bool {
        self.steps.get(&key.0).and_then(|page| page.streams.get(&key.1)).is_some_and(|stream| stream.broken.is_some())
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
