//! What was seen while a login happened: which facts each step gave, what they look like, and how long it took.

use crate::login::trace::Witness;
use crate::names::Slot;
use crate::place::Place;
use crate::provider::facts::Facts;
use crate::provider::failure::StepError;
use crate::provider::step::Step;
use crate::story::looks::Looks;
use crate::wire::{NoAnswer, Request, Response};
use crate::world::clock;
use std::time::{Duration, Instant};

/// A witness that remembers.
#[derive(Debug, Default)]
pub struct Watch {
    /// The steps, in order.
    pub seen: Vec<Seen>,
    sent: Option<Instant>,
    took: Duration,
}

/// What was seen of one step.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which of the provider's calls; nothing for the callback.
    pub call: Option<usize>,
    /// How long the provider took.
    pub took: Duration,
    /// What was read, or looked for in vain.
    pub facts: Vec<Read>,
    /// Why the step failed, if it did.
    pub failed: Option<StepError>,
}

/// A fact that was read, or looked for in vain.
#[derive(Clone, Debug)]
pub struct Read {
    /// Which.
    pub fact: Slot,
    /// Where the file says so; a standard place has none.
    pub place: Option<Place>,
    /// What it looks like, or what stands there instead, if anything.
    pub found: Result<Looks, Option<&'static str>>,
}

impl Watch {
    /// How long the provider took that has just answered.
    pub fn just_took(&self) -> Duration {
        self.took
    }

    /// How long a call took.
    pub fn took(&self, call: usize) -> Option<Duration> {
        self.seen.iter().find(|seen| seen.call == Some(call)).map(|seen| seen.took)
    }

    /// What was read in a call, or for no call in the callback.
    pub fn facts(&self, call: Option<usize>) -> &[Read] {
        self.seen.iter().find(|seen| seen.call == call).map_or(&[], |seen| &seen.facts)
    }
}

impl Witness for Watch {
    fn sends(&mut self, _call: usize, _step: &Step, _request: &Request) {
        (self.sent, self.took) = (Some(clock::moment()), Duration::ZERO);
    }

    fn hears(&mut self, _call: usize, _step: &Step, _answer: Result<&Response, &NoAnswer>) {
        self.took = self.sent.take().map_or(Duration::ZERO, |sent| sent.elapsed());
    }

    fn learns(&mut self, call: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) {
        let told_before = |fact: Slot| self.seen.iter().flat_map(|seen| &seen.facts).any(|read| read.fact == fact && read.found.is_ok());
        let mut read: Vec<Read> = Vec::new();
        for (fact, place, written) in step.learns() {
            let place = written.then_some(place);
            let found = match facts.get(fact) {
                Some(_) if !written && told_before(fact) => continue,
                Some(text) => Ok(Looks::of_fact(text)),
                None if written => Err(facts.missed(fact).and_then(|nothing| nothing.instead)),
                None => continue,
            };
            if !read.iter().any(|known| known.fact == fact) {
                read.push(Read { fact, place, found });
            }
        }
        self.seen.push(Seen { call, took: std::mem::take(&mut self.took), facts: read, failed: error.cloned() });
    }
}
