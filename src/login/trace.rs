//! What happened in a login, call by call. Stories, `test`, repair and drift are made from it.

use crate::login::provider_tokens::ProviderTokens;
use crate::provider::callback::CallbackParameters;
use crate::provider::facts::Facts;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{NoAnswer, Request, Response};

/// The callback, the calls and the learned facts of a login.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The parameters of the callback.
    pub callback: CallbackParameters,
    /// The calls that were made, in order.
    pub exchanges: Vec<Exchange>,
    /// How many of them were made before the redirect.
    pub(crate) prepared: usize,
    /// The facts that were learned, each with the step that read it first.
    pub learned: Vec<(Slot, StepKind)>,
    /// The tokens that are kept of a login that succeeded.
    pub(crate) tokens: LoginTokens,
}

/// The tokens of a login that outlive it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoginTokens {
    /// The ID token, where the file's `logout` names it.
    pub(crate) id_token: Option<Text>,
    /// The provider's own tokens, where the file keeps them.
    pub(crate) provider: Option<ProviderTokens>,
}

impl Trace {
    /// The beginning of a login with this callback.
    #[must_use]
    pub fn of_callback(callback: CallbackParameters) -> Self {
        Self { callback, ..Self::default() }
    }

    /// Whether a login that failed in this step failed in its callback, rather than in a call.
    pub(crate) fn ends_with_callback(&self, failed: Option<StepKind>) -> bool {
        failed == Some(StepKind::GetAuthorizationCode) && (!self.callback.pairs.is_empty() || self.exchanges.is_empty())
    }

    /// The calls before the redirect, and those after the callback.
    pub(crate) fn exchanges_by_phase(&self) -> (&[Exchange], &[Exchange]) {
        self.exchanges.split_at(self.prepared.min(self.exchanges.len()))
    }

    /// The whole login: the calls before the redirect, then these.
    #[must_use]
    pub(crate) fn after(mut self, prepared: Self) -> Self {
        self.prepared = prepared.exchanges.len();
        self.exchanges.splice(0..0, prepared.exchanges);
        let new = prepared.learned.into_iter().filter(|(fact, _)| self.learned.iter().all(|(known, _)| known != fact));
        self.learned = new.collect::<Vec<_>>().into_iter().chain(self.learned).collect();
        self
    }
}

/// One call: its request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub(crate) step: StepKind,
    /// The index of the call in the provider's file.
    pub call: usize,
    /// The request as it was sent.
    pub request: Request,
    /// The answer, or why there is none.
    pub answer: Result<Response, NoAnswer>,
    /// Whether it failed and was optional, so that the login went on.
    pub(crate) forgiven: bool,
    /// Why the same call got no answer when it was made once more with the client's credentials in the other place.
    pub unanswered_repeat: Option<NoAnswer>,
    /// Whose client token its request carries.
    pub(crate) client_token: ClientTokenUse,
}

/// Whose client token a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientTokenUse {
    /// None, or one that this login has got by a call of its own.
    None,
    /// One that was kept from an earlier login.
    Kept,
    /// One that was kept and that the provider refused, so that the call was made once more with a new one.
    Replaced,
}

/// Watches a login while it happens, for a terminal or a story. It sees everything and changes nothing.
pub trait LoginObserver: Send {
    /// The request of a call is about to be sent.
    fn on_request(&mut self, _call: usize, _step: &Step, _request: &Request) {}
    /// The answer of a call has arrived, and is not read yet.
    fn on_response(&mut self, _call: usize, _step: &Step, _answer: Result<&Response, &NoAnswer>) {}
    /// A step is finished: the callback (without a call) or a call. `error` says why it failed.
    fn on_step_finished(&mut self, _call: Option<usize>, _step: &Step, _facts: &Facts, _error: Option<&StepError>) {}
}

impl LoginObserver for () {}
