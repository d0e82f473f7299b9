//! One login, from an accepted callback to an identity: pure but for [`drive`], the only loop that talks to a provider.

pub mod attempt;
pub(crate) mod conversation;
pub mod error;
pub(crate) mod return_to;
pub mod trace;

use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::{Exchange, LoginObserver, Trace};
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::json;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::Step;
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request};
use serde_json::Value;

/// A callback whose state, age and single use were accepted. Made by `Attempt::accept` only.
#[derive(Clone)]
pub struct Login<'a> {
    provider: &'a Provider,
    facts: Facts,
    callback: &'a CallbackParameters,
    document: Value,
    now: i64,
}

/// Talks to the provider until the facts make an identity, or it is certain that they do not.
pub async fn drive(login: Login<'_>, fetch: &dyn Fetch, documents: &DocumentCache) -> (Trace, Result<Identity, LoginError>) {
    drive_observed(&mut (), login, fetch, documents).await
}

/// The same, while somebody watches.
pub async fn drive_observed(
    witness: &mut dyn LoginObserver,
    login: Login<'_>,
    fetch: &dyn Fetch,
    documents: &DocumentCache,
) -> (Trace, Result<Identity, LoginError>) {
    let mut trace = Trace { callback: login.callback.clone(), ..Trace::default() };
    let result = run_steps(login, (fetch, documents), witness, &mut trace).await;
    (trace, result)
}

/// Fetches the issuer's document if it is time to: before an attempt can begin.
pub async fn discover(provider: &Provider, facts: &Facts, fetch: &dyn Fetch, documents: &DocumentCache, now: i64) {
    if let Some((address, _)) = provider.discovery.as_ref().and_then(|discovery| discovery.address(facts))
        && documents.should_fetch(&address, now)
    {
        fetch_document(&address, fetch, documents, now).await;
    }
}

/// Where calls go, and what is known of issuers.
type FetchContext<'a> = (&'a dyn Fetch, &'a DocumentCache);

async fn run_steps(
    login: Login<'_>,
    (fetch, documents): FetchContext<'_>,
    witness: &mut dyn LoginObserver,
    trace: &mut Trace,
) -> Result<Identity, LoginError> {
    let Login { provider, mut facts, callback, document, now } = login;
    let first = &provider.authorization;
    let fail = |step: &Step, error: StepError, facts: &Facts| {
        let missed = if let StepError::MissingFact { fact: Some(fact), .. } = &error { facts.missing_value(*fact) } else { None };
        LoginError::from_step_error(step.kind, error, missed, provider)
    };
    fetch_keys_if_due(first.token_in(&document, &facts), &facts, fetch, documents, now).await;
    let read = first.read_callback(callback, &document, &mut facts, documents);
    witness.on_step_finished(None, first, &facts, read.as_ref().err());
    read.map_err(|error| fail(first, error, &facts))?;
    check_issuer(provider, &facts)?;
    record_learned_facts(trace, &facts, first);
    for (at, step) in provider.calls.iter().enumerate() {
        if !step.should_call(&facts) {
            continue;
        }
        let before = step.is_optional().then(|| facts.clone());
        let called = make_call((at, step), &mut facts, (fetch, documents), now, (trace, witness)).await;
        witness.on_step_finished(Some(at), step, &facts, called.as_ref().err());
        match (called, before) {
            (Ok(()), _) => record_learned_facts(trace, &facts, step),
            (Err(_), Some(before)) => {
                facts = before;
                if let Some(exchange) = trace.exchanges.last_mut() {
                    exchange.forgiven = true;
                }
            }
            (Err(error), None) => return Err(fail(step, error, &facts)),
        }
    }
    provider.identity.compose(&mut facts);
    let identity = provider.identity.identity(&provider.name, &facts, &provider.names).map_err(LoginError::no_identity)?;
    // Only a proven address says who may come in.
    if !matches!(identity.address, IdentityEmail::Proven(..)) {
        facts.forget(provider.known.email);
    }
    if let Some(require) = &provider.require
        && let Some(condition) = require.0.iter().find(|condition| !condition.holds(None, &facts))
    {
        return Err(LoginError::not_allowed(condition.place));
    }
    Ok(identity)
}

async fn make_call(
    (at, step): (usize, &Step),
    facts: &mut Facts,
    (fetch, documents): FetchContext<'_>,
    now: i64,
    (trace, witness): (&mut Trace, &mut dyn LoginObserver),
) -> Result<(), StepError> {
    let request = step.request(facts)?;
    witness.on_request(at, step, &request);
    let answer = fetch.send(&request).await;
    witness.on_response(at, step, answer.as_ref());
    trace.exchanges.push(Exchange { step: step.kind, call: at, request, answer, forgiven: false });
    let answer = trace.exchanges.last().map_or(Err(NoAnswer::Unreachable), |exchange| exchange.answer.as_ref().map_err(Clone::clone));
    let answer = answer.map_err(StepError::NoAnswer)?;
    fetch_keys_if_due(step.token_to_verify(answer, facts), facts, fetch, documents, now).await;
    step.read(answer, facts, documents)
}

/// Fetches the keys that a signed token needs, before the answer is read, so that reading stays pure.
async fn fetch_keys_if_due(token: Option<(&SignedToken, String)>, facts: &Facts, fetch: &dyn Fetch, documents: &DocumentCache, now: i64) {
    let Some((signed, token)) = token else { return };
    let Some(address) = signed.keys_address(facts) else { return };
    let due =
        documents.should_fetch(&address, now) || (signed.lacks_key(&token, facts, documents, now) && documents.may_refetch(&address, now));
    if due {
        fetch_document(&address, fetch, documents, now).await;
    }
}

async fn fetch_document(address: &str, fetch: &dyn Fetch, documents: &DocumentCache, now: i64) {
    let answer = fetch.send(&Request::for_document(address)).await;
    let document = answer.ok().filter(|answer| answer.status == 200).and_then(|answer| json::parse(&answer.body).ok());
    // What has no keys and names no issuer is worse than what was known before.
    let is_usable = |document: &Value| {
        let has_keys = document.get("keys").and_then(Value::as_array).is_some_and(|keys| !keys.is_empty());
        has_keys || document.get("issuer").is_some_and(Value::is_string)
    };
    match document.filter(is_usable) {
        Some(document) => documents.insert(address, document, now),
        None => documents.record_failure(address, now),
    }
}

/// RFC 9207: an issuer that names itself in the callback must be the one that was asked.
fn check_issuer(provider: &Provider, facts: &Facts) -> Result<(), LoginError> {
    let is_promised = facts.get(provider.known.iss_is_promised).is_some();
    match (facts.get(provider.known.iss), facts.get(provider.known.issuer)) {
        (Some(named), Some(expected)) if named.is_same_as(expected) => return Ok(()),
        (Some(_), Some(_)) => {}
        (None, _) if is_promised => {}
        _ => return Ok(()),
    }
    Err(LoginError::before_calls(LoginErrorCause::OtherIssuer))
}

fn record_learned_facts(trace: &mut Trace, facts: &Facts, step: &Step) {
    let learned = step.learned_facts().map(|(fact, ..)| fact).filter(|fact| facts.get(*fact).is_some());
    let new: Vec<Slot> = learned.filter(|fact| !trace.learned.iter().any(|(known, _)| known == fact)).collect();
    trace.learned.extend(new.into_iter().map(|fact| (fact, step.kind)));
}
