//! What is known of the answers of one provider to one store: what was counted, and what is warned about.

use crate::drift::judgement::{Count, Stream, Turn};
use crate::drift::looked::{ANSWER, Looked, Outcome, Plan, Planned, PlannedPath, PlannedStep};
use crate::drift::replacement::{Gone, proposal, replacement};
use crate::drift::shape::{Kind, Seen, Shape};
use crate::drift::warning::{Change, Warning};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::identity::Identity;
use crate::provider::selector::scalar_text;
use crate::roster::Offer;
use crate::workbench::proposal::Proposal;
use serde_json::Value;
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
#[derive(Debug, Default)]
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

/// What is known of a step.
#[derive(Debug, Default)]
pub struct Page {
    pub(super) streams: HashMap<Box<str>, Stream>,
    pub(super) kinds: HashMap<Box<str>, Seen>,
    pub(super) shape: Shape,
}

/// Something that has turned, before it is told.
struct News<'a> {
    key: &'a str,
    fact: Option<&'a Planned>,
    path: Option<&'a PlannedPath>,
    change: Change,
    turn: Turn,
    before: Count,
    now: Count,
    since: i64,
    proposal: Option<Proposal>,
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
    pub fn planned(&self) -> Option<&Plan> {
        self.plan.as_ref().map(|(_, plan)| &**plan)
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

    /// Counts the answers of a login.
    pub fn count(&mut self, plan: &Plan, looked: &[Looked], ended: &Ended<'_>) -> Vec<Turned> {
        let mut told = Vec::new();
        for looked in looked {
            let step = &plan.steps[looked.step];
            if !self.steps.contains_key(&step.name) {
                self.steps.insert(step.name.clone(), Page::default());
            }
            let Some(page) = self.steps.get_mut(&step.name) else { continue };
            for news in page.count(step, looked, ended) {
                told.push(self.tell(step, news, ended));
            }
        }
        told
    }

    fn tell(&mut self, step: &PlannedStep, news: News<'_>, ended: &Ended<'_>) -> Turned {
        let key: Key = (step.name.clone(), news.key.into());
        let turn = news.turn;
        let warning = match turn {
            Turn::Broken => {
                let warning = news.warning(step);
                self.warnings.insert(key.clone(), warning.clone());
                self.news.insert(key.clone(), Some(warning.clone()));
                warning
            }
            Turn::Well => {
                self.news.insert(key.clone(), None);
                self.warnings.remove(&key).unwrap_or_else(|| news.warning(step))
            }
        };
        let is_told = match turn {
            Turn::Broken => self.logged.get(&key).is_none_or(|at| ended.now - at >= HOUR),
            Turn::Well => true,
        };
        if is_told && turn == Turn::Broken {
            self.logged.insert(key, ended.now);
        }
        Turned { warning, turn, is_told }
    }

    /// The warnings, with how it is now.
    pub fn warnings(&self) -> Vec<Warning> {
        let now = |(key, warning): (&Key, &Warning)| {
            let stream = self.steps.get(&key.0).and_then(|page| page.streams.get(&key.1));
            let run = stream.map(|stream| stream.run).filter(|run| run.answers() > 0);
            Warning { share_now: run.map_or(warning.share_now, Count::share), ..warning.clone() }
        };
        self.warnings.iter().map(now).collect()
    }
}

