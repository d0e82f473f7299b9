//! Repairs of how answers are read: which paths find nothing, where their values may be, and which change finds them. Every
//! change is compiled, and the same answers are read with it before it is proposed.

use crate::provider::{InstallationContext, Provider, compile};
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::place::Source;
use crate::workbench::answers::meaning::FactMeaning;
use crate::workbench::answers::value_fit::value_fit;
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::answer_search::answer_drafts;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::edit::{EditableFile, changed_lines};
use crate::workbench::repair::email_proof_safety::keeps_email_proof_safe;
use crate::workbench::repair::person_id::comparison::{compare_new_ids, with_comparison};
use crate::workbench::repair::person_id::safety::{keeps_parts_of_ids, reads_only_ids_of_persons};
use crate::workbench::repair::reread::{RepairCase, RereadLogin, reread_login};
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath};

/// At most this many changes are compiled and tried.
const TRIED: usize = 12;
/// At most this many bytes of files and answers are read for that; the first change is always tried.
const BYTES: usize = 600_000;

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
    pub(crate) fn needs(&self, wanted: &UnresolvedPath) -> bool {
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
        let after = reread_login(&changed, case);
        let Some((rating, whole)) = rate_improvement((provider, &before), (&changed, &after), goal, &draft) else { continue };
        let seen = compare_new_ids(provider, (&changed, &after), case);
        if seen.is_no_id {
            continue;
        }
        let draft = RepairDraft { rule: with_comparison(draft.rule, seen), ..draft };
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
        || !keeps_parts_of_ids(old, new)
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
