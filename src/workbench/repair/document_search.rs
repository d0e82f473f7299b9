//! Searches one document of a login for what its paths do not find: the paths that moved together, and each path by itself.

use crate::provider::fact_expression::FactExpression;
use crate::provider::standard::PERSON;
use crate::provider::step::{ReadRule, StepKind};
use crate::vocabulary::names::FactNames;
use crate::workbench::answers::path::{PathSegment, parse_path};
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::answer_repairs::RepairGoal;
use crate::workbench::repair::candidates::{CandidateSupport, NeighbouringFact, RepairCandidate, find_candidates};
use crate::workbench::repair::draft::{self, RepairDraft, move_draft};
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::path_move::find_moves;
use crate::workbench::repair::reread::RereadDocument;
use crate::workbench::repair::unresolved_path::{UnresolvedPath, UnresolvedReason};
use serde_json::Value;

/// A change that the login does not need is proposed beside one that it needs only when it is this likely.
const MODEST: f32 = 52.0;
/// After a login that worked, a change is proposed when it is this likely.
const LIKELY: f32 = 22.0;
/// A change that a failed login needs is proposed when it is this likely.
const NEEDED: f32 = 16.0;

/// One document and what is looked for in it.
pub(crate) struct DocumentSearch<'a> {
    pub(crate) document: &'a RereadDocument<'a>,
    pub(crate) value: &'a Value,
    pub(crate) index: &'a AnswerIndex<'a>,
    pub(crate) list: &'a [UnresolvedPath],
    pub(crate) reads: &'a [ReadRule],
    pub(crate) signed: bool,
    pub(crate) names: &'a FactNames,
    /// Whether a value is no person's id, by its place or by what other logins show.
    pub(crate) is_no_id: &'a dyn Fn(&[PathSegment], &Value) -> bool,
}

impl DocumentSearch<'_> {
    pub(crate) fn move_drafts(&self) -> Vec<RepairDraft> {
        let found = find_moves(self.list, self.index);
        let drafts = found.iter().map(|found| {
            let mended: Vec<(&UnresolvedPath, &[PathSegment])> =
                found.mended.iter().map(|(at, path)| (&self.list[*at], path.as_slice())).collect();
            move_draft(found, self.list, self.document.step, self.edits_for(&mended))
        });
        drafts.collect()
    }

    /// `any_needed`: whether any unresolved path in any answer is one that the login needs.
    pub(crate) fn path_drafts(&self, goal: &RepairGoal, any_needed: bool) -> Vec<RepairDraft> {
        let neighbours = self.neighbouring_facts();
        let mut all: Vec<(&UnresolvedPath, RepairCandidate)> = Vec::new();
        for wanted in self.list.iter().filter(|wanted| !wanted.is_list) {
            let is_needed = goal.failed && (goal.needs(wanted) || !any_needed);
            if wanted.reason == UnresolvedReason::Empty && !is_needed {
                continue;
            }
            let least = match goal.failed {
                true if is_needed => NEEDED,
                true => MODEST,
                false => LIKELY,
            };
            let found = find_candidates(wanted, self.index, &neighbours, self.is_no_id);
            // Where a key speaks for one path, a fitting value alone is not enough for another.
            let words_speak = found
                .iter()
                .any(|found| matches!(found.support, CandidateSupport::Word | CandidateSupport::Meaning) && found.score >= MODEST);
            let found = found.into_iter().filter(|found| {
                found.score >= least
                    && (wanted.reason != UnresolvedReason::Alternative || found.close)
                    && match found.support {
                        CandidateSupport::Word | CandidateSupport::Meaning => true,
                        CandidateSupport::Look => is_needed || !words_speak,
                        CandidateSupport::Taken => is_needed,
                    }
            });
            all.extend(found.map(|found| (wanted, found)));
        }
        let mut drafts = Vec::new();
        for (wanted, candidate) in &all {
            let mut changed: Vec<(&UnresolvedPath, &[PathSegment])> = vec![(wanted, &candidate.path)];
            for (other, found) in &all {
                let is_new = changed.iter().all(|(known, path)| known.place != other.place && *path != found.path.as_slice());
                if found.same_words && is_new && (candidate.same_words || other.fact == wanted.fact) {
                    changed.push((other, &found.path));
                }
            }
            // The same path elsewhere in the step is replaced as well.
            for other in self.list.iter().filter(|other| other.segments == wanted.segments) {
                if changed.iter().all(|(known, _)| known.place != other.place) {
                    changed.push((other, &candidate.path));
                }
            }
            let mut draft = draft::path_draft(wanted, self.edits_for(&changed), &candidate.path, candidate.score);
            draft.same_words = candidate.same_words;
            draft.facts = changed.iter().map(|(wanted, _)| wanted.fact.clone()).collect();
            draft.score += if goal.needs(wanted) { 20.0 } else { 0.0 };
            drafts.push(draft);
        }
        drafts
    }

    /// The facts that are found, and by which paths.
    fn neighbouring_facts(&self) -> Vec<NeighbouringFact> {
        let alternatives = self.reads.iter().flat_map(|read| match &read.reading {
            FactExpression::FirstOf(all, _) => all.iter().map(|one| (read.fact, one)).collect(),
            one => vec![(read.fact, one)],
        });
        let paths = alternatives.flat_map(|(fact, one)| {
            let plain = matches!(one, FactExpression::Path(_));
            one.paths().into_iter().map(move |path| (fact, path, plain))
        });
        let found = paths.filter(|(_, path, _)| path.first(self.value).is_some_and(|value| !value.is_null() && !value.is_object()));
        let near = found.filter_map(|(fact, path, plain)| {
            Some(NeighbouringFact { fact: self.names.name(fact).to_string(), path: parse_path(&path.source)?, plain })
        });
        near.collect()
    }

    /// The edits that replace these paths.
    pub(crate) fn edits_for(&self, mended: &[(&UnresolvedPath, &[PathSegment])]) -> Vec<FileEdit> {
        let mut edits: Vec<FileEdit> = Vec::new();
        let mut facts: Vec<(String, Vec<PathSegment>)> = Vec::new();
        for (wanted, path) in mended {
            if wanted.written {
                edits.push(FileEdit::Path { place: wanted.place, old: wanted.source.clone(), new: path.to_vec() });
            } else {
                facts.push((wanted.fact.clone(), path.to_vec()));
            }
        }
        if facts.is_empty() {
            return edits;
        }
        // A step that writes `read` no longer reads the standard keys of a person.
        let step = self.document.step;
        if self.signed || step.kind == StepKind::GetUserInfo {
            let standard = self.reads.iter().filter(|read| !read.written);
            for path in standard.flat_map(|read| read.reading.paths()) {
                let fact = PERSON.iter().find(|(_, key)| path.is_key(key)).map(|(fact, _)| (*fact).to_owned());
                let found = path.first(self.value).is_some_and(|value| !value.is_null());
                if let (Some(fact), Some(path), true) = (fact, parse_path(&path.source), found) {
                    facts.push((fact, path));
                }
            }
        }
        edits.push(FileEdit::Read { step: step.place, word: step.kind.word(), signed: self.signed, facts });
        edits
    }
}
