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
/// How many seconds have to pass after a token was set aside because of a refusal until the next one is: anyone can send a code that is
/// refused, so refusals never make the time longer. It doubles, up to the longest, with each call for a new token that fails, because that
/// is up to the provider, and is the shortest again after one that succeeds.
const SHORTEST_PAUSE: i64 = 10;
const LONGEST_PAUSE: i64 = 640;

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
    /// A token that was refused. It may be good all the same, so it is used again if the provider gives no other.
    set_aside: Option<KeptToken>,
    /// When a token was set aside, or came back because there was no other, and how long none is set aside from then on.
    pause: Option<(i64, i64)>,
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
        (entry.round, entry.is_for_one_login, entry.set_aside) = (None, until.is_none(), None);
        if let Some((_, pause)) = &mut entry.pause {
            *pause = SHORTEST_PAUSE;
        }
        entry.kept = until.filter(|_| value.len() <= LONGEST).map(|until| KeptToken { value: value.clone(), until });
    }

    /// Ends the round of a call that has failed, so that the next login makes another one. The token that was set aside for it is used
    /// again, and is the answer.
    pub(crate) fn fail(&self, key: ClientTokenKey, now: i64) -> Option<Text> {
        let mut known = self.lock();
        let entry = known.get_mut(&key)?;
        entry.round = None;
        let token = entry.set_aside.take().filter(|token| token.until > now)?;
        let pause = entry.pause.map_or(SHORTEST_PAUSE, |(_, pause)| pause.saturating_mul(2).min(LONGEST_PAUSE));
        entry.pause = Some((now, pause));
        Some(entry.kept.insert(token).value.clone())
    }

    /// Sets a token aside with which a call was refused. The answer is `false` if it stays, because one was set aside just now.
    pub(crate) fn set_aside(&self, key: ClientTokenKey, value: &Text, now: i64) -> bool {
        let mut known = self.lock();
        let Some(entry) = known.get_mut(&key) else { return true };
        if !entry.kept.as_ref().is_some_and(|kept| kept.value.is_same_as(value)) {
            return true;
        }
        let pause = match entry.pause {
            Some((since, pause)) if (0..pause).contains(&now.saturating_sub(since)) => return false,
            Some((_, pause)) => pause,
            None => SHORTEST_PAUSE,
        };
        (entry.set_aside, entry.pause) = (entry.kept.take(), Some((now, pause)));
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

        assert!(cache.fail(key(1), 0).is_none());
        assert!(!Arc::ptr_eq(&one, &together(0).expect("another round")));

        cache.keep(key(1), &token("t-1"), None, 0);
        assert!(matches!(cache.find(key(1), 0), TokenSource::Alone));
        cache.keep(key(1), &token("t-2"), Some(9), 0);
        assert!(together(9).is_some(), "the provider gives lifetimes again");
    }

    #[test]
    fn a_refused_token_is_set_aside_once_in_ten_seconds() {
        let cache = ClientTokenCache::default();
        let refuse = |value: &str, now| cache.set_aside(key(1), &token(value), now);
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

    /// A stranger who sends codes that are refused does not keep a token that has become bad.
    #[test]
    fn refusals_alone_never_make_the_pause_longer() {
        let cache = ClientTokenCache::default();
        let mut set_aside = Vec::new();
        for now in 0..3000 {
            cache.keep(key(1), &token("t"), Some(10_000), now);
            if cache.set_aside(key(1), &token("t"), now) {
                set_aside.push(now);
            }
        }

        assert!(set_aside.into_iter().eq((0..3000).step_by(10)));
    }

    /// The provider gives no token: the refused one may be good, and the provider is asked more and more seldom.
    #[test]
    fn a_token_comes_back_if_the_provider_gives_no_other_and_then_stays_longer() {
        let cache = ClientTokenCache::default();
        let mut asked = Vec::new();
        cache.keep(key(1), &token("t"), Some(5000), 0);
        for now in 0..4000 {
            if cache.set_aside(key(1), &token("t"), now) {
                assert_eq!(kept(&cache, key(1), now), None);
                assert!(cache.fail(key(1), now).is_some_and(|back| back.equals("t")));
                asked.push(now);
            }
            assert_eq!(kept(&cache, key(1), now).as_deref(), Some("t"));
        }
        assert_eq!(asked, [0, 20, 60, 140, 300, 620, 1260, 1900, 2540, 3180, 3820]);

        cache.keep(key(1), &token("new"), Some(9000), 4000);
        assert!(!cache.set_aside(key(1), &token("new"), 3829) && cache.set_aside(key(1), &token("new"), 4000), "it gives tokens again");
        cache.keep(key(1), &token("last"), Some(9000), 4001);
        assert!(!cache.set_aside(key(1), &token("last"), 4009) && cache.set_aside(key(1), &token("last"), 4010));
        assert!(cache.fail(key(1), 9000).is_none(), "it has expired meanwhile");
        assert!(cache.fail(key(2), 0).is_none());
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