impl Page {
    fn count<'p>(&mut self, step: &'p PlannedStep, looked: &'p Looked, ended: &Ended<'_>) -> Vec<News<'p>> {
        let mut news = Vec::new();
        let (is_read, change) = match looked.outcome {
            Outcome::Read(_) => (true, Change::Unreadable),
            Outcome::Unreadable => (false, Change::Unreadable),
            Outcome::Unaccepted => (false, Change::Unaccepted),
        };
        if looked.step > 0 {
            // An answer that is none is the same for everybody.
            news.extend(self.one(ANSWER, is_read, None, ended.now).map(|turned| turned.news(ANSWER, change)));
        }
        let Outcome::Read(found) = &looked.outcome else { return news };
        if let Some(document) = &looked.document {
            self.shape.add(document);
        }
        for (at, found) in found {
            let reading = &step.readings[*at];
            if let Some(turned) = self.one(&reading.key, found.is_ok(), Some(looked.print), ended.now) {
                let change = if matches!(found, Err(Some(_))) { Change::Type } else { Change::Lost };
                let proposal = self.moved(reading, reading.paths.first(), &turned, looked.document.as_ref(), ended);
                let change = if change == Change::Lost && proposal.is_some() { Change::Replaced } else { change };
                news.push(News { fact: Some(reading), path: reading.paths.first(), proposal, ..turned.news(&reading.key, change) });
            }
            // What is missed as a whole is not missed in parts as well.
            let is_doubtful = self.streams.get(&reading.key).is_some_and(Stream::is_doubtful);
            if let Some(document) = looked.document.as_ref().filter(|_| !is_doubtful) {
                self.paths(reading, document, looked, ended, &mut news);
            }
        }
        news
    }

    /// Counts what stands at the paths of a reading that found something all the same.
    fn paths<'p>(&mut self, reading: &'p Planned, document: &Value, looked: &'p Looked, ended: &Ended<'_>, news: &mut Vec<News<'p>>) {
        for planned in &reading.paths {
            let value = planned.path.first(document).filter(|value| is_there(value));
            if !reading.is_one_path
                && let Some(turned) = self.one(&planned.key, value.is_some(), Some(looked.print), ended.now)
            {
                let proposal = self.moved(reading, Some(planned), &turned, Some(document), ended);
                let change = if proposal.is_some() { Change::Replaced } else { Change::Lost };
                news.push(News { fact: Some(reading), path: Some(planned), proposal, ..turned.news(&planned.key, change) });
            }
            let Some(kind) = value.map(Kind::of) else { continue };
            if !self.kinds.contains_key(&planned.kind_key) {
                self.kinds.insert(planned.kind_key.clone(), Seen::default());
            }
            let is_broken = self.streams.get(&planned.kind_key).is_some_and(|stream| stream.broken.is_some());
            let usual = self.kinds.get_mut(&planned.kind_key).and_then(|seen| {
                if !is_broken {
                    seen.add(kind);
                }
                seen.usual()
            });
            if let Some(turned) = self.one(&planned.kind_key, usual == Some(kind), Some(looked.print), ended.now) {
                news.push(News { fact: Some(reading), path: Some(planned), ..turned.news(&planned.kind_key, Change::Type) });
            }
        }
    }

    fn one(&mut self, key: &str, found: bool, print: Option<u64>, now: i64) -> Option<Flipped> {
        if !self.streams.contains_key(key) {
            self.streams.insert(key.into(), Stream::default());
        }
        let stream = self.streams.get_mut(key)?;
        let turn = stream.count(found, print, now)?;
        Some(Flipped { turn, before: stream.expected(), now: stream.run, since: stream.broken.unwrap_or(now) })
    }

    /// Where something has probably moved to, as a change of the file.
    fn moved(
        &self,
        reading: &Planned,
        path: Option<&PlannedPath>,
        turned: &Flipped,
        document: Option<&Value>,
        ended: &Ended<'_>,
    ) -> Option<Proposal> {
        let (planned, document) = (path?, document.filter(|_| turned.turn == Turn::Broken)?);
        let kind = self.kinds.get(&planned.kind_key).and_then(Seen::usual);
        let gone = Gone { fact: &reading.name, path: &planned.path, kind, since: turned.now.answers() };
        let path = replacement(gone, document, &self.shape)?;
        Some(proposal(ended.provider, gone, &path))
    }
}

/// A stream that has turned.
#[derive(Clone, Copy)]
struct Flipped {
    turn: Turn,
    before: Count,
    now: Count,
    since: i64,
}

impl Flipped {
    fn news(self, key: &str, change: Change) -> News<'_> {
        let Self { turn, before, now, since } = self;
        News { key, fact: None, path: None, change, turn, before, now, since, proposal: None }
    }
}

impl News<'_> {
    fn warning(&self, step: &PlannedStep) -> Warning {
        let warning = Warning {
            step: step.name.to_string(),
            fact: self.fact.map(|reading| reading.name.to_string()),
            line: self.fact.map_or(Some(step.line), |reading| reading.line),
            kind: self.change,
            since: self.since,
            share_before: self.before.share(),
            share_now: self.now.share(),
            path: self.path.map(|planned| planned.path.source.to_string()),
            proposal: self.proposal.clone(),
            sentence: String::new(),
        };
        Warning { sentence: warning.told(), ..warning }
    }
}

/// Whether something stands there, as conditions see it.
fn is_there(value: &Value) -> bool {
    match value {
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        value => scalar_text(value).is_some(),
    }
}
