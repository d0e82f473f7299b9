//! The login that a file was learnt from, told as an example: the engine goes through it once more with that file, and what happened is written down
//! with invented values in place of the real ones.

use crate::login::attempt::{Attempt, InstallationValues};
use crate::login::drive;
use crate::login::error::LoginError;
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use crate::workbench::examples::stand_ins::key_for;
use crate::workbench::learn::LearnedProvider;
use crate::workbench::record::{LoginToRecord, record_example};
use crate::workbench::recorded_exchange::RecordedResponse;
use serde_json::Value;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

/// The story, or why there is none; nothing of the recording stands in either. `now` is the moment where the recording names none.
pub fn example_from_recording(provider: &Provider, learned: &LearnedProvider, now: i64) -> Result<String, String> {
    let followed = &learned.followed;
    if !provider.inputs.is_empty() {
        return Err("this file asks shoppers for something, and what they typed cannot be told from a recording".to_owned());
    }
    let now = followed.at.unwrap_or(now);
    let public_url = followed.back.split("/callback/").next().unwrap_or_default();
    let verifier = followed.verifier.clone().unwrap_or_default();
    let attempt = Attempt {
        provider: provider.name.clone(),
        state: followed.state.as_str().into(),
        nonce: followed.nonce.as_deref().unwrap_or("no-nonce").into(),
        challenge: provider.pkce.challenge(&verifier).map(Into::into),
        verifier: verifier.as_str().into(),
        redirect_uri: followed.back.as_str().into(),
        started: now,
        inputs: Vec::new(),
    };
    let installation = InstallationValues { public_url: public_url.into(), values: installation_values(provider, learned) };
    let documents = DocumentCache::default();
    for (address, document) in &followed.documents {
        documents.insert(address, with_all_keys(document, address, &followed.documents), now);
    }
    let callback = CallbackParameters::new(followed.callback.clone());
    let accepted = attempt
        .accept(provider, &installation, &callback, Some(&followed.state), &documents, now)
        .map_err(|error| replay_failure(&error))?;
    let answers = RecordedAnswers(Mutex::new(followed.answers.iter()));
    let driving = std::pin::pin!(drive(accepted, &answers, &documents));
    let Poll::Ready((trace, end)) = driving.poll(&mut Context::from_waker(Waker::noop())) else {
        return Err("the engine waited for an answer that the recording does not hold".to_owned());
    };
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

/// What was published at an address, with all keys that ever stood there: between two logins they may have been changed.
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

/// Why the engine does not come to the end; the code says enough, and a message may quote an answer.
fn replay_failure(error: &LoginError) -> String {
    let step = error.step.map_or_else(String::new, |step| format!(" in {}", step.word()));
    format!("with this file the recorded login ends{step} with `{}`", crate::vocabulary::diagnostic::printable(error.code()))
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

/// What belongs to the installation and to the attempt, by the names of the facts.
fn own_values(provider: &Provider, learned: &LearnedProvider, attempt: &Attempt, public_url: &str) -> Vec<(String, String)> {
    let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let needs = |name: &str| provider.needed.iter().any(|needed| **provider.names.name(needed.fact) == *name);
    let mut own: Vec<(String, String)> = learned.values.iter().filter(|(name, value)| needs(name) && !value.is_empty()).cloned().collect();
    own.extend([of("redirectUri", &attempt.redirect_uri), of("state", &attempt.state), of("publicUrl", public_url)]);
    own.extend(learned.followed.nonce.as_deref().map(|nonce| of("nonce", nonce)));
    own.extend(learned.followed.verifier.as_deref().map(|verifier| of("codeVerifier", verifier)));
    own.extend(attempt.challenge.as_deref().map(|challenge| of("codeChallenge", challenge)));
    own
}

/// The recorded answers, given out in order.
struct RecordedAnswers<'a>(Mutex<std::slice::Iter<'a, RecordedResponse>>);

impl Fetch for RecordedAnswers<'_> {
    fn send<'a>(&'a self, _: &'a Request) -> ResponseFuture<'a> {
        let next = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
        let answer = next.map(|answer| Response {
            status: answer.status,
            headers: answer.headers.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect(),
            body: answer.body.clone().into_bytes(),
        });
        Box::pin(std::future::ready(answer.ok_or(NoAnswer::Unreachable)))
    }
}
