//! What one login shows of a provider's answers: which of them count, and what was found and missed in each.

use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::fact_expression::{FactExpression, FoundInstead};
use crate::provider::identity::Identity;
use crate::provider::json_path::{JsonPath, ValueKind, scalar_text};
use crate::provider::refusal::ProviderRefusal;
use crate::provider::step::{ReadRule, Step, StepKind};
use crate::provider::step_error::StepError;
use crate::story::watch::{LoginWatch, WatchedStep};
use crate::vocabulary::hash::sha256;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::privacy::is_field_name;
use crate::vocabulary::wire::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The key under which it is counted whether an answer can be read at all.
pub(crate) const ANSWER: &str = "answer";

/// The name of the step whose answer is the callback.
pub(crate) const CALLBACK: &str = "callback";
/// The key under which the callbacks of successful logins are counted.
pub(crate) const PARAMETERS: &str = "parameters";
/// The beginning of the key under which it is counted how often a parameter of the callback is absent.
pub(crate) const PARAMETER: &str = "parameter ";

/// The readings of a file, step by step; made once for each version of the file.
#[derive(Clone, Debug)]
pub struct DriftPlan {
    /// The callback, then each call.
    pub steps: Vec<PlannedStep>,
}

/// The readings of a step.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// `callback`, or the word of the step, with a number where there are several.
    pub(crate) name: Box<str>,
    pub(crate) line: u32,
    /// The facts that are looked for in the answer, each with its paths.
    pub readings: Vec<PlannedReading>,
}

/// The reading of a fact.
#[derive(Clone, Debug)]
pub struct PlannedReading {
    pub(crate) fact: Slot,
    pub(crate) name: Box<str>,
    /// The key of the fact and its source. Another source is another key, so that its counts start from zero.
    pub(crate) key: Box<str>,
    /// The line that reads it; a standard place has none.
    pub(crate) line: Option<u32>,
    /// The paths in the answer itself.
    pub paths: Vec<PlannedPath>,
    /// Whether it is a single path, so that the fact and the path are missed together.
    pub(crate) is_one_path: bool,
    /// Whether it is read from a signed token.
    pub(crate) is_signed: bool,
}

/// A path of a reading.
#[derive(Clone, Debug)]
pub struct PlannedPath {
    /// The key under which it is counted whether there is a value.
    pub(crate) key: Box<str>,
    /// The key under which the kinds of the value are counted.
    pub(crate) kind_key: Box<str>,
    /// Where the value is looked for in the answer.
    pub path: JsonPath,
}

impl DriftPlan {
    /// Plans the readings of all facts that the file uses.
    pub fn from_provider(provider: &Provider) -> Self {
        let used = provider.used_facts();
        let mut names: Vec<&str> = Vec::new();
        let mut steps = vec![plan_step(CALLBACK.into(), &provider.authorization, &used, provider)];
        for step in &provider.calls {
            names.push(step.kind.word());
            let number = names.iter().filter(|name| **name == step.kind.word()).count();
            let name = if number == 1 { step.kind.word().to_owned() } else { format!("{} {number}", step.kind.word()) };
            steps.push(plan_step(name.into(), step, &used, provider));
        }
        Self { steps }
    }

    /// Whether a step has a reading with this key.
    pub(crate) fn counts(&self, step: &str, key: &str) -> bool {
        if step == CALLBACK && (key == PARAMETERS || key.starts_with(PARAMETER)) {
            return true;
        }
        let of =
            |reading: &PlannedReading| *reading.key == *key || reading.paths.iter().any(|path| *path.key == *key || *path.kind_key == *key);
        self.steps.iter().any(|planned| *planned.name == *step && (key == ANSWER || planned.readings.iter().any(of)))
    }
}

/// A fact that is read in an answer or a token.
fn plan_reading(name: &str, read: &ReadRule, is_signed: bool) -> PlannedReading {
    let source = read.reading.source();
    let paths = if is_signed { Vec::new() } else { read.reading.paths() };
    let paths = paths.into_iter().map(|path| PlannedPath {
        key: format!("path {name} {}", path.source).into(),
        kind_key: format!("kind {name} {}", path.source).into(),
        path: path.clone(),
    });
    PlannedReading {
        fact: read.fact,
        name: name.into(),
        key: fact_key(name, &source),
        line: read.written.then_some(read.reading.place().line),
        paths: paths.collect(),
        is_one_path: matches!(read.reading, FactExpression::Path(_)),
        is_signed,
    }
}

