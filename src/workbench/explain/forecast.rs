//! What would happen in a login with these answers: what is read from each, which rule refuses, and who would be signed
//! in. The engine of production reads the answers. Nothing is sent.
//!
//! The values that were pasted are shown, except those of tokens, codes and secrets. The keys of a signed token are not
//! fetched, so a pasted token is signed again with a new key before it is read: its claims are judged, its signature is
//! not.

mod start;

use crate::login::attempt::{Attempt, InputValues, InstallationValues, RedirectError};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::{LoginObserver, Trace};
use crate::login::{drive_observed, prepare};
use crate::provider::Provider;
use crate::provider::answer::is_signed_token;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::refusal::with_moment;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::provider::trust::EmailEvidence;
use crate::story::proposal::Proposal;
use crate::story::recent_logins::LoginsAtHand;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::secret_names::{names_secret, often_names_secret};
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use crate::workbench::examples::difference::identity_members;
use crate::workbench::examples::replay::{redirect_error, usual_callback};
use crate::workbench::examples::tokens::sign_again;
use crate::workbench::explain::forecast::start::Start;
use crate::workbench::explain::{facts_before_call, installation_facts};
use crate::workbench::recorded_exchange::parse_pairs;
use crate::workbench::repair::{propose_for_answer, propose_given};
use serde_json::Value;
use std::future::Future as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// The answers that a person gives, and what else they know of the login.
#[derive(Default)]
pub(crate) struct GivenAnswers {
    /// The parameters of the callback; without them it brings a code and the state.
    pub(crate) callback: Option<Vec<(String, String)>>,
    /// The answers, each with the index of its call.
    pub(crate) calls: Vec<(usize, Response)>,
    /// What the shopper typed.
    pub(crate) inputs: InputValues,
    /// The issuer's document.
    pub(crate) discovery: Option<Value>,
    /// Other logins, with which a proposed id is compared.
    pub(crate) others: LoginsAtHand,
}

/// What would happen.
pub(crate) struct Forecast {
    pub(crate) steps: Vec<ForecastStep>,
    pub(crate) outcome: ForecastOutcome,
    /// What was assumed.
    pub(crate) notes: Vec<String>,
    pub(crate) proposals: Vec<Proposal>,
    /// The login, for an example that is made of it.
    pub(crate) login: ForecastLogin,
}

/// The login that was played.
pub(crate) struct ForecastLogin {
    pub(crate) attempt: Attempt,
    pub(crate) installation: InstallationValues,
    pub(crate) trace: Trace,
    pub(crate) end: Result<Identity, LoginError>,
    pub(crate) discovery: Option<Value>,
}

/// What is read in one step.
pub(crate) struct ForecastStep {
    pub(crate) step: StepKind,
    /// The index of the call; the callback has none.
    pub(crate) call: Option<usize>,
    pub(crate) facts: Vec<ForecastFact>,
    /// Why the step fails.
    pub(crate) error: Option<ForecastError>,
}

/// A fact that is looked for in an answer.
pub(crate) struct ForecastFact {
    pub(crate) fact: String,
    /// The value, masked where it is a token or a secret; `None` when nothing is found.
    pub(crate) value: Option<String>,
    /// What was found and cannot be read.
    pub(crate) instead: Option<String>,
    /// Where it is looked for.
    pub(crate) from: String,
    /// The line that reads it; a standard place has none.
    pub(crate) line: Option<u32>,
}

/// Why a step fails, and the rule of the file that says so.
#[derive(Clone)]
pub(crate) struct ForecastError {
    pub(crate) step: Option<StepKind>,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) line: Option<u32>,
    /// The rule in the file's own words, with the values that it looks at.
    pub(crate) rule: Option<String>,
}

/// How the login would end.
pub(crate) enum ForecastOutcome {
    SignedIn,
    Refused(ForecastError),
    /// The answer of this call is needed to say more.
    NeedsAnswer(usize),
}

