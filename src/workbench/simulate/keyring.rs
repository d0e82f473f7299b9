//! The provider's keys: the same from the first login to the last, so that who has fetched them may keep them.

use crate::examples::standins;
use crate::examples::story::StorySpec;
use crate::examples::tokens::Tokens;
use crate::provider::Provider;
use crate::provider::facts::Facts;
use crate::provider::keys::Algorithm;
use crate::world::dice::Pair;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// The keys that were made so far.
#[derive(Debug, Default)]
pub(super) struct Keyring(Mutex<Vec<(Algorithm, bool, Pair)>>);

impl Keyring {
    /// The key for an algorithm: the provider's, or a stranger's.
    pub fn pair(&self, algorithm: Algorithm, stranger: bool) -> Pair {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., pair)) = known.iter().find(|(other, of, _)| *other == algorithm && *of == stranger) {
            return pair.clone();
        }
        let pair = standins::pair(algorithm, stranger);
        known.push((algorithm, stranger, pair.clone()));
        pair
    }

    /// The tokens of a story.
    pub fn tokens(&self, provider: &Provider, story: &StorySpec, now: i64, facts: &Facts) -> Tokens {
        Tokens::signed_with(&|algorithm, stranger| self.pair(algorithm, stranger), provider, story, (now, facts), &mut Vec::new())
    }

    /// What is published of the keys of all stories.
    pub fn published<'s>(&self, provider: &Provider, stories: impl Iterator<Item = &'s StorySpec>, now: i64, facts: &Facts) -> Value {
        let mut keys: Vec<Value> = Vec::new();
        for story in stories {
            for (_, key) in self.tokens(provider, story, now, facts).keys() {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
            }
        }
        json!({ "keys": keys })
    }
}
