//! An observer that remembers what a story needs: which facts each step gave, what they look like, and how long it took.

use crate::login::error::word_of_step_error;
use crate::login::trace::LoginObserver;
use crate::provider::Provider;
use crate::provider::fact_expression::FoundInstead;
use crate::provider::facts::Facts;
use crate::provider::step::Step;
use crate::provider::step_error::StepError;
use crate::story::looks::Looks;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::wire::{NoAnswer, Request, Response};
use crate::world::clock;
use crate::world::traces::TraceSpan;
use std::time::{Duration, Instant};

/// The observations of a login while it happened.
#[derive(Debug, Default)]
pub struct LoginWatch {
    /// The finished steps, in order.
    pub(crate) seen: Vec<WatchedStep>,
    sent: Option<Instant>,
    took: Duration,
    /// The name of the provider in traces.
    traced_as: Box<str>,
    /// The call that is under way, in the trace of its request.
    call: TraceSpan,
}

/// The observations of one step.
#[derive(Clone, Debug)]
pub(crate) struct WatchedStep {
    /// The index of the call; `None` for the callback.
    pub(crate) call: Option<usize>,
    /// How long the provider took.
    pub(crate) took: Duration,
    /// The facts that were read or missed.
    pub(crate) facts: Vec<WatchedFact>,
    /// Why the step failed.
    pub(crate) failed: Option<StepError>,
}

/// A fact that was read or missed.
#[derive(Clone, Debug)]
pub(crate) struct WatchedFact {
    pub(crate) fact: Slot,
    /// The place in the file that reads it; `None` for a standard place.
    pub(crate) place: Option<Place>,
    /// What it looks like, or what was found instead of a text.
    pub(crate) found: Result<Looks, Option<FoundInstead>>,
}

impl LoginWatch {
    /// The observer of a login whose calls belong to the trace of a request.
    pub(crate) fn traced(provider: &Provider) -> Self {
        Self { traced_as: provider.name.clone(), ..Self::default() }
    }

    /// How long the provider took for the answer that has just arrived.
    pub(crate) fn last_duration(&self) -> Duration {
        self.took
    }

    pub(crate) fn call_duration(&self, call: usize) -> Option<Duration> {
        self.seen.iter().find(|seen| seen.call == Some(call)).map(|seen| seen.took)
    }

    /// How long the provider took for each call, with the word of its step.
    pub(crate) fn call_durations<'a>(&'a self, provider: &'a Provider) -> impl Iterator<Item = (&'static str, Duration)> + 'a {
        self.seen.iter().filter_map(|seen| Some((provider.call(seen.call?)?.kind.word(), seen.took)))
    }

    /// Why nothing was read from the answer of a call, or from the callback, if nothing was.
    pub(crate) fn why_nothing_was_read(&self, call: Option<usize>) -> Option<&'static str> {
        let failed = self.seen.iter().find(|seen| seen.call == call).and_then(|seen| seen.failed.as_ref());
        failed.and_then(StepError::why_nothing_was_read)
    }

    /// The facts of a call, or of the callback.
    pub(crate) fn call_facts(&self, call: Option<usize>) -> &[WatchedFact] {
        self.seen.iter().find(|seen| seen.call == call).map_or(&[], |seen| &seen.facts)
    }
}

/// The span of a call. Its host is named unless the person who logs in may have chosen it.
fn call_span(provider: &str, step: &Step, request: &Request) -> TraceSpan {
    let span = TraceSpan::of_call(step.kind.word());
    if span.is_recorded() {
        span.text("portaria.provider", provider);
        span.text("portaria.step", step.kind.word());
        span.text("http.request.method", request.method.word());
        if step.address.allowed_hosts().iter().all(|pattern| !pattern.source.contains('*')) {
            span.server(&request.address.masked());
        }
    }
    span
}

impl LoginObserver for LoginWatch {
    fn on_request(&mut self, _call: usize, step: &Step, request: &Request) {
        if !self.traced_as.is_empty() {
            self.call = call_span(&self.traced_as, step, request);
        }
        (self.sent, self.took) = (Some(clock::instant()), Duration::ZERO);
    }

    fn on_response(&mut self, _call: usize, _step: &Step, answer: Result<&Response, &NoAnswer>) {
        if let Ok(answer) = answer {
            self.call.number("http.response.status_code", answer.status);
        }
        self.took = self.sent.take().map_or(Duration::ZERO, |sent| sent.elapsed());
    }

    fn on_step_finished(&mut self, call: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) {
        let traced = std::mem::take(&mut self.call);
        if let Some(error) = error {
            traced.failed(word_of_step_error(error));
        }
        let is_read_before = |fact: Slot| self.seen.iter().flat_map(|seen| &seen.facts).any(|read| read.fact == fact && read.found.is_ok());
        let mut read: Vec<WatchedFact> = Vec::new();
        for (fact, place, written) in step.learned_facts() {
            let place = written.then_some(place);
            let found = match facts.get(fact) {
                Some(_) if !written && is_read_before(fact) => continue,
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
