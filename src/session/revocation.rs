//! Sessions that ended before their time, in memory, asked on every check.
//!
//! The list is fed from storage, which numbers every end; a session stays on it until its last token is over.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// The sessions that ended.
#[derive(Debug, Default)]
pub struct Revocations {
    ended: RwLock<HashMap<Box<str>, i64>>,
    generation: AtomicU64,
    seen: AtomicI64,
    fresh: AtomicI64,
}

impl Revocations {
    /// A number that changes whenever a session ends: who has looked at the list at this number need not look again.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether a session has ended.
    pub fn is_ended(&self, sid: &str) -> bool {
        self.ended.read().unwrap_or_else(PoisonError::into_inner).contains_key(sid)
    }

    /// Notes that a session has ended; `latest` is when its last token is over.
    pub fn end(&self, sid: &str, latest: i64) {
        self.ended.write().unwrap_or_else(PoisonError::into_inner).insert(sid.into(), latest);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The number of the last end that was read from storage.
    pub fn seen(&self) -> i64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Takes over what storage had to tell, up to its number `last`; the list is then as fresh as `now`.
    pub fn learn(&self, ended: impl IntoIterator<Item = (Box<str>, i64)>, last: i64, now: i64) {
        let mut news = ended.into_iter().peekable();
        if news.peek().is_some() {
            self.ended.write().unwrap_or_else(PoisonError::into_inner).extend(news);
            self.generation.fetch_add(1, Ordering::Release);
        }
        self.seen.fetch_max(last, Ordering::Relaxed);
        self.fresh.store(now, Ordering::Release);
    }

    /// When storage was last heard of.
    pub fn fresh(&self) -> i64 {
        self.fresh.load(Ordering::Acquire)
    }

    /// Whether nobody has heard for longer than `offline` which sessions have ended.
    pub fn is_stale(&self, now: i64, offline: i64) -> bool {
        now.saturating_sub(self.fresh()) > offline
    }

    /// Forgets sessions whose last token is over anyway.
    pub fn forget(&self, now: i64) {
        self.ended.write().unwrap_or_else(PoisonError::into_inner).retain(|_, latest| *latest > now);
    }

    /// How many sessions are on the list.
    pub fn len(&self) -> usize {
        self.ended.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_session_stays_ended_until_its_last_token_is_over() {
        let list = Revocations::default();
        let before = list.generation();

        list.end("a", 100);
        list.learn([("b".into(), 200)], 7, 50);

        assert!(list.is_ended("a") && list.is_ended("b") && !list.is_ended("c"));
        assert_ne!(list.generation(), before);
        assert_eq!((list.seen(), list.fresh()), (7, 50));
        list.forget(100);
        assert!(!list.is_ended("a") && list.is_ended("b"));
    }

    #[test]
    fn silence_from_storage_changes_nothing_but_the_freshness() {
        let list = Revocations::default();
        let before = list.generation();

        list.learn([], 0, 9);

        assert_eq!((list.generation(), list.fresh()), (before, 9));
        assert!(!list.is_stale(69, 60) && list.is_stale(70, 60));
    }
}
