//! Repairs of paths into texts that are JSON themselves: which paths find nothing, and where in the text the value is.

use crate::provider::json;
use crate::vocabulary::names::FactNames;
use crate::workbench::answers::meaning::{FactMeaning, meaning_of_key};
use crate::workbench::answers::path::parse_path;
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::candidates::{NeighbouringFact, find_candidates};
use crate::workbench::repair::draft::{self, RepairDraft};
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::reread::RereadDocument;
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath, nested_paths, unresolved_path};
use serde_json::Value;

/// At most this many of these paths are looked after.
const MOST: usize = 8;

/// The drafts for paths into texts that find nothing.
pub(crate) fn nested_json_drafts(document: &RereadDocument<'_>, at: usize, value: &Value, names: &FactNames) -> Vec<RepairDraft> {
    let reads = document.step.reads.iter().flat_map(|read| nested_paths(&read.reading).into_iter().map(|paths| (read.fact, paths)));
    let reads: Vec<_> = reads.take(MOST).collect();
    let mut drafts = Vec::new();
    for (fact, (outer, path)) in &reads {
        let text = outer.first(value).and_then(Value::as_str).and_then(|text| json::parse(text.as_bytes()).ok());
        let Some(inside) = text.filter(|inside| path.first(inside).is_none_or(|found| found.is_object() || found.is_array())) else {
            continue;
        };
        let Some(wanted) = unresolved_path(names.name(*fact), path, at, LookupPart::Answer) else { continue };
        let own = meaning_of_key(&wanted.fact);
        // A value that is the whole fact has to look like it.
        let is_whole = reads.iter().filter(|(other, _)| other == fact).count() == 1;
        let wanted = UnresolvedPath { meaning: own, about: own, any_value: !is_whole || own == FactMeaning::Other, ..wanted };
        let beside = reads.iter().filter(|(_, (other, near))| other.source == outer.source && near.first(&inside).is_some());
        let neighbours = beside.filter_map(|(fact, (_, near))| {
            Some(NeighbouringFact { fact: names.name(*fact).to_string(), path: parse_path(&near.source)?, plain: true })
        });
        let index = AnswerIndex::from_document(&inside);
        for found in find_candidates(&wanted, &index, &neighbours.collect::<Vec<_>>(), &|_, _| false) {
            let edit = FileEdit::Path { place: wanted.place, old: wanted.source.clone(), new: found.path.clone() };
            drafts.push(draft::path_draft(&wanted, vec![edit], &found.path, found.score));
        }
    }
    drafts
}
