//! Remembers test logins: how many are under way, and how the last one of each tester ended.

use crate::login::attempt::GOOD_FOR;
use crate::stores::live::LiveProvider;
use crate::vocabulary::incident_code::IncidentCode;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many test logins of a store may be under way at the same time.
const AT_ONCE: usize = 2;
/// How many test logins a store may run in an hour.
const IN_AN_HOUR: usize = 10;
const HOUR: i64 = 3600;
/// How many ended test logins are remembered at most.
const MOST: usize = 1000;

/// How a test login ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestLoginResult {
    /// The code of its story.
    pub code: IncidentCode,
    pub(crate) at: i64,
    /// The short name of the reason; `None` for a login that worked.
    pub failed: Option<String>,
    /// The step in which it ended, if it ended in a step.
    pub(crate) step: Option<String>,
}

/// The test logins of all stores, on this machine.
#[derive(Debug, Default)]
pub struct TestLoginLedger(Mutex<HashMap<Box<str>, StoreTestLogins>>);

/// A test login whose attempt may still be answered.
#[derive(Debug)]
struct OpenTestLogin {
    number: u64,
    /// The state of its attempt; `None` while the attempt is being prepared.
    state: Option<Box<str>>,
    began: i64,
    /// The provider of the text that it tries out, if not a live one. It is kept to the end of the attempt, so that a second callback is
    /// judged as the first one was.
    tried: Option<Arc<LiveProvider>>,
    /// Whether it has ended.
    has_ended: bool,
    /// The address of its story, once that is kept.
    story: Option<String>,
}

impl OpenTestLogin {
    fn is_remembered(&self, now: i64) -> bool {
        (0..GOOD_FOR).contains(&now.saturating_sub(self.began))
    }

    fn has_state(&self, state: &str) -> bool {
        self.state.as_deref() == Some(state)
    }
}

/// The test logins of one store.
#[derive(Debug, Default)]
struct StoreTestLogins {
    /// Those whose attempts may still be answered, also after their end.
    open: Vec<OpenTestLogin>,
    /// When the others of this hour began.
    begun: VecDeque<i64>,
    /// The last results by provider and person.
    last: HashMap<(Box<str>, Option<Box<str>>), TestLoginResult>,
}

/// Room for one test login. Without an attempt it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct TestLoginRoom<'a> {
    ledger: &'a TestLoginLedger,
    store: Box<str>,
    number: u64,
}

impl TestLoginRoom<'_> {
    /// The test login has an attempt with this state, and may try out a text.
    pub(crate) fn take(&self, state: &str, tried: Option<Arc<LiveProvider>>) {
        let mut all = self.ledger.lock();
        let open = all.get_mut(&self.store).and_then(|ledger| ledger.open.iter_mut().find(|open| open.number == self.number));
        if let Some(open) = open {
            open.state = Some(state.into());
            open.tried = tried;
        }
    }
}

impl Drop for TestLoginRoom<'_> {
    fn drop(&mut self) {
        if let Some(ledger) = self.ledger.lock().get_mut(&self.store) {
            ledger.open.retain(|open| open.number != self.number || open.state.is_some());
        }
    }
}

