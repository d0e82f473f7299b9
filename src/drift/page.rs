//! What is known of one step's answers, and what an answer changes about that.

use crate::drift::judgement::{Count, Stream, Turn};
use crate::drift::looked::{ANSWER, Found, Looked, Outcome, Planned, PlannedPath, PlannedStep};
use crate::drift::shape::{Kind, Seen, Shape};
use crate::drift::warning::{Change, Warning};
use crate::provider::selector::scalar_text;
use crate::workbench::proposal::Proposal;
use serde_json::Value;
use std::collections::HashMap;

/// So many answers are all looked at as documents, so that it is known soon what they are like.
const ALL: i64 = 200;
/// After that one in so many is, as long as nothing is missed.
const ONE_IN: u64 = 8;

/// What is known of a step.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub(super) streams: HashMap<Box<str>, Stream>,
    pub(super) kinds: HashMap<Box<str>, Seen>,
    pub(super) shape: Shape,
    passed: u64,
}

/// Something that has turned, before it is told.
#[derive(Debug)]
pub struct News<'a> {
    /// Under which key it is counted.
    pub key: &'a str,
    /// The fact; nothing for the answer as a whole.
    pub fact: Option<&'a Planned>,
    /// The path that it is about.
    pub path: Option<&'a PlannedPath>,
    /// What has changed.
    pub change: Change,
    /// Whether it is broken or well again.
    pub turn: Turn,
    /// What was expected.
    pub before: Count,
    /// What has come since it turned.
    pub now: Count,
    /// Since when.
    pub since: i64,
    /// What would mend it.
    pub proposal: Option<Proposal>,
}

impl Page {
    /// Whether an answer is looked at as a document: the first ones, one in some after that, and all of them while something is
    /// missed that hardly anybody lacks. What is judged is the same either way, because what was seen before decides, not chance.
    pub fn wants(&mut self, step: &PlannedStep, looked: &Looked) -> bool {
        let Outcome::Read(found) = &looked.outcome else { return false };
        if looked.step == 0 {
            return false;
        }
        self.passed += 1;
        let is_missed =
            |(at, found): &(usize, Found)| found.is_err() && self.streams.get(&step.readings[*at].key).is_none_or(Stream::is_for_everybody);
        self.shape.times() < ALL
            || self.passed.is_multiple_of(ONE_IN)
            || found.iter().any(is_missed)
            || self.streams.values().any(|stream| stream.broken.is_some() || (stream.is_doubtful() && stream.is_for_everybody()))
    }

    /// Counts an answer: what has turned with it, without its cause.
    pub fn count<'p>(&mut self, step: &'p PlannedStep, looked: &'p Looked, now: i64) -> Vec<News<'p>> {
        let mut news = Vec::new();
        let (is_read, change) = match looked.outcome {
            Outcome::Read(_) => (true, Change::Unreadable),
            Outcome::Unreadable => (false, Change::Unreadable),
            Outcome::Unaccepted => (false, Change::Unaccepted),
        };
        if looked.step > 0 {
            // An answer that is none is the same for everybody.
            news.extend(self.one(ANSWER, is_read, None, now).map(|turned| turned.news(ANSWER, change)));
        }
        if let Outcome::Read(found) = &looked.outcome {
            if let Some(document) = &looked.document {
                self.shape.add(document);
            }
            for (at, found) in found {
                self.reading(&step.readings[*at], *found, looked, now, &mut news);
            }
        }
        news
    }

    fn reading<'p>(&mut self, reading: &'p Planned, found: Found, looked: &'p Looked, now: i64, news: &mut Vec<News<'p>>) {
        if let Some(turned) = self.one(&reading.key, found.is_ok(), Some(looked.print), now) {
            // Where `null` or an empty text stands it is lost.
            let is_other = found.err().flatten().is_some_and(|instead| !matches!(instead, "null" | "an empty text"));
            let change = if is_other { Change::Type } else { Change::Lost };
            news.push(News { fact: Some(reading), path: reading.paths.first(), ..turned.news(&reading.key, change) });
        }
        // What is missed as a whole is not missed in parts as well.
        let is_doubtful = self.streams.get(&reading.key).is_some_and(Stream::is_doubtful);
        if let Some(document) = looked.document.as_ref().filter(|_| !is_doubtful) {
            self.paths(reading, document, (looked.print, now), news);
        }
    }

    /// Counts what stands at the paths of a reading that found something all the same.
    fn paths<'p>(&mut self, reading: &'p Planned, document: &Value, (print, now): (u64, i64), news: &mut Vec<News<'p>>) {
        for planned in &reading.paths {
            let value = planned.path.first(document).filter(|value| is_there(value));
            if !reading.is_one_path
                && let Some(turned) = self.one(&planned.key, value.is_some(), Some(print), now)
            {
                news.push(News { fact: Some(reading), path: Some(planned), ..turned.news(&planned.key, Change::Lost) });
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
            if let Some(turned) = self.one(&planned.kind_key, usual == Some(kind), Some(print), now) {
                news.push(News { fact: Some(reading), path: Some(planned), ..turned.news(&planned.kind_key, Change::Type) });
            }
        }
    }

    fn one(&mut self, key: &str, found: bool, print: Option<u64>, now: i64) -> Option<Flipped> {
        let turn = match self.streams.get_mut(key) {
            Some(stream) => stream.count(found, print, now),
            None => self.streams.entry(key.into()).or_default().count(found, print, now),
        }?;
        let stream = self.streams.get(key)?;
        Some(Flipped { turn, before: stream.expected(), now: stream.run, since: stream.broken.unwrap_or(now) })
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
    /// What is warned about.
    pub fn warning(&self, step: &PlannedStep, told: i64) -> Warning {
        let warning = Warning {
            step: step.name.to_string(),
            fact: self.fact.map(|reading| reading.name.to_string()),
            facts: Vec::new(),
            line: self.fact.map_or(Some(step.line), |reading| reading.line),
            kind: self.change,
            since: self.since,
            told,
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
