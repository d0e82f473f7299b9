//! The request that has to arrive is the one that the compiled file sends. What the simulation cannot know beforehand, such as the
//! state, is read from the request, where the file has a hole for that fact alone.

use crate::login::attempt::{Attempt, InstallationValues};
use crate::login::options::LoginOptions;
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::facts::Facts;
use crate::provider::parameters::{JsonTemplate, Parameter};
use crate::provider::pkce::Pkce;
use crate::provider::step::{Step, StepBody};
use crate::provider::template::{Template, TemplatePiece};
use crate::simulated::simulation::assertion;
use crate::simulated::simulation::compare::{compare, secret_text};
use crate::simulated::simulation::difference::{ComparedText, DifferingPart, SimulatedDifference};
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::ops::RangeInclusive;

/// The attempt behind an authorization request, or a call before it, as far as the request of that step shows it.
pub(super) fn attempt_from_request(
    provider: &Provider,
    installation: &InstallationValues,
    step: &Step,
    received: &ReceivedRequest,
    now: i64,
) -> Attempt {
    let known = provider.known;
    let empty = Attempt {
        provider: provider.name.clone(),
        state: "".into(),
        nonce: "".into(),
        verifier: "".into(),
        challenge: None,
        redirect_uri: format!("{}/callback/{}", installation.public_url.trim_end_matches('/'), provider.name).into(),
        started: now,
        inputs: Vec::new(),
        prepared: Vec::new(),
        options: LoginOptions::default(),
    };
    let facts = empty.facts_without_discovery(provider, installation);
    let inputs = provider.inputs.iter().filter_map(|input| {
        let slot = provider.names.find(&input.name)?;
        let value =
            value_in_address(&step.address.template, &facts, &received.base, slot).or_else(|| captured_value(step, received, slot))?;
        input.accepts(&value).then(|| (input.name.clone(), value.into()))
    });
    let mut attempt = Attempt { inputs: inputs.collect(), ..empty };
    let text = |slot: Slot| captured_value(step, received, slot).unwrap_or_default();
    attempt.nonce = text(known.nonce).into();
    // A state that is sent inside another text stands in the same place there as in the callback.
    let as_in_callback = || {
        let document = CallbackParameters::new(received.query.iter().map(|(name, value)| (name, value.clone()))).document();
        provider.state.evaluate(Some(&document), &facts).ok().map(Text::revealed)
    };
    attempt.state = captured_value(step, received, known.state).or_else(as_in_callback).unwrap_or_default().into();
    attempt.options.login_hint = captured_value(step, received, known.login_hint).map(Into::into);
    attempt.options.ui_locales = captured_value(step, received, known.ui_locales).map(Into::into);
    // `prompt=login` in the request is what a login anew adds to it.
    let asks_anew = |parameter: &Parameter| {
        let wanted = parameter.values.first().and_then(Template::as_literal);
        let pairs = received.query.iter().cloned().chain(received.form());
        wanted.is_some_and(|wanted| pairs.into_iter().any(|(name, value)| *name == *parameter.name && value == wanted))
    };
    attempt.options.reauthenticates = !step.reauthenticate.is_empty() && step.reauthenticate.iter().all(asks_anew);
    attempt.challenge = captured_value(step, received, known.code_challenge).map(Into::into);
    if let Some(mark) = provider.state_in.separator_before_state()
        && let Some(redirect_uri) = captured_value(step, received, known.redirect_uri)
        && let Some(state) = redirect_uri.strip_prefix(&*attempt.redirect_uri).and_then(|rest| rest.strip_prefix(mark))
        && !state.is_empty()
        && state.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    {
        attempt.state = state.into();
        attempt.redirect_uri = redirect_uri.into();
    }
    attempt
}

/// Whether the request is for the address to which the file sends the browser.
pub(super) fn is_authorization(provider: &Provider, facts: &Facts, received: &ReceivedRequest) -> bool {
    let filled = provider.authorization.address.fill(&facts.clone().for_preview());
    filled.is_ok_and(|filled| filled.base.equals(&received.base))
}

/// What is wrong with the form of the code challenge.
pub(super) fn check_challenge(provider: &Provider, attempt: &Attempt) -> Option<SimulatedDifference> {
    let challenge = attempt.challenge.as_deref()?;
    let length = provider.pkce.challenge("").filter(|_| provider.pkce == Pkce::S256)?.len();
    let is_well_formed =
        challenge.len() == length && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (!is_well_formed).then(|| SimulatedDifference {
        part: DifferingPart::CodeChallenge,
        line: 0,
        expected: ComparedText::Challenge,
        found: ComparedText::Letters(challenge.chars().count()),
    })
}

