//! Makes sure that no change lets an e-mail address count as proven by a claim that is not about it.

use crate::provider::Provider;
use crate::provider::facts::WellKnownFacts;
use crate::provider::identity::{Identity, IdentityEmail, IdentityError};
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::step::{ReadRule, Step};
use crate::vocabulary::names::Slot;
use crate::workbench::answers::meaning::FactMeaning;
use crate::workbench::answers::path::{PathSegment, last_key, parent_path, parse_path};
use crate::workbench::answers::value_fit::value_fit;
use crate::workbench::answers::vocabulary::{holds_addresses, is_email_proof_key, mentions_email, mentions_proof};
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::person_id::safety::{is_strange_container, paths_of};
use crate::workbench::repair::reread::RereadLogin;
use crate::workbench::repair::unresolved_path::nested_paths;
use serde_json::Value;

/// Whether a change keeps unproven addresses unproven, unless a claim about the address itself proves it.
pub(crate) fn keeps_email_proof_safe(
    (old, before): (&Provider, &RereadLogin<'_>),
    (provider, after): (&Provider, &RereadLogin<'_>),
    draft: &RepairDraft,
) -> bool {
    let proven =
        |end: &Option<Result<Identity, IdentityError>>| matches!(end, Some(Ok(Identity { address: IdentityEmail::Proven(..), .. })));
    let (changes_email, changes_claim) = (draft.changes("email"), draft.changes("emailVerified"));
    if !(changes_email || changes_claim) || proven(&before.end) {
        return true;
    }
    if reads_address_of_others(old, provider) {
        return false;
    }
    // An address that moved together with its claim still stands beside it.
    if draft.together && changes_email && changes_claim {
        return true;
    }
    let check = EmailProofCheck {
        draft,
        old_text: &old.source.text,
        old_keys: verified_claim_keys(old),
        known: provider.known,
        // A login that ended early may go on to prove the address.
        may_prove: proven(&after.end) || after.end.is_none(),
    };
    after.documents.iter().all(|document| {
        let parts = [(&document.step.reads, &document.value, false), (&document.step.signed_reads, &document.claims, false)];
        // The conditions of a `choose` may name the address, and choose the claim with it.
        let entries = document.entries.iter().filter(|entry| entry.is_chosen);
        let entries = entries.map(|entry| (&entry.choice.reads, &entry.value, mentions_email(&entry.choice.source())));
        parts.into_iter().chain(entries).all(|(reads, value, is_named)| {
            value.as_ref().is_none_or(|value| {
                (is_named || check.reads_address_by_its_name(reads, value))
                    && check.reads_claim_about_address(reads, value)
                    && check.keeps_claim_beside_address(reads, value)
            })
        })
    })
}

/// A change that could let a login prove an address, and the file before it.
struct EmailProofCheck<'a> {
    draft: &'a RepairDraft,
    old_text: &'a str,
    /// The keys at which the old file reads the claim.
    old_keys: Vec<String>,
    known: WellKnownFacts,
    may_prove: bool,
}

impl EmailProofCheck<'_> {
    /// A login name may look like an address, and is not the address that was proven.
    fn reads_address_by_its_name(&self, reads: &[ReadRule], value: &Value) -> bool {
        if !self.may_prove || !self.draft.changes("email") || self.draft.same_words || self.draft.together {
            return true;
        }
        let mut paths = read_paths(reads, self.known.email).filter(|path| path.first(value).is_some_and(is_filled_scalar));
        // Within a text that is JSON itself, the key is the one inside.
        let texts = reads.iter().filter(|read| read.fact == self.known.email).flat_map(|read| nested_paths(&read.reading));
        let mut inside = texts.filter(|(text, _)| text.first(value).is_some_and(is_filled_scalar)).map(|(_, inner)| inner);
        let path = inside.next().or_else(|| paths.next()).and_then(|path| parse_path(&path.source));
        // A filter of the file may name the address, and choose the claim with it.
        let containers: Vec<Vec<PathSegment>> = read_paths(reads, self.known.email_verified)
            .filter_map(|path| parse_path(&path.source))
            .map(|path| parent_path(&path).to_vec())
            .collect();
        let chosen =
            |hop: &PathSegment| matches!(hop, PathSegment::Query(text) if mentions_email(text) && self.old_text.contains(text.as_str()));
        let by_choice = |path: &[PathSegment]| path.iter().any(chosen) && containers.iter().all(|container| container == parent_path(path));
        path.is_none_or(|path| last_key(&path).is_none_or(mentions_email) || by_choice(&path))
    }

    fn reads_claim_about_address(&self, reads: &[ReadRule], value: &Value) -> bool {
        if !self.may_prove || !self.draft.changes("emailVerified") {
            return true;
        }
        let claims = read_paths(reads, self.known.email_verified).filter(|path| path.first(value).is_some_and(is_filled_scalar));
        claims
            .filter_map(|path| parse_path(&path.source))
            .all(|path| last_key(&path).is_none_or(|key| is_email_proof_key(key) || self.old_keys.iter().any(|known| known == key)))
    }

    fn keeps_claim_beside_address(&self, reads: &[ReadRule], value: &Value) -> bool {
        let index = AnswerIndex::from_document(value);
        let container = |slot| {
            let read = reads.iter().find(|read| read.fact == slot)?;
            let found = read.reading.paths().into_iter().filter_map(|path| path.first(value)).find(|found| is_filled_scalar(found))?;
            index.container_of(found).map(|container| container.path.clone())
        };
        let (Some(address), Some(claim)) = (container(self.known.email), container(self.known.email_verified)) else { return true };
        address == claim || self.draft.same_words && is_parent_or_child(&address, &claim) && holds_single_email(&index)
    }
}

