//! Which failed logins get a story of their own, and under whose code the others are found.
//!
//! A client address has a budget for each kind of failure and one for all kinds, and a store has one for all addresses, so one address
//! leaves the others theirs. When no budget is left, the page shows the code of an equal failure of the same minute. The first failure of
//! a kind always has a story, so there is such a code. What is remembered is bounded by the stories that are kept.

use crate::vocabulary::incident_code::IncidentCode;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Stories that a store keeps in a minute.
const MOST_STORIES: u32 = 120;
/// Stories of these that are about logins from one client address.
const MOST_OF_ADDRESS: u32 = 30;
/// Stories of these that are about one kind of failure.
const MOST_OF_KIND: u32 = 10;
/// Failed logins of a kind in a minute for which a repair of the file is searched.
const MOST_REPAIRS: u32 = 6;

#[derive(Default)]
pub(crate) struct StoryThrottle {
    minutes: Mutex<StoryMinutes>,
}

#[derive(Default)]
struct StoryMinutes {
    counts: HashMap<(i64, Counted), u32>,
    kinds: HashMap<(i64, FailureKind), KeptKind>,
}

#[derive(PartialEq, Eq, Hash)]
enum Counted {
    Store(Box<str>),
    Address(Box<str>, IpAddr),
    KindOfAddress(FailureKind, IpAddr),
    Repairs(FailureKind),
    LimitLogged(Box<str>),
}

/// Failures that are equal: support reads the story of one for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FailureKind {
    pub(crate) store: Box<str>,
    pub(crate) provider: Box<str>,
    /// The version of the provider's file.
    pub(crate) version: Box<str>,
    /// The cause on the page, and the step. Visitors reach few of them.
    pub(crate) cause: Box<str>,
    /// The code of the failure, which may be the provider's; `None` for all failures of this cause.
    pub(crate) code: Option<Box<str>>,
}

impl FailureKind {
    fn with_any_code(&self) -> Self {
        Self { code: None, ..self.clone() }
    }
}

/// A kind of failure of which a story is kept.
struct KeptKind {
    code: IncidentCode,
    /// Failures that are neither kept nor in the audit.
    unkept: u32,
}

/// Where the story of a failed login is found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StoryPlace {
    /// The story is to be kept under this code.
    Own(IncidentCode),
    /// The code of an equal failure; whether the limit begins with this one.
    Equal(IncidentCode, bool),
}

/// Failures of one kind and minute that have no row of their own in the audit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnkeptFailures {
    pub(crate) kind: FailureKind,
    pub(crate) minute: i64,
    pub(crate) count: u32,
}

impl StoryThrottle {
    /// Where the story of a failed login is found. `anyone` is set if the failure needs no login at a provider, so that anyone can repeat
    /// it: then one story of it is enough.
    pub(crate) fn place_story(&self, kind: &FailureKind, from: IpAddr, anyone: bool, minute: i64, code: IncidentCode) -> StoryPlace {
        let mut minutes = self.lock();
        let (exact, coarse) = ((minute, kind.clone()), (minute, kind.with_any_code()));
        let code_of = |minutes: &StoryMinutes, key| minutes.kinds.get(key).map(|kept: &KeptKind| kept.code.clone());
        if anyone && let Some(equal) = code_of(&minutes, &exact) {
            return StoryPlace::Equal(equal, false);
        }
        let budgets = [
            (Counted::Store(kind.store.clone()), MOST_STORIES),
            (Counted::Address(kind.store.clone(), from), MOST_OF_ADDRESS),
            (Counted::KindOfAddress(coarse.1.clone(), from), MOST_OF_KIND),
        ];
        let budgets = budgets.map(|(counted, most)| ((minute, counted), most));
        if budgets.iter().all(|(key, most)| minutes.counts.get(key).is_none_or(|count| count < most)) {
            budgets.into_iter().for_each(|(key, _)| minutes.count_one(key));
        } else if let Some(equal) = code_of(&minutes, &exact).or_else(|| code_of(&minutes, &coarse)) {
            let logged = (minute, Counted::LimitLogged(kind.store.clone()));
            let begins = !minutes.counts.contains_key(&logged);
            minutes.count_one(logged);
            return StoryPlace::Equal(equal, begins);
        }
        for key in [exact, coarse] {
            minutes.kinds.entry(key).or_insert_with(|| KeptKind { code: code.clone(), unkept: 0 });
        }
        StoryPlace::Own(code)
    }

    /// The story was stored under another code than the intended one, or not at all.
    pub(crate) fn correct(&self, kind: &FailureKind, intended: &IncidentCode, stored: Option<&IncidentCode>, minute: i64) {
        let mut minutes = self.lock();
        for key in [(minute, kind.clone()), (minute, kind.with_any_code())] {
            if minutes.kinds.get(&key).is_none_or(|kept| kept.code != *intended) {
                continue;
            }
            match (stored, minutes.kinds.get_mut(&key)) {
                (Some(stored), Some(kept)) => kept.code = stored.clone(),
                _ => _ = minutes.kinds.remove(&key),
            }
        }
    }

    /// Counts a failure that gets neither a story nor a row in the audit.
    pub(crate) fn count_unkept(&self, kind: &FailureKind, minute: i64) {
        let mut minutes = self.lock();
        let exact = (minute, kind.clone());
        let key = if minutes.kinds.contains_key(&exact) { exact } else { (minute, kind.with_any_code()) };
        if let Some(kept) = minutes.kinds.get_mut(&key) {
            kept.unkept = kept.unkept.saturating_add(1);
        }
    }

