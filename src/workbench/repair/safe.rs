//! No change makes an address proven that was not, unless its own word says so.

use crate::provider::Provider;
use crate::provider::identity::{Identity, Mailbox, NoIdentity};
use crate::provider::selector::scalar_text;
use crate::workbench::repair::candidates::parents;
use crate::workbench::repair::draft::Draft;
use crate::workbench::repair::kind::fit;
use crate::workbench::repair::likeness::{Meaning, is_about_address, is_about_proof, mentions_proof};
use crate::workbench::repair::path::{Hop, hops, last_key};
use crate::workbench::repair::reread::Reread;
use crate::workbench::repair::survey::Survey;
use serde_json::Value;

/// Whether nobody's address becomes proven by something that is not about it.
pub fn is_as_safe((old, before): (&Provider, &Reread<'_>), (provider, after): (&Provider, &Reread<'_>), draft: &Draft) -> bool {
    let proven = |end: &Option<Result<Identity, NoIdentity>>| matches!(end, Some(Ok(Identity { address: Mailbox::Proven(..), .. })));
    let about = draft.facts.iter().any(|fact| fact == "email" || fact == "emailVerified");
    if !about || proven(&before.end) {
        return true;
    }
    let changes = |name: &str| draft.facts.iter().any(|fact| fact == name);
    // An address that moved together with its claim stands beside it as before.
    if draft.together && changes("email") && changes("emailVerified") {
        return true;
    }
    // Where the login did not get that far, it may become one that proves the address.
    let may_prove = proven(&after.end) || after.end.is_none();
    let old_keys: Vec<String> = keys_of_claims(old);
    let known = provider.known;
    for document in &after.documents {
        for (reads, value) in [(&document.step.reads, &document.value), (&document.step.signed_reads, &document.claims)] {
            let Some(value) = value else { continue };
            let survey = Survey::of(value);
            let room = |slot| {
                let read = reads.iter().find(|read| read.fact == slot)?;
                let found = read.reading.paths().into_iter().filter_map(|path| path.first(value)).find(|found| says_something(found))?;
                survey.holder(found).map(|room| room.path.clone())
            };
            let new = reads.iter().filter(|read| read.fact == known.email).flat_map(|read| read.reading.paths());
            let last = new.filter(|path| path.first(value).is_some_and(says_something)).find_map(|path| hops(&path.source));
            // A name with which somebody logs in may look like an address, and is not the one that was proven.
            // A filter of the file may have chosen the address in words, and the claim with it.
            let claims = reads.iter().filter(|read| read.fact == known.email_verified).flat_map(|read| read.reading.paths());
            let rooms: Vec<Vec<Hop>> = claims.filter_map(|path| hops(&path.source)).map(|path| parents(&path).to_vec()).collect();
            let chosen = |hop: &Hop| matches!(hop, Hop::Other(text) if is_about_address(text) && old.source.text.contains(text.as_str()));
            let by_choice = |path: &[Hop]| path.iter().any(chosen) && rooms.iter().all(|room| room == parents(path));
            let in_words = last.is_none_or(|path| last_key(&path).is_none_or(is_about_address) || by_choice(&path));
            if may_prove && changes("email") && !draft.same_words && !draft.together && !in_words {
                return false;
            }
            let claims = reads.iter().filter(|read| read.fact == known.email_verified).flat_map(|read| read.reading.paths());
            let mut claims = claims.filter(|path| path.first(value).is_some_and(says_something)).filter_map(|path| hops(&path.source));
            let is_of_address =
                |path: Vec<Hop>| last_key(&path).is_none_or(|key| is_about_proof(key) || old_keys.iter().any(|known| known == key));
            if may_prove && changes("emailVerified") && !claims.all(is_of_address) {
                return false;
            }
            if let (Some(address), Some(claim)) = (room(known.email), room(known.email_verified))
                && address != claim
                && !(draft.same_words && is_one_step_away(&address, &claim) && speaks_of_one_address(&survey))
            {
                return false;
            }
        }
    }
    true
}

/// The last keys of the paths by which a file reads the claim.
fn keys_of_claims(provider: &Provider) -> Vec<String> {
    let reads = provider.steps().flat_map(|step| step.reads.iter().chain(&step.signed_reads));
    let claims = reads.filter(|read| read.fact == provider.known.email_verified).flat_map(|read| read.reading.paths());
    claims.filter_map(|path| hops(&path.source)).filter_map(|path| last_key(&path).map(str::to_owned)).collect()
}

/// Whether a value is more than nothing.
fn says_something(value: &Value) -> bool {
    scalar_text(value).is_some_and(|text| !text.is_empty())
}

/// Whether one room stands within the other.
fn is_one_step_away(one: &[Hop], other: &[Hop]) -> bool {
    one.len().abs_diff(other.len()) == 1 && (one.starts_with(other) || other.starts_with(one))
}

/// Whether an answer holds one address only, and one claim about it.
fn speaks_of_one_address(survey: &Survey<'_>) -> bool {
    let several = survey.rooms.iter().any(|room| room.value.as_array().is_some_and(|list| list.len() > 1));
    let mut addresses: Vec<&Value> =
        survey.leaves.iter().map(|leaf| leaf.value).filter(|value| fit(Meaning::Email, value).is_some()).collect();
    addresses.dedup();
    let claims = survey.leaves.iter().filter(|leaf| last_key(&leaf.path).is_some_and(mentions_proof)).count();
    !several && addresses.len() == 1 && claims <= 1
}
