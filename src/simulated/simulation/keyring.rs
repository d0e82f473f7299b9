//! The provider's keys. They stay the same as long as the simulation runs, so that a broker may cache them.

use crate::provider::Provider;
use crate::provider::facts::Facts;
use crate::provider::keys::Algorithm;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::stand_ins;
use crate::workbench::examples::tokens::ExampleTokens;
use crate::world::random::PemKeyPair;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// The keys that were made so far. A key is the provider's, or a stranger's, which signs tokens that have to be refused.
#[derive(Debug, Default)]
pub(super) struct SimulatedKeyring(Mutex<Vec<(Algorithm, bool, PemKeyPair)>>);

impl SimulatedKeyring {
    pub(crate) fn key_pair(&self, algorithm: Algorithm, stranger: bool) -> PemKeyPair {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., pair)) = known.iter().find(|(known, is_stranger, _)| *known == algorithm && *is_stranger == stranger) {
            return pair.clone();
        }
        let pair = stand_ins::key_pair(algorithm, stranger);
        known.push((algorithm, stranger, pair.clone()));
        pair
    }

    pub(crate) fn tokens(&self, provider: &Provider, example: &ExampleSpec, now: i64, facts: &Facts) -> ExampleTokens {
        ExampleTokens::signed_with(
            &|algorithm, stranger| self.key_pair(algorithm, stranger),
            provider,
            example,
            (now, facts),
            &mut Vec::new(),
        )
    }

    /// The public keys for the tokens of all examples, without those of a stranger.
    pub(crate) fn key_set<'s>(
        &self,
        provider: &Provider,
        examples: impl Iterator<Item = &'s ExampleSpec>,
        now: i64,
        facts: &Facts,
    ) -> Value {
        let mut keys: Vec<Value> = Vec::new();
        for example in examples {
            for (_, key) in self.tokens(provider, example, now, facts).keys() {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
            }
        }
        json!({ "keys": keys })
    }
}
