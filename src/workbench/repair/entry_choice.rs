//! Repairs of the list of a `choose` that finds no entry: which other list of the answer has an entry that fits.

use crate::provider::choice::entries_of;
use crate::provider::facts::Facts;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::names::FactNames;
use crate::workbench::answers::meaning::{FactMeaning, key_similarity, meaning_of_key};
use crate::workbench::answers::path::{PathSegment, last_key, parse_path, write_path};
use crate::workbench::answers::value_fit::is_recognizable_by_look;
use crate::workbench::answers::vocabulary::is_about_others;
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::reread::RereadEntry;
use serde_json::Value;

/// At most this many lists are tried for one choice.
const CONTAINERS: usize = 120;
/// At most this many drafts are made for one choice.
const MOST: usize = 3;

/// Whether a key or a fact is a person's name.
fn is_name(key: &str) -> bool {
    matches!(meaning_of_key(key), FactMeaning::Name | FactMeaning::First | FactMeaning::Last)
}

/// Whether the entries of a list have names: then they are persons, and no addresses of one person.
fn is_list_of_people(list: &Value) -> bool {
    let is_named = |(key, value): (&String, &Value)| is_name(key) && value.is_string() && is_recognizable_by_look(FactMeaning::Name, value);
    entries_of(list).into_iter().filter_map(Value::as_object).any(|entry| entry.iter().any(is_named))
}

/// The drafts that look for the entry in another list.
pub(crate) fn list_drafts(entry: &RereadEntry<'_>, index: &AnswerIndex<'_>, facts: &Facts, names: &FactNames) -> Vec<RepairDraft> {
    let choice = entry.choice;
    let old = choice.from.source.to_string();
    let own_key = parse_path(&old).and_then(|path| last_key(&path).map(str::to_owned)).unwrap_or_default();
    let is_strange = |path: &[PathSegment]| path.iter().filter_map(PathSegment::key).any(is_about_others);
    let was_strange = parse_path(&old).is_some_and(|path| is_strange(&path));
    let mut drafts: Vec<RepairDraft> = Vec::new();
    // A list of other persons looks the same, and is not where the person's data moved.
    let reads_people = choice.reads.iter().any(|read| is_name(names.name(read.fact)));
    let containers = index.containers.iter().take(CONTAINERS).filter(|container| was_strange || !is_strange(&container.path));
    let containers = containers.filter(|container| reads_people || !is_list_of_people(container.value));
    for container in containers {
        let new = write_path(&container.path);
        let Some(found) = choice.entry_among(entries_of(container.value), facts).filter(|_| new != old) else { continue };
        let read = choice.reads.iter().filter(|read| read.reading.evaluate(Some(found), facts).is_ok()).count();
        if read == 0 {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let share = read as f32 / choice.reads.len() as f32;
        let likeness = last_key(&container.path).map_or(0.0, |key| key_similarity(&own_key, key));
        let of_list = if container.value.is_array() { 10.0 } else { 0.0 };
        let edit = FileEdit::Path { place: choice.from.place, old: old.clone(), new: container.path.clone() };
        let title = format!("choose: {new}");
        let rule = RepairRule::PathMoved { fact: "choose".to_owned(), new, old: old.clone() };
        drafts.push(RepairDraft {
            path: Some(old.clone()),
            facts: choice.reads.iter().map(|read| names.name(read.fact).to_string()).collect(),
            together: true,
            ..RepairDraft::new(title, rule, vec![edit], 70.0 * share + 20.0 * likeness + of_list)
        });
    }
    drafts.sort_by(|one, other| other.score.total_cmp(&one.score));
    drafts.truncate(MOST);
    drafts
}
