//! Which failed logins get a story of their own, and under whose code the others are found.
//!
//! A client address has a budget for each kind of failure and one for all kinds, and a store has one for all addresses, so one address
//! leaves the others theirs. When no budget is left, the page shows the code of an equal failure of the same minute. The first failure of
//! a kind has a story beyond the budgets. At a place where a provider, or a callback, names ever new codes that is so for a few of them,
//! and the further ones have no code on the page: the story of another failure would mislead support. What is remembered is bounded by
//! the stories that are kept.

use crate::login::error::LoginError;
use crate::provider::step::StepKind;
use crate::story::redacted_code;
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::place::Place;
use crate::web::apps::provider_token::FetchThrottle;
use crate::web::apps::refusals::RefusalThrottle;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Stories that a store keeps in a minute.
const MOST_STORIES: u32 = 120;
/// Stories of these that are about logins from one client address.
const MOST_OF_ADDRESS: u32 = 30;
/// Stories of these that are about one place, whatever the code.
const MOST_OF_PLACE: u32 = 10;
/// Codes of one place whose first failure has a story beyond the budgets.
const MOST_FURTHER_CODES: u32 = 10;
/// In how many other networks logins have to fail alike, so that a provider counts as failing for many.
const MANY_NETWORKS: usize = 2;
/// Failed logins at a place in a minute for which a repair of the file is searched.
const MOST_REPAIRS: u32 = 6;

#[derive(Default)]
pub(crate) struct StoryThrottle {
    minutes: Mutex<StoryMinutes>,
    /// Which refused requests of apps were recorded.
    pub(crate) of_apps: RefusalThrottle,
    /// Which fetches of tokens by apps were recorded.
    pub(crate) of_tokens: FetchThrottle,
}

#[derive(Default)]
struct StoryMinutes {
    counts: HashMap<(i64, Counted), u32>,
    kinds: HashMap<(i64, FailureKind), KeptKind>,
    /// The codes of the stories that hold a change of the file, one for each place.
    remedies: HashMap<(i64, FailureKind), IncidentCode>,
}

#[derive(PartialEq, Eq, Hash)]
enum Counted {
    Store(Box<str>),
    Address(Box<str>, IpAddr),
    PlaceOfAddress(FailureKind, IpAddr),
    FurtherCodes(FailureKind),
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
    /// The cause on the page.
    pub(crate) cause: Box<str>,
    pub(crate) at: FailurePlace,
    /// The code of the failure, which may be the provider's; `None` for all failures at this place.
    pub(crate) code: Option<Box<str>>,
    /// What was wrong, in words that are the same for equal failures; `None` where the code is enough.
    pub(crate) said: Option<Box<str>>,
}

/// Where logins fail. Visitors cannot make their number grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct FailurePlace {
    /// The step, the last call that was made, and the place in the file that decided.
    pub(crate) step: Option<StepKind>,
    pub(crate) call: Option<usize>,
    pub(crate) line: Option<Place>,
    /// Whether anyone can repeat the failure with one request, so that one story of it is enough.
    pub(crate) by_anyone: bool,
}

impl FailureKind {
    fn with_any_code(&self) -> Self {
        Self { code: None, said: None, ..self.clone() }
    }
}

/// A kind of failure of this minute.
struct KeptKind {
    /// The code of its story; `None` for the failures that have none.
    code: Option<IncidentCode>,
    /// Failures whose pages show the code of this story, besides its own.
    shared: u32,
    /// Failures that are not in the audit.
    unkept: u32,
}

/// Where the story of a failed login is found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StoryPlace {
    /// The story is to be kept under this code.
    Own(IncidentCode),
    /// The code of an equal failure, and how many failures share it by now.
    Equal(IncidentCode, u32),
    /// There is no story of an equal failure.
    None,
}

/// Failures of one kind and minute that have no story of their own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnkeptFailures {
    pub(crate) kind: FailureKind,
    pub(crate) minute: i64,
    /// Those that have no row of their own in the audit.
    pub(crate) count: u32,
    /// The code that their pages show, and how many pages show it besides that of its own failure.
    pub(crate) shared: Option<(IncidentCode, u32)>,
}

