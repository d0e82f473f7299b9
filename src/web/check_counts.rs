//! How many checks were answered. Each thread counts in a place of its own, because checks are so frequent that threads would wait
//! for each other to count in one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many places there are. Where there are more threads, some share one.
const PLACES: usize = 16;

/// The counts of all threads.
#[derive(Debug, Default)]
pub(crate) struct CheckCounts([CountsOfThread; PLACES]);

/// Two cache lines, so that no two threads write to the same.
#[derive(Debug, Default)]
#[repr(align(128))]
struct CountsOfThread {
    yes: AtomicU64,
    no: AtomicU64,
}

impl CheckCounts {
    pub(crate) fn count(&self, is_signed_in: bool) {
        thread_local! {
            static PLACE: usize = {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                NEXT.fetch_add(1, Ordering::Relaxed)
            };
        }
        let place = PLACE.with(|place| place.checked_rem(PLACES)).and_then(|place| self.0.get(place));
        if let Some(place) = place {
            let count = if is_signed_in { &place.yes } else { &place.no };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The checks since the last call: with a session, and without.
    pub(crate) fn take(&self) -> (u64, u64) {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        self.0.iter().fold((0, 0), |(yes, no), place| (yes.saturating_add(take(&place.yes)), no.saturating_add(take(&place.no))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_all_threads_are_added() {
        let counts = CheckCounts::default();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| counts.count(true));
            }
        });
        counts.count(false);

        assert_eq!(counts.take(), (20, 1));
        assert_eq!(counts.take(), (0, 0));
    }
}
