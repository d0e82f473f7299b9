//! Compares what may be an id with other logins at hand: two people never share an id, and one person keeps it.

use crate::provider::Provider;
use crate::provider::fact_expression::FactExpression;
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::step::{ReadRule, Step};
use crate::story::login_fingerprint::{
    FingerprintKey, LoginFingerprint, SeenValue, ValueSource, compare_value, headers_as_document, is_known_as_other, places,
};
use crate::story::recent_logins::LoginsAtHand;
use crate::story::repair_rule::RepairRule;
use crate::workbench::answers::path::{PathSegment, parse_path};
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::replay::replay;
use crate::workbench::repair::person_id::catalogue_logins::logins_of_catalogue;
use crate::workbench::repair::reread::{RepairCase, RereadDocument, RereadLogin};
use serde_json::Value;
use std::cell::OnceCell;
use std::sync::Arc;

/// A login beside the others, and beside the examples of the catalogue.
pub(crate) struct IdComparison<'a> {
    provider: &'a Provider,
    at_hand: Option<LoginBesideOthers<'a>>,
    /// The logins of the catalogue's examples, looked up when the first value is judged.
    of_catalogue: OnceCell<Arc<LoginsAtHand>>,
}

struct LoginBesideOthers<'a> {
    key: &'a FingerprintKey,
    own: LoginFingerprint,
    others: &'a [LoginFingerprint],
}

/// At most this many recorded examples are compared with.
const MOST_EXAMPLES: usize = 12;

/// A value that nothing is compared with.
const ALONE: SeenValue = SeenValue { logins: 1, people: 1, is_no_id: false, is_beside_id: false };

impl<'a> IdComparison<'a> {
    pub(crate) fn new(provider: &'a Provider, case: &RepairCase<'a>, reread: &RereadLogin<'_>) -> Self {
        let at_hand = || {
            let others = case.others.filter(|others| !others.logins.is_empty())?;
            let key = others.key.as_deref()?;
            let documents = reread.documents.iter().flat_map(|document| parts(document, case));
            let own = key.of_documents(documents.filter_map(|(source, value)| Some((source, value?))));
            Some(LoginBesideOthers { key, own, others: &others.logins })
        };
        Self { provider, at_hand: at_hand(), of_catalogue: OnceCell::new() }
    }

    /// What the logins show of a value that a path finds in a document.
    pub(crate) fn judge(&self, source: ValueSource, document: &Value, path: &[PathSegment], value: &Value) -> SeenValue {
        let Some(text) = scalar_text(value) else { return ALONE };
        let end = path.last().and_then(PathSegment::key).map(|key| format!("/{key}"));
        let is_there = |(place, found): &(String, String)| {
            *found == text && end.as_ref().is_none_or(|end| place.trim_end_matches("[]").ends_with(end.as_str()))
        };
        let found = places(source, document).into_iter().filter(is_there);
        let seen = found.map(|(place, text)| self.judge_place(&place, &text));
        seen.reduce(both).unwrap_or(ALONE)
    }

    fn judge_place(&self, place: &str, text: &str) -> SeenValue {
        let seen = self.at_hand.as_ref().map_or(ALONE, |there| compare_value(&there.own, there.key.of_value(place, text), there.others));
        let catalogue = self.of_catalogue.get_or_init(|| logins_of_catalogue(self.provider));
        let is_other = catalogue.key.as_ref().is_some_and(|key| is_known_as_other(key.of_value(place, text).0, &catalogue.logins));
        SeenValue { is_no_id: seen.is_no_id || is_other, is_beside_id: seen.is_beside_id || is_other, ..seen }
    }
}

/// What is certain of two values together.
fn both(one: SeenValue, other: SeenValue) -> SeenValue {
    let fewer = if (other.people, other.logins) < (one.people, one.logins) { other } else { one };
    SeenValue { is_no_id: one.is_no_id || other.is_no_id, is_beside_id: one.is_beside_id || other.is_beside_id, ..fewer }
}

