//! Repairs of how answers are read: which paths find nothing, where their values may be, and which change finds them. Every
//! change is compiled, and the same answers are read with it before it is proposed.

use crate::provider::fact_expression::FactExpression;
use crate::provider::standard::PERSON;
use crate::provider::step::{ReadRule, StepKind};
use crate::provider::{InstallationContext, Provider, compile};
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::names::FactNames;
use crate::vocabulary::place::Source;
use crate::workbench::answers::meaning::{FactMeaning, key_similarity};
use crate::workbench::answers::path::{PathSegment, parse_path};
use crate::workbench::answers::value_fit::value_fit;
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::candidates::{CandidateSupport, NeighbouringFact, RepairCandidate, find_candidates};
use crate::workbench::repair::draft::{self, RepairDraft, move_draft};
use crate::workbench::repair::edit::{EditableFile, FileEdit, changed_lines};
use crate::workbench::repair::email_proof_safety::keeps_email_proof_safe;
use crate::workbench::repair::path_move::find_moves;
use crate::workbench::repair::person_id_safety::reads_only_ids_of_persons;
use crate::workbench::repair::reread::{RepairCase, RereadDocument, RereadLogin, reread_login};
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath, UnresolvedReason, unresolved_paths};
use crate::workbench::repair::{entry_choice, nested_json};
use serde_json::Value;

/// At most this many changes are compiled and tried.
const TRIED: usize = 12;
/// At most this many bytes of files and answers are read for that; the first change is always tried.
const BYTES: usize = 600_000;
/// A change that the login does not need is proposed beside one that it needs only when it is this likely.
const MODEST: f32 = 52.0;
/// After a login that worked, a change is proposed when it is this likely.
const LIKELY: f32 = 22.0;
/// A change that a failed login needs is proposed when it is this likely.
const NEEDED: f32 = 16.0;

/// What a change has to improve.
#[derive(Clone, Debug, Default)]
pub(crate) struct RepairGoal {
    /// Facts that the login lacked.
    pub(crate) facts: Vec<String>,
    /// Whether a condition of the file took an answer for a refusal.
    pub(crate) refused: bool,
    /// Whether the login failed.
    pub(crate) failed: bool,
}

impl RepairGoal {
    /// Whether the login needs the value of this path.
    fn needs(&self, wanted: &UnresolvedPath) -> bool {
        self.facts.contains(&wanted.fact) || (self.refused && wanted.part == LookupPart::Condition)
    }
}

/// A change that was tried.
pub(crate) struct TriedRepair {
    pub(crate) draft: RepairDraft,
    /// The text of the file with the change.
    pub(crate) text: String,
    /// The compiled file with the change.
    pub(crate) provider: Provider,
    /// How good it is.
    pub(crate) rating: f32,
    /// Whether nothing is missing any more.
    pub(crate) whole: bool,
}

/// The proposals that change how answers are read, best first.
pub(crate) fn answer_proposals(provider: &Provider, case: &RepairCase<'_>, goal: &RepairGoal) -> Vec<(Proposal, f32, bool)> {
    let mut found = try_drafts(provider, case, goal, answer_drafts(provider, case, goal));
    // A second mistake may hide behind the first.
    if let Some(first) = found.first().filter(|first| goal.failed && !first.whole) {
        let again = try_drafts(&first.provider, case, goal, answer_drafts(&first.provider, case, goal));
        if let Some(second) = again.into_iter().next().filter(|second| second.whole) {
            let both = combine(first, second);
            found.insert(0, both);
        }
    }
    let proposals = found.into_iter().filter_map(|mended| {
        let change = changed_lines(&provider.source.text, &mended.text)?;
        Some((mended.draft.into_proposal(change), mended.rating, mended.whole))
    });
    proposals.collect()
}

fn combine(first: &TriedRepair, second: TriedRepair) -> TriedRepair {
    let mut draft = second.draft;
    draft.title = format!("{}, {}", first.draft.title, draft.title);
    draft.rule = RepairRule::SeveralMoved { first: first.draft.title.clone(), all: draft.title.clone() };
    draft.path = None;
    TriedRepair { draft, rating: second.rating + 1.0, ..second }
}