    pub(crate) fn may_search_repair(&self, kind: &FailureKind, minute: i64) -> bool {
        let mut minutes = self.lock();
        let key = (minute, Counted::Repairs(kind.with_any_code()));
        let allowed = minutes.counts.get(&key).is_none_or(|count| *count < MOST_REPAIRS);
        minutes.count_one(key);
        allowed
    }

    /// Forgets the minutes before this one, and returns the failures in them that the audit does not know.
    pub(crate) fn take_unkept(&self, minute: i64) -> Vec<UnkeptFailures> {
        let mut minutes = self.lock();
        minutes.counts.retain(|(of, _), _| *of >= minute);
        let past = minutes.kinds.extract_if(|(of, _), _| *of < minute);
        past.filter(|(_, kept)| kept.unkept > 0).map(|((minute, kind), kept)| UnkeptFailures { kind, minute, count: kept.unkept }).collect()
    }

    fn lock(&self) -> MutexGuard<'_, StoryMinutes> {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoryMinutes {
    fn count_one(&mut self, key: (i64, Counted)) {
        let count = self.counts.entry(key).or_default();
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::random;
    use std::net::Ipv4Addr;

    fn kind(cause: &str, code: &str) -> FailureKind {
        let code = Some(code.into());
        FailureKind { store: "main".into(), provider: "acme".into(), version: "1".into(), cause: cause.into(), code }
    }

    fn place(throttle: &StoryThrottle, kind: &FailureKind, from: u32) -> StoryPlace {
        throttle.place_story(kind, Ipv4Addr::from(from).into(), false, 7, IncidentCode::new(random::bytes()))
    }

    fn is_own(place: &StoryPlace) -> bool {
        matches!(place, StoryPlace::Own(_))
    }

    #[test]
    fn the_failures_of_one_address_leave_the_others_their_codes() {
        let throttle = StoryThrottle::default();

        let of_kind = (0..100).filter(|_| is_own(&place(&throttle, &kind("refused token", "x"), 1))).count();
        // The codes are as the provider, or a callback, says.
        let of_address = (0..1_000).filter(|at| is_own(&place(&throttle, &kind(["odd me", "lost"][at % 2], &at.to_string()), 1))).count();

        assert_eq!((of_kind, of_address), (10, 20));
        assert!(is_own(&place(&throttle, &kind("refused token", "x"), 2)), "another address");
        let begins = |place| matches!(place, StoryPlace::Equal(_, true));
        assert!(!begins(place(&throttle, &kind("refused token", "x"), 1)), "the log says it once a minute");
    }

    #[test]
    fn a_flood_from_many_addresses_leaves_the_code_of_an_equal_failure() {
        let throttle = StoryThrottle::default();
        let StoryPlace::Own(first) = place(&throttle, &kind("refused token", "invalid_grant"), 0) else { panic!("the first is kept") };
        let own = (1..100_000).filter(|at| is_own(&place(&throttle, &kind("lost", &at.to_string()), *at))).count();

        assert_eq!(own, 119);
        let equal = place(&throttle, &kind("refused token", "invalid_grant"), 200_000);
        assert!(matches!(equal, StoryPlace::Equal(code, _) if code == first));
        let similar = place(&throttle, &kind("refused token", "server_error"), 200_001);
        assert!(matches!(similar, StoryPlace::Equal(code, _) if code == first), "the same step and cause");
        assert!(is_own(&place(&throttle, &kind("odd me", "missingId"), 200_002)), "the first of its kind");
        assert!(!is_own(&place(&throttle, &kind("odd me", "missingId"), 200_003)));
        let minutes = throttle.lock();
        assert!(minutes.counts.len() < 500 && minutes.kinds.len() < 150, "{} {}", minutes.counts.len(), minutes.kinds.len());
    }

    #[test]
    fn what_was_not_kept_is_counted_once_its_minute_is_over() {
        let throttle = StoryThrottle::default();
        let kind = kind("refused token", "invalid_grant");
        for at in 0..13 {
            if !is_own(&place(&throttle, &kind, 1)) {
                assert!(at >= 10);
                throttle.count_unkept(&kind, 7);
            }
        }

        assert_eq!(throttle.take_unkept(7), []);
        assert_eq!(throttle.take_unkept(8), [UnkeptFailures { kind, minute: 7, count: 3 }]);
        assert_eq!(throttle.take_unkept(9), []);
        assert!(throttle.lock().counts.is_empty() && throttle.lock().kinds.is_empty());
    }

    #[test]
    fn a_story_that_could_not_be_stored_lends_its_code_to_no_other() {
        let throttle = StoryThrottle::default();
        let (kind, from, code) = (kind("lost", "lost"), Ipv4Addr::LOCALHOST.into(), |byte| IncidentCode::new([byte; 8]));

        assert_eq!(throttle.place_story(&kind, from, true, 7, code(1)), StoryPlace::Own(code(1)));
        throttle.correct(&kind, &code(1), None, 7);
        assert_eq!(throttle.place_story(&kind, from, true, 7, code(2)), StoryPlace::Own(code(2)));
        throttle.correct(&kind, &code(2), Some(&code(3)), 7);
        assert_eq!(throttle.place_story(&kind, from, true, 7, code(4)), StoryPlace::Equal(code(3), false));
    }
}