/// Says what would happen at a provider with these answers, at this time.
pub(crate) fn forecast(provider: &Provider, public_url: &str, given: GivenAnswers, now: i64) -> Forecast {
    let GivenAnswers { callback, mut calls, inputs, discovery, others } = given;
    let mut notes = Vec::new();
    let mut start = Start::new(provider, public_url, inputs, now);
    let mut callback = callback.map(CallbackParameters::new);
    start.take_state_from(provider, callback.as_ref());
    let has_callback = callback.is_some();
    let mut found = start.signed_tokens(provider, callback.as_ref(), &calls);
    start.adapt_to_tokens(provider, &found, &mut notes);
    let documents = DocumentCache::default();
    let discovery = start.store_document(provider, discovery, &found, &documents);
    let facts = start.attempt.initial_facts(provider, &start.installation, &documents).unwrap_or_else(|_| provider.empty_facts());
    found.retain(|token| token.is_unverifiable(provider));
    for token in found {
        let keeps_code_hash = has_callback;
        let Some(signed) = sign_again(token.signed, &token.text, keeps_code_hash, &facts, &documents, start.attempt.started) else {
            continue;
        };
        for (_, answer) in &mut calls {
            answer.body = String::from_utf8_lossy(&answer.body).replace(&token.text, &signed).into_bytes();
        }
        for (name, value) in callback.iter_mut().flat_map(|callback| &mut callback.pairs) {
            if value.equals(&token.text) {
                *value = Text::secret(signed.clone(), &Arc::from(&**name));
            }
        }
        notes.push(format!("the signed token of {} is read without its signature: its keys are not asked for", token.step.word()));
    }
    if let Some(callback) = &mut callback
        && start.signs_callback_again(provider, callback, &facts)
    {
        notes.push("the signature of the callback is not compared: its key is not set here".to_owned());
    }
    let callback = callback.unwrap_or_else(|| usual_callback(provider, &start.attempt.state, &facts));
    start.play(provider, &callback, (calls, &others), (documents, discovery), notes, public_url)
}

impl Start {
    fn play(
        self,
        provider: &Provider,
        callback: &CallbackParameters,
        (calls, others): (Vec<(usize, Response)>, &LoginsAtHand),
        (documents, discovery): (DocumentCache, Option<Value>),
        mut notes: Vec<String>,
        public_url: &str,
    ) -> Forecast {
        let Self { mut attempt, installation, .. } = self;
        let fetch = PastedAnswers { calls, calling: AtomicUsize::new(usize::MAX), lacking: Mutex::new(None) };
        let mut observer = ForecastObserver { provider, fetch: &fetch, steps: Vec::new() };
        let (trace, end) = drive_login((provider, &installation), &mut attempt, (&fetch, &documents), callback, &mut observer);
        let mut steps = observer.steps;
        let lacking = *fetch.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        let lacking = lacking.filter(|_| end.as_ref().is_err_and(|error| matches!(error.cause, LoginErrorCause::NoAnswer(_))));
        let mut proposals =
            if lacking.is_none() { propose_given(provider, end.as_ref(), &trace, others, &fetch.calls) } else { Vec::new() };
        if lacking.is_some() {
            steps.retain(|step| step.call != lacking);
        }
        // An answer that the login did not reach is read by itself.
        for (call, answer) in &fetch.calls {
            if lacking.is_some() && steps.iter().any(|step| step.call == Some(*call)) && proposals.is_empty() {
                proposals = propose_for_answer(provider, *call, answer, others);
            }
            if steps.iter().any(|step| step.call == Some(*call)) {
                continue;
            }
            let step = &provider.calls[*call];
            if lacking.is_none_or(|lacking| *call < lacking) {
                notes.push(format!("the answer of {} is not used: the call is not made", call_name(provider, *call)));
                continue;
            }
            let mut facts = facts_before_call(provider, &installation_facts(provider, public_url), *call);
            let read = step.read(answer, &mut facts, &documents);
            steps.push(forecast_step(provider, Some(*call), step, &facts, read.as_ref().err()));
            notes.push(format!("the answer of {} is read by itself, because an earlier one is not given", call_name(provider, *call)));
            if proposals.is_empty() {
                proposals = propose_for_answer(provider, *call, answer, others);
            }
        }
        let outcome = match (&end, lacking) {
            (_, Some(call)) => ForecastOutcome::NeedsAnswer(call),
            (Ok(_), None) => ForecastOutcome::SignedIn,
            (Err(error), None) => {
                let document = last_document(provider, &trace).unwrap_or_else(|| callback.document());
                ForecastOutcome::Refused(forecast_error(provider, error, Some(&document)))
            }
        };
        for step in &mut steps {
            let failing = if let ForecastOutcome::Refused(error) = &outcome { Some(error) } else { None };
            if step.error.is_some()
                && let Some(failing) = failing.filter(|failing| failing.step == Some(step.step))
            {
                step.error = Some(failing.clone());
            }
        }
        Forecast { steps, outcome, notes, proposals, login: ForecastLogin { attempt, installation, trace, end, discovery } }
    }
}