/// The changes that may mend how answers are read, the likeliest first.
fn answer_drafts(provider: &Provider, case: &RepairCase<'_>, goal: &RepairGoal) -> Vec<RepairDraft> {
    let reads_refused = RepairCase { reads_refused: true, ..case.clone() };
    let reread = reread_login(provider, &reads_refused);
    let list = unresolved_paths(provider, &reread);
    let any_needed = list.iter().any(|wanted| goal.needs(wanted));
    let mut drafts = Vec::new();
    for (at, document) in reread.documents.iter().enumerate() {
        let of_document: Vec<UnresolvedPath> = list.iter().filter(|wanted| wanted.document == at).cloned().collect();
        let is_in = |part: LookupPart| -> Vec<UnresolvedPath> {
            let belongs = |wanted: &&UnresolvedPath| match (part, wanted.part) {
                (LookupPart::Answer, LookupPart::Answer | LookupPart::Condition) => true,
                (part, own) => part == own,
            };
            of_document.iter().filter(belongs).cloned().collect()
        };
        let step = document.step;
        for (value, part, reads) in
            [(&document.value, LookupPart::Answer, &step.reads), (&document.claims, LookupPart::Claims, &step.signed_reads)]
        {
            let Some(value) = value else { continue };
            let list = is_in(part);
            let index = index_with_keys(value, &list);
            let signed = part == LookupPart::Claims;
            let there = DocumentSearch { document, value, index: &index, list: &list, reads, signed, names: &provider.names };
            drafts.extend(there.move_drafts());
            drafts.extend(there.path_drafts(goal, any_needed));
            if part == LookupPart::Answer {
                drafts.extend(nested_json::nested_json_drafts(document, at, value, &provider.names));
            }
            let lists = document.entries.iter().filter(|entry| entry.is_signed == signed && !entry.is_chosen);
            drafts.extend(lists.flat_map(|entry| entry_choice::list_drafts(entry, &index, &reread.facts, &provider.names)));
        }
        for (number, entry) in document.entries.iter().enumerate() {
            let Some(value) = &entry.value else { continue };
            let (list, reads, signed) = (is_in(LookupPart::Entry(number)), &entry.choice.reads, entry.is_signed);
            let index = index_with_keys(value, &list);
            let there = DocumentSearch { document, value, index: &index, list: &list, reads, signed, names: &provider.names };
            drafts.extend(there.move_drafts());
            drafts.extend(there.path_drafts(goal, any_needed));
        }
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

/// The index of a document in which these paths are looked for.
fn index_with_keys<'v>(value: &'v Value, list: &[UnresolvedPath]) -> AnswerIndex<'v> {
    let written: Vec<&str> = list.iter().flat_map(|wanted| &wanted.segments).filter_map(PathSegment::key).collect();
    AnswerIndex::with_keys(value, &written)
}

/// One document and what is looked for in it.
struct DocumentSearch<'a> {
    document: &'a RereadDocument<'a>,
    value: &'a Value,
    index: &'a AnswerIndex<'a>,
    list: &'a [UnresolvedPath],
    reads: &'a [ReadRule],
    signed: bool,
    names: &'a FactNames,
}

