//! Replays a story: the engine of production gets the recorded answers, and everything that differs is listed.

use crate::login::attempt::{InstallationValues, RedirectError};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::Trace;
use crate::login::{Login, drive, prepare};
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::identity::Identity;
use crate::provider::issuer::metadata_address;
use crate::provider::signature::SignatureTarget;
use crate::provider::step::StepKind;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Request;
use crate::vocabulary::words::OneOrMany;
use crate::workbench::examples::difference::{Difference, compare_identity, compare_request};
use crate::workbench::examples::example::{ExampleExchangeSpec, ExampleSpec, ExpectedRefusalSpec};
use crate::workbench::examples::handed_in::replay_exchange;
use crate::workbench::examples::replayed_answers::{JudgedAnswers, ReplayJudge, ReplayedAnswers};
use crate::workbench::examples::stand_ins::{ExampleStart, example_start, stand_in};
use crate::workbench::examples::tokens::ExampleTokens;
use crate::world::random::rsa_pair;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The result of a replay.
#[derive(Debug)]
pub struct ReplayResult {
    /// How the replay differs from the story.
    pub differences: Vec<Difference>,
    /// The requests that were sent, the redirect first.
    pub requests: Vec<(StepKind, Request)>,
    /// The calls with their recorded answers; empty if the login failed before the first call.
    pub trace: Trace,
    /// The outcome, which `differences` compares with what the story expects.
    pub end: Result<Identity, LoginError>,
    /// The documents and keys of issuers.
    pub(crate) documents: DocumentCache,
}

/// Runs the login of a story with its recorded answers, without network or clock.
pub fn replay(provider: &Provider, story: &ExampleSpec) -> ReplayResult {
    replay_before(provider, story, None)
}

/// Runs the login of a story before a judge, who decides which request gets which answer.
pub fn replay_before(provider: &Provider, story: &ExampleSpec, judge: Option<&dyn ReplayJudge>) -> ReplayResult {
    let mut differences = Vec::new();
    check_names(provider, story, &mut differences);
    if let Some(handed) = &story.handed_in {
        return replay_exchange(provider, story, handed, differences);
    }
    let mut start = example_start(provider, story);
    let documents = DocumentCache::default();
    let mut requests = Vec::new();
    store_discovery_document(provider, story, &start, &documents);
    let facts = start.attempt.initial_facts(provider, &start.installation, &documents).unwrap_or_else(|_| provider.empty_facts());
    let tokens = ExampleTokens::make(provider, story, &start, &facts, &documents, &mut differences);
    let judged = judge.map(|judge| JudgedAnswers { judge, recorded: story.all_exchanges().collect(), tokens: &tokens });
    let before = ReplayedAnswers::new(story.prepare.as_ref().map_or(&[][..], |exchanges| &exchanges.0), &tokens, judged.as_ref());
    let (prepared, is_prepared) = prepare_to_end(provider, &mut start, &before, &documents);
    let facts = start.attempt.initial_facts(provider, &start.installation, &documents).unwrap_or(facts);
    compare_calls("prepare", provider, story.prepare.as_ref(), (&prepared, facts.clone()), &documents, &mut differences);
    match is_prepared.and_then(|()| start.attempt.redirect_request(provider, &start.installation, &documents)) {
        Ok(request) => {
            if let Some(expected) = &story.redirect {
                compare_request("the redirect", expected, &request, &provider.authorization, &facts, &mut differences);
            }
            requests.push((StepKind::GetAuthorizationCode, request));
        }
        Err(why) => {
            let error = redirect_error(why, provider);
            compare_outcome(story, &Err(error.clone()), provider, &mut differences);
            return ReplayResult { differences, requests, trace: prepared, end: Err(error), documents };
        }
    }
    let refused = judge.and_then(|judge| judge.refuse_redirect(&requests.last()?.1));
    let callback = refused.map_or_else(|| replayed_callback(provider, story, &tokens, &facts), CallbackParameters::new);
    let recording = ReplayedAnswers::new(story.exchanges.as_ref().map_or(&[][..], |exchanges| &exchanges.0), &tokens, judged.as_ref());
    let accepted = start.attempt.accept(provider, &start.installation, &callback, Some(&start.attempt.state), &documents, start.now);
    let (trace, end) = match accepted {
        Ok(login) => drive_to_end(login, &recording, &documents),
        Err(error) => (Trace::default(), Err(error)),
    };
    compare_calls("call", provider, story.exchanges.as_ref(), (&trace, facts), &documents, &mut differences);
    requests.extend(trace.exchanges.iter().map(|exchange| (exchange.step, exchange.request.clone())));
    compare_outcome(story, &end, provider, &mut differences);
    ReplayResult { differences, requests, trace: trace.after(prepared), end, documents }
}

