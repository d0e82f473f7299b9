//! What happened in a login, call by call: the only source for support pages, `test` and drift.

use crate::provider::callback::CallbackParameters;
use crate::provider::facts::Facts;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::wire::{NoAnswer, Request, Response};

/// The story of a login.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// What the browser brought back; nothing where it was not accepted.
    pub callback: CallbackParameters,
    /// The calls, in order.
    pub exchanges: Vec<Exchange>,
    /// All facts that became known, by number, with the step that taught them.
    pub learned: Vec<(Slot, StepKind)>,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub(crate) step: StepKind,
    /// Which of the provider's calls it was, from 0.
    pub call: usize,
    /// What was sent; secrets are marked in it.
    pub(crate) request: Request,
    /// What came back.
    pub answer: Result<Response, NoAnswer>,
    /// Whether it failed and the login went on all the same.
    pub(crate) forgiven: bool,
}

/// Whoever watches a login while it happens, such as a person at a terminal. It is shown everything and changes nothing.
pub trait LoginObserver: Send {
    /// A call is about to be made: which of the provider's calls, and what is sent.
    fn on_request(&mut self, _call: usize, _step: &Step, _request: &Request) {}
    /// Its answer has come, and is not read yet.
    fn on_response(&mut self, _call: usize, _step: &Step, _answer: Result<&Response, &NoAnswer>) {}
    /// A step is over: the callback (no call) or a call. What is known now, and why it failed if it did.
    fn on_step_finished(&mut self, _call: Option<usize>, _step: &Step, _facts: &Facts, _error: Option<&StepError>) {}
}

impl LoginObserver for () {}
