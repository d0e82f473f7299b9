//! Searches the answers of a login for what the paths of a file do not find: one document after the other, and all of them together.

use crate::provider::Provider;
use crate::story::repair_rule::RepairRule;
use crate::workbench::answers::meaning::key_similarity;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::answer_repairs::RepairGoal;
use crate::workbench::repair::document_search::DocumentSearch;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::path_move::finds_plausible_value;
use crate::workbench::repair::person_id::comparison::{IdComparison, sources};
use crate::workbench::repair::person_id::safety::IdPlaces;
use crate::workbench::repair::reread::{RepairCase, RereadDocument, RereadLogin, reread_login};
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath, UnresolvedReason, unresolved_paths};
use crate::workbench::repair::{entry_choice, nested_json};
use serde_json::Value;
use std::collections::BTreeMap;

/// The changes that may mend how answers are read, the likeliest first.
pub(crate) fn answer_drafts(provider: &Provider, case: &RepairCase<'_>, goal: &RepairGoal) -> Vec<RepairDraft> {
    let reads_refused = RepairCase { reads_refused: true, ..case.clone() };
    let reread = reread_login(provider, &reads_refused);
    let list = unresolved_paths(provider, &reread);
    let comparison = IdComparison::new(provider, case, &reread);
    let id_places = IdPlaces::of_file(provider);
    let search = AnswerSearch { provider, case, goal, reread: &reread, list: &list, comparison: &comparison, id_places: &id_places };
    let mut drafts: Vec<RepairDraft> = search.envelope_draft().into_iter().collect();
    for (at, document) in reread.documents.iter().enumerate() {
        drafts.extend(search.part_drafts(at, document));
        drafts.extend(search.entry_drafts(at, document));
        if document.answer.is_some() {
            drafts.extend(header_drafts(document, case));
        }
    }
    drafts.sort_by(|one, other| other.score.total_cmp(&one.score));
    // The best change for each path is tried before the second best for any.
    let mut seen: Vec<(Option<String>, Option<String>)> = Vec::new();
    let (mut firsts, others): (Vec<RepairDraft>, Vec<RepairDraft>) = drafts.into_iter().partition(|draft| {
        let what = (draft.facts.first().cloned(), draft.path.clone());
        let is_first = draft.together || !seen.contains(&what);
        seen.push(what);
        is_first
    });
    firsts.extend(others);
    firsts
}

/// What is looked for in the answers of a login.
struct AnswerSearch<'a> {
    provider: &'a Provider,
    case: &'a RepairCase<'a>,
    goal: &'a RepairGoal,
    reread: &'a RereadLogin<'a>,
    list: &'a [UnresolvedPath],
    comparison: &'a IdComparison<'a>,
    id_places: &'a IdPlaces,
}

/// The paths of one document, each with the new one.
type MovedPaths<'a> = Vec<(&'a UnresolvedPath, Vec<PathSegment>)>;

