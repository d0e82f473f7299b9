//! What can be chosen at a simulation: every recorded example, and faults that are made from the first recorded login. A fault is
//! offered only if replaying it shows that the login is refused.

use crate::provider::Provider;
use crate::provider::callback::StateLocation;
use crate::provider::step::StepKind;
use crate::simulated::simulation::fault::{self, SimulatedFault};
use crate::simulated::simulation::phrases::SimulationLanguage;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{NamedValues, OneOrMany};
use crate::workbench::examples::example::{ExampleAnswerSpec, ExampleExchangeSpec, ExampleSpec, ExpectedRefusalSpec, RawJson};
use crate::workbench::examples::replay::{ReplayResult, replay};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct SimulatedChoice {
    /// The word that chooses it in an address.
    pub(crate) word: String,
    pub(crate) title: String,
    /// The person that the broker sees, or the refusal.
    pub(crate) effect: String,
    pub(crate) kind: SimulatedChoiceKind,
    /// What goes wrong, which the pages say in their own language.
    pub(crate) fault: Option<SimulatedFault>,
    /// The example that is replayed.
    pub(crate) example: ExampleSpec,
    /// The calls of the file to which the recorded answers belong, in order.
    pub(crate) calls: Vec<usize>,
    /// The call that is answered too late.
    pub(crate) late_call: Option<usize>,
    /// Whether the path of the redirect URI carries another state than the one that was sent.
    pub(crate) has_wrong_path: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SimulatedChoiceKind {
    Login,
    Refusal,
    Fault,
}

/// The choices, and the number of examples that cannot be chosen: they need another discovery document, or send no request.
pub(super) fn all_choices(provider: &Provider, examples: &[ExampleSpec]) -> (Vec<SimulatedChoice>, usize) {
    let mut choices = Vec::new();
    let document = first_login(examples).and_then(|example| example.discovery.as_ref());
    for (index, example) in examples.iter().enumerate().filter(|(_, example)| example.has_redirect()) {
        let has_same_document = example.discovery.as_ref().is_none_or(|own| document.is_some_and(|document| document.0 == own.0));
        let result = replay(provider, example);
        // What refuses the client happens in no login of its own, because the logins share the token.
        let refuses_client = example.refused.as_ref().is_some_and(|refused| refused.step == Some(StepKind::GetClientToken));
        if !has_same_document || refuses_client || result.requests.is_empty() {
            continue;
        }
        let kind = if example.identity.is_some() { SimulatedChoiceKind::Login } else { SimulatedChoiceKind::Refusal };
        choices.push(SimulatedChoice {
            word: format!("story-{}", index + 1),
            title: example.what.value.clone(),
            effect: summary(example),
            kind,
            fault: None,
            example: example.clone(),
            calls: calls_made(&result),
            late_call: None,
            has_wrong_path: false,
        });
    }
    let left_out = examples.iter().filter(|example| example.has_redirect()).count() - choices.len();
    // Logins come first, in the order of the file.
    choices.sort_by_key(|choice| choice.kind == SimulatedChoiceKind::Refusal);
    if let Some(login) = first_login(examples) {
        choices.extend(fault_choices(provider, examples, login));
    }
    (choices, left_out)
}

/// The first example in which a login succeeds.
pub(super) fn first_login(examples: &[ExampleSpec]) -> Option<&ExampleSpec> {
    examples.iter().find(|example| example.identity.is_some() && example.has_redirect())
}

/// The calls that were made after the callback, in order.
fn calls_made(result: &ReplayResult) -> Vec<usize> {
    result.trace.exchanges_by_phase().1.iter().map(|exchange| exchange.call).collect()
}

/// The recorded answer that gives the client its own token, where the file asks for one.
pub(super) fn recorded_client_token(provider: &Provider, example: &ExampleSpec) -> Option<ExampleAnswerSpec> {
    let (call, _) = provider.client_token_call()?;
    let trace = replay(provider, example).trace;
    let (before, after) = trace.exchanges_by_phase();
    let phases = [(before, &example.prepare), (after, &example.exchanges)];
    phases.into_iter().find_map(|(made, recorded)| {
        let at = made.iter().position(|exchange| exchange.call == call)?;
        Some(recorded.as_ref()?.0.get(at)?.answer.clone())
    })
}

/// The calls of an example that were made before the redirect, in order.
pub(super) fn prepared_calls(provider: &Provider, example: &ExampleSpec) -> Vec<usize> {
    replay(provider, example).trace.exchanges_by_phase().0.iter().map(|exchange| exchange.call).collect()
}

fn summary(example: &ExampleSpec) -> String {
    if let Some(ExpectedRefusalSpec { code, .. }) = &example.refused {
        return code.value.clone();
    }
    let text = |name: &str| example.identity.as_ref().and_then(|identity| identity.0.get(name)).and_then(Value::as_str);
    text("email").or(text("name")).or(text("id")).unwrap_or_default().to_owned()
}

/// The faults that can be made from a recorded login.
fn fault_choices(provider: &Provider, examples: &[ExampleSpec], login: &ExampleSpec) -> Vec<SimulatedChoice> {
    let calls = calls_made(&replay(provider, login));
    // The first answer of this login without which it does not succeed.
    let is_own = |call: usize| provider.calls[call].kind != StepKind::GetClientToken;
    let required = calls.iter().position(|call| is_own(*call) && !provider.calls[*call].optional);
    let english = &SimulationLanguage::preferred("").phrases;
    let choice = |fault: SimulatedFault, example: ExampleSpec| SimulatedChoice {
        word: fault.word().to_owned(),
        title: english.of_fault(fault).title.clone(),
        effect: english.of_fault(fault).effect.clone(),
        kind: SimulatedChoiceKind::Fault,
        fault: Some(fault),
        example,
        calls: calls.clone(),
        late_call: None,
        has_wrong_path: false,
    };
    let mut faults: Vec<SimulatedChoice> = Vec::new();
    if let Some(exchange) = required {
        for (fault, answer) in wrong_answers(provider, examples, login.place) {
            faults.push(choice(fault, with_answer(login, exchange, answer)));
        }
    }
    if let Some(example) = fault::without_email(login) {
        faults.push(choice(SimulatedFault::NoEmail, example));
    }
    let other_shape = (0..calls.len())
        .rev()
        .filter(|exchange| is_own(calls[*exchange]))
        .filter_map(|exchange| fault::with_changed_envelope(login, exchange));
    if let Some(example) = other_shape.into_iter().find(|example| replay(provider, example).end.is_err()) {
        faults.push(choice(SimulatedFault::OtherShape, example));
    }
    if provider.state_in != StateLocation::Path {
        faults.push(choice(SimulatedFault::WrongState, fault::with_wrong_state(login)));
    }
    // Without a redirect nothing was shown, and a login that succeeds was not refused.
    faults.retain(|fault| {
        let result = replay(provider, &fault.example);
        result.end.is_err() && !result.requests.is_empty()
    });
    if provider.state_in == StateLocation::Path {
        faults.push(SimulatedChoice { has_wrong_path: true, ..choice(SimulatedFault::WrongState, login.clone()) });
    }
    if let Some(exchange) = required {
        let slow = choice(SimulatedFault::Slow, login.clone());
        faults.push(SimulatedChoice { late_call: Some(calls[exchange]), ..slow });
    }
    faults
}

/// Answers that no provider should give to a call that has to succeed.
fn wrong_answers(provider: &Provider, examples: &[ExampleSpec], place: Place) -> [(SimulatedFault, ExampleAnswerSpec); 3] {
    let error = json!({ "error": "temporarily_unavailable", "error_description": "the simulation refuses with HTTP 200" });
    let error_in_200 = ExampleAnswerSpec { json: Some(RawJson(error)), ..empty_answer(place) };
    let page = "<!doctype html>\n<html lang=\"en\"><title>Back soon</title><p>This provider is being repaired.</p></html>\n";
    let located = |text: &str| Located::new(text.to_owned(), place);
    let html = ExampleAnswerSpec {
        text: Some(located(page)),
        headers: Some(NamedValues(vec![(located("Content-Type"), located("text/html; charset=utf-8"))])),
        ..empty_answer(place)
    };
    let used_code = recorded_code_refusal(provider, examples).cloned().unwrap_or_else(|| ExampleAnswerSpec {
        status: Some(400),
        json: Some(RawJson(json!({ "error": "invalid_grant" }))),
        ..empty_answer(place)
    });
    [(SimulatedFault::ErrorIn200, error_in_200), (SimulatedFault::WebPage, html), (SimulatedFault::UsedCode, used_code)]
}

/// The recorded answer that refuses an authorization code.
fn recorded_code_refusal<'e>(provider: &Provider, examples: &'e [ExampleSpec]) -> Option<&'e ExampleAnswerSpec> {
    let is_about_code = |example: &&ExampleSpec| {
        example.refused.as_ref().is_some_and(|refused| refused.code.value.contains("grant")) || example.what.value.contains("code")
    };
    let mut refusals = examples.iter().filter(is_about_code).filter_map(|example| recorded_refusal(provider, example));
    refusals.next().filter(|(call, _)| *call == provider.prepared).map(|(_, answer)| answer)
}