impl StoryThrottle {
    /// Where the story of a failed login is found, and whether a budget ends with this failure.
    pub(crate) fn place_story(&self, kind: &FailureKind, from: IpAddr, minute: i64, code: IncidentCode) -> (StoryPlace, bool) {
        let mut minutes = self.lock();
        let exact = (minute, kind.clone());
        if kind.at.by_anyone && minutes.has_story(&exact) {
            return (minutes.share(&exact), false);
        }
        let of_address = (minute, Counted::PlaceOfAddress(kind.with_any_code(), from));
        let further = (minute, Counted::FurtherCodes(kind.with_any_code()));
        let budgets = [
            ((minute, Counted::Store(kind.store.clone())), MOST_STORIES),
            ((minute, Counted::Address(kind.store.clone(), from)), MOST_OF_ADDRESS),
        ];
        let is_left = |minutes: &StoryMinutes, key, most| minutes.counts.get(key).is_none_or(|count| *count < most);
        let is_first = !minutes.has_story(&exact);
        let has_budget = budgets.iter().all(|(key, most)| is_left(&minutes, key, *most));
        let is_own =
            is_left(&minutes, &of_address, MOST_OF_PLACE) && (has_budget || is_first && is_left(&minutes, &further, MOST_FURTHER_CODES));
        if !is_own {
            let logged = (minute, Counted::LimitLogged(kind.store.clone()));
            let begins = !minutes.counts.contains_key(&logged);
            minutes.count_one(logged);
            return (minutes.share(&exact), begins);
        }
        if has_budget {
            budgets.into_iter().for_each(|(key, _)| minutes.count_one(key));
        } else {
            minutes.count_one(further);
        }
        minutes.count_one(of_address);
        minutes.kinds.entry(exact).or_insert(KeptKind { code: None, shared: 0, unkept: 0 }).code.get_or_insert_with(|| code.clone());
        (StoryPlace::Own(code), false)
    }

    /// Whether logins fail alike in other networks in this minute, so that another try is not likely to help.
    pub(crate) fn fails_for_many(&self, kind: &FailureKind, from: IpAddr, minute: i64) -> bool {
        let kind = kind.with_any_code();
        let is_elsewhere = |counted: &&(i64, Counted)| {
            counted.0 == minute && matches!(&counted.1, Counted::PlaceOfAddress(other, network) if *other == kind && *network != from)
        };
        self.lock().counts.keys().filter(is_elsewhere).take(MANY_NETWORKS).count() >= MANY_NETWORKS
    }

    /// The story was stored under another code than the intended one, or not at all.
    pub(crate) fn correct(&self, kind: &FailureKind, intended: &IncidentCode, stored: Option<&IncidentCode>, minute: i64) {
        let mut minutes = self.lock();
        let key = (minute, kind.clone());
        if minutes.kinds.get(&key).is_none_or(|kept| kept.code.as_ref() != Some(intended)) {
            return;
        }
        if let Some(kept) = minutes.kinds.get_mut(&key) {
            kept.code = stored.cloned();
        }
    }

    /// Counts a failure that gets neither a story nor a row in the audit.
    pub(crate) fn count_unkept(&self, kind: &FailureKind, minute: i64) {
        let mut minutes = self.lock();
        let exact = (minute, kind.clone());
        let key = if minutes.kinds.contains_key(&exact) { exact } else { (minute, kind.with_any_code()) };
        let kept = minutes.kinds.entry(key).or_insert(KeptKind { code: None, shared: 0, unkept: 0 });
        kept.unkept = kept.unkept.saturating_add(1);
    }

    pub(crate) fn may_search_repair(&self, kind: &FailureKind, minute: i64) -> bool {
        let mut minutes = self.lock();
        let key = (minute, Counted::Repairs(kind.with_any_code()));
        let allowed = minutes.counts.get(&key).is_none_or(|count| *count < MOST_REPAIRS);
        minutes.count_one(key);
        allowed
    }

    /// The story under this code holds a change that would mend the file.
    pub(crate) fn remember_remedy(&self, kind: &FailureKind, minute: i64, code: &IncidentCode) {
        self.lock().remedies.entry((minute, kind.with_any_code())).or_insert_with(|| code.clone());
    }

    /// The code of a story of this minute and place that holds a change.
    pub(crate) fn remedy(&self, kind: &FailureKind, minute: i64) -> Option<IncidentCode> {
        self.lock().remedies.get(&(minute, kind.with_any_code())).cloned()
    }

