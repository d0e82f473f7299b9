//! One login, from an accepted callback to an identity. Only what awaits the provider is async: `prepare`, `discover`, [`drive`], and
//! the documents and limits of a conversation.

pub mod attempt;
pub(crate) mod attempt_text;
pub(crate) mod cancellation;
pub(crate) mod client_token;
pub(crate) mod conversation;
pub(crate) mod documents;
pub mod error;
pub(crate) mod exchange;
pub(crate) mod logout;
pub mod options;
pub(crate) mod provider_logout;
pub(crate) mod provider_tokens;
pub(crate) mod return_to;
pub(crate) mod returned_state;
pub mod trace;

use crate::login::attempt::{Attempt, InstallationValues, RedirectError};
use crate::login::client_token::{FailedCall, make_call_with_token};
pub use crate::login::documents::discover;
use crate::login::documents::fetch_keys_if_due;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::provider_tokens::ProviderTokens;
use crate::login::trace::{ClientTokenUse, Exchange, LoginObserver, Trace};
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::fingerprint::ProviderFingerprint;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::issuer::Issuer;
use crate::provider::json_path::scalar_text;
use crate::provider::step::Step;
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::wire::{Fetch, Request, Response};
use serde_json::Value;
use std::borrow::Cow;

/// A callback that was accepted. Only [`Attempt::accept`](attempt::Attempt::accept) makes it.
#[derive(Clone)]
pub struct Login<'a> {
    provider: &'a Provider,
    facts: Facts,
    callback: &'a CallbackParameters,
    document: Value,
    now: i64,
    /// Where the file points, if it is known already.
    fingerprint: Option<&'a ProviderFingerprint>,
}

impl<'a> Login<'a> {
    /// The same login with a fingerprint that was made of the provider and of the values of this installation.
    #[must_use]
    pub fn pinned_to(self, fingerprint: &'a ProviderFingerprint) -> Self {
        Self { fingerprint: Some(fingerprint), ..self }
    }
}

/// Calls the provider until the facts make an identity, or until it is certain that they do not.
pub async fn drive(login: Login<'_>, fetch: &dyn Fetch, documents: &DocumentCache) -> (Trace, Result<Identity, LoginError>) {
    drive_observed(&mut (), login, fetch, documents).await
}

/// As [`drive`], with an observer of each step.
pub async fn drive_observed(
    observer: &mut dyn LoginObserver,
    login: Login<'_>,
    fetch: &dyn Fetch,
    documents: &DocumentCache,
) -> (Trace, Result<Identity, LoginError>) {
    let mut trace = Trace::of_callback(login.callback.clone());
    let result = run_steps(login, (fetch, documents), observer, &mut trace).await;
    (trace, result)
}

/// Makes the calls before the redirect, and keeps in the attempt what they read.
pub(crate) async fn prepare(
    attempt: &mut Attempt,
    (provider, installation): (&Provider, &InstallationValues),
    (fetch, documents): (&dyn Fetch, &DocumentCache),
    now: i64,
    observer: &mut dyn LoginObserver,
) -> (Trace, Result<(), RedirectError>) {
    let mut trace = Trace::default();
    let calls = provider.calls_before_redirect();
    if calls.is_empty() {
        return (trace, Ok(()));
    }
    let mut facts = match attempt.facts_before_redirect(provider, installation, documents) {
        Ok(facts) => facts,
        Err(error) => return (trace, Err(error)),
    };
    let made = make_calls(provider, calls.iter().enumerate(), &mut facts, (fetch, documents), now, (&mut trace, observer)).await;
    trace.prepared = trace.exchanges.len();
    let kept = made.and_then(|_| attempt.keep_prepared(provider, &facts));
    (trace, kept.map_err(|error| RedirectError::Prepare(Box::new(error))))
}

/// What sends the calls, and the documents of issuers.
type FetchContext<'a> = (&'a dyn Fetch, &'a DocumentCache);

async fn run_steps(
    login: Login<'_>,
    (fetch, documents): FetchContext<'_>,
    observer: &mut dyn LoginObserver,
    trace: &mut Trace,
) -> Result<Identity, LoginError> {
    let Login { provider, mut facts, callback, document, now, fingerprint } = login;
    // Only the values of the installation are known yet, so no answer can change it.
    let pinned = fingerprint.map_or_else(|| Cow::Owned(provider.fingerprint(&facts).pinned.into()), |known| Cow::Borrowed(&*known.pinned));
    let first = &provider.authorization;
    check_issuer(provider, &document, &facts)?;
    fetch_keys_if_due(first.token_in(&document, &facts), &facts, fetch, documents, now).await;
    let read = first.read_callback(callback, &document, &mut facts, documents);
    observer.on_step_finished(None, first, &facts, read.as_ref().err());
    read.map_err(|error| step_error(provider, first, error, &facts))?;
    record_learned_facts(trace, &facts, first);
    let calls = provider.calls_after_callback();
    let userinfo_error = make_calls(provider, calls, &mut facts, (fetch, documents), now, (trace, observer)).await?;
    let identity = conclude(provider, &mut facts, &pinned, userinfo_error)?;
    if provider.logout_uses_id_token() {
        trace.tokens.id_token = provider.names.find("idToken").and_then(|fact| facts.get(fact)).cloned();
    }
    trace.tokens.provider = ProviderTokens::among(&facts, provider, now);
    Ok(identity)
}

