//! Replays a recorded login: the engine gets the recorded answers, with the file that was learned from the recording.

use crate::login::attempt::{Attempt, InstallationValues, RedirectError};
use crate::login::error::LoginError;
use crate::login::options::LoginOptions;
use crate::login::trace::Trace;
use crate::login::{drive, prepare};
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::identity::Identity;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use crate::workbench::examples::stand_ins::key_for;
use crate::workbench::learn::{LearnedProvider, ReplayableLogin};
use crate::workbench::recorded_exchange::RecordedExchange;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// What came of a recorded login.
pub(crate) struct RecordedReplay {
    pub(crate) attempt: Attempt,
    pub(crate) installation: InstallationValues,
    /// The redirect; absent if the login failed before it.
    pub(crate) redirect: Option<Request>,
    pub(crate) trace: Trace,
    pub(crate) end: Result<Identity, ReplayFailure>,
    pub(crate) documents: DocumentCache,
}

/// Why a replay ended without an identity.
pub(crate) enum ReplayFailure {
    /// The engine waited for an answer that the recording does not hold.
    Waits,
    /// The request before the redirect, or the redirect itself, cannot be made.
    NoRedirect,
    Login(Box<LoginError>),
}

impl RecordedReplay {
    /// Replays a login; `now` is its time.
    pub(crate) fn run(provider: &Provider, learned: &LearnedProvider, login: &ReplayableLogin, now: i64) -> Self {
        let public_url = login.redirect_uri.split("/callback/").next().unwrap_or_default();
        let verifier = login.verifier.clone().unwrap_or_default();
        let attempt = Attempt {
            provider: provider.name.clone(),
            state: login.state.as_str().into(),
            nonce: login.nonce.as_deref().unwrap_or("no-nonce").into(),
            challenge: provider.pkce.challenge(&verifier).map(Into::into),
            verifier: verifier.as_str().into(),
            redirect_uri: login.redirect_uri.as_str().into(),
            started: now,
            inputs: Vec::new(),
            prepared: Vec::new(),
            options: LoginOptions::default(),
        };
        let installation = InstallationValues { public_url: public_url.into(), values: installation_values(provider, learned) };
        let documents = DocumentCache::default();
        for (address, document) in &login.documents {
            documents.insert(address, with_all_keys(document, address, &login.documents), now);
        }
        let end = Err(ReplayFailure::Waits);
        let mut replay = Self { attempt, installation, redirect: None, trace: Trace::default(), end, documents };
        replay.end = replay.drive(provider, login, now);
        replay
    }

    fn drive(&mut self, provider: &Provider, login: &ReplayableLogin, now: i64) -> Result<Identity, ReplayFailure> {
        let answers = RecordedAnswers(Mutex::new(login.calls.iter().collect()));
        let mut observer = ();
        let preparing = prepare(&mut self.attempt, (provider, &self.installation), (&answers, &self.documents), now, &mut observer);
        let (prepared, is_prepared) = at_once(preparing)?;
        is_prepared.map_err(|error| match error {
            RedirectError::Prepare(error) => ReplayFailure::Login(error),
            RedirectError::Input(_) | RedirectError::NoDocument(_) | RedirectError::Request(_) => ReplayFailure::NoRedirect,
        })?;
        self.redirect = self.attempt.redirect_request(provider, &self.installation, &self.documents).ok();
        let callback = CallbackParameters::new(login.callback.clone());
        let login_error = |error: LoginError| ReplayFailure::Login(Box::new(error));
        let accepted =
            self.attempt.accept(provider, &self.installation, &callback, Some(&login.state), &self.documents, now).map_err(login_error)?;
        let (trace, end) = at_once(drive(accepted, &answers, &self.documents))?;
        self.trace = trace.after(prepared);
        end.map_err(login_error)
    }
}

/// The result of what never waits: every answer is there already.
fn at_once<T>(run: impl Future<Output = T>) -> Result<T, ReplayFailure> {
    match std::pin::pin!(run).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Err(ReplayFailure::Waits),
    }
}

/// The document of an address, with all keys that it ever held: they may have been rotated between two logins.
fn with_all_keys(document: &Value, address: &str, all: &[(String, Value)]) -> Value {
    let mut document = document.clone();
    if let Some(keys) = document.get_mut("keys").and_then(Value::as_array_mut) {
        let other = all.iter().filter(|(other, _)| other == address).filter_map(|(_, document)| document.get("keys")?.as_array());
        for key in other.flatten() {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
    }
    document
}

/// The values of the installation: those of the recording, and fresh keys where it holds none.
fn installation_values(provider: &Provider, learned: &LearnedProvider) -> Vec<(Slot, Text)> {
    let mut values: Vec<(Slot, Text)> = provider.literals().collect();
    for needed in &provider.needed {
        let name = provider.names.name(needed.fact);
        let known = learned.values.iter().find(|(known, value)| **known == **name && !value.is_empty()).map(|(_, value)| value.clone());
        let value = known.or_else(|| key_for(provider, needed.fact)).unwrap_or_else(|| format!("unknown-{name}"));
        values.push((needed.fact, Text::secret(value, name)));
    }
    values
}

/// The recorded answers: each request gets the next one that came from its address, or else the next one.
struct RecordedAnswers<'a>(Mutex<Vec<&'a RecordedExchange>>);

/// The recorded call that a request repeats: the first from its address, or else the first.
pub(crate) fn recorded_call_of(request: &RecordedExchange, left: &[&RecordedExchange]) -> Option<usize> {
    let same = left.iter().position(|call| call.base() == request.base() && call.method == request.method);
    same.or((!left.is_empty()).then_some(0))
}

impl RecordedAnswers<'_> {
    fn next_for(&self, request: &Request) -> Option<Response> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = recorded_call_of(&RecordedExchange::of_request(request, None), &left)?;
        let answer = left.remove(at).answer.as_ref()?;
        Some(Response {
            status: answer.status,
            headers: answer.headers.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect(),
            body: answer.body.clone().into_bytes(),
        })
    }
}

impl Fetch for RecordedAnswers<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(std::future::ready(self.next_for(request).ok_or(NoAnswer::Unreachable)))
    }
}
