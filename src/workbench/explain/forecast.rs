//! What would happen in a login with these answers: what is read from each, which rule refuses, and who would be signed
//! in. The engine of production reads the answers. Nothing is sent.
//!
//! The values that were pasted are shown, except those of tokens, codes and secrets. The keys of a signed token are not
//! fetched, so a pasted token is signed again with a new key before it is read: its claims are judged, its signature is
//! not.

use crate::login::attempt::{Attempt, InputValues, InstallationValues, RedirectError};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::{LoginObserver, Trace};
use crate::login::{drive_observed, prepare};
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::json_path::JsonPath;
use crate::provider::signature::SignatureTarget;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::provider::trust::EmailEvidence;
use crate::story::proposal::Proposal;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::secret_names::{names_secret, often_names_secret};
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use crate::workbench::examples::difference::identity_members;
use crate::workbench::examples::replay::{redirect_error, sign_callback, usual_callback, usual_document};
use crate::workbench::examples::stand_ins::{key_for, stand_in};
use crate::workbench::examples::tokens::{sign_again, token_parts};
use crate::workbench::explain::{describe, explain, facts_before_call, installation_facts};
use crate::workbench::recorded_exchange::parse_pairs;
use crate::workbench::repair::{propose, propose_for_answer};
use crate::world::secrets;
use serde_json::Value;
use std::future::Future as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    let GivenAnswers { callback, mut calls, inputs, discovery } = given;
    let mut notes = Vec::new();
    let mut start = Start::new(provider, public_url, inputs, now);
    let mut callback = callback.map(CallbackParameters::new);
    start.take_state_from(provider, callback.as_ref());
    let has_callback = callback.is_some();
    let mut found = start.signed_tokens(provider, callback.as_ref(), &calls);
    start.adapt_to_tokens(provider, &found, &mut notes);
    let documents = DocumentCache::default();
    let discovery = start.store_document(provider, discovery, &found, &documents);
    let facts = start.attempt.initial_facts(provider, &start.installation, &documents).unwrap_or_else(|| provider.empty_facts());
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
                *value = Text::secret(signed.clone(), &std::sync::Arc::from(&**name));
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
    start.play(provider, &callback, calls, (documents, discovery), notes, public_url)
}

/// How a login begins here: with the values of this installation, and stand-ins for what is not known.
struct Start {
    attempt: Attempt,
    installation: InstallationValues,
    unset: Vec<Slot>,
}

/// A signed token in one of the answers.
struct TokenToJudge<'a> {
    step: StepKind,
    signed: &'a SignedToken,
    text: String,
}

impl TokenToJudge<'_> {
    /// Whether the keys of the token are not at hand.
    fn is_unverifiable(&self, provider: &Provider) -> bool {
        let keys = self.signed.key_text().map(|template| template.uses().map(|used| used.fact).collect::<Vec<_>>());
        keys.is_none_or(|facts| {
            facts.iter().any(|fact| provider.needed.iter().any(|needed| needed.fact == *fact && !secrets::is_set(&needed.reference)))
        })
    }

    fn claim(&self, name: &str) -> Option<Value> {
        token_parts(&self.text)?.1.get(name).cloned()
    }
}

impl Start {
    fn new(provider: &Provider, public_url: &str, inputs: InputValues, now: i64) -> Self {
        let mut installation = secrets::installation_values(provider, public_url);
        let is_set = |fact: Slot, values: &[(Slot, Text)]| values.iter().any(|(known, _)| *known == fact);
        let unset: Vec<Slot> =
            provider.needed.iter().map(|needed| needed.fact).filter(|fact| !is_set(*fact, &installation.values)).collect();
        for fact in &unset {
            let name = provider.names.name(*fact);
            let value = key_for(provider, *fact).unwrap_or_else(|| stand_in(name));
            installation.values.push((*fact, Text::secret(value, name)));
        }
        let saved = crate::login::attempt::SavedAttempt {
            state: stand_in("state").into(),
            nonce: stand_in("nonce").into(),
            verifier: stand_in("codeVerifier").into(),
            started: now,
            inputs,
            prepared: Vec::new(),
            options: crate::login::options::LoginOptions::default(),
        };
        let mut attempt = Attempt::resume(provider, &installation, saved);
        attempt.challenge = attempt.challenge.map(|_| stand_in("codeChallenge").into());
        Self { attempt, installation, unset }
    }

    /// Takes the state of a given callback for the one that was sent.
    fn take_state_from(&mut self, provider: &Provider, callback: Option<&CallbackParameters>) {
        let facts = self.attempt.facts_without_discovery(provider, &self.installation);
        if let Some(state) = callback.and_then(|callback| provider.state.evaluate(Some(&callback.document()), &facts).ok()) {
            self.attempt.state = state.revealed().into();
        }
    }