/// Drives a login with the pasted answers as far as they go.
fn drive_login(
    (provider, installation): (&Provider, &InstallationValues),
    attempt: &mut Attempt,
    (fetch, documents): (&PastedAnswers, &DocumentCache),
    callback: &CallbackParameters,
    observer: &mut ForecastObserver<'_>,
) -> (Trace, Result<Identity, LoginError>) {
    let now = attempt.started;
    let waits = || LoginError::before_calls(LoginErrorCause::RecordingWaits);
    let (before, is_prepared) = {
        let preparing = std::pin::pin!(prepare(attempt, (provider, installation), (fetch, documents), now, observer));
        match preparing.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(prepared) => prepared,
            Poll::Pending => (Trace::default(), Err(RedirectError::Prepare(Box::new(waits())))),
        }
    };
    let (trace, end) = match is_prepared.and_then(|()| attempt.redirect_request(provider, installation, documents)) {
        Err(why) => (Trace::default(), Err(redirect_error(why, provider))),
        Ok(_) => match attempt.accept(provider, installation, callback, Some(&attempt.state), documents, now) {
            Err(error) => (Trace::default(), Err(error)),
            Ok(login) => {
                let driving = std::pin::pin!(drive_observed(observer, login, fetch, documents));
                match driving.poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(driven) => driven,
                    Poll::Pending => (Trace::default(), Err(waits())),
                }
            }
        },
    };
    (trace.after(before), end)
}

/// The answer with which a login ended.
fn last_document(provider: &Provider, trace: &Trace) -> Option<Value> {
    let exchange = trace.exchanges.last()?;
    provider.calls[exchange.call].document(exchange.answer.as_ref().ok()?)
}

/// Who would be signed in, line by line.
pub(crate) fn identity_lines(identity: &Identity) -> Vec<(String, String)> {
    let mut lines = vec![("id".to_owned(), printable(&identity.id))];
    lines.push((
        "email".to_owned(),
        match &identity.address {
            IdentityEmail::Proven(email, evidence) => format!("{} (proven: {})", printable(email.key()), evidence_in_words(*evidence)),
            IdentityEmail::Placeholder(email) => format!("{} (a placeholder)", printable(email.key())),
            IdentityEmail::Ask(Some(email)) => format!("{} (unproven; the shopper is asked to prove an address)", printable(email.key())),
            IdentityEmail::Ask(None) => "none (the shopper is asked for an address)".to_owned(),
        },
    ));
    for (name, value) in identity_members(identity) {
        if !matches!(name.as_str(), "id" | "email" | "emailVerified" | "ask") {
            lines.push((printable(&name), printable(value.as_str().unwrap_or_default())));
        }
    }
    lines
}

fn evidence_in_words(evidence: EmailEvidence) -> &'static str {
    match evidence {
        EmailEvidence::Claim => "`emailVerified` is true",
        EmailEvidence::Always => "`trustEmail: always`",
        EmailEvidence::Domain => "`trustEmail` names its domain",
        EmailEvidence::Mail => "by mail",
    }
}

/// The parameters of a callback, from its address or its query.
pub(crate) fn callback_pairs(text: &str) -> Vec<(String, String)> {
    let text = text.trim().split('#').next().unwrap_or_default();
    parse_pairs(text.split_once('?').map_or(text, |(_, query)| query))
}

/// The name of a call as the command line writes it: its step, with its number where the step has several.
pub(crate) fn call_name(provider: &Provider, call: usize) -> String {
    let word = step_word(provider, call);
    let of_step = || (0..provider.calls.len()).filter(|other| step_word(provider, *other) == word);
    let nth = of_step().position(|other| other == call).unwrap_or_default();
    if of_step().count() > 1 { format!("{word}[{}]", nth + 1) } else { word.to_owned() }
}

