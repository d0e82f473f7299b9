//! The counts of one step's answers.

use crate::drift::judgement::{DriftCount, DriftStream, HealthChange};
use crate::drift::observation::{
    ANSWER, ObservedAnswer, ObservedOutcome, ObservedReading, PARAMETER, PARAMETERS, PlannedPath, PlannedReading, PlannedStep,
    SeenParameters,
};
use crate::drift::shape::{DriftShape, DriftValueKind, PathStatistics};
use crate::drift::warning::{DriftCause, DriftWarning, MissedFact};
use crate::provider::json_path::scalar_text;
use crate::story::proposal::Proposal;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// The first answers are all parsed as documents, so that their shape is known soon.
const PARSE_ALL: i64 = 200;
/// After that one answer in this many is parsed, as long as nothing is missed.
const PARSE_ONE_IN: u64 = 8;
/// How long a person's further callbacks are not counted, in seconds.
const DAY: i64 = 86_400;
/// How many people are remembered for that.
const MOST_PEOPLE: usize = 1000;
/// How many parameters of a callback are counted.
const MOST_PARAMETERS: usize = 30;

#[derive(Clone, Debug, Default)]
pub(crate) struct StepStatistics {
    pub(crate) streams: HashMap<Box<str>, DriftStream>,
    pub(crate) kinds: HashMap<Box<str>, PathStatistics>,
    pub(crate) shape: DriftShape,
    passed: u64,
    /// When the parameters of a person's callback were counted last, by a hash of the person's id.
    people: HashMap<u64, i64>,
}

/// A reading of a step that is missed, and the path of it that is concerned.
#[derive(Clone, Copy, Debug)]
pub struct MissedReading<'a> {
    pub(crate) reading: &'a PlannedReading,
    pub(crate) path: Option<&'a PlannedPath>,
}

/// A change that was detected, before it is reported.
#[derive(Debug)]
pub struct DetectedChange<'a> {
    /// The key of its stream.
    pub(crate) key: Cow<'a, str>,
    pub(crate) cause: DriftCause<MissedReading<'a>>,
    /// Whether it is broken or well again.
    pub(crate) direction: HealthChange,
    pub(crate) before: DriftCount,
    /// The answers since it changed.
    pub(crate) now: DriftCount,
    pub(crate) since: i64,
    /// The change that would mend the file.
    pub(crate) proposal: Option<Proposal>,
}

impl StepStatistics {
    /// Whether an answer is parsed as a document: the first ones, one in several after that, and all of them while something is
    /// missed that nearly all people have. The choice depends on earlier answers and not on chance, so it does not bias the counts.
    pub(crate) fn wants_document(&mut self, step: &PlannedStep, observed: &ObservedAnswer) -> bool {
        let ObservedOutcome::Read(found) = &observed.outcome else { return false };
        if observed.step == 0 {
            return false;
        }
        self.passed += 1;
        let is_missed = |(at, found): &(usize, ObservedReading)| {
            let stream = step.readings.get(*at).and_then(|reading| self.streams.get(&reading.key));
            found.is_err() && stream.is_none_or(DriftStream::is_expected_of_everybody)
        };
        self.shape.times() < PARSE_ALL
            || self.passed.is_multiple_of(PARSE_ONE_IN)
            || found.iter().any(is_missed)
            || self.streams.values().any(|stream| stream.broken.is_some() || (stream.is_doubtful() && stream.is_expected_of_everybody()))
    }

    /// Counts an answer. The answer holds the detected changes, without their causes.
    pub(crate) fn count<'p>(&mut self, step: &'p PlannedStep, observed: &'p ObservedAnswer, now: i64) -> Vec<DetectedChange<'p>> {
        let mut changes = Vec::new();
        let (is_read, cause) = match observed.outcome {
            ObservedOutcome::Read(_) => (true, DriftCause::Unreadable),
            ObservedOutcome::Unreadable => (false, DriftCause::Unreadable),
            ObservedOutcome::Unaccepted => (false, DriftCause::Unaccepted),
        };
        if observed.step > 0 {
            // An answer that cannot be read does not depend on the person, so repetitions count in full.
            changes.extend(self.count_one(ANSWER, is_read, None, now).map(|change| change.to_detected_change(ANSWER, cause)));
        }
        if let ObservedOutcome::Read(found) = &observed.outcome {
            if let Some(document) = &observed.document {
                self.shape.add(document);
            }
            for (reading, found) in found.iter().filter_map(|(at, found)| Some((step.readings.get(*at)?, found))) {
                self.count_reading(reading, *found, observed, now, &mut changes);
            }
        }
        if let Some(seen) = &observed.parameters {
            self.count_parameters(step, seen, now, &mut changes);
        }
        changes
    }

