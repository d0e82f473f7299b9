//! The browsers that are choosing and the logins under way: bounded in number and in age.

use crate::login::attempt::Attempt;
use crate::provider::facts::Facts;
use crate::vocabulary::text::Text;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::tokens::ExampleTokens;
use std::collections::VecDeque;

/// The most that are remembered of each; the oldest makes room.
pub(super) const MOST: usize = 300;

/// How long each is remembered, in seconds.
pub(super) const GOOD_FOR: i64 = 600;

/// A browser that has come.
pub(super) struct SimulatedVisit {
    /// Its number, which nobody guesses.
    pub(crate) number: String,
    pub(crate) came: i64,
    /// The attempt behind it.
    pub(crate) attempt: Attempt,
    /// What is known of it.
    pub(crate) facts: Facts,
}

/// A login whose browser was sent back.
pub(super) struct SimulatedLogin {
    /// A text that nobody else has.
    pub(crate) unique: String,
    /// When the browser was sent back.
    pub(crate) sent_back: i64,
    /// What the mirror knows.
    pub(crate) facts: Facts,
    /// The story that is told, with everything in place.
    pub(crate) story: ExampleSpec,
    pub(crate) tokens: ExampleTokens,
    /// The provider's calls that its answers belong to, in order.
    pub(crate) calls: Vec<usize>,
    /// The code that was made for it.
    pub(crate) code: Option<String>,
    /// The access token that was made for it.
    pub(crate) token: Option<Text>,
    /// The call that may come next.
    pub(crate) position: usize,
    /// The moment that the broker puts into its requests, once that is known.
    pub(crate) moment: Option<i64>,
    /// The call that is answered too late.
    pub(crate) late: Option<usize>,
    /// Whether nothing further is expected.
    pub(crate) over: bool,
}

#[derive(Default)]
pub(super) struct SimulationState {
    pub(crate) visits: VecDeque<SimulatedVisit>,
    pub(crate) logins: VecDeque<SimulatedLogin>,
}

impl SimulationState {
    /// Forgets what is too old.
    pub(crate) fn remove_expired(&mut self, now: i64) {
        let is_fresh = |since: i64| (-GOOD_FOR..GOOD_FOR).contains(&now.saturating_sub(since));
        self.visits.retain(|visit| is_fresh(visit.came));
        self.logins.retain(|login| is_fresh(login.sent_back));
    }

    pub(crate) fn add_visit(&mut self, visit: SimulatedVisit) {
        while self.visits.len() >= MOST {
            self.visits.pop_front();
        }
        self.visits.push_back(visit);
    }

    pub(crate) fn add_login(&mut self, login: SimulatedLogin) {
        while self.logins.len() >= MOST {
            self.logins.pop_front();
        }
        self.logins.push_back(login);
    }

    /// A browser by its number.
    pub(crate) fn visit(&self, number: &str) -> Option<&SimulatedVisit> {
        self.visits.iter().find(|visit| visit.number == number)
    }
}