/// The word of the file under which a call stands.
pub(crate) fn step_word(provider: &Provider, call: usize) -> &'static str {
    if call < provider.prepared { "prepare" } else { provider.calls.get(call).map_or("", |step| step.kind.word()) }
}

fn forecast_error(provider: &Provider, error: &LoginError, document: Option<&Value>) -> ForecastError {
    let line = error.place.map(|place| place.line).filter(|line| *line > 0);
    let rule = error
        .place
        .zip(error.refusal())
        .and_then(|(place, refusal)| Some(with_moment(rule_at(provider, place, document)?, refusal.moment.as_ref())));
    ForecastError { step: error.step, code: printable(error.code()), message: printable(&error.to_string()), line, rule }
}

/// The rule at a place, and the value at the first path that it names.
fn rule_at(provider: &Provider, place: Place, document: Option<&Value>) -> Option<String> {
    let rule = provider.steps().flat_map(|step| step.refused.iter().chain(&step.accepted)).find(|rule| rule.place == place)?;
    Some(rule.describe(document, |value| printable(&value.to_string()).chars().take(100).collect()))
}

fn forecast_step(provider: &Provider, call: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) -> ForecastStep {
    let used = provider.used_facts();
    let sources = step.read_sources(|fact| used.contains(&fact));
    let is_written = |fact: Slot, place: Place| step.learned_facts().any(|known| known == (fact, place, true));
    let fact = |(fact, from, place): (Slot, String, Place)| {
        let name = provider.names.name(fact).to_string();
        let value = facts.get(fact).map(|value| shown(provider, fact, &name, value));
        let instead = facts.unreadable(fact).map(|kind| kind.to_string());
        ForecastFact { fact: name, value, instead, from: printable(&from), line: is_written(fact, place).then_some(place.line) }
    };
    let is_unread = error.is_some_and(|error| error.why_nothing_was_read().is_some());
    let facts_read = if is_unread { Vec::new() } else { sources.into_iter().map(fact).collect() };
    let failed = error.map(|error| {
        let missed = if let StepError::MissingFact { fact: Some(fact), .. } = error { facts.missing_value(*fact) } else { None };
        LoginError::from_step_error(step.kind, error.clone(), missed, provider)
    });
    let error = failed.map(|error| ForecastError {
        step: error.step,
        code: printable(error.code()),
        message: printable(&error.to_string()),
        line: error.place.map(|place| place.line).filter(|line| *line > 0),
        rule: None,
    });
    ForecastStep { step: step.kind, call, facts: facts_read, error }
}

/// A value as it is shown: what was pasted, except tokens, codes and secrets.
fn shown(provider: &Provider, fact: Slot, name: &str, value: &Text) -> String {
    let is_secret = names_secret(name)
        || often_names_secret(name)
        || fact == provider.known.code
        || fact == provider.known.state
        || provider.needed.iter().any(|needed| needed.secret && needed.fact == fact)
        || value.judged(is_signed_token);
    if is_secret { format!("‹{name}›") } else { printable(&value.clone().revealed()) }
}

/// The pasted answers, given to the calls that they belong to.
struct PastedAnswers {
    calls: Vec<(usize, Response)>,
    /// The call whose request is sent next; `usize::MAX` between calls.
    calling: AtomicUsize,
    /// The first call whose answer is not given.
    lacking: Mutex<Option<usize>>,
}

impl Fetch for PastedAnswers {
    fn send<'a>(&'a self, _: &'a Request) -> ResponseFuture<'a> {
        let call = self.calling.swap(usize::MAX, Ordering::Relaxed);
        let answer = self.calls.iter().find(|(known, _)| *known == call).map(|(_, answer)| answer.clone());
        if answer.is_none() && call != usize::MAX {
            self.lacking.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(call);
        }
        Box::pin(std::future::ready(answer.ok_or(NoAnswer::Unreachable)))
    }
}

/// Notes what each step reads.
struct ForecastObserver<'a> {
    provider: &'a Provider,
    fetch: &'a PastedAnswers,
    steps: Vec<ForecastStep>,
}

impl LoginObserver for ForecastObserver<'_> {
    fn on_request(&mut self, call: usize, _: &Step, _: &Request) {
        self.fetch.calling.store(call, Ordering::Relaxed);
    }

    fn on_step_finished(&mut self, call: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) {
        self.steps.push(forecast_step(self.provider, call, step, facts, error));
    }
}