    /// Counts how often each parameter of the callback is absent: one that was always absent and is there now is new. A parameter that
    /// the file reads is counted as a reading.
    fn count_parameters(&mut self, step: &PlannedStep, seen: &SeenParameters, now: i64, changes: &mut Vec<DetectedChange<'_>>) {
        if self.people.get(&seen.person).is_some_and(|last| (0..DAY).contains(&now.saturating_sub(*last))) {
            return;
        }
        if self.people.len() >= MOST_PEOPLE {
            self.people.clear();
        }
        self.people.insert(seen.person, now);
        let callbacks = self.streams.get(PARAMETERS).map_or(0, |stream| stream.expected().found);
        let is_read = |name: &str| {
            let written = step.readings.iter().filter(|reading| reading.line.is_some());
            written.flat_map(|reading| &reading.paths).any(|planned| planned.path.is_key(name))
        };
        for name in seen.names.iter().filter(|name| !is_read(name)) {
            let key = format!("{PARAMETER}{name}");
            let known = self.streams.keys().filter(|key| key.starts_with(PARAMETER)).count();
            if known < MOST_PARAMETERS && !self.streams.contains_key(key.as_str()) {
                // It was absent from every callback so far.
                self.streams.entry(key.into()).or_default().unsaved = DriftCount { found: callbacks, missed: 0 };
            }
        }
        self.count_one(PARAMETERS, true, None, now);
        let keys: Vec<Box<str>> = self.streams.keys().filter(|key| key.starts_with(PARAMETER)).cloned().collect();
        for key in keys {
            let name = key.strip_prefix(PARAMETER).unwrap_or(&key);
            let is_absent = !seen.names.iter().any(|seen| **seen == *name);
            if let Some(StreamChange { direction, before, now, since }) = self.count_one(&key, is_absent, Some(seen.person), now) {
                let cause = DriftCause::Appeared(name.into());
                changes.push(DetectedChange { key: Cow::Owned(key.to_string()), cause, direction, before, now, since, proposal: None });
            }
        }
    }

    fn count_reading<'p>(
        &mut self,
        reading: &'p PlannedReading,
        found: ObservedReading,
        observed: &'p ObservedAnswer,
        now: i64,
        changes: &mut Vec<DetectedChange<'p>>,
    ) {
        if let Some(change) = self.count_one(&reading.key, found.is_ok(), Some(observed.print), now) {
            // `null` and an empty text count as lost.
            let is_other = found.err().flatten().is_some_and(|instead| !instead.is_empty());
            let missed = MissedReading { reading, path: reading.paths.first() };
            let cause = if is_other { DriftCause::Type(missed) } else { DriftCause::Lost(missed) };
            changes.push(change.to_detected_change(&reading.key, cause));
        }
        // A fact that is missed is not also missed path by path.
        let is_doubtful = self.streams.get(&reading.key).is_some_and(DriftStream::is_doubtful);
        if let Some(document) = observed.document.as_ref().filter(|_| !is_doubtful) {
            self.count_paths(reading, document, (observed.print, now), changes);
        }
    }

    /// Counts the paths of a reading that found something.
    fn count_paths<'p>(
        &mut self,
        reading: &'p PlannedReading,
        document: &Value,
        (print, now): (u64, i64),
        changes: &mut Vec<DetectedChange<'p>>,
    ) {
        for planned in &reading.paths {
            let missed = MissedReading { reading, path: Some(planned) };
            let value = planned.path.first(document).filter(|value| has_value(value));
            if !reading.is_one_path
                && let Some(change) = self.count_one(&planned.key, value.is_some(), Some(print), now)
            {
                changes.push(change.to_detected_change(&planned.key, DriftCause::Lost(missed)));
            }
            let Some(kind) = value.map(DriftValueKind::from_value) else { continue };
            if !self.kinds.contains_key(&planned.kind_key) {
                self.kinds.insert(planned.kind_key.clone(), PathStatistics::default());
            }
            let is_broken = self.streams.get(&planned.kind_key).is_some_and(|stream| stream.broken.is_some());
            let usual = self.kinds.get_mut(&planned.kind_key).and_then(|seen| {
                if !is_broken {
                    seen.add(kind);
                }
                seen.usual()
            });
            if let Some(change) = self.count_one(&planned.kind_key, usual == Some(kind), Some(print), now) {
                changes.push(change.to_detected_change(&planned.kind_key, DriftCause::Type(missed)));
            }
        }
    }

    fn count_one(&mut self, key: &str, found: bool, print: Option<u64>, now: i64) -> Option<StreamChange> {
        let direction = match self.streams.get_mut(key) {
            Some(stream) => stream.count(found, print, now),
            None => self.streams.entry(key.into()).or_default().count(found, print, now),
        }?;
        let stream = self.streams.get(key)?;
        Some(StreamChange { direction, before: stream.expected(), now: stream.run, since: stream.broken.unwrap_or(now) })
    }
}