/// The document and the claims of an answer, each with its source.
fn parts<'d>(document: &'d RereadDocument<'_>, case: &RepairCase<'_>) -> [(ValueSource, Option<&'d Value>); 2] {
    let [answer, claims] = sources(document, case);
    [(answer, document.value.as_ref()), (claims, document.claims.as_ref())]
}

/// The sources of a document and of its claims.
pub(crate) fn sources(document: &RereadDocument<'_>, case: &RepairCase<'_>) -> [ValueSource; 2] {
    match document.answer.and_then(|at| case.answers.get(at)) {
        Some((call, ..)) => [ValueSource::Answer(*call), ValueSource::Claims(*call)],
        None => [ValueSource::Callback, ValueSource::CallbackClaims],
    }
}

/// What the logins at hand show of the ids that a change newly reads.
pub(crate) fn compare_new_ids(old: &Provider, (new, after): (&Provider, &RereadLogin<'_>), case: &RepairCase<'_>) -> SeenValue {
    let comparison = IdComparison::new(old, case, after);
    let is_known = |path: &JsonPath| {
        let reads = old.steps().flat_map(Step::all_reads).filter(|read| read.fact == old.known.id);
        reads.flat_map(|read| read.reading.paths()).any(|known| known.source == path.source)
    };
    let mut all = Vec::new();
    for document in &after.documents {
        for ((source, whole), reads) in parts(document, case).into_iter().zip([&document.step.reads, &document.step.signed_reads]) {
            let Some(whole) = whole else { continue };
            let entries = document.entries.iter().filter(|entry| {
                entry.is_chosen && entry.is_signed == matches!(source, ValueSource::Claims(_) | ValueSource::CallbackClaims)
            });
            let entries = entries.filter_map(|entry| Some((&entry.choice.reads, entry.value.as_ref()?)));
            for (reads, value) in std::iter::once((reads, whole)).chain(entries) {
                let judge = |path: &JsonPath| Some(comparison.judge(source, whole, &parse_path(&path.source)?, path.first(value)?));
                all.extend(reads.iter().filter(|read| read.fact == new.known.id).flat_map(|read| judge_reading(read, &is_known, &judge)));
            }
        }
        if let Some((call, answer, _)) = document.answer.and_then(|at| case.answers.get(at)) {
            let headers = headers_as_document(&answer.headers);
            let named =
                document.step.header_reads.iter().filter(|(fact, _)| *fact == new.known.id).map(|(_, name)| name.to_ascii_lowercase());
            all.extend(named.filter_map(|name| {
                Some(comparison.judge(ValueSource::Headers(*call), &headers, &[PathSegment::Key(name.clone())], headers.get(&name)?))
            }));
        }
    }
    all.into_iter().reduce(both).unwrap_or(ALONE)
}

/// The judgements of a reading: one for each path, and for a text that is made of several, the best, because people may share all parts of an id but
/// one. A new part that is known to stand beside the id speaks against the whole text.
fn judge_reading(read: &ReadRule, is_known: &dyn Fn(&JsonPath) -> bool, judge: &dyn Fn(&JsonPath) -> Option<SeenValue>) -> Vec<SeenValue> {
    let alternatives: &[FactExpression] =
        if let FactExpression::FirstOf(all, _) = &read.reading { all } else { std::slice::from_ref(&read.reading) };
    let of_one = |one: &FactExpression| {
        let paths = one.paths();
        if paths.iter().all(|path| is_known(path)) {
            return None;
        }
        let judged: Vec<(bool, SeenValue)> = paths.into_iter().filter_map(|path| Some((is_known(path), judge(path)?))).collect();
        let has_strange_part = judged.iter().any(|(is_known, seen)| !is_known && seen.is_beside_id);
        let best = judged.into_iter().map(|(_, seen)| seen).min_by_key(|seen| seen.is_no_id);
        best.map(|seen| SeenValue { is_no_id: seen.is_no_id || has_strange_part, ..seen })
    };
    alternatives.iter().filter_map(of_one).collect()
}

/// The logins of recorded examples.
pub(crate) fn logins_of_examples(provider: &Provider, examples: &[ExampleSpec], key: &[u8; 32]) -> LoginsAtHand {
    let mut logins = LoginsAtHand::with_key(key);
    for example in examples.iter().filter(|example| example.has_redirect()).take(MOST_EXAMPLES) {
        let played = replay(provider, example);
        logins.add_example(provider, played.end.as_ref().ok().map(|identity| &*identity.id), &played.trace);
    }
    logins
}

/// The rule with what was seen of the id.
pub(crate) fn with_comparison(rule: RepairRule, seen: SeenValue) -> RepairRule {
    let logins = seen.logins.to_string();
    match rule {
        RepairRule::IdMoved { new, old, .. } if seen.people > 1 => {
            RepairRule::IdDiffers { new, old, logins, people: seen.people.to_string() }
        }
        RepairRule::IdMoved { new, old, .. } if seen.logins > 1 => RepairRule::IdStays { new, old, logins },
        other => other,
    }
}
