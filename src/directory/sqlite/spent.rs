//! Attempts that this process has consumed. They are stored with the sign-in, so that a login writes once; until then, and against
//! a second use, they are known here.

use crate::directory::attempts::ConsumeAttempt;
use crate::login::attempt::GOOD_FOR;
use crate::world::clock;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a filter takes attempts in, in seconds: longer than an attempt can be used.
const FILTER_LASTS: i64 = 2 * GOOD_FOR;
/// Words of 64 bits in a filter: of 100,000 attempts it takes hardly any for a used one, of a million one in fifty.
const WORDS: usize = 1 << 17;
/// Bits that an attempt sets.
const BITS: u64 = 4;

/// The attempts that this process has consumed.
#[derive(Debug)]
pub(crate) struct SpentAttempts {
    opened: i64,
    hasher: RandomState,
    memory: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    /// Consumed and not stored yet, with the moment at which they are too old.
    unstored: HashMap<Box<str>, i64>,
    /// All others, in two filters: the older one is emptied when no attempt in it can be used any more.
    filters: [Vec<u64>; 2],
    turned: i64,
}

/// What this process knows of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spending {
    /// It is consumed now, and it has to be stored.
    Now,
    /// It was consumed before.
    Before,
    /// It may have been consumed; the storage knows.
    Unknown,
}

impl SpentAttempts {
    pub(crate) fn new() -> Self {
        let memory = Memory { unstored: HashMap::new(), filters: [vec![0; WORDS], vec![0; WORDS]], turned: clock::now() };
        Self { opened: clock::now(), hasher: RandomState::new(), memory: Mutex::new(memory) }
    }

    /// Consumes an attempt that began at `started`. What began before this process may have been consumed by the one before it.
    pub(crate) fn spend(&self, attempt: &ConsumeAttempt, started: i64, now: i64) -> Spending {
        let mut memory = self.memory();
        if now.saturating_sub(memory.turned) > FILTER_LASTS {
            memory.turn(now);
        }
        if memory.unstored.contains_key(&attempt.attempt) {
            return Spending::Before;
        }
        let was_possible = memory.note(self.hasher.hash_one(&attempt.attempt));
        if was_possible || started <= self.opened {
            return Spending::Unknown;
        }
        memory.unstored.insert(attempt.attempt.clone(), attempt.until);
        Spending::Now
    }

    /// The storage has the attempt now.
    pub(crate) fn mark_stored(&self, attempt: &str) {
        self.memory().unstored.remove(attempt);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Takes an attempt into the newer filter. Whether one of the filters had all of its bits before.
    fn note(&mut self, hash: u64) -> bool {
        let step = (hash >> 32) | 1;
        let place = |number: u64| {
            let bit = hash.wrapping_add(number.wrapping_mul(step));
            (usize::try_from(bit >> 6).unwrap_or_default() % WORDS, 1_u64 << (bit & 63))
        };
        let has = |filter: &Vec<u64>| (0..BITS).map(place).all(|(word, bit)| filter.get(word).is_some_and(|word| word & bit != 0));
        let was_possible = self.filters.iter().any(has);
        let [newer, _] = &mut self.filters;
        for (word, bit) in (0..BITS).map(place) {
            if let Some(word) = newer.get_mut(word) {
                *word |= bit;
            }
        }
        was_possible
    }

    fn turn(&mut self, now: i64) {
        self.unstored.retain(|_, until| *until >= now);
        let [newer, older] = &mut self.filters;
        mem::swap(newer, older);
        newer.fill(0);
        self.turned = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: &str, until: i64) -> ConsumeAttempt {
        ConsumeAttempt { attempt: id.into(), until }
    }

    #[test]
    fn an_attempt_is_consumed_once_and_afterwards_the_storage_is_asked() {
        let (spent, now) = (SpentAttempts::new(), clock::now() + 5);

        assert_eq!(spent.spend(&attempt("a", now + 600), now, now), Spending::Now);
        assert_eq!(spent.spend(&attempt("a", now + 600), now, now), Spending::Before);
        spent.mark_stored("a");
        assert_eq!(spent.spend(&attempt("a", now + 600), now, now), Spending::Unknown);
        assert_eq!(spent.spend(&attempt("b", now + 600), now, now), Spending::Now);
    }

    #[test]
    fn an_attempt_that_began_before_this_process_is_looked_up() {
        let (spent, now) = (SpentAttempts::new(), clock::now());

        assert_eq!(spent.spend(&attempt("a", now + 600), now - 10, now), Spending::Unknown);
    }

    #[test]
    fn an_attempt_is_known_for_as_long_as_it_can_be_used() {
        let (spent, start) = (SpentAttempts::new(), clock::now() + 5);
        spent.spend(&attempt("a", start + 600), start, start);
        spent.mark_stored("a");
        spent.spend(&attempt("b", start + 600), start, start + FILTER_LASTS + 1);

        assert_eq!(spent.spend(&attempt("a", start + 600), start, start + FILTER_LASTS + 2), Spending::Unknown);
    }

    #[test]
    fn of_a_hundred_thousand_others_hardly_any_is_looked_up() {
        let (spent, now) = (SpentAttempts::new(), clock::now() + 5);

        let looked_up = (0..100_000).filter(|id| spent.spend(&attempt(&id.to_string(), now), now, now) != Spending::Now).count();

        assert!(looked_up < 20, "{looked_up}");
    }
}
