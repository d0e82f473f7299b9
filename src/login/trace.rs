//! What happened in a login, call by call: the only source for support pages, `test` and drift.

use crate::names::Slot;
use crate::provider::step::StepKind;
use crate::wire::{NoAnswer, Request, Response};

/// The story of a login.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The calls, in order.
    pub exchanges: Vec<Exchange>,
    /// All facts that became known, by number, with the step that taught them.
    pub learned: Vec<(Slot, StepKind)>,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The step.
    pub step: StepKind,
    /// Which of the provider's calls it was, from 0.
    pub call: usize,
    /// What was sent; secrets are marked in it.
    pub request: Request,
    /// What came back.
    pub answer: Result<Response, NoAnswer>,
    /// Whether it failed and the login went on all the same.
    pub forgiven: bool,
}