/// Makes the calls before the redirect with their recorded answers.
fn prepare_to_end(
    provider: &Provider,
    start: &mut ExampleStart,
    recording: &ReplayedAnswers<'_>,
    documents: &DocumentCache,
) -> (Trace, Result<(), RedirectError>) {
    let now = start.now;
    let mut observer = ();
    poll_once(prepare(&mut start.attempt, (provider, &start.installation), (recording, documents), now, &mut observer))
        .unwrap_or_else(|| (Trace::default(), Err(RedirectError::Prepare(Box::new(waits())))))
}

/// The outcome of a future whose answers are all present, so that it never waits.
pub(super) fn outcome_of<T>(future: impl Future<Output = Result<T, LoginError>>) -> Result<T, LoginError> {
    poll_once(future).unwrap_or_else(|| Err(waits()))
}

fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

fn waits() -> LoginError {
    LoginError::before_calls(LoginErrorCause::RecordingWaits)
}

/// Compares the calls that were made with those of the story. `facts` are those with which they began.
pub(super) fn compare_calls(
    word: &str,
    provider: &Provider,
    expected: Option<&OneOrMany<ExampleExchangeSpec>>,
    (trace, facts): (&Trace, Facts),
    documents: &DocumentCache,
    differences: &mut Vec<Difference>,
) {
    let known = facts_after_replay(provider, trace, facts, documents);
    compare_exchanges(word, provider, trace, expected, &known, differences);
}

/// Compares the calls that were made with those of the story.
fn compare_exchanges(
    word: &str,
    provider: &Provider,
    trace: &Trace,
    expected: Option<&OneOrMany<ExampleExchangeSpec>>,
    known: &Facts,
    differences: &mut Vec<Difference>,
) {
    let expected = expected.map_or(&[][..], |expected| &expected.0);
    for (at, exchange) in trace.exchanges.iter().enumerate() {
        if let (Some(request), Some(step)) = (expected.get(at).and_then(|expected| expected.request.as_ref()), provider.call(exchange.call))
        {
            let place = format!("{word} {}", at + 1);
            compare_request(&place, request, &exchange.request, step, known, differences);
        }
    }
    let made = trace.exchanges.len();
    if made > expected.len() {
        let unexpected = &trace.exchanges[expected.len()].request;
        differences.push(Difference::new(
            format!("{word} {}", expected.len() + 1),
            "no further call".to_owned(),
            format!("{} {}", unexpected.method, unexpected.address.masked()),
        ));
    } else if made < expected.len() {
        differences.push(Difference::new(format!("{word} {}", made + 1), "a further call".to_owned(), "none was made".to_owned()));
    }
}

/// Facts and inputs that the file does not have are mistakes of the story.
fn check_names(provider: &Provider, story: &ExampleSpec, differences: &mut Vec<Difference>) {
    for (name, _) in story.facts.iter().flat_map(|facts| &facts.0) {
        if provider.names.find(&name.value).is_none() {
            differences.push(Difference::new(
                format!("facts: {}", name.value),
                "a fact of the file".to_owned(),
                "the file has no fact of this name".to_owned(),
            ));
        }
    }
    for (name, _) in story.inputs.iter().flat_map(|inputs| &inputs.0) {
        if !provider.inputs.iter().any(|input| *input.name == *name.value) {
            differences.push(Difference::new(
                format!("inputs: {}", name.value),
                "an input of the file".to_owned(),
                "the file has no input of this name".to_owned(),
            ));
        }
    }
}