    /// Puts a correct signature into a given callback whose key is not set here.
    fn signs_callback_again(&self, provider: &Provider, callback: &mut CallbackParameters, facts: &Facts) -> bool {
        let Some(verify) = provider.authorization.expected_signature() else { return false };
        if !verify.uses().iter().any(|used| self.unset.contains(&used.fact)) {
            return false;
        }
        for (name, value) in &mut callback.pairs {
            if matches!(&verify.into, SignatureTarget::Parameter(into) if into == name) {
                *value = Text::plain(stand_in("signature"));
            }
        }
        sign_callback(provider, callback, facts);
        true
    }

    /// The signed tokens of the answers.
    fn signed_tokens<'p>(
        &self,
        provider: &'p Provider,
        callback: Option<&CallbackParameters>,
        calls: &[(usize, Response)],
    ) -> Vec<TokenToJudge<'p>> {
        let mut facts = self.attempt.facts_without_discovery(provider, &self.installation);
        let mut found = Vec::new();
        let first = &provider.authorization;
        if let Some(document) = callback.map(CallbackParameters::document) {
            found.extend(first.token_in(&document, &facts).map(|(signed, text)| TokenToJudge { step: first.kind, signed, text }));
            first.learn_from_answer(&document, &mut facts);
        }
        for (call, answer) in calls {
            let Some(step) = provider.calls.get(*call) else { continue };
            found.extend(step.token_to_verify(answer, &facts).map(|(signed, text)| TokenToJudge { step: step.kind, signed, text }));
            if let Some(document) = step.document(answer) {
                step.learn_from_answer(&document, &mut facts);
            }
        }
        found.retain(|token| token_parts(&token.text).is_some());
        found
    }

    /// Takes from the tokens what belongs to the login in which they were made: its time, its nonce, the client.
    fn adapt_to_tokens(&mut self, provider: &Provider, found: &[TokenToJudge<'_>], notes: &mut Vec<String>) {
        if let Some(issued) = found.iter().filter_map(|token| token.claim("iat")?.as_i64()).max() {
            self.attempt.started = issued;
            notes.push("the time is that of the token (`iat`)".to_owned());
        }
        if let Some(nonce) = found.iter().find_map(|token| token.claim("nonce")?.as_str().map(str::to_owned)) {
            self.attempt.nonce = nonce.into();
            notes.push("the nonce is that of the token, so it is not compared".to_owned());
        }
        let client = provider.known.client_id;
        if self.unset.contains(&client)
            && let Some(audience) = found.iter().find_map(|token| token.claim("azp").or_else(|| token.claim("aud")))
            && let Some(name) = audience.as_str().or_else(|| audience.get(0)?.as_str())
        {
            self.installation.values.retain(|(fact, _)| *fact != client);
            self.installation.values.push((client, Text::plain(name)));
            notes.push("`clientId` is not set here, so the audience of the token is taken for it".to_owned());
        }
    }

    /// Stores the issuer's document: the given one, or one with the usual addresses. Returns it unless it is the usual one.
    fn store_document(
        &self,
        provider: &Provider,
        given: Option<Value>,
        found: &[TokenToJudge<'_>],
        documents: &DocumentCache,
    ) -> Option<Value> {
        let facts = self.attempt.facts_without_discovery(provider, &self.installation);
        let (address, issuer) = provider.discovery.as_ref()?.address(&facts)?;
        let named = found.iter().find_map(|token| token.claim("iss")?.as_str().map(str::to_owned));
        let usual = issuer.clone();
        let base = match issuer {
            Some(issuer) => named.filter(|named| named.trim_end_matches('/') == issuer.trim_end_matches('/')).unwrap_or(issuer),
            None => named.unwrap_or_else(|| address.clone()),
        };
        let is_usual = given.is_none() && usual.as_ref() == Some(&base);
        let document = given.unwrap_or_else(|| usual_document(&base));
        documents.insert(&address, document.clone(), self.attempt.started);
        (!is_usual).then_some(document)
    }

    fn play(
        self,
        provider: &Provider,
        callback: &CallbackParameters,
        calls: Vec<(usize, Response)>,
        (documents, discovery): (DocumentCache, Option<Value>),
        mut notes: Vec<String>,
        public_url: &str,
    ) -> Forecast {
        let Self { mut attempt, installation, .. } = self;
        let fetch = PastedAnswers { calls, calling: AtomicUsize::new(usize::MAX), lacking: Mutex::new(None) };
        let mut observer = ForecastObserver { provider, fetch: &fetch, steps: Vec::new() };
        let now = attempt.started;
        let waits = || LoginError::before_calls(LoginErrorCause::RecordingWaits);
        let (before, is_prepared) = {
            let preparing = std::pin::pin!(prepare(&mut attempt, (provider, &installation), (&fetch, &documents), now, &mut observer));
            match preparing.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(prepared) => prepared,
                Poll::Pending => (Trace::default(), Err(RedirectError::Prepare(Box::new(waits())))),
            }
        };
        let (trace, end) = match is_prepared.and_then(|()| attempt.redirect_request(provider, &installation, &documents)) {
            Err(why) => (Trace::default(), Err(redirect_error(why, provider))),
            Ok(_) => match attempt.accept(provider, &installation, callback, Some(&attempt.state), &documents, now) {
                Err(error) => (Trace::default(), Err(error)),
                Ok(login) => {
                    let driving = std::pin::pin!(drive_observed(&mut observer, login, &fetch, &documents));
                    match driving.poll(&mut Context::from_waker(Waker::noop())) {
                        Poll::Ready(driven) => driven,
                        Poll::Pending => (Trace::default(), Err(waits())),
                    }
                }
            },
        };
        let trace = trace.after(before);
        let mut steps = observer.steps;
        let lacking = *fetch.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        let lacking = lacking.filter(|_| end.as_ref().is_err_and(|error| matches!(error.cause, LoginErrorCause::NoAnswer(_))));
        let mut proposals = if lacking.is_none() { propose(provider, end.as_ref(), &trace) } else { Vec::new() };
        if lacking.is_some() {
            steps.retain(|step| step.call != lacking);
        }
        // An answer that the login did not reach is read by itself.
        for (call, answer) in &fetch.calls {
            if lacking.is_some() && steps.iter().any(|step| step.call == Some(*call)) && proposals.is_empty() {
                proposals = propose_for_answer(provider, *call, answer);
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
                proposals = propose_for_answer(provider, *call, answer);
            }
        }
        let outcome = match (&end, lacking) {
            (_, Some(call)) => ForecastOutcome::NeedsAnswer(call),
            (Ok(_), None) => ForecastOutcome::SignedIn,
            (Err(error), None) => {
                let document =
                    trace.exchanges.last().and_then(|exchange| provider.calls[exchange.call].document(exchange.answer.as_ref().ok()?));
                let document = document.or_else(|| Some(callback.document()));
                ForecastOutcome::Refused(forecast_error(provider, error, document.as_ref(), public_url))
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

fn forecast_error(provider: &Provider, error: &LoginError, document: Option<&Value>, public_url: &str) -> ForecastError {
    let line = error.place.map(|place| place.line).filter(|line| *line > 0);
    let rule = line.filter(|_| error.refusal().is_some()).and_then(|line| rule_at(provider, line, document, public_url));
    ForecastError { step: error.step, code: printable(error.code()), message: printable(&error.to_string()), line, rule }
}

/// The rule at a line, and the values at the paths that it names.
fn rule_at(provider: &Provider, line: u32, document: Option<&Value>, public_url: &str) -> Option<String> {
    let steps = explain(provider, &installation_facts(provider, public_url)).ok()?;
    let description = describe(provider, &steps);
    let mut rows = description.file.iter().chain(description.steps.iter().flatten());
    let row = rows.find(|row| row.line == Some(line) && matches!(&*row.word, "refused" | "accepted"))?;
    let path = row.value.split([' ', '(', ')']).find(|word| word.starts_with("$.") || word.starts_with("$["));
    let found = path.and_then(|path| {
        let found = JsonPath::builtin(path, Place::default());
        let value = found.first(document?).map_or_else(|| "nothing".to_owned(), Value::to_string);
        Some(format!("; {path} is {}", printable(&value).chars().take(100).collect::<String>()))
    });
    Some(format!("`{}` {}{}", row.word, row.value, found.unwrap_or_default()))
}

fn forecast_step(provider: &Provider, call: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) -> ForecastStep {
    let used = provider.used_facts();
    let sources = step.read_sources(|fact| used.contains(&fact));
    let is_written = |fact: Slot, place: Place| step.learned_facts().any(|known| known == (fact, place, true));
    let fact = |(fact, from, place): (Slot, String, Place)| {
        let name = provider.names.name(fact).to_string();
        let value = facts.get(fact).map(|value| shown(provider, fact, &name, value));
        ForecastFact { fact: name, value, from: printable(&from), line: is_written(fact, place).then_some(place.line) }
    };
    let facts_read = if matches!(error, Some(StepError::Refused { .. } | StepError::NoAnswer(_))) {
        Vec::new()
    } else {
        sources.into_iter().map(fact).collect()
    };
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
        || value.judged(crate::provider::answer::is_signed_token);
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
