//! What the file looks for and does not find.

use crate::names::Slot;
use crate::place::Place;
use crate::provider::Provider;
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
    /// Whether the fact is known all the same.
    pub weak: bool,
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
            for (read, value) in reads.iter().filter_map(|read| value.as_ref().map(|value| (read, value))) {
                let slot = read.fact;
                let is_idle = !read.written && (reread.facts.get(slot).is_some() || !used.contains(&slot));
                if !is_idle {
                    in_read(provider.names.name(slot), read, value, &reread.facts, (at, part), &mut list);
                }
            }
        }
        in_conditions(document, at, &mut list);
    }
    list.truncate(MOST);
    list
}

fn in_read(fact: &str, read: &Read, value: &Value, facts: &Facts, (document, part): (usize, Part), list: &mut Vec<Wanted>) {
    let found = read.reading.find(Some(value), facts);
    let is_condition = matches!(read.reading, Reading::Condition(_) | Reading::Conditions(..));
    let is_plain = matches!(read.reading, Reading::Path(_))
        || matches!(&read.reading, Reading::FirstOf(all, _) if all.iter().all(|one| matches!(one, Reading::Path(_))));
    let is_list = matches!(read.reading, Reading::FirstOf(..));
    for path in read.reading.paths() {
        let finds = if is_condition { !path.all(value).is_empty() } else { path.first(value).and_then(scalar_text).is_some() };
        // Where a name is one of several, and its key is there without a value, the answer says just that.
        let is_said = found.is_ok() && path.first(value).is_some();
        if finds || is_said {
            continue;
        }
        if let Some(wanted) = of_path(fact, path, document, part) {
            let own = if is_plain || is_condition { meaning(fact) } else { Meaning::Other };
            let own = if own == Meaning::Other { last_key(&wanted.hops).map_or(Meaning::Other, meaning) } else { own };
            list.push(Wanted {
                meaning: own,
                written: read.written,
                any_value: !is_plain,
                weak: found.is_ok() && !is_condition && is_list,
                ..wanted
            });
        }
    }
}

fn in_conditions(document: &Document<'_>, at: usize, list: &mut Vec<Wanted>) {
    let Some(value) = &document.value else { return };
    for condition in document.step.accepted.iter().flat_map(Refusal::conditions) {
        for path in condition.paths().into_iter().filter(|path| path.all(value).is_empty()) {
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
        weak: false,
    })
}