/// Composes the identity when all calls are made, and checks whether the person may sign in.
fn conclude(provider: &Provider, facts: &mut Facts, pinned: &str, userinfo_error: Option<LoginError>) -> Result<Identity, LoginError> {
    provider.identity.compose(facts);
    let identity = provider.identity_from(facts, pinned);
    // The failure of the userinfo call explains best what is missing.
    let identity = identity.map_err(|error| userinfo_error.unwrap_or_else(|| LoginError::no_identity(error, provider)))?;
    // `require` sees an address only if it is proven.
    if !matches!(identity.address, IdentityEmail::Proven(..)) {
        facts.forget(provider.known.email);
    }
    if let Some(require) = &provider.require
        && let Some(condition) = require.0.iter().find(|condition| !condition.holds(None, facts))
    {
        return Err(LoginError::not_allowed(condition, facts));
    }
    Ok(identity)
}

fn step_error(provider: &Provider, step: &Step, error: StepError, facts: &Facts) -> LoginError {
    let missing = if let StepError::MissingFact { fact: Some(fact), .. } = &error { facts.missing_value(*fact) } else { None };
    LoginError::from_step_error(step.kind, error, missing, provider).beside_callback(step.kind, provider, facts)
}

/// Makes calls one after another until one fails. The userinfo call that `discovery` implies may fail: then nothing is read from it, and
/// its error is returned. What contradicts the ID token is never passed over.
async fn make_calls<'s>(
    provider: &Provider,
    calls: impl Iterator<Item = (usize, &'s Step)>,
    facts: &mut Facts,
    (fetch, documents): FetchContext<'_>,
    now: i64,
    (trace, observer): (&mut Trace, &mut dyn LoginObserver),
) -> Result<Option<LoginError>, LoginError> {
    let mut userinfo_error = None;
    for (at, step) in calls {
        if !step.should_call(facts) {
            continue;
        }
        let before = (step.optional || step.implied.is_some()).then(|| facts.clone());
        let made = trace.exchanges.len();
        let called = make_call_with_token((provider, at, step), facts, (fetch, documents), now, (&mut *trace, &mut *observer)).await;
        report_finished((at, step), facts, &called, observer);
        match (called, before) {
            (Ok(()), _) => record_learned_facts(trace, facts, step),
            (Err(error @ FailedCall::Itself(StepError::BadToken { .. })), Some(_)) if !step.optional => {
                return Err(error.into_login_error(provider, step, facts));
            }
            (Err(error), Some(before)) => {
                if !step.optional {
                    userinfo_error = Some(error.into_login_error(provider, step, facts));
                }
                *facts = before;
                if let Some(exchange) = trace.exchanges.get_mut(made..).and_then(<[Exchange]>::last_mut) {
                    exchange.forgiven = true;
                }
            }
            (Err(error), None) => return Err(error.into_login_error(provider, step, facts)),
        }
    }
    Ok(userinfo_error)
}

/// Tells the observer of a call that has ended. A call that was not begun, because its client token is missing, has not.
fn report_finished((at, step): (usize, &Step), facts: &Facts, called: &Result<(), FailedCall>, observer: &mut dyn LoginObserver) {
    let error = called.as_ref().err();
    if error.is_none_or(|failed| failed.own_error().is_some()) {
        observer.on_step_finished(Some(at), step, facts, error.and_then(FailedCall::own_error));
    }
}

async fn make_call(
    (at, step): (usize, &Step),
    facts: &mut Facts,
    (fetch, documents): FetchContext<'_>,
    now: i64,
    (trace, observer): (&mut Trace, &mut dyn LoginObserver),
) -> Result<(), StepError> {
    let exchange = send_with_client_authentication((at, step), facts, (fetch, documents), (trace, observer)).await?;
    let read = match &exchange.answer {
        Err(nothing) => Err(StepError::NoAnswer(nothing.clone())),
        Ok(answer) => {
            fetch_keys_if_due(step.token_to_verify(answer, facts), facts, fetch, documents, now).await;
            step.read(answer, facts, documents).map_err(|error| redirected(error, step, answer, &exchange.request))
        }
    };
    trace.exchanges.push(exchange);
    read
}

