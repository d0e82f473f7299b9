//! Makes sure that no change lets an e-mail address count as proven by a claim that is not about it.

use crate::provider::Provider;
use crate::provider::identity::{Identity, IdentityEmail, IdentityError};
use crate::provider::json_path::scalar_text;
use crate::workbench::answers::meaning::FactMeaning;
use crate::workbench::answers::path::{PathSegment, last_key, parent_path, parse_path};
use crate::workbench::answers::value_fit::value_fit;
use crate::workbench::answers::vocabulary::{is_email_proof_key, mentions_email, mentions_proof};
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::reread::RereadLogin;
use serde_json::Value;

/// Whether a change keeps unproven addresses unproven, unless a claim about the address itself proves it.
pub(crate) fn keeps_email_proof_safe(
    (old, before): (&Provider, &RereadLogin<'_>),
    (provider, after): (&Provider, &RereadLogin<'_>),
    draft: &RepairDraft,
) -> bool {
    let proven =
        |end: &Option<Result<Identity, IdentityError>>| matches!(end, Some(Ok(Identity { address: IdentityEmail::Proven(..), .. })));
    let about = draft.facts.iter().any(|fact| fact == "email" || fact == "emailVerified");
    if !about || proven(&before.end) {
        return true;
    }
    let changes = |name: &str| draft.facts.iter().any(|fact| fact == name);
    // An address that moved together with its claim still stands beside it.
    if draft.together && changes("email") && changes("emailVerified") {
        return true;
    }
    // A login that ended early may go on to prove the address.
    let may_prove = proven(&after.end) || after.end.is_none();
    let old_keys: Vec<String> = verified_claim_keys(old);
    let known = provider.known;
    for document in &after.documents {
        for (reads, value) in [(&document.step.reads, &document.value), (&document.step.signed_reads, &document.claims)] {
            let Some(value) = value else { continue };
            let index = AnswerIndex::from_document(value);
            let container = |slot| {
                let read = reads.iter().find(|read| read.fact == slot)?;
                let found = read.reading.paths().into_iter().filter_map(|path| path.first(value)).find(|found| is_filled_scalar(found))?;
                index.container_of(found).map(|container| container.path.clone())
            };
            let new = reads.iter().filter(|read| read.fact == known.email).flat_map(|read| read.reading.paths());
            let last = new.filter(|path| path.first(value).is_some_and(is_filled_scalar)).find_map(|path| parse_path(&path.source));
            // A login name may look like an address, and is not the address that was proven.
            // A filter of the file may name the address, and choose the claim with it.
            let claims = reads.iter().filter(|read| read.fact == known.email_verified).flat_map(|read| read.reading.paths());
            let containers: Vec<Vec<PathSegment>> =
                claims.filter_map(|path| parse_path(&path.source)).map(|path| parent_path(&path).to_vec()).collect();
            let chosen = |hop: &PathSegment| matches!(hop, PathSegment::Query(text) if mentions_email(text) && old.source.text.contains(text.as_str()));
            let by_choice =
                |path: &[PathSegment]| path.iter().any(chosen) && containers.iter().all(|container| container == parent_path(path));
            let in_words =
                last.is_none_or(|write_leaf_path| last_key(&write_leaf_path).is_none_or(mentions_email) || by_choice(&write_leaf_path));
            if may_prove && changes("email") && !draft.same_words && !draft.together && !in_words {
                return false;
            }
            let claims = reads.iter().filter(|read| read.fact == known.email_verified).flat_map(|read| read.reading.paths());
            let mut claims =
                claims.filter(|path| path.first(value).is_some_and(is_filled_scalar)).filter_map(|path| parse_path(&path.source));
            let is_of_address = |path: Vec<PathSegment>| {
                last_key(&path).is_none_or(|key| is_email_proof_key(key) || old_keys.iter().any(|known| known == key))
            };
            if may_prove && changes("emailVerified") && !claims.all(is_of_address) {
                return false;
            }
            if let (Some(address), Some(claim)) = (container(known.email), container(known.email_verified))
                && address != claim
                && !(draft.same_words && is_parent_or_child(&address, &claim) && holds_single_email(&index))
            {
                return false;
            }
        }
    }
    true
}

/// The last keys of the paths by which a file reads `emailVerified`.
fn verified_claim_keys(provider: &Provider) -> Vec<String> {
    let reads = provider.steps().flat_map(|step| step.reads.iter().chain(&step.signed_reads));
    let claims = reads.filter(|read| read.fact == provider.known.email_verified).flat_map(|read| read.reading.paths());
    claims.filter_map(|path| parse_path(&path.source)).filter_map(|write_leaf_path| last_key(&write_leaf_path).map(str::to_owned)).collect()
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
