//! Writes the login that a file was learned from as an example: the engine replays it with that file, and what happens is
//! recorded with invented values in place of the real ones.

use crate::login::attempt::{Attempt, InstallationValues, RedirectError};
use crate::login::error::LoginError;
use crate::login::options::LoginOptions;
use crate::login::{drive, prepare};
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use crate::workbench::examples::stand_ins::key_for;
use crate::workbench::learn::LearnedProvider;
use crate::workbench::record::{LoginToRecord, record_example};
use crate::workbench::recorded_exchange::RecordedResponse;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// The story, or why there is none; neither holds a value of the recording. `now` is the time where the recording has none.
pub fn example_from_recording(provider: &Provider, learned: &LearnedProvider, now: i64) -> Result<String, String> {
    let login = &learned.login;
    if !provider.inputs.is_empty() {
        return Err("this file asks shoppers for inputs, and no recording shows what they typed".to_owned());
    }
    let now = login.at.unwrap_or(now);
    let public_url = login.redirect_uri.split("/callback/").next().unwrap_or_default();
    let verifier = login.verifier.clone().unwrap_or_default();
    let mut attempt = Attempt {
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
    let answers = RecordedAnswers(Mutex::new(login.answers.iter()));
    let mut observer = ();
    let preparing = prepare(&mut attempt, (provider, &installation), (&answers, &documents), now, &mut observer);
    let (prepared, is_prepared) = at_once(preparing)?;
    is_prepared.map_err(|error| match error {
        RedirectError::Prepare(error) => replay_failure(&error),
        RedirectError::Input(_) | RedirectError::NoDocument | RedirectError::Request(_) => {
            "with this file the request before the redirect cannot be made".to_owned()
        }
    })?;
    let callback = CallbackParameters::new(login.callback.clone());
    let accepted =
        attempt.accept(provider, &installation, &callback, Some(&login.state), &documents, now).map_err(|error| replay_failure(&error))?;
    let (trace, end) = at_once(drive(accepted, &answers, &documents))?;
    let trace = trace.after(prepared);
    let identity = end.map_err(|error| replay_failure(&error))?;
    let own = own_values(provider, learned, &attempt, public_url);
    let (discovery, facts) = (provider.discovery.as_ref(), attempt.facts_without_discovery(provider, &installation));
    let document = discovery.and_then(|discovery| documents.get(&discovery.address(&facts)?.0, now));
    let recorded =
        LoginToRecord { provider, trace: &trace, end: Ok(&identity), discovery: document.as_deref(), own: &own, inputs: &attempt.inputs };
    record_example(recorded, "a login").map_err(|differences| {
        let places: Vec<&str> = differences.iter().map(|difference| difference.place.as_str()).take(3).collect();
        format!("with invented values in place of the real ones this login does not replay ({})", places.join(", "))
    })
}

/// The result of what never waits: every answer is there already.
fn at_once<T>(run: impl Future<Output = T>) -> Result<T, String> {
    match std::pin::pin!(run).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Err("the engine waited for an answer that the recording does not hold".to_owned()),
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

/// Why the replay failed. The code is enough, since a message may quote an answer.
fn replay_failure(error: &LoginError) -> String {
    let step = error.step.map_or_else(String::new, |step| format!(" in {}", step.word()));
    format!("with this file the recorded login ends{step} with `{}`", printable(error.code()))
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

/// The values of the installation and of the attempt, by the names of the facts.
fn own_values(provider: &Provider, learned: &LearnedProvider, attempt: &Attempt, public_url: &str) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let needs = |name: &str| provider.needed.iter().any(|needed| **provider.names.name(needed.fact) == *name);
    let mut own: Vec<(String, String)> = learned.values.iter().filter(|(name, value)| needs(name) && !value.is_empty()).cloned().collect();
    own.extend([pair("redirectUri", &attempt.redirect_uri), pair("state", &attempt.state), pair("publicUrl", public_url)]);
    own.extend(learned.login.nonce.as_deref().map(|nonce| pair("nonce", nonce)));
    own.extend(learned.login.verifier.as_deref().map(|verifier| pair("codeVerifier", verifier)));
    own.extend(attempt.challenge.as_deref().map(|challenge| pair("codeChallenge", challenge)));
    own
}

/// The recorded answers, given out in order.
struct RecordedAnswers<'a>(Mutex<std::slice::Iter<'a, RecordedResponse>>);

impl Fetch for RecordedAnswers<'_> {
    fn send<'a>(&'a self, _: &'a Request) -> ResponseFuture<'a> {
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).next();
        let answer = next.map(|answer| Response {
            status: answer.status,
            headers: answer.headers.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect(),
            body: answer.body.clone().into_bytes(),
        });
        Box::pin(std::future::ready(answer.ok_or(NoAnswer::Unreachable)))
    }
}