/// A change of a stream.
#[derive(Clone, Copy)]
struct StreamChange {
    direction: HealthChange,
    before: DriftCount,
    now: DriftCount,
    since: i64,
}

impl StreamChange {
    fn to_detected_change<'a>(self, key: &'a str, cause: DriftCause<MissedReading<'a>>) -> DetectedChange<'a> {
        let Self { direction, before, now, since } = self;
        DetectedChange { key: Cow::Borrowed(key), cause, direction, before, now, since, proposal: None }
    }
}

impl DetectedChange<'_> {
    pub(crate) fn to_warning(&self, step: &PlannedStep, now: i64) -> DriftWarning {
        let named = |missed: &MissedReading<'_>| MissedFact {
            name: missed.reading.name.to_string(),
            path: missed.path.map(|planned| planned.path.source.to_string()),
        };
        let warning = DriftWarning {
            step: step.name.to_string(),
            line: self.cause.facts().first().map_or(Some(step.line), |missed| missed.reading.line),
            cause: self.cause.map(named),
            since: self.since,
            detected: now,
            share_before: self.before.share(),
            share_now: self.now.share(),
            proposal: self.proposal.clone(),
            sentence: String::new(),
        };
        DriftWarning { sentence: warning.describe(), ..warning }
    }
}

/// Whether there is a value, as conditions see it.
fn has_value(value: &Value) -> bool {
    match value {
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        value => scalar_text(value).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callback(names: &[&str], person: u64) -> SeenParameters {
        SeenParameters { names: names.iter().map(|name| (*name).into()).collect(), person }
    }

    /// Counts callbacks and returns the parameters about which there was a warning.
    fn warned(statistics: &mut StepStatistics, callbacks: impl IntoIterator<Item = (SeenParameters, i64)>) -> Vec<String> {
        let step = PlannedStep { name: "callback".into(), line: 1, readings: Vec::new() };
        let mut changes = Vec::new();
        for (seen, now) in callbacks {
            statistics.count_parameters(&step, &seen, now, &mut changes);
        }
        changes.iter().filter_map(|change| change.cause.parameter().map(str::to_owned)).collect()
    }

    #[test]
    fn a_parameter_that_all_logins_have_now_and_none_had_before_is_noticed() {
        let mut statistics = StepStatistics::default();
        let before = (0..500).map(|person| (callback(&["code", "state"], person), 0));
        assert!(warned(&mut statistics, before).is_empty());

        let now = (500..540).map(|person| (callback(&["code", "state", "iss"], person), 100));
        assert_eq!(warned(&mut statistics, now), ["iss"]);
    }

    #[test]
    fn a_person_who_adds_parameters_of_their_own_makes_no_warning() {
        let mut statistics = StepStatistics::default();
        let before = (0..500).map(|person| (callback(&["code", "state"], person), 0));
        let own = (0..5000).map(|at| (callback(&["code", "state", "evil"], 1 + at % 3), 100 + i64::try_from(at).unwrap_or_default()));

        assert!(warned(&mut statistics, before.chain(own)).is_empty());
    }

    #[test]
    fn parameters_that_some_logins_have_make_no_warning_and_are_bounded() {
        let mut statistics = StepStatistics::default();
        let mut random = 1_u64;
        let mut dice = move || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % 1000
        };
        let logins = (0..200_000_u64).map(|person| {
            let mut names: Vec<String> = vec!["code".to_owned(), "state".to_owned()];
            for share in [5, 20, 50, 200, 500, 900] {
                if dice() < share {
                    names.push(format!("p{share}"));
                }
            }
            if dice() < 100 {
                names.push(format!("own{}", dice()));
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            (callback(&names, person), i64::try_from(person).unwrap_or_default())
        });

        assert!(warned(&mut statistics, logins).is_empty());
        assert!(statistics.streams.len() <= MOST_PARAMETERS + 1 && statistics.people.len() <= MOST_PEOPLE);
    }
}
