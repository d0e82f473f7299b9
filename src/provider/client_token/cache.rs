//! The tokens of clients, kept in memory. The time is an argument; `login::client_token` makes the calls.
//!
//! A token belongs to one version of a file, one address of the broker and one set of values of the installation: with another of these
//! it is not found.

use crate::provider::Provider;
use crate::provider::fact_expression::MissingValue;
use crate::provider::facts::Facts;
use crate::provider::step_error::StepError;
use crate::vocabulary::hash::sha256;
use crate::vocabulary::text::Text;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More tokens than this are not kept.
const MOST: usize = 5_000;
/// A longer token is not kept, in bytes. No header could carry it.
const LONGEST: usize = 16 * 1024;
/// How many seconds have to pass after a token was forgotten because of a refusal until the next one is: anyone can send a code that is
/// refused. The time doubles with each, up to the longest, and is the shortest again after a quiet hour.
const SHORTEST_PAUSE: i64 = 10;
const LONGEST_PAUSE: i64 = 640;
const QUIET: i64 = 3600;

/// What a token belongs to: a hash of the file, of the broker's address and of the values of the installation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientTokenKey([u8; 32]);

impl std::fmt::Debug for ClientTokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientTokenKey")
    }
}

impl ClientTokenKey {
    pub(crate) fn new(provider: &Provider, facts: &Facts) -> Self {
        // Each part is hashed by itself, so that no part can end in the next one.
        let mut parts: Vec<u8> = Vec::new();
        for text in [&*provider.source.name, &*provider.source.text] {
            parts.extend(sha256::<32>(text.as_bytes()));
        }
        for fact in [provider.known.public_url].into_iter().chain(provider.needed.iter().map(|needed| needed.fact)) {
            let hash = facts.get(fact).map(|value| value.judged(|value| sha256::<32>(value.as_bytes())));
            parts.extend(hash.unwrap_or_default());
        }
        Self(sha256(&parts))
    }
}

/// Why there is no token.
#[derive(Clone, Debug)]
pub(crate) struct ClientTokenFailure {
    pub(crate) error: StepError,
    /// What was found in the place of a fact that is missing.
    pub(crate) missing: Option<MissingValue>,
}

/// What came of the call for a token that several logins wait for.
#[derive(Clone, Debug)]
pub(crate) enum RoundOutcome {
    Token(Text),
    Failed(Box<ClientTokenFailure>),
    /// The token is good for one login only, so each of the others makes a call of its own.
    NotShared,
}

/// One call for a token that all logins wait for that need it meanwhile. The one that holds the lock makes the call; without an outcome the
/// next one makes it.
#[derive(Debug, Default)]
pub(crate) struct FetchRound(pub(crate) tokio::sync::Mutex<Option<RoundOutcome>>);

/// How a login gets a token.
pub(crate) enum TokenSource {
    /// It is known.
    Kept(Text),
    /// Together with the other logins that need it now.
    Together(Arc<FetchRound>),
    /// By a call of its own, because the provider gives tokens without a lifetime.
    Alone,
}

/// A token that is known.
struct KeptToken {
    value: Text,
    until: i64,
}

/// What is known of the token of one client.
#[derive(Default)]
struct TokenOfClient {
    kept: Option<KeptToken>,
    round: Option<Arc<FetchRound>>,
    /// Whether the last token had no lifetime.
    is_for_one_login: bool,
    /// When a token was forgotten because of a refusal, and how long none is from then on.
    refused: Option<(i64, i64)>,
}

/// The tokens known so far.
#[derive(Default)]
pub(crate) struct ClientTokenCache(Mutex<HashMap<ClientTokenKey, TokenOfClient>>);

impl std::fmt::Debug for ClientTokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ClientTokenCache").field(&self.lock().len()).finish()
    }
}

impl ClientTokenCache {
    /// The token, or how the login gets one.
    pub(crate) fn find(&self, key: ClientTokenKey, now: i64) -> TokenSource {
        let mut known = self.lock();
        make_room(&mut known, key, now);
        let entry = known.entry(key).or_default();
        entry.kept.take_if(|kept| kept.until <= now);
        match &entry.kept {
            Some(kept) => TokenSource::Kept(kept.value.clone()),
            None if entry.is_for_one_login => TokenSource::Alone,
            None => TokenSource::Together(Arc::clone(entry.round.get_or_insert_default())),
        }
    }

    /// Keeps a token that a call has given, and ends the round of the call.
    pub(crate) fn keep(&self, key: ClientTokenKey, value: &Text, until: Option<i64>, now: i64) {
        let mut known = self.lock();
        make_room(&mut known, key, now);
        let entry = known.entry(key).or_default();
        (entry.round, entry.is_for_one_login) = (None, until.is_none());
        entry.kept = until.filter(|_| value.len() <= LONGEST).map(|until| KeptToken { value: value.clone(), until });
    }

    /// Ends the round of a call that has failed, so that the next login makes another one.
    pub(crate) fn end_round(&self, key: ClientTokenKey) {
        if let Some(entry) = self.lock().get_mut(&key) {
            entry.round = None;
        }
    }