fn plan_step(name: Box<str>, step: &Step, used: &[Slot], provider: &Provider) -> PlannedStep {
    let name_of = |fact: Slot| provider.names.name(fact);
    let mut readings: Vec<PlannedReading> = Vec::new();
    let mut add = |planned: PlannedReading| {
        if !readings.iter().any(|known| known.fact == planned.fact && known.is_signed == planned.is_signed) {
            readings.push(planned);
        }
    };
    let one = |read: &ReadRule, is_signed: bool| plan_reading(name_of(read.fact), read, is_signed);
    let is_counted = |read: &&ReadRule| read.written || used.contains(&read.fact);
    step.reads.iter().filter(is_counted).for_each(|read| add(one(read, false)));
    step.signed_reads.iter().filter(is_counted).for_each(|read| add(one(read, true)));
    // A path in a chosen entry starts at the entry, so it is no path of the answer.
    for (choices, is_signed) in [(&step.choices, false), (&step.signed_choices, true)] {
        for choice in choices {
            for read in &choice.reads {
                let name = name_of(read.fact);
                add(PlannedReading {
                    fact: read.fact,
                    name: (&**name).into(),
                    key: fact_key(name, &format!("{}: {}", choice.source(), read.reading.source())),
                    line: Some(read.reading.place().line),
                    paths: Vec::new(),
                    is_one_path: true,
                    is_signed,
                });
            }
        }
    }
    for (fact, header) in &step.header_reads {
        let name = name_of(*fact);
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

/// The key of a fact; the source is hashed, so that the key stays short.
fn fact_key(name: &str, source: &str) -> Box<str> {
    let print = URL_SAFE_NO_PAD.encode(sha256::<9>(source.as_bytes()));
    format!("fact {name} {print}").into()
}

/// An answer that counts.
#[derive(Clone, Debug)]
pub struct ObservedAnswer {
    /// The number of the step in the plan.
    pub step: usize,
    /// Whether it could be read, and what was found in it.
    pub outcome: ObservedOutcome,
    /// The number of the exchange in the trace; `None` for a callback, which any browser can send.
    pub exchange: Option<usize>,
    /// The answer as a document, if it was parsed.
    pub document: Option<Value>,
    /// A hash that tells answers apart; the same for all callbacks.
    pub print: u64,
    /// The parameters of the callback, for a login that succeeded.
    pub parameters: Option<SeenParameters>,
}

/// The names of a callback's parameters, never their values, and who logged in.
#[derive(Clone, Debug)]
pub struct SeenParameters {
    /// The names.
    pub names: Vec<Box<str>>,
    /// A hash of the person's id, so that one person who adds parameters of their own counts once a day.
    pub person: u64,
}

/// Adds the callback's parameters of a login that succeeded.
pub fn observe_parameters(observed: &mut [ObservedAnswer], trace: &Trace, identity: &Identity) {
    let Some(callback) = observed.iter_mut().find(|observed| observed.step == 0) else { return };
    let names = trace.callback.pairs.iter().map(|(name, _)| name).filter(|name| name.len() <= 40 && is_field_name(name));
    let mut person = DefaultHasher::new();
    identity.id.hash(&mut person);
    callback.parameters = Some(SeenParameters { names: names.cloned().collect(), person: person.finish() });
}

impl ObservedAnswer {
    /// Parses the answer as a document, if the step has read it.
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

/// The outcome of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObservedOutcome {
    /// It was read: the results of the planned readings.
    Read(Vec<(usize, ObservedReading)>),
    /// It cannot be read.
    Unreadable,
    /// The file takes a good answer for a refusal.
    Unaccepted,
}

/// The answers of a login that count.
pub fn observe_answers(plan: &DriftPlan, provider: &Provider, trace: &Trace, watch: &LoginWatch) -> Vec<ObservedAnswer> {
    let mut all = Vec::new();
    for (at, seen) in watch.seen.iter().enumerate() {
        let before = watch.seen.get(..at).unwrap_or_default();
        let observed = match seen.call {
            None => observe_callback(plan, provider, trace, seen),
            Some(call) => observe_answer(plan, provider, trace, call, seen, before),
        };
        all.extend(observed);
    }
    all
}

/// Any browser can send a callback. It counts if the provider accepted what it carried, or if it is signed.
fn observe_callback(plan: &DriftPlan, provider: &Provider, trace: &Trace, seen: &WatchedStep) -> Option<ObservedAnswer> {
    // The call for the client's own token carries nothing of the callback.
    let mut of_login = trace.exchanges.iter().filter(|exchange| exchange.step != StepKind::GetClientToken);
    let is_known = of_login.any(|exchange| exchange.answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status)));
    let sent_back = &provider.authorization;
    let is_signed = || {
        provider.calls_after_callback().next().is_none()
            && seen.failed.is_none()
            && (sent_back.signed.is_some() || sent_back.verify.is_some())
    };
    if !is_known && !is_signed() {
        return None;
    }
    let outcome = ObservedOutcome::Read(observe_readings(plan.steps.first()?, seen, &[]));
    match seen.failed {
        None | Some(StepError::MissingFact { .. }) => {
            Some(ObservedAnswer { step: 0, outcome, exchange: None, document: None, print: 0, parameters: None })
        }
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
    // If the request could not be written, the missing fact was counted where it should have been read.
    let at = trace.exchanges.iter().position(|exchange| exchange.call == call)?;
    let answer = trace.exchanges.get(at)?.answer.as_ref().ok()?;
    let outcome = match &seen.failed {
        None | Some(StepError::MissingFact { .. }) => ObservedOutcome::Read(observe_readings(planned, seen, before)),
        Some(StepError::Unreadable { .. }) => ObservedOutcome::Unreadable,
        Some(StepError::Refused { refusal, place }) if is_mistaken_refusal(step, planned, answer, (refusal, *place)) => {
            ObservedOutcome::Unaccepted
        }
        // A wrong code, a value of another login, a cancelled login, or no answer.
        Some(_) => return None,
    };
    let mut print = DefaultHasher::new();
    answer.body.hash(&mut print);
    Some(ObservedAnswer { step: call + 1, outcome, exchange: Some(at), document: None, print: print.finish(), parameters: None })
}

/// What was found and missed. A standard place whose fact an earlier answer has given is not counted.
fn observe_readings(planned: &PlannedStep, seen: &WatchedStep, before: &[WatchedStep]) -> Vec<(usize, ObservedReading)> {
    let is_known_already = |fact: Slot| before.iter().flat_map(|seen| &seen.facts).any(|read| read.fact == fact && read.found.is_ok());
    let mut list = Vec::with_capacity(planned.readings.len());
    for (at, reading) in planned.readings.iter().enumerate() {
        // Claims of a token that was not accepted are not counted; the token is.
        if seen.failed.is_some() && reading.is_signed {
            continue;
        }
        match seen.facts.iter().find(|read| read.fact == reading.fact) {
            Some(read) => list.push((at, read.found.map(drop).map_err(|instead| instead.and_then(FoundInstead::kind)))),
            None if reading.line.is_none() && is_known_already(reading.fact) => {}
            None => list.push((at, Err(None))),
        }
    }
    list
}

/// Whether `accepted` of the file takes a good answer for a refusal: the answer holds half of what is read from it, or the step is
/// `getUserInfo`, where a code can no longer be wrong, and the value that `accepted` looks at is missing.
fn is_mistaken_refusal(step: &Step, planned: &PlannedStep, answer: &Response, (refusal, place): (&ProviderRefusal, Option<Place>)) -> bool {
    let is_good = (200..300).contains(&answer.status);
    let Some(document) = &step.document(answer).filter(|_| is_good) else { return false };
    let Some(missed) = place.and_then(|place| step.accepted.iter().find(|accepted| accepted.place == place)) else {
        return false;
    };
    let is_found =
        |reading: &PlannedReading| reading.paths.iter().any(|planned| planned.path.first(document).and_then(scalar_text).is_some());
    let read: Vec<&PlannedReading> = planned.readings.iter().filter(|reading| !reading.paths.is_empty()).collect();
    let found_count = read.iter().filter(|reading| is_found(reading)).count();
    let [has_own_code, has_own_message] = missed.has_constant_reasons();
    let gives_no_reason = (has_own_code || refusal.code.is_stand_in()) && (has_own_message || refusal.message.is_none());
    let is_gone = || missed.paths().all(|path| path.first(document).is_none()) && gives_no_reason;
    (found_count > 0 && found_count * 2 >= read.len()) || (step.kind == StepKind::GetUserInfo && is_gone())
}
