//! What one login shows about a provider's answers: which of them count, and what was found and missed in each.

use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::fact_expression::FactExpression;
use crate::provider::json_path::{JsonPath, ValueKind, scalar_text};
use crate::provider::refusal::ProviderRefusal;
use crate::provider::step::{ReadRule, Step, StepKind};
use crate::provider::step_error::StepError;
use crate::story::watch::{LoginWatch, WatchedStep};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::wire::Response;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Under this key it is counted whether an answer can be read at all.
pub(crate) const ANSWER: &str = "answer";

/// What a file reads, step by step: made once for each version of it.
#[derive(Clone, Debug)]
pub struct DriftPlan {
    /// The callback, then each call.
    pub steps: Vec<PlannedStep>,
}

/// What a step reads.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// Its name: `callback`, or the word of its step, with a number where there are several.
    pub(crate) name: Box<str>,
    /// The line where it is written.
    pub(crate) line: u32,
    pub readings: Vec<PlannedReading>,
}

/// A fact that is read.
#[derive(Clone, Debug)]
pub struct PlannedReading {
    pub(crate) fact: Slot,
    pub(crate) name: Box<str>,
    /// Name and reading: another reading is another key, so that its expectation begins anew.
    pub(crate) key: Box<str>,
    /// The line that reads it; a standard place has none.
    pub(crate) line: Option<u32>,
    /// The paths that it looks at in the answer itself.
    pub paths: Vec<PlannedPath>,
    /// Whether it has only one path, so that the fact and the path are missed together.
    pub(crate) is_one_path: bool,
    /// Whether it is read from a signed token.
    pub(crate) is_signed: bool,
}

/// A path that is looked at.
#[derive(Clone, Debug)]
pub struct PlannedPath {
    /// The key under which it is counted whether the path has a value.
    pub(crate) key: Box<str>,
    /// The key under which the kinds of values are counted.
    pub(crate) kind_key: Box<str>,
    pub path: JsonPath,
}

impl DriftPlan {
    /// What a file reads.
    pub fn from_provider(provider: &Provider) -> Self {
        let used = provider.used_facts();
        let mut names: Vec<&str> = Vec::new();
        let mut steps = vec![plan_step("callback".into(), &provider.authorization, &used, provider)];
        for step in &provider.calls {
            names.push(step.kind.word());
            let number = names.iter().filter(|name| **name == step.kind.word()).count();
            let name = if number == 1 { step.kind.word().to_owned() } else { format!("{} {number}", step.kind.word()) };
            steps.push(plan_step(name.into(), step, &used, provider));
        }
        Self { steps }
    }

    /// Whether a step counts something under a key.
    pub(crate) fn counts(&self, step: &str, key: &str) -> bool {
        let of =
            |reading: &PlannedReading| *reading.key == *key || reading.paths.iter().any(|path| *path.key == *key || *path.kind_key == *key);
        self.steps.iter().any(|planned| *planned.name == *step && (key == ANSWER || planned.readings.iter().any(of)))
    }
}

fn plan_step(name: Box<str>, step: &Step, used: &[Slot], provider: &Provider) -> PlannedStep {
    let is_called = |fact: Slot| provider.names.name(fact);
    let mut readings: Vec<PlannedReading> = Vec::new();
    let mut add = |planned: PlannedReading| {
        if !readings.iter().any(|known| known.fact == planned.fact && known.is_signed == planned.is_signed) {
            readings.push(planned);
        }
    };
    let one = |read: &ReadRule, is_signed: bool| {
        let name = is_called(read.fact);
        let source = read.reading.source();
        let paths = if is_signed { Vec::new() } else { read.reading.paths() };
        let paths = paths.into_iter().map(|path| PlannedPath {
            key: format!("path {name} {}", path.source).into(),
            kind_key: format!("kind {name} {}", path.source).into(),
            path: path.clone(),
        });
        PlannedReading {
            fact: read.fact,
            name: (&**name).into(),
            key: fact_key(name, &source),
            line: read.written.then_some(read.reading.place().line),
            paths: paths.collect(),
            is_one_path: matches!(read.reading, FactExpression::Path(_)),
            is_signed,
        }
    };
    let waited_for = |read: &&ReadRule| read.written || used.contains(&read.fact);
    step.reads.iter().filter(waited_for).for_each(|read| add(one(read, false)));
    step.signed_reads.iter().filter(waited_for).for_each(|read| add(one(read, true)));
    for (fact, header) in &step.header_reads {
        let name = is_called(*fact);
        add(PlannedReading {
            fact: *fact,
            name: (&**name).into(),
            key: fact_key(name, &header.value),
            line: Some(header.place.line),
            paths: Vec::new(),
            is_one_path: true,
            is_signed: false,
        });
    }
    PlannedStep { name, line: step.place.line, readings }
}

/// Short, however long the reading is.
fn fact_key(name: &str, source: &str) -> Box<str> {
    let print = URL_SAFE_NO_PAD.encode(&digest(&SHA256, source.as_bytes()).as_ref()[..9]);
    format!("fact {name} {print}").into()
}

/// An answer that counts.
#[derive(Clone, Debug)]
pub struct ObservedAnswer {
    /// Which step of the plan.
    pub step: usize,
    /// What became of it.
    pub outcome: ObservedOutcome,
    /// Which of the trace's exchanges it is; of a callback none, because anybody may write one.
    pub exchange: Option<usize>,
    /// The answer as a document, where it was looked at as one.
    pub document: Option<Value>,
    /// Tells it from others without saying what is in it; of a callback always the same.
    pub print: u64,
}

