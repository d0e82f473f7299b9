//! The paths of a file that find nothing in the answers.

use crate::provider::Provider;
use crate::provider::condition::{Condition, ValueCheck};
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::refusal::RefusalRule;
use crate::provider::step::{ReadRule, Step};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::workbench::answers::meaning::{FactMeaning, meaning_of_key};
use crate::workbench::answers::path::{PathSegment, last_key, parent_path, parse_path, resolve};
use crate::workbench::answers::vocabulary::is_outcome_key;
use crate::workbench::repair::reread::{RereadDocument, RereadLogin};
use serde_json::Value;
use std::collections::HashSet;

/// At most this many unresolved paths are looked after at once.
const MOST: usize = 24;

/// The part of a step to which a path belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookupPart {
    /// A path under `read`.
    Answer,
    /// A path under `read` of `signed`.
    Claims,
    /// The path of a condition under `accepted` or `refused`.
    Condition,
    /// A path inside the chosen entry of a list, by the number of the choice.
    Entry(usize),
}

/// Why a path is unresolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnresolvedReason {
    /// The answer has no value at the path.
    Missing,
    /// The answer holds `null` or an empty text at the path.
    Empty,
    /// The path is one of several alternatives, and another of them finds the fact.
    Alternative,
}

/// A path that finds nothing.
#[derive(Clone, Debug)]
pub(crate) struct UnresolvedPath {
    /// The fact that is read by it, or the word whose condition uses it.
    pub(crate) fact: String,
    pub(crate) meaning: FactMeaning,
    pub(crate) place: Place,
    /// The path as written.
    pub(crate) source: String,
    pub(crate) segments: Vec<PathSegment>,
    /// The number of the document in which it is looked up.
    pub(crate) document: usize,
    pub(crate) part: LookupPart,
    /// Whether the file has it; otherwise it is a standard path.
    pub(crate) written: bool,
    /// Whether any value fits, because it becomes part of a text or of a condition.
    pub(crate) any_value: bool,
    pub(crate) reason: UnresolvedReason,
    /// The meaning of the whole fact, where the path finds only a part of it.
    pub(crate) about: FactMeaning,
    /// How many alternatives the fact has.
    pub(crate) alternatives: usize,
    /// The parts of which the text is composed that it belongs to; 1 where it stands alone.
    pub(crate) parts: usize,
    /// Whether it leads to the list of a `choose`, and not to a value.
    pub(crate) is_list: bool,
    /// Paths that other alternatives or other facts use for the same value.
    pub(crate) hints: Vec<Vec<PathSegment>>,
}

/// The paths that find nothing in the answers of a login.
pub(crate) fn unresolved_paths(provider: &Provider, reread: &RereadLogin<'_>) -> Vec<UnresolvedPath> {
    let of_steps = provider.steps().flat_map(|step| [step.uses_in_request(), step.uses_in_answer(), step.uses_in_when()]).flatten();
    let used: HashSet<Slot> = of_steps.chain(provider.identity.uses()).map(|used| used.fact).chain(provider.identity.facts()).collect();
    let mut list = Vec::new();
    for (at, document) in reread.documents.iter().enumerate() {
        if document.forgiven {
            continue;
        }
        let parts = [
            (LookupPart::Answer, &document.step.reads, &document.value),
            (LookupPart::Claims, &document.step.signed_reads, &document.claims),
        ];
        for (part, reads, value) in parts {
            let texts = reads.iter().flat_map(|read| nested_paths(&read.reading)).filter_map(|(outer, _)| parse_path(&outer.source));
            let texts: Vec<Vec<PathSegment>> = texts.collect();
            for (read, value) in reads.iter().filter_map(|read| value.as_ref().map(|value| (read, value))) {
                let slot = read.fact;
                let is_idle = !read.written && (reread.facts.get(slot).is_some() || !used.contains(&slot));
                if !is_idle {
                    collect_from_read(provider.names.name(slot), read, value, &reread.facts, (at, part), &texts, &mut list);
                }
            }
        }
        collect_from_entries(provider, document, (at, &reread.facts), &mut list);
        collect_from_conditions(document, at, &reread.facts, &mut list);
    }
    list.truncate(MOST);
    list
}

