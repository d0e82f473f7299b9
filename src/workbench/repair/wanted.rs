//! What the file looks for and does not find.

use crate::names::Slot;
use crate::place::Place;
use crate::provider::Provider;
use crate::provider::condition::Condition;
use crate::provider::facts::Facts;
use crate::provider::reading::Reading;
use crate::provider::refusal::Refusal;
use crate::provider::selector::{Selector, scalar_text};
use crate::provider::step::Read;
use crate::workbench::repair::likeness::{Meaning, meaning};
use crate::workbench::repair::path::{Hop, hops, last_key};
use crate::workbench::repair::reread::{Document, Reread};
use serde_json::Value;
use std::collections::HashSet;

/// More than these are not looked after at once.
const MOST: usize = 24;

/// In which part of a step something is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `read`.
    Answer,
    /// `read` of `signed`.
    Claims,
    /// The path of a condition under `accepted` or `refused`.
    Condition,
}

/// What is lacked where a path finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// There is no such place.
    Nowhere,
    /// The answer says at this very place that there is nothing.
    Said,
    /// Only this way to it: the fact is known all the same.
    Spare,
}

/// A path that finds nothing.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The fact that waits for it, or the word whose condition does.
    pub fact: String,
    /// What is looked for.
    pub meaning: Meaning,
    /// Where the path was written.
    pub place: Place,
    /// The path as it was written.
    pub source: String,
    /// The same, hop by hop.
    pub hops: Vec<Hop>,
    /// Which of the documents it looks at.
    pub document: usize,
    /// In which part of the step.
    pub part: Part,
    /// Whether the file says so, or the standard.
    pub written: bool,
    /// Whether any value will do, because a text or a condition is made of it.
    pub any_value: bool,
    /// What is lacked by it.
    pub lack: Lack,
    /// What the fact itself is about, where only a part of it is looked for.
    pub about: Meaning,
    /// Paths that stand in the place of this one elsewhere.
    pub hints: Vec<Vec<Hop>>,
}

/// All that is looked for in vain.
pub fn wanted(provider: &Provider, reread: &Reread<'_>) -> Vec<Wanted> {
    let of_steps = provider.steps().flat_map(|step| [step.uses_in_request(), step.uses_in_answer(), step.uses_in_when()]).flatten();
    let used: HashSet<Slot> = of_steps.chain(provider.identity.uses()).map(|used| used.fact).chain(provider.identity.facts()).collect();
    let mut list = Vec::new();
    for (at, document) in reread.documents.iter().enumerate() {
        if document.forgiven {
            continue;
        }
        let parts = [(Part::Answer, &document.step.reads, &document.value), (Part::Claims, &document.step.signed_reads, &document.claims)];
        for (part, reads, value) in parts {
            let texts = reads.iter().flat_map(|read| inner_paths(&read.reading)).filter_map(|(outer, _)| hops(&outer.source));
            let texts: Vec<Vec<Hop>> = texts.collect();
            for (read, value) in reads.iter().filter_map(|read| value.as_ref().map(|value| (read, value))) {
                let slot = read.fact;
                let is_idle = !read.written && (reread.facts.get(slot).is_some() || !used.contains(&slot));
                if !is_idle {
                    in_read(provider.names.name(slot), read, value, &reread.facts, (at, part), &texts, &mut list);
                }
            }
        }
        in_conditions(document, at, &mut list);
    }
    list.truncate(MOST);
    list
}

fn in_read(
    fact: &str,
    read: &Read,
    value: &Value,
    facts: &Facts,
    (document, part): (usize, Part),
    texts: &[Vec<Hop>],
    list: &mut Vec<Wanted>,
) {
    let is_found = read.reading.find(Some(value), facts).is_ok();
    let alternatives: &[Reading] = if let Reading::FirstOf(all, _) = &read.reading { all } else { std::slice::from_ref(&read.reading) };
    for (at, one) in alternatives.iter().enumerate() {
        let own = one.paths();
        let is_condition = matches!(one, Reading::Condition(_) | Reading::Conditions(..));
        let is_plain = matches!(one, Reading::Path(_));
        for path in own.iter().filter(|path| !finds(one, path, value)) {
            let Some(wanted) = of_path(fact, path, document, part) else { continue };
            // Where a key is there without a value, the answer says just that.
            let said = path.first(value).is_some_and(|found| found.is_null() || found.as_str().is_some_and(str::is_empty));
            if said && is_found {
                continue;
            }
            let about = meaning(fact);
            let of_key = last_key(&wanted.hops).map_or(Meaning::Other, meaning);
            let plain = if about == Meaning::Other { of_key } else { about };
            // What another alternative puts in the place of this hole.
            let others = alternatives.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
            let others = others.filter(|other| is_like(one, other)).flat_map(Reading::paths);
            let hints = others.filter(|other| own.iter().all(|known| known.source != other.source));
            // Or where the other facts of the step find the text that they look into.
            let looks_into = inner_paths(one).iter().any(|(outer, _)| outer.source == path.source);
            let hints = hints.filter_map(|other| hops(&other.source)).chain(texts.iter().filter(|_| looks_into).cloned()).collect();
            list.push(Wanted {
                meaning: if is_plain || is_condition { plain } else { of_hole(about, of_key, path, &own) },
                about,
                hints,
                written: read.written,
                any_value: !is_plain,
                lack: match () {
                    () if said => Lack::Said,
                    () if is_found && !is_condition && alternatives.len() > 1 => Lack::Spare,
                    () => Lack::Nowhere,
                },
                ..wanted
            });
        }
    }
}