/// The error of an answer that is refused for nothing but its status, where that redirects to another address.
fn redirected(error: StepError, step: &Step, answer: &Response, request: &Request) -> StepError {
    let names_address = answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("location"));
    match error {
        StepError::Refused { refusal, place: None }
            if refusal.code.is_refusing_status() && (300..400).contains(&answer.status) && names_address =>
        {
            StepError::Redirected { to: request.redirect_target(answer), place: step.place }
        }
        other => other,
    }
}

/// Sends a call. Where the file leaves the client's authentication method open and the provider refuses the client, the call is sent
/// once more with the other method. A method is remembered only after it has given an access token, because anyone can send a code
/// that is refused. It is forgotten as soon as the provider refuses it.
async fn send_with_client_authentication(
    (at, step): (usize, &Step),
    facts: &mut Facts,
    (fetch, documents): FetchContext<'_>,
    (trace, observer): (&mut Trace, &mut dyn LoginObserver),
) -> Result<Exchange, StepError> {
    let Some(address) = step.negotiating_address(facts) else { return send_request((at, step), facts, fetch, observer).await };
    let takes_basic = documents.takes_basic(&address);
    step.choose_credentials(takes_basic, facts);
    let first = send_request((at, step), facts, fetch, observer).await?;
    let is_refused = |answer: &Response| step.refuses_client(answer) || takes_basic && step.may_refuse_method(answer);
    if !first.answer.as_ref().is_ok_and(is_refused) {
        return Ok(first);
    }
    step.choose_credentials(!takes_basic, facts);
    let second = send_request((at, step), facts, fetch, observer).await?;
    let answer = match &second.answer {
        Ok(answer) => answer,
        Err(why) => return Ok(Exchange { unanswered_repeat: Some(why.clone()), ..first }),
    };
    if step.gives_token(answer, facts) {
        documents.remember_basic(&address, !takes_basic);
    }
    trace.exchanges.push(Exchange { forgiven: true, ..first });
    Ok(second)
}

async fn send_request(
    (at, step): (usize, &Step),
    facts: &Facts,
    fetch: &dyn Fetch,
    observer: &mut dyn LoginObserver,
) -> Result<Exchange, StepError> {
    let request = step.request(facts)?;
    observer.on_request(at, step, &request);
    let answer = fetch.send(&request).await;
    observer.on_response(at, step, answer.as_ref());
    let client_token = ClientTokenUse::None;
    Ok(Exchange { step: step.kind, call: at, request, answer, forgiven: false, unanswered_repeat: None, client_token })
}

/// RFC 9207: an issuer that the callback names must be the issuer of the attempt, whether the callback brings a code or an error. Where
/// the provider has promised to name it, a callback without it is refused, unless it brings nothing but an error: a cancellation stays
/// one.
fn check_issuer(provider: &Provider, callback: &Value, facts: &Facts) -> Result<(), LoginError> {
    let is_promised = facts.get(provider.known.iss_is_promised).is_some();
    let reading = provider.authorization.reads.iter().find(|read| read.fact == provider.known.iss);
    let brings = |key: &str| callback.get(key).and_then(scalar_text).is_some();
    let brings_code =
        brings("code") || provider.authorization.paths_of(provider.known.code).iter().any(|path| path.first(callback).is_some());
    let is_only_an_error = brings("error") && !brings_code;
    let named = reading.and_then(|read| read.reading.evaluate(Some(callback), facts).ok());
    // An empty one, or one that is no text, names another issuer.
    let is_there = reading.is_some_and(|read| read.reading.paths().iter().any(|path| path.first(callback).is_some()));
    let cause = match (named, facts.get(provider.known.issuer)) {
        (Some(named), Some(expected)) if named.is_same_as(expected) => return Ok(()),
        (Some(_), Some(_)) => LoginErrorCause::OtherIssuer,
        (None, Some(_)) if is_there => LoginErrorCause::OtherIssuer,
        (None, _) if is_promised && !is_only_an_error => LoginErrorCause::NoIssuer,
        (None, _) | (Some(_), None) => return Ok(()),
    };
    let place = provider.issuer.as_ref().map(Issuer::place);
    Err(LoginError { place, ..LoginError::before_calls(cause) })
}

fn record_learned_facts(trace: &mut Trace, facts: &Facts, step: &Step) {
    let learned = step.learned_facts().map(|(fact, ..)| fact).filter(|fact| facts.get(*fact).is_some());
    let new: Vec<Slot> = learned.filter(|fact| !trace.learned.iter().any(|(known, _)| known == fact)).collect();
    trace.learned.extend(new.into_iter().map(|fact| (fact, step.kind)));
}
