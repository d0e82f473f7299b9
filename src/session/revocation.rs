//! The sessions that were ended before their time, in memory for every check.
//!
//! The list is read from storage, which numbers every end. A session stays on it until its last token has expired.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

#[derive(Debug, Default)]
pub struct Revocations {
    ended: RwLock<EndedSessions>,
    generation: AtomicU64,
    fresh: AtomicI64,
}

/// The ids of ended sessions, each with the second in which its last token expires. An id of this program is 128 random bits, which take
/// a quarter of the memory of its text.
#[derive(Debug, Default)]
struct EndedSessions {
    by_bits: HashMap<[u8; 16], u32>,
    by_text: HashMap<Box<str>, i64>,
}

/// The bits of an id of this program. No two texts have the same bits.
fn bits_of(sid: &str) -> Option<[u8; 16]> {
    let mut bits = [0; 16];
    (URL_SAFE_NO_PAD.decode_slice(sid, &mut bits).ok()? == bits.len()).then_some(bits)
}

impl EndedSessions {
    fn insert(&mut self, sid: &str, latest: i64) {
        match (bits_of(sid), u32::try_from(latest)) {
            (Some(bits), Ok(latest)) => drop(self.by_bits.insert(bits, latest)),
            (Some(_) | None, Ok(_) | Err(_)) => drop(self.by_text.insert(sid.into(), latest)),
        }
    }

    fn contains(&self, sid: &str) -> bool {
        bits_of(sid).is_some_and(|bits| self.by_bits.contains_key(&bits)) || !self.by_text.is_empty() && self.by_text.contains_key(sid)
    }
}

/// Sessions stay on the list a day longer, so that a clock that jumps ahead revives none of them.
const LONGER: i64 = 86_400;
/// By how much a clock may be set back without harm.
const PUT_BACK: i64 = 5;

impl Revocations {
    /// A number that changes whenever a session ends. A result for this number stays valid while it is the same.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub fn is_ended(&self, sid: &str) -> bool {
        self.ended.read().unwrap_or_else(PoisonError::into_inner).contains(sid)
    }

    /// Records that a session has ended; `latest` is when its last token expires.
    pub fn record_end(&self, sid: &str, latest: i64) {
        self.ended.write().unwrap_or_else(PoisonError::into_inner).insert(sid, latest);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Adds the ended sessions that were read from storage.
    pub(crate) fn record_all(&self, ended: impl IntoIterator<Item = (Box<str>, i64)>) {
        let mut news = ended.into_iter().peekable();
        if news.peek().is_some() {
            {
                let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
                news.for_each(|(sid, latest)| ended.insert(&sid, latest));
            }
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// Records that everything in storage up to this moment is known.
    pub fn mark_fresh(&self, now: i64) {
        self.fresh.store(now, Ordering::Release);
    }

    /// When storage was last read.
    pub(crate) fn last_refresh(&self) -> i64 {
        self.fresh.load(Ordering::Acquire)
    }

    /// Whether the list is older than `offline`, or of unknown age.
    pub(crate) fn is_stale(&self, now: i64, offline: i64) -> bool {
        let silence = now.saturating_sub(self.last_refresh());
        silence > offline || silence < -PUT_BACK
    }

    /// Forgets sessions whose last token has expired.
    pub(crate) fn forget_expired(&self, now: i64) {
        let over = now.saturating_sub(LONGER);
        let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
        ended.by_bits.retain(|_, latest| i64::from(*latest) > over);
        ended.by_text.retain(|_, latest| *latest > over);
    }

    pub(crate) fn len(&self) -> usize {
        let ended = self.ended.read().unwrap_or_else(PoisonError::into_inner);
        ended.by_bits.len().saturating_add(ended.by_text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_session_stays_ended_until_its_last_token_is_over() {
        let list = Revocations::default();
        let before = list.generation();

        list.record_end("a", 100);
        list.record_all([("b".into(), 200)]);

        assert!(list.is_ended("a") && list.is_ended("b") && !list.is_ended("c"));
        assert_ne!(list.generation(), before);
        list.forget_expired(86_499);
        assert!(list.is_ended("a"), "a clock that jumped ahead revives no session");
        list.forget_expired(86_500);
        assert!(!list.is_ended("a") && list.is_ended("b"));
    }

    #[test]
    fn ids_of_any_form_are_kept_apart() {
        let list = Revocations::default();
        let of_this_program = "AAAAAAAAAAAAAAAAAAAAAA";

        // The last letter differs only in bits that an id of 128 bits does not have.
        list.record_all([
            ("AAAAAAAAAAAAAAAAAAAAAB".into(), 100),
            (of_this_program.into(), i64::MAX),
            ("BAAAAAAAAAAAAAAAAAAAAA".into(), 100),
        ]);

        assert!(list.is_ended("AAAAAAAAAAAAAAAAAAAAAB") && list.is_ended(of_this_program) && list.is_ended("BAAAAAAAAAAAAAAAAAAAAA"));
        assert!(!list.is_ended("AAAAAAAAAAAAAAAAAAAAAC") && !list.is_ended("CAAAAAAAAAAAAAAAAAAAAA") && !list.is_ended(""));
        assert_eq!(list.len(), 3);
        list.forget_expired(100 + 86_400);
        assert_eq!((list.len(), list.is_ended(of_this_program)), (1, true));
    }

    #[test]
    fn silence_from_storage_changes_nothing_but_the_freshness() {
        let list = Revocations::default();
        let before = list.generation();

        list.record_all([]);
        list.mark_fresh(9);

        assert_eq!((list.generation(), list.last_refresh()), (before, 9));
        assert!(!list.is_stale(69, 60) && list.is_stale(70, 60));
        assert!(!list.is_stale(4, 60) && list.is_stale(3, 60), "a clock that was put back makes nothing fresh");
    }
}