impl TestLoginLedger {
    /// Takes room for one more. The error is the number of seconds until there is some.
    pub(crate) fn reserve(&self, store: &str, now: i64) -> Result<TestLoginRoom<'_>, u64> {
        let mut all = self.lock();
        let ledger = all.entry(store.into()).or_default();
        ledger.check_room(now)?;
        let number = ledger.open.iter().map(|open| open.number).max().map_or(0, |last| last.saturating_add(1));
        ledger.open.push(OpenTestLogin { number, state: None, began: now, tried: None, has_ended: false, story: None });
        ledger.begun.push_back(now);
        Ok(TestLoginRoom { ledger: self, store: store.into(), number })
    }

    /// The provider of the text that the test login with this state tries out.
    pub(crate) fn tried(&self, store: &str, state: &str, now: i64) -> Option<Arc<LiveProvider>> {
        let mut all = self.lock();
        let ledger = all.get_mut(store)?;
        ledger.open.retain(|open| open.is_remembered(now));
        ledger.open.iter().find(|open| open.has_state(state))?.tried.clone()
    }

    /// The providers of this name whose texts are tried out, the newest first, also after their ends.
    pub(crate) fn tried_as(&self, store: &str, name: &str, now: i64) -> Vec<Arc<LiveProvider>> {
        let mut all = self.lock();
        let Some(ledger) = all.get_mut(store) else { return Vec::new() };
        ledger.open.retain(|open| open.is_remembered(now));
        let tried = ledger.open.iter().rev().filter_map(|open| open.tried.as_ref());
        tried.filter(|tried| *tried.listed.name == *name).cloned().collect()
    }

    /// Its attempt is used: there is room for another.
    pub(crate) fn finish(&self, store: &str, state: &str) {
        self.with_state(store, state, |open| open.has_ended = true);
    }

    /// Its story is kept at this address.
    pub(crate) fn record_story(&self, store: &str, state: &str, story: &str) {
        self.with_state(store, state, |open| open.story = Some(story.to_owned()));
    }

    /// The address of the story of the test login with this state.
    pub(crate) fn story_of(&self, store: &str, state: &str) -> Option<String> {
        self.lock().get(store)?.open.iter().find(|open| open.has_state(state))?.story.clone()
    }

    fn with_state(&self, store: &str, state: &str, change: impl FnOnce(&mut OpenTestLogin)) {
        let mut all = self.lock();
        if let Some(open) = all.get_mut(store).and_then(|ledger| ledger.open.iter_mut().find(|open| open.has_state(state))) {
            change(open);
        }
    }

    /// How the last test of a person at a provider ended.
    pub fn last_result(&self, store: &str, provider: &str, by: Option<&str>) -> Option<TestLoginResult> {
        self.lock().get(store)?.last.get(&(provider.into(), by.map(Into::into))).cloned()
    }

    /// Remembers how a test login ended.
    pub(crate) fn record_result(&self, store: &str, provider: &str, by: Option<&str>, last: TestLoginResult) {
        let mut all = self.lock();
        let ledger = all.entry(store.into()).or_default();
        let who = (provider.into(), by.map(Into::into));
        if ledger.last.len() >= MOST
            && !ledger.last.contains_key(&who)
            && let Some(oldest) = ledger.last.iter().min_by_key(|(_, last)| last.at).map(|(who, _)| who.clone())
        {
            ledger.last.remove(&oldest);
        }
        ledger.last.insert(who, last);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, StoreTestLogins>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreTestLogins {
    /// Whether one more may begin.
    fn check_room(&mut self, now: i64) -> Result<(), u64> {
        self.open.retain(|open| open.is_remembered(now));
        self.begun.retain(|began| (0..HOUR).contains(&now.saturating_sub(*began)));
        let until = |began: Option<i64>, span: i64| began.map_or(1, |began| (began + span - now).max(1));
        if self.begun.len() >= IN_AN_HOUR {
            return Err(until(self.begun.front().copied(), HOUR).unsigned_abs());
        }
        let under_way = || self.open.iter().filter(|open| !open.has_ended);
        if under_way().count() >= AT_ONCE {
            return Err(until(under_way().map(|open| open.began).min(), GOOD_FOR).unsigned_abs());
        }
        Ok(())
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn start(tests: &TestLoginLedger, store: &str, state: &str, now: i64) -> Result<(), u64> {
        tests.reserve(store, now).map(|room| room.take(state, None))
    }

    #[test]
    fn two_are_under_way_at_once_and_ten_in_an_hour() {
        let tests = TestLoginLedger::default();

        assert_eq!(start(&tests, "main", "a", 1000), Ok(()));
        assert_eq!(start(&tests, "main", "b", 1010), Ok(()));
        assert_eq!(start(&tests, "main", "c", 1020), Err(580), "until the first is forgotten");
        assert_eq!(start(&tests, "other", "c", 1020), Ok(()), "each store has its own");
        tests.finish("main", "a");
        assert_eq!(start(&tests, "main", "c", 1030), Ok(()));
        assert_eq!(start(&tests, "main", "d", 1610), Ok(()), "a test that was not finished is forgotten");
        for at in 5..=10 {
            tests.finish("main", &format!("d{}", at - 1));
            tests.finish("main", "d");
            assert_eq!(start(&tests, "main", &format!("d{at}"), 1640 + at), Ok(()), "{at}");
        }
        tests.finish("main", "d10");
        assert_eq!(start(&tests, "main", "e", 1700), Err(2900), "until an hour after the first");
        assert_eq!(start(&tests, "main", "e", 4600), Ok(()));
    }

    #[test]
    fn room_is_taken_before_an_attempt_is_prepared_and_free_again_without_one() {
        let tests = TestLoginLedger::default();

        let first = tests.reserve("main", 1000).expect("there is room");
        let second = tests.reserve("main", 1000).expect("there is room");
        assert_eq!(tests.reserve("main", 1001).err(), Some(599), "those that are being prepared count");
        drop(first);
        second.take("b", None);
        drop(second);

        assert_eq!(start(&tests, "main", "c", 1002), Ok(()));
        assert_eq!(start(&tests, "main", "d", 1003), Err(597), "one with an attempt counts until it ends");
    }

    #[test]
    fn the_story_of_a_test_login_is_known_by_its_state_after_its_end() {
        let tests = TestLoginLedger::default();
        assert_eq!(start(&tests, "main", "a", 1000), Ok(()));

        tests.finish("main", "a");
        assert_eq!(tests.story_of("main", "a"), None, "it is not told yet");
        tests.record_story("main", "a", "/lab/incidents/222-222");

        assert_eq!(tests.story_of("main", "a").as_deref(), Some("/lab/incidents/222-222"));
        assert_eq!((tests.story_of("main", "b"), tests.story_of("other", "a")), (None, None));
    }

    #[test]
    fn the_last_end_of_each_person_at_each_provider_is_known() {
        let tests = TestLoginLedger::default();
        let last = |at: i64| TestLoginResult { code: IncidentCode::new([7; 8]), at, failed: None, step: None };

        tests.record_result("main", "acme", Some("ana"), last(1));
        tests.record_result("main", "acme", Some("ana"), last(2));
        tests.record_result("main", "acme", None, last(3));

        assert_eq!(tests.last_result("main", "acme", Some("ana")), Some(last(2)));
        assert_eq!(tests.last_result("main", "acme", None), Some(last(3)));
        assert_eq!(tests.last_result("main", "beta", Some("ana")), None);
        assert_eq!(tests.last_result("other", "acme", Some("ana")), None);
    }
}