fn collect_from_read(
    fact: &str,
    read: &ReadRule,
    value: &Value,
    facts: &Facts,
    (document, part): (usize, LookupPart),
    texts: &[Vec<PathSegment>],
    list: &mut Vec<UnresolvedPath>,
) {
    let is_found = read.reading.evaluate(Some(value), facts).is_ok();
    let alternatives: &[FactExpression] =
        if let FactExpression::FirstOf(all, _) = &read.reading { all } else { std::slice::from_ref(&read.reading) };
    for (at, one) in alternatives.iter().enumerate() {
        let own = one.paths();
        let is_condition = matches!(one, FactExpression::Condition(_) | FactExpression::Conditions(..));
        let is_plain = matches!(one, FactExpression::Path(_));
        for path in own.iter().filter(|path| !finds_usable_value(one, path, value)) {
            let Some(wanted) = unresolved_path(fact, path, document, part) else { continue };
            // A key without a value means that the person has none.
            let said = path.first(value).is_some_and(|found| found.is_null() || found.as_str().is_some_and(str::is_empty));
            if said && is_found {
                continue;
            }
            let about = meaning_of_key(fact);
            let of_key = last_key(&wanted.segments).map_or(FactMeaning::Other, meaning_of_key);
            let plain = if about == FactMeaning::Other { of_key } else { about };
            // The path that an equivalent alternative uses here.
            let others = alternatives.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
            let others = others.filter(|other| are_equivalent(one, other)).flat_map(FactExpression::paths);
            let hints = others.filter(|other| own.iter().all(|known| known.source != other.source));
            // The path of the text that other facts of the step look into.
            let looks_into = nested_paths(one).iter().any(|(outer, _)| outer.source == path.source);
            let hints = hints.filter_map(|other| parse_path(&other.source)).chain(texts.iter().filter(|_| looks_into).cloned()).collect();
            list.push(UnresolvedPath {
                meaning: if is_plain || is_condition { plain } else { meaning_of_hole(about, of_key, path, &own) },
                about,
                hints,
                written: read.written,
                any_value: !is_plain,
                parts: if is_condition { 1 } else { 1 + own.iter().filter(|other| other.source != path.source).count() },
                alternatives: alternatives.len(),
                reason: match () {
                    () if said => UnresolvedReason::Empty,
                    () if is_found && !is_condition && alternatives.len() > 1 => UnresolvedReason::Alternative,
                    () => UnresolvedReason::Missing,
                },
                ..wanted
            });
        }
    }
}

/// Adds the paths of the choices of entries: those that read from an entry, those of the conditions, and those of the lists.
fn collect_from_entries(provider: &Provider, document: &RereadDocument<'_>, (at, facts): (usize, &Facts), list: &mut Vec<UnresolvedPath>) {
    for (number, entry) in document.entries.iter().enumerate() {
        let part = LookupPart::Entry(number);
        match &entry.value {
            Some(value) if entry.is_chosen => {
                for read in &entry.choice.reads {
                    collect_from_read(provider.names.name(read.fact), read, value, facts, (at, part), &[], list);
                }
            }
            Some(value) => {
                let document = if entry.is_signed { &document.claims } else { &document.value };
                let entries = document.as_ref().map_or_else(Vec::new, |document| entry.choice.entries(document));
                for check in entry.choice.checks() {
                    let hints: Vec<Vec<PathSegment>> = entries.iter().flat_map(|entry| keys_of_named_text(check, entry)).collect();
                    let missing = check.paths().into_iter().filter(|path| path.first(value).is_none());
                    let wanted = missing.filter_map(|path| unresolved_path("choose", path, at, part));
                    list.extend(wanted.map(|wanted| UnresolvedPath { hints: hints.clone(), ..wanted }));
                }
            }
            None => {
                let of_list = if entry.is_signed { LookupPart::Claims } else { LookupPart::Answer };
                let wanted = unresolved_path("choose", &entry.choice.from, at, of_list);
                list.extend(wanted.map(|wanted| UnresolvedPath { is_list: true, ..wanted }));
            }
        }
    }
}

/// The paths at which an entry has the very text that a check asks for.
fn keys_of_named_text(check: &ValueCheck, entry: &Value) -> Vec<Vec<PathSegment>> {
    let members = entry.as_object().into_iter().flatten();
    let fits = members.filter(|(_, value)| value.as_str().is_some_and(|text| check.names(text)));
    fits.map(|(key, _)| vec![PathSegment::Key(key.clone())]).collect()
}

/// The paths into texts that are JSON themselves, each with the path of its text before it.
pub(crate) fn nested_paths(reading: &FactExpression) -> Vec<(&JsonPath, &JsonPath)> {
    match reading {
        FactExpression::Text(template) => template.inner_paths().collect(),
        FactExpression::FirstOf(all, _) => all.iter().flat_map(nested_paths).collect(),
        FactExpression::Path(_) | FactExpression::Condition(_) | FactExpression::Conditions(..) => Vec::new(),
    }
}

/// Whether two alternatives read the same in two ways: one is a text, and all but one of their paths are the same.
fn are_equivalent(one: &FactExpression, other: &FactExpression) -> bool {
    let (ours, theirs) = (one.paths(), other.paths());
    let shared = ours.iter().filter(|path| theirs.iter().any(|known| known.source == path.source)).count();
    let is_text = |reading: &FactExpression| matches!(reading, FactExpression::Text(_));
    (is_text(one) || is_text(other)) && ours.len() == theirs.len() && shared + 1 == ours.len()
}