/// The facts that are known after a request, if it is the one that a step sends; otherwise the differences.
pub(super) fn check_request(
    provider: &Provider,
    step: &Step,
    facts: &Facts,
    received: &ReceivedRequest,
    moments: RangeInclusive<i64>,
) -> Result<Facts, Vec<SimulatedDifference>> {
    let known = provider.known;
    let mut facts = facts.clone();
    let wrong_verifier = take_code_verifier(provider, step, &mut facts, received);
    let without_assertion;
    let step = match step.assertion.as_ref() {
        None => step,
        Some(assertion) => {
            facts.set(known.now, Text::plain(moments.end().to_string()));
            match assertion::check(assertion, &facts, received, *moments.end()) {
                Ok(token) => facts.set(known.client_assertion, token),
                Err(difference) => return Err(vec![difference]),
            }
            without_assertion = Step { assertion: None, ..step.clone() };
            &without_assertion
        }
    };
    let uses_now = step.uses_in_request().iter().any(|used| used.fact == known.now);
    let moments = if uses_now { moments } else { *moments.end()..=*moments.end() };
    let mut latest = None;
    for moment in moments.rev() {
        facts.set(known.now, Text::plain(moment.to_string()));
        let differences = differences_from(step, &facts, received);
        if differences.is_empty() {
            return wrong_verifier.map_or(Ok(facts), |difference| Err(vec![difference]));
        }
        latest.get_or_insert(differences);
    }
    Err(wrong_verifier.into_iter().chain(latest.into_iter().flatten()).collect())
}

/// Takes the PKCE verifier from the request that carries it, and says if it does not belong to the code challenge.
fn take_code_verifier(provider: &Provider, step: &Step, facts: &mut Facts, received: &ReceivedRequest) -> Option<SimulatedDifference> {
    let known = provider.known;
    if provider.pkce == Pkce::Off || facts.get(known.code_verifier).is_some() {
        return None;
    }
    let verifier = captured_value(step, received, known.code_verifier)?;
    let is_right = match (facts.get(known.code_challenge), provider.pkce.challenge(&verifier)) {
        (Some(sent), Some(challenge)) => sent.equals(&challenge),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    facts.set(known.code_verifier, secret_text(&verifier, "codeVerifier"));
    let expected = "the verifier of this login's code challenge";
    (!is_right).then(|| SimulatedDifference::of_call("the code verifier", 0, expected, "another"))
}

/// What differs between a request and the one that a step writes with these facts, or with stand-ins for those that are missing.
fn differences_from(step: &Step, facts: &Facts, received: &ReceivedRequest) -> Vec<SimulatedDifference> {
    if let Ok(expected) = step.request(facts).or_else(|_| step.request(&facts.clone().for_preview())) {
        compare(step, &expected, received)
    } else {
        vec![SimulatedDifference::of_call("the request", step.place.line, "a request", "a value for it is missing")]
    }
}

/// The value of a fact that alone fills a parameter, a header or a member of the body.
pub(super) fn captured_value(step: &Step, received: &ReceivedRequest, slot: Slot) -> Option<String> {
    let within = |list: &[Parameter], pairs: &[(String, String)]| {
        let parameter = list.iter().find(|parameter| parameter.values.iter().any(|value| value.sole_fact() == Some(slot)))?;
        pairs.iter().find(|(name, _)| *name == *parameter.name).map(|(_, value)| value.clone())
    };
    let from_body = || match &step.body {
        StepBody::Form(form) => within(form, &received.form()),
        StepBody::Json(json) => value_in_json(json, &received.json()?, slot),
        StepBody::None | StepBody::Text(_) => None,
    };
    let from_headers = || {
        let (name, _) = step.headers.iter().find(|(_, template)| template.sole_fact() == Some(slot))?;
        received.header(name).map(str::to_owned)
    };
    within(&step.query, &received.query).or_else(from_body).or_else(from_headers).filter(|value| !value.is_empty())
}

fn value_in_json(json: &JsonTemplate, found: &Value, slot: Slot) -> Option<String> {
    match (json, found) {
        (JsonTemplate::Text(template), Value::String(text)) if template.sole_fact() == Some(slot) => Some(text.clone()),
        (JsonTemplate::Text(template), Value::Number(_) | Value::Bool(_))
            if template.is_json_literal() && template.first_fact() == Some(slot) =>
        {
            Some(found.to_string())
        }
        (JsonTemplate::Object(members), Value::Object(found)) => {
            members.iter().find_map(|(name, value)| value_in_json(value, found.get(&name.as_literal()?)?, slot))
        }
        (JsonTemplate::List(items), Value::Array(found)) => {
            items.iter().zip(found).find_map(|(item, found)| value_in_json(item, found, slot))
        }
        _ => None,
    }
}

/// The value of a fact that is a part of an address, such as the name of a shop in a host name.
fn value_in_address(template: &Template, facts: &Facts, base: &str, wanted: Slot) -> Option<String> {
    let mut parts = Vec::new();
    for piece in template.pieces() {
        match piece {
            TemplatePiece::Literal(text) => {
                let end = text.find(['?', '#']);
                parts.push(Ok(Text::plain(&text[..end.unwrap_or(text.len())])));
                if end.is_some() {
                    break;
                }
            }
            TemplatePiece::Hole(hole) => match hole.fill(facts, None) {
                Ok(Some(text)) => parts.push(Ok(text.into_owned())),
                _ => parts.push(Err(hole.bare_fact()?)),
            },
        }
    }
    let (mut rest, mut value) = (base, None);
    for (at, part) in parts.iter().enumerate() {
        match part {
            Ok(text) => rest = text.strip_from(rest)?,
            Err(slot) => {
                let next = parts.get(at + 1).and_then(|next| next.as_ref().ok());
                let end = next.map_or(Some(rest.len()), |next| next.find_in(rest))?;
                if *slot == wanted {
                    value = Some(percent_decode_str(&rest[..end]).decode_utf8().ok()?.into_owned());
                }
                rest = &rest[end..];
            }
        }
    }
    value
}