    /// Forgets the minutes before this one, and returns the failures in them that have no story of their own.
    pub(crate) fn take_unkept(&self, minute: i64) -> Vec<UnkeptFailures> {
        let mut minutes = self.lock();
        minutes.counts.retain(|(of, _), _| *of >= minute);
        minutes.remedies.retain(|(of, _), _| *of >= minute);
        let past = minutes.kinds.extract_if(|(of, _), _| *of < minute);
        let past = past.filter(|(_, kept)| kept.unkept > 0 || kept.shared > 0);
        past.map(|((minute, kind), kept)| UnkeptFailures {
            kind,
            minute,
            count: kept.unkept,
            shared: kept.code.map(|code| (code, kept.shared)),
        })
        .collect()
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

    /// Whether a story of such failures is kept. Without one, failures may still have been counted.
    fn has_story(&self, key: &(i64, FailureKind)) -> bool {
        self.kinds.get(key).is_some_and(|kept| kept.code.is_some())
    }

    /// The code of the equal failure, which one more page shows.
    fn share(&mut self, key: &(i64, FailureKind)) -> StoryPlace {
        let Some(KeptKind { code: Some(code), shared, .. }) = self.kinds.get_mut(key) else { return StoryPlace::None };
        *shared = shared.saturating_add(1);
        StoryPlace::Equal(code.clone(), *shared)
    }
}

/// What the audit and the log keep of a failed login: the exact cause, or the provider's own code.
pub(crate) fn reason_of(error: &LoginError) -> String {
    if error.refusal().is_some() { redacted_code(error) } else { error.exact_cause().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::random;
    use std::net::Ipv4Addr;

    fn kind(cause: &str, line: u32, code: &str) -> FailureKind {
        let at = FailurePlace { line: Some(Place { line, ..Place::default() }), ..FailurePlace::default() };
        FailureKind {
            store: "main".into(),
            provider: "acme".into(),
            version: "1".into(),
            cause: cause.into(),
            at,
            code: Some(code.into()),
            said: None,
        }
    }

    fn place(throttle: &StoryThrottle, kind: &FailureKind, from: u32) -> StoryPlace {
        throttle.place_story(kind, Ipv4Addr::from(from).into(), 7, IncidentCode::new(random::bytes())).0
    }

    fn is_own(place: &StoryPlace) -> bool {
        matches!(place, StoryPlace::Own(_))
    }

    #[test]
    fn the_failures_of_one_address_leave_the_others_their_codes() {
        let throttle = StoryThrottle::default();

        let of_place = (0..100).filter(|_| is_own(&place(&throttle, &kind("refused", 4, "x"), 1))).count();
        // The codes are as the provider, or a callback, says.
        let of_address = (0..1_000).filter(|at| is_own(&place(&throttle, &kind("odd", [5, 6][at % 2], &at.to_string()), 1))).count();

        assert_eq!((of_place, of_address), (10, 20));
        assert!(is_own(&place(&throttle, &kind("refused", 4, "x"), 2)), "another address");
        let limit = throttle.place_story(&kind("refused", 4, "x"), Ipv4Addr::from(1).into(), 7, IncidentCode::new([1; 8]));
        assert!(!limit.1, "the log says it once a minute");
    }

    #[test]
    fn in_a_flood_a_code_stands_for_failures_of_the_same_line_and_code_only() {
        let throttle = StoryThrottle::default();
        let refused = kind("refused", 4, "invalid_grant");
        let StoryPlace::Own(first) = place(&throttle, &refused, 0) else { panic!("the first is kept") };
        let own = (1..100_000).filter(|at| is_own(&place(&throttle, &kind("odd", 5, &at.to_string()), *at))).count();

        assert_eq!(own, 119 + 10);
        assert_eq!(place(&throttle, &refused, 200_000), StoryPlace::Equal(first.clone(), 1));
        assert_eq!(place(&throttle, &refused, 200_001), StoryPlace::Equal(first, 2));
        assert_eq!(place(&throttle, &kind("odd", 5, "one more"), 200_002), StoryPlace::None, "this place has named enough codes");
        for other in [kind("refused", 4, "server_error"), kind("refused", 9, "invalid_grant")] {
            assert!(is_own(&place(&throttle, &other, 200_003)), "the first of its kind: {other:?}");
            assert!(matches!(place(&throttle, &other, 200_004), StoryPlace::Equal(_, 1)));
        }
        let of_call = FailureKind { at: FailurePlace { call: Some(2), ..refused.at }, ..refused };
        assert!(is_own(&place(&throttle, &of_call, 200_005)), "the same line in another call");
        let minutes = throttle.lock();
        assert!(minutes.counts.len() < 500 && minutes.kinds.len() < 150, "{} {}", minutes.counts.len(), minutes.kinds.len());
    }

    #[test]
    fn failures_that_say_different_things_are_not_equal_and_their_number_is_bounded() {
        let throttle = StoryThrottle::default();
        let saying = |said: &str| FailureKind { said: Some(said.into()), ..kind("odd", 5, "badToken") };
        let StoryPlace::Own(first) = place(&throttle, &saying("expired"), 0) else { panic!("the first is kept") };
        let own = (1..10_000).filter(|at| is_own(&place(&throttle, &saying(&at.to_string()), *at))).count();

        assert_eq!(own, 119 + 10);
        assert_eq!(place(&throttle, &saying("expired"), 10_000), StoryPlace::Equal(first, 1));
        assert_eq!(place(&throttle, &saying("another issuer"), 10_001), StoryPlace::None);
        let one_address =
            (0..1_000).filter(|at| is_own(&place(&throttle, &FailureKind { store: "b".into(), ..saying(&at.to_string()) }, 7))).count();
        assert_eq!(one_address, 10);
        let minutes = throttle.lock();
        assert!(minutes.counts.len() < 500 && minutes.kinds.len() < 150, "{} {}", minutes.counts.len(), minutes.kinds.len());
    }

    #[test]
    fn what_was_not_kept_is_counted_once_its_minute_is_over() {
        let throttle = StoryThrottle::default();
        let kind = kind("refused", 4, "invalid_grant");
        let mut first = None;
        for at in 0..13 {
            match place(&throttle, &kind, 1) {
                StoryPlace::Own(code) => first = first.or(Some(code)),
                StoryPlace::Equal(..) | StoryPlace::None => {
                    assert!(at >= 10);
                    throttle.count_unkept(&kind, 7);
                }
            }
        }

        assert_eq!(throttle.take_unkept(7), []);
        let shared = first.map(|code| (code, 3));
        assert_eq!(throttle.take_unkept(8), [UnkeptFailures { kind, minute: 7, count: 3, shared }]);
        assert_eq!(throttle.take_unkept(9), []);
        assert!(throttle.lock().counts.is_empty() && throttle.lock().kinds.is_empty());
    }

    #[test]
    fn a_story_that_could_not_be_stored_lends_its_code_to_no_other() {
        let throttle = StoryThrottle::default();
        let (mut kind, from, code) = (kind("lost", 4, "lost"), Ipv4Addr::LOCALHOST.into(), |byte| IncidentCode::new([byte; 8]));
        kind.at.by_anyone = true;
        let place = |byte| throttle.place_story(&kind, from, 7, code(byte)).0;

        assert_eq!(place(1), StoryPlace::Own(code(1)));
        throttle.correct(&kind, &code(1), None, 7);
        assert_eq!(place(2), StoryPlace::Own(code(2)));
        throttle.correct(&kind, &code(2), Some(&code(3)), 7);
        assert_eq!(place(4), StoryPlace::Equal(code(3), 1));
    }

    #[test]
    fn a_provider_fails_for_many_once_others_have_failed_at_the_same_place() {
        let throttle = StoryThrottle::default();
        let slow = kind("slow", 3, "tooSlow");
        let fails = |kind: &FailureKind, from: u32, minute| throttle.fails_for_many(kind, Ipv4Addr::from(from).into(), minute);

        for _ in 0..5 {
            place(&throttle, &slow, 1);
        }
        assert!(!fails(&slow, 1, 7) && !fails(&slow, 2, 7), "one network is not many");
        place(&throttle, &kind("slow", 3, "otherCode"), 2);
        assert!(fails(&slow, 3, 7), "whatever the code");
        assert!(!fails(&slow, 2, 7) && !fails(&kind("slow", 4, "tooSlow"), 3, 7) && !fails(&slow, 3, 8));
    }
}