impl AnswerSearch<'_> {
    /// The unresolved paths of a document that belong to a part of it.
    fn paths_in(&self, at: usize, part: LookupPart) -> Vec<UnresolvedPath> {
        let belongs = |wanted: &&UnresolvedPath| match (part, wanted.part) {
            (LookupPart::Answer, LookupPart::Answer | LookupPart::Condition) => true,
            (part, own) => part == own,
        };
        self.list.iter().filter(|wanted| wanted.document == at).filter(belongs).cloned().collect()
    }

    /// Whether any unresolved path in any answer is one that the login needs.
    fn any_needed(&self) -> bool {
        self.list.iter().any(|wanted| self.goal.needs(wanted))
    }

    /// The drafts for the paths of an answer and of the claims of its token.
    fn part_drafts(&self, at: usize, document: &RereadDocument<'_>) -> Vec<RepairDraft> {
        let (step, names) = (document.step, &self.provider.names);
        let of_parts = [(&document.value, LookupPart::Answer, &step.reads), (&document.claims, LookupPart::Claims, &step.signed_reads)];
        let mut drafts = Vec::new();
        for ((value, part, reads), source) in of_parts.into_iter().zip(sources(document, self.case)) {
            let Some(value) = value else { continue };
            let list = self.paths_in(at, part);
            let index = index_with_keys(value, &list);
            let signed = part == LookupPart::Claims;
            let is_no_id = |path: &[PathSegment], found: &Value| {
                !self.id_places.allow(path, found) || self.comparison.judge(source, value, path, found).is_no_id
            };
            let there = DocumentSearch { document, value, index: &index, list: &list, reads, signed, names, is_no_id: &is_no_id };
            drafts.extend(there.move_drafts());
            drafts.extend(there.path_drafts(self.goal, self.any_needed()));
            if part == LookupPart::Answer {
                drafts.extend(nested_json::nested_json_drafts(document, at, value, names));
            }
            let lists = document.entries.iter().filter(|entry| entry.is_signed == signed && !entry.is_chosen);
            drafts.extend(lists.flat_map(|entry| entry_choice::list_drafts(entry, &index, &self.reread.facts, names)));
        }
        drafts
    }

    /// The drafts for the paths within the entries that were chosen from lists.
    fn entry_drafts(&self, at: usize, document: &RereadDocument<'_>) -> Vec<RepairDraft> {
        let mut drafts = Vec::new();
        for (number, entry) in document.entries.iter().enumerate() {
            let Some(value) = &entry.value else { continue };
            let (list, reads, signed) = (self.paths_in(at, LookupPart::Entry(number)), &entry.choice.reads, entry.is_signed);
            let index = index_with_keys(value, &list);
            let (names, is_no_id) = (&self.provider.names, &|_: &[PathSegment], _: &Value| false);
            let there = DocumentSearch { document, value, index: &index, list: &list, reads, signed, names, is_no_id };
            drafts.extend(there.move_drafts());
            drafts.extend(there.path_drafts(self.goal, self.any_needed()));
        }
        drafts
    }

    /// The one draft for several answers that are wrapped in the same member.
    fn envelope_draft(&self) -> Option<RepairDraft> {
        let mut by_member: BTreeMap<String, Vec<(&RereadDocument<'_>, MovedPaths<'_>)>> = BTreeMap::new();
        for (at, document) in self.reread.documents.iter().enumerate() {
            let Some(value) = document.value.as_ref().filter(|_| document.answer.is_some()) else { continue };
            let is_lost = |wanted: &&UnresolvedPath| {
                wanted.document == at
                    && wanted.reason == UnresolvedReason::Missing
                    && matches!(wanted.part, LookupPart::Answer | LookupPart::Condition)
            };
            let index = AnswerIndex::from_document(value);
            let is_member = |path: &[PathSegment]| (1..=2).contains(&path.len()) && path.iter().all(|segment| segment.key().is_some());
            for container in index.containers.iter().filter(|container| is_member(&container.path)) {
                let found =
                    self.list.iter().filter(is_lost).filter(|wanted| finds_plausible_value(wanted, container.value, &wanted.segments));
                let moved: MovedPaths<'_> = found.map(|wanted| (wanted, [container.path.as_slice(), &wanted.segments].concat())).collect();
                if !moved.is_empty() {
                    by_member.entry(write_path(&container.path)).or_default().push((document, moved));
                }
            }
        }
        let paths_of = |answers: &[(&RereadDocument<'_>, MovedPaths<'_>)]| answers.iter().map(|(_, moved)| moved.len()).sum::<usize>();
        let several = by_member.into_iter().filter(|(_, answers)| answers.len() > 1);
        let (to, answers) = several.max_by_key(|(_, answers)| (answers.len(), paths_of(answers)))?;
        let paths = paths_of(&answers);
        let mut draft = envelope_start(&to, answers.len(), paths);
        for (document, moved) in &answers {
            let Some(value) = &document.value else { continue };
            let (index, names, is_no_id) = (AnswerIndex::default(), &self.provider.names, &|_: &[PathSegment], _: &Value| false);
            let there =
                DocumentSearch { document, value, index: &index, list: &[], reads: &document.step.reads, signed: false, names, is_no_id };
            let changed: Vec<(&UnresolvedPath, &[PathSegment])> = moved.iter().map(|(wanted, path)| (*wanted, path.as_slice())).collect();
            draft.edits.extend(there.edits_for(&changed));
            draft.facts.extend(moved.iter().map(|(wanted, _)| wanted.fact.clone()));
        }
        Some(draft)
    }
}

fn envelope_start(to: &str, answers: usize, paths: usize) -> RepairDraft {
    let rule = RepairRule::AnswersWrapped { to: to.to_owned(), answers: answers.to_string(), paths: paths.to_string() };
    #[expect(clippy::cast_precision_loss, reason = "some twenty paths at most")]
    let score = 160.0 + 3.0 * paths as f32;
    RepairDraft { together: true, ..RepairDraft::new(format!("$.… → {to}.…"), rule, Vec::new(), score) }
}

/// The index of a document in which these paths are looked for.
fn index_with_keys<'v>(value: &'v Value, list: &[UnresolvedPath]) -> AnswerIndex<'v> {
    let written: Vec<&str> = list.iter().flat_map(|wanted| &wanted.segments).filter_map(PathSegment::key).collect();
    AnswerIndex::with_keys(value, &written)
}

/// The drafts for headers that the answer has under another name.
fn header_drafts(document: &RereadDocument<'_>, case: &RepairCase<'_>) -> Vec<RepairDraft> {
    let Some((_, answer, _)) = document.answer.and_then(|at| case.answers.get(at)) else { return Vec::new() };
    let mut drafts = Vec::new();
    for (_, name) in &document.step.header_reads {
        if answer.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            continue;
        }
        let alike = |other: &str| key_similarity(name.trim_start_matches("X-"), other.trim_start_matches("X-").trim_start_matches("x-"));
        let plain = answer
            .headers
            .iter()
            .map(|(name, _)| &**name)
            .filter(|name| name.len() < 60 && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-'));
        let best = plain.map(|other| (other, alike(other))).filter(|(_, like)| *like > 0.6).max_by(|one, other| one.1.total_cmp(&other.1));
        let Some((other, like)) = best else { continue };
        let source = name.value.clone();
        let edit = FileEdit::Within { place: name.place, old: source.clone(), new: other.to_owned() };
        let rule = RepairRule::HeaderRenamed { new: other.to_owned(), old: source };
        drafts.push(RepairDraft::new(format!("header {other}"), rule, vec![edit], 60.0 * like));
    }
    drafts
}
