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

/// A test login that is under way.
#[derive(Debug)]
struct OpenTestLogin {
    state: Box<str>,
    began: i64,
    /// The provider of the text that it tries out, if not a live one.
    tried: Option<Arc<LiveProvider>>,
}

impl OpenTestLogin {
    fn is_under_way(&self, now: i64) -> bool {
        (0..GOOD_FOR).contains(&now.saturating_sub(self.began))
    }
}

/// The test logins of one store.
#[derive(Debug, Default)]
struct StoreTestLogins {
    /// Those under way.
    open: Vec<OpenTestLogin>,
    /// When the others of this hour began.
    begun: VecDeque<i64>,
    /// The last results by provider and person.
    last: HashMap<(Box<str>, Option<Box<str>>), TestLoginResult>,
}

impl TestLoginLedger {
    /// Begins one more. The error is the number of seconds until one may begin.
    pub(crate) fn start(&self, store: &str, state: &str, now: i64) -> Result<(), u64> {
        let mut all = self.lock();
        let ledger = all.entry(store.into()).or_default();
        ledger.check_room(now)?;
        ledger.open.push(OpenTestLogin { state: state.into(), began: now, tried: None });
        ledger.begun.push_back(now);
        Ok(())
    }

    /// Whether one more may begin; the error as that of `start`.
    pub(crate) fn check_room(&self, store: &str, now: i64) -> Result<(), u64> {
        self.lock().entry(store.into()).or_default().check_room(now)
    }

    /// Keeps the provider of the text that a test login tries out, as long as the login is under way.
    pub(crate) fn keep_tried(&self, store: &str, state: &str, tried: Arc<LiveProvider>) {
        let mut all = self.lock();
        let open = all.get_mut(store).and_then(|ledger| ledger.open.iter_mut().find(|open| *open.state == *state));
        if let Some(open) = open {
            open.tried = Some(tried);
        }
    }

    /// The provider of the text that the test login with this state tries out.
    pub(crate) fn tried(&self, store: &str, state: &str, now: i64) -> Option<Arc<LiveProvider>> {
        let mut all = self.lock();
        let ledger = all.get_mut(store)?;
        ledger.open.retain(|open| open.is_under_way(now));
        ledger.open.iter().find(|open| *open.state == *state)?.tried.clone()
    }

    /// The newest one of this name.
    pub(crate) fn tried_as(&self, store: &str, name: &str, now: i64) -> Option<Arc<LiveProvider>> {
        let mut all = self.lock();
        let ledger = all.get_mut(store)?;
        ledger.open.retain(|open| open.is_under_way(now));
        ledger.open.iter().rev().filter_map(|open| open.tried.as_ref()).find(|tried| *tried.listed.name == *name).cloned()
    }

    pub(crate) fn finish(&self, store: &str, state: &str) {
        if let Some(ledger) = self.lock().get_mut(store) {
            ledger.open.retain(|open| *open.state != *state);
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
        self.open.retain(|open| open.is_under_way(now));
        self.begun.retain(|began| (0..HOUR).contains(&now.saturating_sub(*began)));
        let until = |began: Option<i64>, span: i64| began.map_or(1, |began| (began + span - now).max(1));
        if self.begun.len() >= IN_AN_HOUR {
            return Err(until(self.begun.front().copied(), HOUR).unsigned_abs());
        }
        if self.open.len() >= AT_ONCE {
            return Err(until(self.open.iter().map(|open| open.began).min(), GOOD_FOR).unsigned_abs());
        }
        Ok(())
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn two_are_under_way_at_once_and_ten_in_an_hour() {
        let tests = TestLoginLedger::default();

        assert_eq!(tests.start("main", "a", 1000), Ok(()));
        assert_eq!(tests.start("main", "b", 1010), Ok(()));
        assert_eq!(tests.start("main", "c", 1020), Err(580), "until the first is forgotten");
        assert_eq!(tests.start("other", "c", 1020), Ok(()), "each store has its own");
        tests.finish("main", "a");
        assert_eq!(tests.start("main", "c", 1030), Ok(()));
        assert_eq!(tests.start("main", "d", 1610), Ok(()), "a test that was not finished is forgotten");
        for at in 5..=10 {
            tests.finish("main", "d");
            assert_eq!(tests.start("main", "d", 1640 + at), Ok(()), "{at}");
        }
        tests.finish("main", "d");
        assert_eq!(tests.start("main", "e", 1700), Err(2900), "until an hour after the first");
        assert_eq!(tests.start("main", "e", 4600), Ok(()));
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
