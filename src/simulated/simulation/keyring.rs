//! The provider's keys: the same from the first login to the last, so that who has fetched them may keep them.

use crate::provider::Provider;
use crate::provider::facts::Facts;
use crate::provider::keys::Algorithm;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::stand_ins;
use crate::workbench::examples::tokens::ExampleTokens;
use crate::world::random::PemKeyPair;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// The keys that were made so far.
#[derive(Debug, Default)]
pub(super) struct SimulatedKeyring(Mutex<Vec<(Algorithm, bool, PemKeyPair)>>);

impl SimulatedKeyring {
    /// The key for an algorithm: the provider's, or a stranger's.
    pub(crate) fn key_pair(&self, algorithm: Algorithm, stranger: bool) -> PemKeyPair {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., pair)) = known.iter().find(|(other, of, _)| *other == algorithm && *of == stranger) {
            return pair.clone();
        }
        let pair = stand_ins::key_pair(algorithm, stranger);
        known.push((algorithm, stranger, pair.clone()));
        pair
    }

    /// The tokens of a story.
    pub(crate) fn tokens(&self, provider: &Provider, story: &ExampleSpec, now: i64, facts: &Facts) -> ExampleTokens {
        ExampleTokens::signed_with(
            &|algorithm, stranger| self.key_pair(algorithm, stranger),
            provider,
            story,
            (now, facts),
            &mut Vec::new(),
        )
    }

    /// What is published of the keys of all stories.
    pub(crate) fn key_set<'s>(
        &self,
        provider: &Provider,
        stories: impl Iterator<Item = &'s ExampleSpec>,
        now: i64,
        facts: &Facts,
    ) -> Value {
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
