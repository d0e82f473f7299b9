//! Separates what belongs to a person from what is a constant, by comparing the logins of a recording.

use crate::provider::json_path::scalar_text;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_like_email;
use crate::workbench::answers::path::{PathSegment, resolve};
use crate::workbench::answers::vocabulary::{is_address_of_others, is_key_of_person_id};
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::email_verified::is_of_this_person;
use crate::workbench::learn::person::{FactCandidate, PersonSource};
use serde_json::Value;

/// Whether two logins are those of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pair {
    /// Nothing shows it.
    Unknown,
    Same,
    Different,
}

/// The pairs of logins of a recording, by the indexes of their logins.
pub(crate) struct People(Vec<(usize, usize, Pair)>);

/// What it costs a value that the logins speak against it.
const AGAINST: i32 = 90;

impl People {
    /// Compares each login with each other one.
    pub(crate) fn of(sources: &[PersonSource]) -> Self {
        let logins = sources.iter().map(|source| source.documents.len()).max().unwrap_or(0);
        let pairs = (0..logins).flat_map(|one| (one + 1..logins).map(move |other| (one, other)));
        Self(pairs.map(|(one, other)| (one, other, compare(sources, one, other))).collect())
    }

    fn has_different(&self) -> bool {
        self.0.iter().any(|(.., pair)| *pair == Pair::Different)
    }

    /// Lowers the score of the ids that two people share, and of those that one person has twice.
    pub(crate) fn judge_ids(&self, ids: &mut [FactCandidate], sources: &[PersonSource]) {
        self.lower(ids, sources, |pair, is_same| match pair {
            Pair::Different => is_same,
            Pair::Same => !is_same,
            Pair::Unknown => false,
        });
    }

    /// Lowers the score of other facts that two people share.
    pub(crate) fn judge_facts(&self, facts: &mut [FactCandidate], sources: &[PersonSource]) {
        self.lower(facts, sources, |pair, is_same| pair == Pair::Different && is_same);
    }

    fn lower(&self, facts: &mut [FactCandidate], sources: &[PersonSource], is_against: impl Fn(Pair, bool) -> bool) {
        for fact in facts {
            let texts = texts_of(fact, sources);
            let speaks_against = |(one, other, pair): &(usize, usize, Pair)| {
                let both = texts.get(*one).and_then(Option::as_ref).zip(texts.get(*other).and_then(Option::as_ref));
                both.is_some_and(|(one, other)| is_against(*pair, one == other))
            };
            if self.0.iter().any(speaks_against) {
                fact.score -= AGAINST;
            }
        }
    }

    /// Whether a value is in every answer, the same one for each person and another one for each other.
    pub(crate) fn distinguishes(&self, leaf: &DocumentLeaf, source: &PersonSource) -> bool {
        let texts: Vec<Option<String>> =
            source.documents.iter().map(|document| document.as_ref().and_then(|document| text_at(document, &leaf.keys))).collect();
        let is_everywhere = source.documents.iter().zip(&texts).all(|(document, text)| document.is_none() || text.is_some());
        let fits = |(one, other, pair): &(usize, usize, Pair)| match (&texts[*one], &texts[*other]) {
            (Some(one), Some(other)) => (one == other) == (*pair == Pair::Same),
            _ => true,
        };
        let is_found_twice = texts.iter().flatten().count() >= 2;
        self.has_different() && is_found_twice && is_everywhere && self.0.iter().all(fits)
    }
}

/// Compares two logins by the e-mail addresses of their answers.
fn compare(sources: &[PersonSource], one: usize, other: usize) -> Pair {
    let mut pair = Pair::Unknown;
    for source in sources {
        let document = |login: usize| source.documents.get(login).and_then(Option::as_ref);
        let (Some(first), Some(second)) = (document(one), document(other)) else { continue };
        let leaves = leaves_of(first);
        // An address of a shop or of the support is that of many people.
        let is_own = |leaf: &&DocumentLeaf| {
            let above = leaf.keys.split_last().map_or(&[][..], |(_, above)| above);
            looks_like_email(&leaf.text) && !is_address_of_others(leaf.name()) && is_of_this_person(above)
        };
        for mail in leaves.iter().filter(is_own) {
            if let Some(other) = text_at(second, &mail.keys).filter(|other| looks_like_email(other)) {
                if other != mail.text {
                    return Pair::Different;
                }
                pair = Pair::Same;
            }
        }
        // Without addresses, people are known apart by what is called the id of a user, and not that of another user.
        let is_of_user = |leaf: &&DocumentLeaf| normalize_key(leaf.name()).ends_with("userid") && is_key_of_person_id(leaf.name());
        let mut ids = leaves.iter().filter(is_of_user).filter_map(|id| Some((text_at(second, &id.keys)?, &id.text)));
        if pair == Pair::Unknown && ids.any(|(other, own)| other != *own) {
            pair = Pair::Different;
        }
    }
    pair
}

/// The values of a fact, one for each login; none where its path chooses from a list.
fn texts_of(fact: &FactCandidate, sources: &[PersonSource]) -> Vec<Option<String>> {
    if fact.keys.iter().any(|key| matches!(key, PathSegment::Query(_))) {
        return Vec::new();
    }
    let texts = sources[fact.source].documents.iter().map(|document| document.as_ref().and_then(|document| text_at(document, &fact.keys)));
    texts.collect()
}

fn text_at(document: &Value, keys: &[PathSegment]) -> Option<String> {
    scalar_text(resolve(document, keys)?).map(std::borrow::Cow::into_owned)
}