impl DocumentSearch<'_> {
    fn move_drafts(&self) -> Vec<RepairDraft> {
        let found = find_moves(self.list, self.index);
        let drafts = found.iter().map(|found| {
            let mended: Vec<(&UnresolvedPath, &[PathSegment])> =
                found.mended.iter().map(|(at, path)| (&self.list[*at], path.as_slice())).collect();
            move_draft(found, self.list, self.document.step, self.edits_for(&mended))
        });
        drafts.collect()
    }

    /// `any_needed`: whether any unresolved path in any answer is one that the login needs.
    fn path_drafts(&self, goal: &RepairGoal, any_needed: bool) -> Vec<RepairDraft> {
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
            let found = find_candidates(wanted, self.index, &neighbours);
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
    fn edits_for(&self, mended: &[(&UnresolvedPath, &[PathSegment])]) -> Vec<FileEdit> {
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

/// Compiles the drafts, reads the answers with them, and keeps those that are an improvement.
pub(crate) fn try_drafts(provider: &Provider, case: &RepairCase<'_>, goal: &RepairGoal, drafts: Vec<RepairDraft>) -> Vec<TriedRepair> {
    let Some(sheet) = EditableFile::open(&provider.source) else { return Vec::new() };
    let before = reread_login(provider, case);
    let mut list: Vec<TriedRepair> = Vec::new();
    let answers: usize = case.answers.iter().map(|(_, answer, _)| answer.body.len()).sum();
    let mut read = 0;
    for draft in drafts.into_iter().take(TRIED) {
        if read > BYTES {
            break;
        }
        let Some(text) = sheet.apply(&draft.edits) else { continue };
        // What is tried is the file with the proposed lines put in, as the operator would have it.
        let Some(text) = changed_lines(&provider.source.text, &text).and_then(|change| change.apply(&provider.source.text)) else {
            continue;
        };
        if list.iter().any(|known| known.text == text) {
            continue;
        }
        read += text.len() + answers;
        let source = Source::new(provider.source.name.clone(), text.as_str());
        let (Some(changed), _) = compile(&source, InstallationContext { loopback: true }) else { continue };
        let Some((rating, whole)) = rate_improvement((provider, &before), (&changed, &reread_login(&changed, case)), goal, &draft) else {
            continue;
        };
        list.push(TriedRepair { rating, whole, draft, text, provider: changed });
    }
    list.sort_by(|one, other| other.rating.total_cmp(&one.rating));
    list
}

/// The rating of a change, and whether nothing is missing with it. There is none if the change is no improvement, or less safe.
fn rate_improvement(
    (old, before): (&Provider, &RereadLogin<'_>),
    (new, after): (&Provider, &RereadLogin<'_>),
    goal: &RepairGoal,
    draft: &RepairDraft,
) -> Option<(f32, bool)> {
    let known = |provider: &Provider, reread: &RereadLogin<'_>, name: &str| {
        provider.names.find(name).is_some_and(|slot| reread.facts.get(slot).is_some())
    };
    let loses_fact = old.names.iter().any(|(_, name)| known(old, before, name) && !known(new, after, name));
    let refusals = |reread: &RereadLogin<'_>| reread.documents.iter().filter(|document| document.refused && !document.forgiven).count();
    if loses_fact
        || (refusals(after) > refusals(before) && before.documents.len() >= after.documents.len())
        || !keeps_email_proof_safe((old, before), (new, after), draft)
        || !reads_only_ids_of_persons(old, (new, after))
    {
        return None;
    }
    let mended = goal.facts.iter().filter(|fact| known(new, after, fact) && !known(old, before, fact)).count();
    let is_accepted = goal.refused && refusals(after) < refusals(before);
    let signs_in = matches!(after.end, Some(Ok(_))) && !matches!(before.end, Some(Ok(_)));
    let has_goal = !goal.facts.is_empty() || goal.refused;
    if goal.failed && has_goal && mended == 0 && !is_accepted && !signs_in {
        return None;
    }
    // For a login that works, a change must bring a new value. A change of the format need not.
    let value = |provider: &Provider, reread: &RereadLogin<'_>, name: &str| {
        provider.names.find(name).and_then(|slot| reread.facts.get(slot).cloned())
    };
    let gains = || {
        new.names
            .iter()
            .any(|(_, name)| value(new, after, name).is_some_and(|now| value(old, before, name).is_none_or(|then| !now.is_same_as(&then))))
    };
    if !goal.failed && !draft.facts.is_empty() && refusals(after) >= refusals(before) && !gains() {
        return None;
    }
    let is_unfinished = goal.facts.iter().any(|fact| !known(new, after, fact)) || matches!(after.end, Some(Err(_))) || refusals(after) > 0;
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let rating = draft.score + 100.0 * mended as f32 + if is_accepted { 100.0 } else { 0.0 } + if signs_in { 300.0 } else { 0.0 };
    Some((rating, !is_unfinished))
}

/// Whether any answer holds an e-mail address that the file could read.
pub(crate) fn holds_email(reread: &RereadLogin<'_>) -> bool {
    let values =
        reread.documents.iter().filter(|document| document.answer.is_some()).flat_map(|document| [&document.value, &document.claims]);
    values
        .flatten()
        .any(|value| AnswerIndex::from_document(value).leaves.iter().any(|leaf| value_fit(FactMeaning::Email, leaf.value).is_some()))
}