/// Whether a path finds a value that its fact can use.
fn finds_usable_value(reading: &FactExpression, path: &JsonPath, value: &Value) -> bool {
    let asks_only_presence = match reading {
        FactExpression::Condition(condition) => condition.asks_only_presence(),
        FactExpression::Conditions(conditions, _) => conditions.0.iter().any(Condition::asks_only_presence),
        _ => return path.first(value).and_then(scalar_text).is_some(),
    };
    path.all(value).iter().any(|found| asks_only_presence || !found.is_object())
}

/// The meaning of a hole in a text: that of its key, or what the other holes leave over.
fn meaning_of_hole(about: FactMeaning, of_key: FactMeaning, path: &JsonPath, own: &[&JsonPath]) -> FactMeaning {
    if of_key != FactMeaning::Other || about != FactMeaning::Name {
        return of_key;
    }
    let mut others = own.iter().filter(|other| other.source != path.source).filter_map(|other| parse_path(&other.source));
    match others.find_map(|parse_path| last_key(&parse_path).map(meaning_of_key)) {
        Some(FactMeaning::First) => FactMeaning::Last,
        Some(FactMeaning::Last) => FactMeaning::First,
        _ => FactMeaning::Other,
    }
}

fn collect_from_conditions(document: &RereadDocument<'_>, at: usize, facts: &Facts, list: &mut Vec<UnresolvedPath>) {
    let Some(value) = &document.value else { return };
    let missed = document.step.accepted.iter().filter_map(RefusalRule::condition);
    for condition in missed.filter(|condition| !condition.holds(Some(value), facts)) {
        // A value decides whether an answer is accepted, not an object around it.
        let is_answer = |found: &Value| condition.asks_only_presence() || !document.refused || !found.is_object();
        for (check, path) in condition.checks().into_iter().flat_map(|check| check.paths().into_iter().map(move |path| (check, path))) {
            if !path.all(value).into_iter().any(is_answer) {
                let wanted = unresolved_path("accepted", path, at, LookupPart::Condition);
                list.extend(wanted.map(|wanted| UnresolvedPath {
                    hints: outcome_beside(check, parent_path(&wanted.segments), (document.step, value), facts),
                    ..wanted
                }));
            }
        }
    }
    // An object or a list at the path of a refusal was not meant as one.
    let refused = document.step.refused.iter().filter_map(RefusalRule::condition).filter(|_| document.refused);
    let fired = refused.filter(|condition| condition.may_hold(Some(value), facts));
    for path in fired.flat_map(Condition::checks).filter(|check| !check.is_about_lists()).flat_map(ValueCheck::paths) {
        if path.first(value).is_some_and(|found| found.is_object() || found.is_array()) {
            list.extend(unresolved_path("refused", path, at, LookupPart::Condition));
        }
    }
}

/// The key that says how a request went, and that has the very value that a check asks for at another key beside it. There is none
/// unless the answer holds everything that the step reads: an answer that holds less may be a refusal.
fn outcome_beside(check: &ValueCheck, above: &[PathSegment], (step, value): (&Step, &Value), facts: &Facts) -> Vec<Vec<PathSegment>> {
    let is_found = |read: &ReadRule| read.reading.evaluate(Some(value), facts).is_ok();
    let holds_all = step.reads.iter().any(is_found) && step.reads.iter().all(|read| !read.written || is_found(read));
    let members = resolve(value, above).and_then(Value::as_object).filter(|_| holds_all);
    let is_asked = |value: &Value| scalar_text(value).is_some_and(|text| check.names(&text));
    let mut fits = members.into_iter().flatten().filter(|(key, value)| is_outcome_key(key) && is_asked(value)).map(|(key, _)| key);
    match (fits.next(), fits.next()) {
        (Some(only), None) => vec![[above, &[PathSegment::Key(only.clone())]].concat()],
        (Some(_), Some(_)) | (None, _) => Vec::new(),
    }
}

/// A path as an unresolved one; `None` for a path that cannot be taken apart.
pub(crate) fn unresolved_path(fact: &str, path: &JsonPath, document: usize, part: LookupPart) -> Option<UnresolvedPath> {
    let segments = parse_path(&path.source).filter(|segments| !segments.is_empty())?;
    Some(UnresolvedPath {
        fact: fact.to_owned(),
        meaning: FactMeaning::Other,
        place: path.place,
        source: path.source.to_string(),
        segments,
        document,
        part,
        written: true,
        any_value: true,
        reason: UnresolvedReason::Missing,
        about: FactMeaning::Other,
        alternatives: 1,
        parts: 1,
        is_list: false,
        hints: Vec::new(),
    })
}
