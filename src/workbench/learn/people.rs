//! Separates what belongs to a person from what is a constant, by comparing the logins of a recording.

use crate::provider::json_path::scalar_text;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_like_email;
use crate::workbench::answers::path::{PathSegment, resolve};
use crate::workbench::answers::vocabulary::is_key_of_person_id;
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::person::{FactCandidate, PersonSource};
use serde_json::Value;

/// Whether the logins are those of different people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum People {
    /// There is one login, or nothing shows it.
    Unknown,
    Same,
    Different,
}

/// What it costs a value that the logins speak against it.
const AGAINST: i32 = 90;

impl People {
    /// Compares the e-mail addresses of the answers.
    pub(crate) fn of(sources: &[PersonSource]) -> Self {
        let mut people = Self::Unknown;
        for source in sources {
            let documents: Vec<&Value> = source.documents.iter().flatten().collect();
            let Some((first, others)) = documents.split_first() else { continue };
            let mails = leaves_of(first).into_iter().filter(|leaf| looks_like_email(&leaf.text));
            for mail in mails {
                for other in others.iter().filter_map(|other| text_at(other, &mail.keys)).filter(|other| looks_like_email(other)) {
                    if other != mail.text {
                        return Self::Different;
                    }
                    people = Self::Same;
                }
            }
            // Without addresses, people are told apart by what is called the id of a user, and not that of another user.
            let is_of_user = |leaf: &DocumentLeaf| normalize_key(leaf.name()).ends_with("userid") && is_key_of_person_id(leaf.name());
            let ids = leaves_of(first).into_iter().filter(is_of_user);
            let mut others = ids.flat_map(|id| others.iter().filter_map(move |other| Some((text_at(other, &id.keys)?, id.text.clone()))));
            if people == Self::Unknown && others.any(|(other, own)| other != own) {
                people = Self::Different;
            }
        }
        people
    }

    /// Lowers the score of the ids that two people share, and of those that one person has twice.
    pub(crate) fn judge_ids(self, ids: &mut [FactCandidate], sources: &[PersonSource]) {
        self.lower(ids, sources, |people, is_same| match people {
            Self::Different => is_same,
            Self::Same => !is_same,
            Self::Unknown => false,
        });
    }

    /// Lowers the score of other facts that two people share.
    pub(crate) fn judge_facts(self, facts: &mut [FactCandidate], sources: &[PersonSource]) {
        self.lower(facts, sources, |people, is_same| people == Self::Different && is_same);
    }

    fn lower(self, facts: &mut [FactCandidate], sources: &[PersonSource], is_against: impl Fn(Self, bool) -> bool) {
        for fact in facts {
            let texts = texts_of(fact, sources);
            let is_same = texts.windows(2).any(|pair| pair[0] == pair[1]);
            if texts.len() >= 2 && is_against(self, is_same) {
                fact.score -= AGAINST;
            }
        }
    }

    /// Whether a value of the first answer is another one in each of the others.
    pub(crate) fn distinguishes(self, leaf: &DocumentLeaf, source: &PersonSource) -> bool {
        let mut texts: Vec<String> = source.documents.iter().flatten().filter_map(|document| text_at(document, &leaf.keys)).collect();
        let all = texts.len();
        texts.sort_unstable();
        texts.dedup();
        self == Self::Different && all >= 2 && all == texts.len() && all == source.documents.iter().flatten().count()
    }
}

/// The values of a fact in all logins; none where its path chooses from a list.
fn texts_of(fact: &FactCandidate, sources: &[PersonSource]) -> Vec<String> {
    if fact.keys.iter().any(|key| matches!(key, PathSegment::Query(_))) {
        return Vec::new();
    }
    sources[fact.source].documents.iter().flatten().filter_map(|document| text_at(document, &fact.keys)).collect()
}

fn text_at(document: &Value, keys: &[PathSegment]) -> Option<String> {
    scalar_text(resolve(document, keys)?).map(std::borrow::Cow::into_owned)
}