/// The facts after all calls, with which the masks of the requests are lifted.
fn facts_after_replay(provider: &Provider, trace: &Trace, facts: Facts, documents: &DocumentCache) -> Facts {
    let mut facts = facts;
    for exchange in &trace.exchanges {
        if let (Ok(answer), Some(step)) = (&exchange.answer, provider.call(exchange.call)) {
            // The facts of a refused call count too, because they only lift masks.
            let _ = step.read(answer, &mut facts, documents);
        }
    }
    facts
}

/// Drives a login whose answers are all present, so that it never waits.
fn drive_to_end(login: Login<'_>, recording: &ReplayedAnswers<'_>, documents: &DocumentCache) -> (Trace, Result<Identity, LoginError>) {
    poll_once(drive(login, recording, documents)).unwrap_or_else(|| (Trace::default(), Err(waits())))
}

/// Why a login fails that cannot begin.
pub(crate) fn redirect_error(error: RedirectError, provider: &Provider) -> LoginError {
    match error {
        RedirectError::Input(name) => LoginError::before_calls(LoginErrorCause::BadInput(name)),
        RedirectError::Prepare(error) => *error,
        RedirectError::NoDocument(fault) => LoginError::before_calls(LoginErrorCause::NoDocument(fault)),
        RedirectError::Request(error) => LoginError::from_step_error(StepKind::GetAuthorizationCode, error, None, provider),
    }
}

pub(super) fn compare_outcome(
    story: &ExampleSpec,
    end: &Result<Identity, LoginError>,
    provider: &Provider,
    differences: &mut Vec<Difference>,
) {
    match (end, &story.identity, &story.refused) {
        (Ok(identity), Some(expected), _) => compare_identity(&expected.0, identity, differences),
        (Ok(identity), None, Some(refused)) => {
            differences.push(Difference::new(
                "the end".to_owned(),
                describe_expected_refusal(refused),
                format!("{} signed in", identity.id),
            ));
        }
        (Err(error), None, Some(refused)) => {
            let same = refused.step == error.step
                && refused.code.value == error.code()
                && refused.message.as_ref().is_none_or(|message| message.value == error.to_string());
            if !same {
                differences.push(Difference::new(
                    "the end".to_owned(),
                    describe_expected_refusal(refused),
                    describe_error(error, provider),
                ));
            }
        }
        (Err(error), ..) => {
            differences.push(Difference::new("the end".to_owned(), "a sign-in".to_owned(), describe_error(error, provider)));
        }
        (Ok(_), None, None) => {}
    }
}

fn describe_expected_refusal(refused: &ExpectedRefusalSpec) -> String {
    let step = refused.step.map_or_else(String::new, |step| format!(" in {}", step.word()));
    let message = refused.message.as_ref().map_or_else(String::new, |message| format!(" ({})", message.value));
    format!("refused{step}: {}{message}", refused.code.value)
}

fn describe_error(error: &LoginError, provider: &Provider) -> String {
    let step = error.step.map_or_else(String::new, |step| format!(" in {}", step.word()));
    let place =
        error.place.filter(|place| place.line > 0).map_or_else(String::new, |place| format!(", see {}:{place}", provider.source.name));
    format!("refused{step}: {} ({error}){place}", error.code())
}

pub(super) fn store_discovery_document(provider: &Provider, story: &ExampleSpec, start: &ExampleStart, documents: &DocumentCache) {
    if let Some((address, document)) = discovery_document(provider, story, &start.installation) {
        documents.insert(&address, document, start.now);
    }
    let facts = start.attempt.facts_without_discovery(provider, &start.installation);
    if let (Some(issuer), Some(document)) = (&provider.issuer, &story.discovery)
        && let Some(address) = issuer.value(&facts).and_then(|issuer| metadata_address(&issuer))
    {
        documents.insert(&address, document.0.clone(), start.now);
    }
}