/// Whether an address or its claim is newly read from an object or a list of another person, or of what only this answer names.
fn reads_address_of_others(old: &Provider, new: &Provider) -> bool {
    let address_places = |provider: &Provider| -> Vec<Vec<PathSegment>> {
        let mut all = paths_of(provider, &["email", "emailVerified"]);
        let choices = provider.steps().flat_map(Step::all_choices);
        all.extend(choices.filter_map(|choice| Some([parse_path(&choice.from.source)?, vec![PathSegment::Index(0)]].concat())));
        all
    };
    let (known, mut of_person) = (address_places(old), paths_of(old, &["id", "name", "picture"]));
    of_person.extend(paths_of(new, &["id"]));
    let mut new_ones = address_places(new).into_iter().filter(|path| !known.contains(path));
    new_ones.any(|path| {
        let above = parent_path(&path).iter().filter_map(PathSegment::key);
        above.into_iter().any(|key| !holds_addresses(key) && is_strange_container(key, &known, &of_person))
    })
}

fn read_paths(reads: &[ReadRule], fact: Slot) -> impl Iterator<Item = &JsonPath> {
    reads.iter().filter(move |read| read.fact == fact).flat_map(|read| read.reading.paths())
}

/// The last keys of the paths by which a file reads `emailVerified`.
fn verified_claim_keys(provider: &Provider) -> Vec<String> {
    let reads = provider.steps().flat_map(Step::all_reads);
    let claims = reads.filter(|read| read.fact == provider.known.email_verified).flat_map(|read| read.reading.paths());
    claims.filter_map(|path| parse_path(&path.source)).filter_map(|path| last_key(&path).map(str::to_owned)).collect()
}

fn is_filled_scalar(value: &Value) -> bool {
    scalar_text(value).is_some_and(|text| !text.is_empty())
}

/// Whether one container is directly within the other.
fn is_parent_or_child(one: &[PathSegment], other: &[PathSegment]) -> bool {
    one.len().abs_diff(other.len()) == 1 && (one.starts_with(other) || other.starts_with(one))
}

/// Whether an answer holds only one address and at most one claim.
fn holds_single_email(index: &AnswerIndex<'_>) -> bool {
    let several = index.containers.iter().any(|container| container.value.as_array().is_some_and(|list| list.len() > 1));
    let mut addresses: Vec<&Value> =
        index.leaves.iter().map(|leaf| leaf.value).filter(|value| value_fit(FactMeaning::Email, value).is_some()).collect();
    addresses.dedup();
    let claims = index.leaves.iter().filter(|leaf| last_key(&leaf.path).is_some_and(mentions_proof)).count();
    !several && addresses.len() == 1 && claims <= 1
}
