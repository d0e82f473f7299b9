//! Paths into a text that is JSON itself: what they look for in vain, and where in that text it stands.

use crate::names::Names;
use crate::provider::json;
use crate::workbench::repair::candidates::{Neighbour, candidates};
use crate::workbench::repair::draft::{self, Draft};
use crate::workbench::repair::edit::Edit;
use crate::workbench::repair::likeness::meaning;
use crate::workbench::repair::path::hops;
use crate::workbench::repair::reread::Document;
use crate::workbench::repair::survey::Survey;
use crate::workbench::repair::wanted::{Part, Wanted, inner_paths, of_path};
use serde_json::Value;

/// As many paths into texts that are JSON are looked after.
const MOST: usize = 8;

/// What is looked for in texts that are JSON themselves.
pub fn drafts(document: &Document<'_>, at: usize, value: &Value, names: &Names) -> Vec<Draft> {
    let reads = document.step.reads.iter().flat_map(|read| inner_paths(&read.reading).into_iter().map(|paths| (read.fact, paths)));
    let reads: Vec<_> = reads.take(MOST).collect();
    let mut drafts = Vec::new();
    for (fact, (outer, path)) in &reads {
        let text = outer.first(value).and_then(Value::as_str).and_then(|text| json::parse(text.as_bytes()).ok());
        let Some(inside) = text.filter(|inside| path.first(inside).is_none_or(|found| found.is_object() || found.is_array())) else {
            continue;
        };
        let Some(wanted) = of_path(names.name(*fact), path, at, Part::Answer) else { continue };
        let own = meaning(&wanted.fact);
        let wanted = Wanted { meaning: own, about: own, ..wanted };
        let beside = reads.iter().filter(|(_, (other, near))| other.source == outer.source && near.first(&inside).is_some());
        let neighbours = beside.filter_map(|(fact, (_, near))| {
            Some(Neighbour { fact: names.name(*fact).to_string(), path: hops(&near.source)?, plain: true })
        });
        let survey = Survey::of(&inside);
        for found in candidates(&wanted, &survey, &neighbours.collect::<Vec<_>>()) {
            let edit = Edit::Path { place: wanted.place, old: wanted.source.clone(), new: found.path.clone() };
            drafts.push(draft::of_path(&wanted, vec![edit], &found.path, found.score));
        }
    }
    drafts
}
