//! Writes the login that a file was learned from as an example: the engine replays it with that file, and what happens is
//! recorded with invented values in place of the real ones.

use crate::login::attempt::Attempt;
use crate::login::error::LoginError;
use crate::provider::Provider;
use crate::vocabulary::diagnostic::printable;
use crate::workbench::learn::LearnedProvider;
use crate::workbench::record::{LoginToRecord, record_example};
use crate::workbench::recorded_replay::{RecordedReplay, ReplayFailure};

/// The story, or why there is none; neither holds a value of the recording. `now` is the time where the recording has none.
pub fn example_from_recording(provider: &Provider, learned: &LearnedProvider, now: i64) -> Result<String, String> {
    let login = &learned.login;
    if !provider.inputs.is_empty() {
        return Err("this file asks shoppers for inputs, and no recording shows what they typed".to_owned());
    }
    let now = login.at.unwrap_or(now);
    let replay = RecordedReplay::run(provider, learned, login, now);
    let identity = replay.end.map_err(|failure| match failure {
        ReplayFailure::Waits => "the engine waited for an answer that the recording does not hold".to_owned(),
        ReplayFailure::NoRedirect => "with this file the request before the redirect cannot be made".to_owned(),
        ReplayFailure::Login(error) => replay_failure(&error),
    })?;
    let own = own_values(provider, learned, &replay.attempt, &replay.installation.public_url);
    let (discovery, facts) = (provider.discovery.as_ref(), replay.attempt.facts_without_discovery(provider, &replay.installation));
    let document = discovery.and_then(|discovery| replay.documents.get(&discovery.address(&facts)?.0, now));
    let (trace, inputs) = (&replay.trace, &replay.attempt.inputs);
    let recorded = LoginToRecord { provider, trace, end: Ok(&identity), discovery: document.as_deref(), own: &own, inputs };
    record_example(recorded, "a login").map_err(|differences| {
        let places: Vec<&str> = differences.iter().map(|difference| difference.place.as_str()).take(3).collect();
        format!("with invented values in place of the real ones this login does not replay ({})", places.join(", "))
    })
}

/// Why the replay failed. The code is enough, since a message may quote an answer.
fn replay_failure(error: &LoginError) -> String {
    let step = error.step.map_or_else(String::new, |step| format!(" in {}", step.word()));
    format!("with this file the recorded login ends{step} with `{}`", printable(error.code()))
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