/// The call that is refused in an example, and the answer that refuses it in the provider's own words.
pub(super) fn recorded_refusal<'e>(provider: &Provider, example: &'e ExampleSpec) -> Option<(usize, &'e ExampleAnswerSpec)> {
    let code = &example.refused.as_ref()?.code.value;
    let result = replay(provider, example);
    let (exchanges, calls) = match &example.exchanges {
        Some(exchanges) => (&exchanges.0, calls_made(&result)),
        None => (&example.prepare.as_ref()?.0, prepared_calls(provider, example)),
    };
    let answer = &exchanges.last()?.answer;
    let json = answer.json.as_ref().is_some_and(|json| json.0.to_string().contains(code));
    let text = answer.text.as_ref().is_some_and(|text| text.value.contains(code));
    let form = answer.form.iter().flat_map(|form| &form.0).any(|(_, value)| value.value == *code);
    let is_refused = result.end.as_ref().is_err_and(|error| error.code() == *code) && calls.len() == exchanges.len();
    ((json || text || form) && is_refused).then(|| Some((*calls.last()?, answer)))?
}

/// The example with another answer in one exchange.
fn with_answer(example: &ExampleSpec, exchange: usize, answer: ExampleAnswerSpec) -> ExampleSpec {
    let mut example = example.clone();
    let exchanges = example.exchanges.get_or_insert_with(|| OneOrMany(Vec::new()));
    if let Some(exchange) = exchanges.0.get_mut(exchange) {
        *exchange = ExampleExchangeSpec { answer, ..exchange.clone() };
    }
    example
}

fn empty_answer(place: Place) -> ExampleAnswerSpec {
    ExampleAnswerSpec::empty(place).expect("an answer may say nothing")
}