    /// Forgets a token with which a call was refused. The answer is `false` if it stays, because one was forgotten just now.
    pub(crate) fn forget(&self, key: ClientTokenKey, value: &Text, now: i64) -> bool {
        let mut known = self.lock();
        let Some(entry) = known.get_mut(&key) else { return true };
        if !entry.kept.as_ref().is_some_and(|kept| kept.value.is_same_as(value)) {
            return true;
        }
        let pause = match entry.refused {
            Some((refused, pause)) if (0..pause).contains(&now.saturating_sub(refused)) => return false,
            Some((refused, pause)) if (0..QUIET).contains(&now.saturating_sub(refused)) => pause.saturating_mul(2).min(LONGEST_PAUSE),
            Some(_) | None => SHORTEST_PAUSE,
        };
        (entry.kept, entry.refused) = (None, Some((now, pause)));
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientTokenKey, TokenOfClient>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what has expired, and then the token that expires first, when there are too many.
fn make_room(known: &mut HashMap<ClientTokenKey, TokenOfClient>, key: ClientTokenKey, now: i64) {
    if known.len() < MOST || known.contains_key(&key) {
        return;
    }
    let is_under_way = |entry: &TokenOfClient| entry.round.as_ref().is_some_and(|round| Arc::strong_count(round) > 1);
    known.retain(|_, entry| is_under_way(entry) || entry.kept.as_ref().is_some_and(|kept| kept.until > now));
    let first = || known.iter().min_by_key(|(_, entry)| entry.kept.as_ref().map(|kept| kept.until)).map(|(key, _)| *key);
    if let Some(first) = first().filter(|_| known.len() >= MOST) {
        known.remove(&first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(of: u32) -> ClientTokenKey {
        ClientTokenKey(sha256(&of.to_be_bytes()))
    }

    fn token(value: &str) -> Text {
        Text::secret(value, &Arc::from("clientToken"))
    }

    fn kept(cache: &ClientTokenCache, key: ClientTokenKey, now: i64) -> Option<String> {
        match cache.find(key, now) {
            TokenSource::Kept(value) => Some(value.expose().to_owned()),
            TokenSource::Together(_) | TokenSource::Alone => None,
        }
    }

    #[test]
    fn a_token_is_found_until_it_expires_and_by_its_own_key_only() {
        let cache = ClientTokenCache::default();
        cache.keep(key(1), &token("t-1"), Some(100), 0);

        assert_eq!(kept(&cache, key(1), 99).as_deref(), Some("t-1"));
        assert_eq!(kept(&cache, key(2), 99), None);
        assert_eq!(kept(&cache, key(1), 100), None);
        assert_eq!(kept(&cache, key(1), 99), None, "an expired token is gone");
    }

    #[test]
    fn logins_that_need_a_token_at_the_same_time_share_a_round_unless_the_token_is_for_one_login() {
        let cache = ClientTokenCache::default();
        let together = |now| match cache.find(key(1), now) {
            TokenSource::Together(round) => Some(round),
            TokenSource::Kept(_) | TokenSource::Alone => None,
        };
        let (one, other) = (together(0).expect("a round"), together(0).expect("a round"));
        assert!(Arc::ptr_eq(&one, &other));

        cache.end_round(key(1));
        assert!(!Arc::ptr_eq(&one, &together(0).expect("another round")));

        cache.keep(key(1), &token("t-1"), None, 0);
        assert!(matches!(cache.find(key(1), 0), TokenSource::Alone));
        cache.keep(key(1), &token("t-2"), Some(9), 0);
        assert!(together(9).is_some(), "the provider gives lifetimes again");
    }

    #[test]
    fn the_first_refusals_make_a_token_forgotten_once_in_ten_seconds() {
        let cache = ClientTokenCache::default();
        let refuse = |value: &str, now| cache.forget(key(1), &token(value), now);
        cache.keep(key(1), &token("t-1"), Some(1000), 0);
        assert!(refuse("t-1", 5));
        assert_eq!(kept(&cache, key(1), 5), None);

        cache.keep(key(1), &token("t-2"), Some(1000), 5);
        assert!(refuse("t-1", 6), "the refused one is gone already");
        assert!(!refuse("t-2", 14));
        assert_eq!(kept(&cache, key(1), 14).as_deref(), Some("t-2"));
        assert!(refuse("t-2", 15));
        assert_eq!(kept(&cache, key(1), 15), None);
    }

    /// A stranger who sends codes that are refused makes the client fetch few tokens.
    #[test]
    fn a_token_is_forgotten_more_and_more_seldom_until_an_hour_was_quiet() {
        let cache = ClientTokenCache::default();
        let mut forgotten = Vec::new();
        for now in 0..3000 {
            cache.keep(key(1), &token("t"), Some(10_000), now);
            if cache.forget(key(1), &token("t"), now) {
                forgotten.push(now);
            }
        }
        assert_eq!(forgotten, [0, 10, 30, 70, 150, 310, 630, 1270, 1910, 2550]);

        for (now, expected) in [(6149, true), (6788, false), (6789, true), (10_388, true), (13_988, true), (13_998, true), (14_008, false)]
        {
            cache.keep(key(1), &token("t"), Some(20_000), now);
            assert_eq!(cache.forget(key(1), &token("t"), now), expected, "{now}");
        }
    }

    #[test]
    fn the_memory_is_bounded_and_the_token_that_expires_first_makes_room() {
        let cache = ClientTokenCache::default();
        for at in 0..u32::try_from(MOST).expect("a small number") {
            cache.keep(key(at), &token("t"), Some(1000 + i64::from(at)), 0);
        }
        cache.keep(key(u32::MAX), &token("new"), Some(5000), 0);

        assert_eq!(cache.lock().len(), MOST);
        assert_eq!(kept(&cache, key(0), 0), None);
        assert!(kept(&cache, key(2), 0).is_some() && kept(&cache, key(u32::MAX), 0).is_some());

        let long = "x".repeat(LONGEST + 1);
        cache.keep(key(u32::MAX), &token(&long), Some(5000), 0);
        assert_eq!(kept(&cache, key(u32::MAX), 0), None);
    }
}