impl ObservedAnswer {
    /// Reads the answer as a document, if it was read at all.
    pub fn read_document(&mut self, provider: &Provider, trace: &Trace) {
        let exchange = self.exchange.and_then(|at| trace.exchanges.get(at));
        if let (ObservedOutcome::Read(_), None, Some(exchange)) = (&self.outcome, &self.document, exchange) {
            let step = provider.calls.get(exchange.call);
            self.document = step.zip(exchange.answer.as_ref().ok()).and_then(|(step, answer)| step.document(answer));
        }
    }
}

/// Whether a reading found something, or what was found instead of a text.
pub(crate) type ObservedReading = Result<(), Option<ValueKind>>;

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObservedOutcome {
    /// It was read: what the planned readings found.
    Read(Vec<(usize, ObservedReading)>),
    /// It is no document.
    Unreadable,
    /// The file takes a good answer for a refusal.
    Unaccepted,
}

/// The answers of a login that count.
pub fn observe_answers(plan: &DriftPlan, provider: &Provider, trace: &Trace, watch: &LoginWatch) -> Vec<ObservedAnswer> {
    let mut all = Vec::new();
    for (at, seen) in watch.seen.iter().enumerate() {
        let before = &watch.seen[..at];
        let looked = match seen.call {
            None => observe_callback(plan, provider, trace, seen),
            Some(call) => observe_answer(plan, provider, trace, call, seen, before),
        };
        all.extend(looked);
    }
    all
}

/// Anybody may write a callback. One counts where the provider knew what it brought, or signed it.
fn observe_callback(plan: &DriftPlan, provider: &Provider, trace: &Trace, seen: &WatchedStep) -> Option<ObservedAnswer> {
    let is_known = trace.exchanges.iter().any(|exchange| exchange.answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status)));
    let sent_back = &provider.authorization;
    let is_signed =
        || provider.calls.is_empty() && seen.failed.is_none() && (sent_back.signed().is_some() || sent_back.expected_signature().is_some());
    if !is_known && !is_signed() {
        return None;
    }
    let outcome = ObservedOutcome::Read(observe_readings(plan.steps.first()?, seen, &[]));
    match seen.failed {
        None | Some(StepError::MissingFact { .. }) => Some(ObservedAnswer { step: 0, outcome, exchange: None, document: None, print: 0 }),
        Some(_) => None,
    }
}

fn observe_answer(
    plan: &DriftPlan,
    provider: &Provider,
    trace: &Trace,
    call: usize,
    seen: &WatchedStep,
    before: &[WatchedStep],
) -> Option<ObservedAnswer> {
    let (step, planned) = (provider.calls.get(call)?, plan.steps.get(call + 1)?);
    // A request that could not be written is missed where its fact was.
    let at = trace.exchanges.iter().position(|exchange| exchange.call == call)?;
    let answer = trace.exchanges[at].answer.as_ref().ok()?;
    let outcome = match &seen.failed {
        None | Some(StepError::MissingFact { .. }) => ObservedOutcome::Read(observe_readings(planned, seen, before)),
        Some(StepError::Unreadable { .. }) => ObservedOutcome::Unreadable,
        Some(StepError::Refused { refusal, place }) if is_mistaken_refusal(step, planned, answer, (refusal, *place)) => {
            ObservedOutcome::Unaccepted
        }
        // A wrong code, a callback of another login, a cancelled login, or no answer.
        Some(_) => return None,
    };
    let mut print = DefaultHasher::new();
    answer.body.hash(&mut print);
    Some(ObservedAnswer { step: call + 1, outcome, exchange: Some(at), document: None, print: print.finish() })
}

/// What was found and missed. A standard place that an earlier answer filled already is neither.
fn observe_readings(planned: &PlannedStep, seen: &WatchedStep, before: &[WatchedStep]) -> Vec<(usize, ObservedReading)> {
    let is_told = |fact: Slot| before.iter().flat_map(|seen| &seen.facts).any(|read| read.fact == fact && read.found.is_ok());
    let mut list = Vec::with_capacity(planned.readings.len());
    for (at, reading) in planned.readings.iter().enumerate() {
        // Without the token nothing is read from it, and the token itself counts as missed.
        if seen.failed.is_some() && reading.is_signed {
            continue;
        }
        match seen.facts.iter().find(|read| read.fact == reading.fact) {
            Some(read) => list.push((at, read.found.map(drop))),
            None if reading.line.is_none() && is_told(reading.fact) => {}
            None => list.push((at, Err(None))),
        }
    }
    list
}

/// Whether the file's `accepted` refuses an answer that is no refusal: the answer holds half of what is read from a good one, or it
/// describes a person, so that a code can no longer be wrong, and what `accepted` looks at is gone.
fn is_mistaken_refusal(step: &Step, planned: &PlannedStep, answer: &Response, (refusal, place): (&ProviderRefusal, Option<Place>)) -> bool {
    let is_good = (200..300).contains(&answer.status);
    let Some(document) = &step.document(answer).filter(|_| is_good) else { return false };
    let Some(missed) = place.and_then(|place| step.accepted.iter().find(|accepted| accepted.place == place)) else {
        return false;
    };
    let stands =
        |reading: &PlannedReading| reading.paths.iter().any(|planned| planned.path.first(document).and_then(scalar_text).is_some());
    let read: Vec<&PlannedReading> = planned.readings.iter().filter(|reading| !reading.paths.is_empty()).collect();
    let standing = read.iter().filter(|reading| stands(reading)).count();
    let is_gone = || missed.paths().all(|path| path.first(document).is_none()) && refusal.code.is_http_status();
    (standing > 0 && standing * 2 >= read.len()) || (step.kind == StepKind::GetUserInfo && refusal.message.is_none() && is_gone())
}
