//! What was seen while a login happened: which facts each step gave, what they look like, and how long it took.

use crate::login::trace::LoginObserver;
use crate::provider::facts::Facts;
use crate::provider::json_path::ValueKind;
use crate::provider::step::Step;
use crate::provider::step_error::StepError;
use crate::story::looks::Looks;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::wire::{NoAnswer, Request, Response};
use crate::world::clock;
use std::time::{Duration, Instant};

/// A witness that remembers.
#[derive(Debug, Default)]
pub struct LoginWatch {
    /// The steps, in order.
    pub(crate) seen: Vec<WatchedStep>,
    sent: Option<Instant>,
    took: Duration,
}

/// What was seen of one step.
#[derive(Clone, Debug)]
pub(crate) struct WatchedStep {
    /// Which of the provider's calls; nothing for the callback.
    pub(crate) call: Option<usize>,
    /// How long the provider took.
    pub(crate) took: Duration,
    /// What was read, or looked for in vain.
    pub(crate) facts: Vec<WatchedFact>,
    /// Why the step failed, if it did.
    pub(crate) failed: Option<StepError>,
}

/// A fact that was read, or looked for in vain.
#[derive(Clone, Debug)]
pub(crate) struct WatchedFact {
    pub(crate) fact: Slot,
    /// Where the file says so; a standard place has none.
    pub(crate) place: Option<Place>,
    /// What it looks like, or what was found instead of a text.
    pub(crate) found: Result<Looks, Option<ValueKind>>,
}

impl LoginWatch {
    /// How long the provider took that has just answered.
    pub(crate) fn last_duration(&self) -> Duration {
        self.took
    }

    /// How long a call took.
    pub(crate) fn call_duration(&self, call: usize) -> Option<Duration> {
        self.seen.iter().find(|seen| seen.call == Some(call)).map(|seen| seen.took)
    }

    /// What was read in a call, or for no call in the callback.
    pub(crate) fn call_facts(&self, call: Option<usize>) -> &[WatchedFact] {
        self.seen.iter().find(|seen| seen.call == call).map_or(&[], |seen| &seen.facts)
    }
}

impl LoginObserver for LoginWatch {
    fn on_request(&mut self, _call: usize, _step: &Step, _request: &Request) {
        (self.sent, self.took) = (Some(clock::instant()), Duration::ZERO);
    }

    fn on_response(&mut self, _call: usize, _step: &Step, _answer: Result<&Response, &NoAnswer>) {
        self.took = self.sent.take().map_or(Duration::ZERO, |sent| sent.elapsed());
    }

    fn on_step_finished(&mut self, call: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) {
        let told_before = |fact: Slot| self.seen.iter().flat_map(|seen| &seen.facts).any(|read| read.fact == fact && read.found.is_ok());
        let mut read: Vec<WatchedFact> = Vec::new();
        for (fact, place, written) in step.learned_facts() {
            let place = written.then_some(place);
            let found = match facts.get(fact) {
                Some(_) if !written && told_before(fact) => continue,
                Some(text) => Ok(Looks::from_fact(text)),
                None if written => Err(facts.missing_value(fact).and_then(|nothing| nothing.instead)),
                None => continue,
            };
            if !read.iter().any(|known| known.fact == fact) {
                read.push(WatchedFact { fact, place, found });
            }
        }
        self.seen.push(WatchedStep { call, took: std::mem::take(&mut self.took), facts: read, failed: error.cloned() });
    }
}
