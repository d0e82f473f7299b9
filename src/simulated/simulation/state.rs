//! The visits that wait for a choice, and the logins under way. Both are bounded in number and in age.

use crate::login::attempt::Attempt;
use crate::provider::facts::Facts;
use crate::simulated::simulation::handed_in::HandedFault;
use crate::vocabulary::text::Text;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::tokens::ExampleTokens;
use serde_json::Value;
use std::collections::VecDeque;

/// The largest number of visits and of logins; beyond it the oldest is forgotten.
const LARGEST_COUNT: usize = 300;

/// How long each is remembered, in seconds.
const LIFETIME: i64 = 600;

/// A browser that has arrived with an authorization request.
pub(super) struct SimulatedVisit {
    /// Random, so that it cannot be guessed.
    pub(crate) number: String,
    pub(crate) arrived: i64,
    /// The attempt, as far as the request shows it.
    pub(crate) attempt: Attempt,
    pub(crate) facts: Facts,
}

/// A login that has made calls before its redirect.
pub(super) struct SimulatedPreparation {
    pub(crate) made: i64,
    /// The attempt, as far as the calls show it.
    pub(crate) attempt: Attempt,
    pub(crate) facts: Facts,
    /// The next call that may arrive.
    pub(crate) position: usize,
}

/// A login whose browser was sent back.
pub(super) struct SimulatedLogin {
    /// A text that no other login has.
    pub(crate) unique: String,
    /// When the browser was sent back.
    pub(crate) sent_back: i64,
    /// The facts that the broker knows by now, except for its own secrets.
    pub(crate) facts: Facts,
    /// The example that is replayed, with the values of this login.
    pub(crate) example: ExampleSpec,
    pub(crate) tokens: ExampleTokens,
    /// The calls of the file to which the recorded answers belong, in order.
    pub(crate) calls: Vec<usize>,
    /// The authorization code of this login.
    pub(crate) code: Option<String>,
    /// The access token of this login.
    pub(crate) token: Option<Text>,
    /// The next call that may arrive.
    pub(crate) position: usize,
    /// The time that the broker writes into its requests, once it is known.
    pub(crate) moment: Option<i64>,
    /// The call that is answered too late.
    pub(crate) late_call: Option<usize>,
    /// Whether no further call is expected.
    pub(crate) is_over: bool,
    /// What is wrong with its access token, if that was given out to be handed in.
    pub(crate) handed: Option<HandedFault>,
}

impl SimulatedLogin {
    /// Whether an answer that is yet to come has this text as a value.
    pub(super) fn is_repeated_later(&self, text: &Text) -> bool {
        let exchanges = self.example.exchanges.iter().flat_map(|exchanges| &exchanges.0).zip(&self.calls);
        let mut later = exchanges.filter(|(_, call)| **call >= self.position);
        later.any(|(exchange, _)| exchange.answer.json.as_ref().is_some_and(|json| has_value(&json.0, text)))
    }
}

fn has_value(json: &Value, text: &Text) -> bool {
    match json {
        Value::String(value) => text.equals(value),
        Value::Number(number) => text.equals(&number.to_string()),
        Value::Array(values) => values.iter().any(|value| has_value(value, text)),
        Value::Object(members) => members.values().any(|value| has_value(value, text)),
        Value::Null | Value::Bool(_) => false,
    }
}

#[derive(Default)]
pub(super) struct SimulationState {
    pub(crate) preparations: VecDeque<SimulatedPreparation>,
    /// How many answers were given before a redirect.
    pub(crate) prepared: u64,
    /// How many tokens were refreshed.
    pub(crate) refreshed: u64,
    pub(crate) visits: VecDeque<SimulatedVisit>,
    pub(crate) logins: VecDeque<SimulatedLogin>,
}

impl SimulationState {
    pub(crate) fn remove_expired(&mut self, now: i64) {
        let is_fresh = |since: i64| (-LIFETIME..LIFETIME).contains(&now.saturating_sub(since));
        self.preparations.retain(|preparation| is_fresh(preparation.made));
        self.visits.retain(|visit| is_fresh(visit.arrived));
        self.logins.retain(|login| is_fresh(login.sent_back));
    }

    pub(crate) fn add_preparation(&mut self, preparation: SimulatedPreparation) {
        while self.preparations.len() >= LARGEST_COUNT {
            self.preparations.pop_front();
        }
        self.preparations.push_back(preparation);
    }

    pub(crate) fn add_visit(&mut self, visit: SimulatedVisit) {
        while self.visits.len() >= LARGEST_COUNT {
            self.visits.pop_front();
        }
        self.visits.push_back(visit);
    }

    pub(crate) fn add_login(&mut self, login: SimulatedLogin) {
        while self.logins.len() >= LARGEST_COUNT {
            self.logins.pop_front();
        }
        self.logins.push_back(login);
    }

    pub(crate) fn visit(&self, number: &str) -> Option<&SimulatedVisit> {
        self.visits.iter().find(|visit| visit.number == number)
    }
}