/// The paths into texts that are JSON themselves, each behind the path of its text.
pub fn inner_paths(reading: &Reading) -> Vec<(&Selector, &Selector)> {
    match reading {
        Reading::Text(template) => template.inner_paths().collect(),
        Reading::FirstOf(all, _) => all.iter().flat_map(inner_paths).collect(),
        Reading::Path(_) | Reading::Condition(_) | Reading::Conditions(..) => Vec::new(),
    }
}

/// Whether two alternatives look at the same things in two ways: all but one of their paths are the same, and one is a text.
fn is_like(one: &Reading, other: &Reading) -> bool {
    let (ours, theirs) = (one.paths(), other.paths());
    let shared = ours.iter().filter(|path| theirs.iter().any(|known| known.source == path.source)).count();
    let is_text = |reading: &Reading| matches!(reading, Reading::Text(_));
    (is_text(one) || is_text(other)) && ours.len() == theirs.len() && shared + 1 == ours.len()
}

/// Whether a path finds what its reading can use.
fn finds(reading: &Reading, path: &Selector, value: &Value) -> bool {
    let asks_only_presence = match reading {
        Reading::Condition(condition) => condition.asks_only_presence(),
        Reading::Conditions(conditions, _) => conditions.0.iter().any(Condition::asks_only_presence),
        _ => return path.first(value).and_then(scalar_text).is_some(),
    };
    path.all(value).iter().any(|found| asks_only_presence || !found.is_object())
}

/// What a hole of a text is about: what its key says, or else what the other holes leave over.
fn of_hole(about: Meaning, of_key: Meaning, path: &Selector, own: &[&Selector]) -> Meaning {
    if of_key != Meaning::Other || about != Meaning::Name {
        return of_key;
    }
    let mut others = own.iter().filter(|other| other.source != path.source).filter_map(|other| hops(&other.source));
    match others.find_map(|hops| last_key(&hops).map(meaning)) {
        Some(Meaning::First) => Meaning::Last,
        Some(Meaning::Last) => Meaning::First,
        _ => Meaning::Other,
    }
}

fn in_conditions(document: &Document<'_>, at: usize, list: &mut Vec<Wanted>) {
    let Some(value) = &document.value else { return };
    for condition in document.step.accepted.iter().flat_map(Refusal::conditions) {
        // A yes or a no is said by a value, not by an object around it.
        let is_answer = |found: &Value| condition.asks_only_presence() || !document.refused || !found.is_object();
        for path in condition.paths().into_iter().filter(|path| !path.all(value).into_iter().any(is_answer)) {
            list.extend(of_path("accepted", path, at, Part::Condition));
        }
    }
    // A no at a place where no text stands was not said there.
    let refused = document.step.refused.iter().flat_map(Refusal::conditions).filter(|_| document.refused);
    for path in refused.flat_map(|condition| condition.paths()) {
        if path.first(value).is_some_and(|found| found.is_object() || found.is_array()) {
            list.extend(of_path("refused", path, at, Part::Condition));
        }
    }
}

/// What is looked for by one path.
pub fn of_path(fact: &str, path: &Selector, document: usize, part: Part) -> Option<Wanted> {
    let hops = hops(&path.source).filter(|hops| !hops.is_empty())?;
    Some(Wanted {
        fact: fact.to_owned(),
        meaning: Meaning::Other,
        place: path.place,
        source: path.source.to_string(),
        hops,
        document,
        part,
        written: true,
        any_value: true,
        lack: Lack::Nowhere,
        about: Meaning::Other,
        hints: Vec::new(),
    })
}