/// The issuer's document of a story, and its address.
pub(crate) fn discovery_document(provider: &Provider, story: &ExampleSpec, installation: &InstallationValues) -> Option<(String, Value)> {
    let mut facts = provider.empty_facts();
    for (slot, value) in &installation.values {
        facts.set(*slot, value.clone());
    }
    let (address, issuer) = provider.discovery.as_ref()?.address(&facts)?;
    let usual = usual_document(&issuer.unwrap_or_else(|| address.clone()));
    let document = story.discovery.as_ref().map_or(usual, |raw| raw.0.clone());
    Some((address, document))
}

/// A discovery document with the usual endpoints below the issuer.
pub(crate) fn usual_document(issuer: &str) -> Value {
    let below = |name: &str| format!("{}/{name}", issuer.trim_end_matches('/'));
    json!({
        "issuer": issuer, "authorization_endpoint": below("authorize"), "token_endpoint": below("token"),
        "userinfo_endpoint": below("userinfo"), "jwks_uri": below("jwks"),
    })
}

/// A callback with a code and the state where the file reads them, signed where it verifies a signature.
pub(crate) fn usual_callback(provider: &Provider, state: &str, facts: &Facts) -> CallbackParameters {
    let parameter = |source: &str| source.strip_prefix("$.").filter(|name| !name.contains(['.', '[', '*'])).map(str::to_owned);
    let reads = provider.authorization.reads.iter().filter(|read| read.written || read.fact == provider.known.code);
    let mut pairs: Vec<(String, String)> = reads
        .filter_map(|read| {
            let name = parameter(&read.reading.paths().first()?.source)?;
            let value = if read.fact == provider.known.code { "c-1".to_owned() } else { stand_in(provider.names.name(read.fact)) };
            Some((name, value))
        })
        .collect();
    if !provider.begins_by_form() {
        pairs.push((parameter(&provider.state.source()).unwrap_or_else(|| "state".to_owned()), state.to_owned()));
    }
    pairs.dedup_by(|one, other| one.0 == other.0);
    let mut callback = CallbackParameters::new(pairs);
    if let Some(SignatureTarget::Parameter(into)) = provider.authorization.verify.as_ref().map(|verify| &verify.into) {
        callback.pairs.push((into.clone(), Text::plain("‹signature›")));
    }
    sign_callback(provider, &mut callback, facts);
    callback
}

/// The callback of a story, signed where the file verifies a signature.
pub(crate) fn replayed_callback(provider: &Provider, story: &ExampleSpec, tokens: &ExampleTokens, facts: &Facts) -> CallbackParameters {
    let mut callback = if let Some(pairs) = &story.callback {
        CallbackParameters::new(pairs.0.iter().map(|(name, value)| (&name.value, tokens.replace(&value.value))))
    } else {
        let mut callback = CallbackParameters::new([("code", "c-1")]);
        if !provider.begins_by_form() {
            let state = facts.get(provider.known.state).cloned().unwrap_or_default();
            callback.pairs.push(("state".into(), state.made_secret(&Arc::from("state"))));
        }
        callback
    };
    sign_callback(provider, &mut callback, facts);
    callback
}

/// Puts the correct signature in the place of its stand-in.
pub(crate) fn sign_callback(provider: &Provider, callback: &mut CallbackParameters, facts: &Facts) {
    if let Some(verify) = provider.authorization.verify.as_ref()
        && let Some(at) = callback.pairs.iter().position(|(name, value)| verify.is_parameter(name) && value.equals("‹signature›"))
    {
        // The signature is made as the provider makes it; RSA needs the provider's private key.
        let signed = match verify.key_template() {
            Some((template, true)) => {
                let mut provider_facts = facts.clone();
                if let Some(fact) = template.first_fact() {
                    provider_facts.set(fact, Text::plain(rsa_pair(false).private.clone()));
                }
                verify.sign(&callback.as_pairs(), &provider_facts)
            }
            _ => verify.sign(&callback.as_pairs(), facts),
        };
        if let Ok(signature) = signed {
            callback.pairs[at].1 = signature;
        }
    }
}
