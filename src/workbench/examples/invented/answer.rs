//! The answer to one call, and the callback: everything that the file reads from it, and what makes it a yes.

use crate::provider::Provider;
use crate::provider::choice::EntryChoice;
use crate::provider::condition::{Condition, ConditionSubject};
use crate::provider::fact_expression::FactExpression;
use crate::provider::signature::SignatureTarget;
use crate::provider::signed_token::SignedToken;
use crate::provider::status::STATUSES;
use crate::provider::step::{ReadRule, Step, StepKind};
use crate::provider::template::Template;
use crate::workbench::examples::invented::document::{InventedDocument, leaf_of, text_of};
use crate::workbench::examples::invented::values::{FactValues, parts};
use crate::workbench::examples::invented::written::written_answer;
use crate::workbench::examples::stand_ins::stand_in;
use serde_json::{Map, Value, json};

/// An answer or a callback, with the claims of the tokens in it.
pub(super) struct InventedAnswer {
    pub(super) body: Value,
    pub(super) tokens: Vec<(String, Value)>,
}

/// The name of a token that is a whole answer.
const WHOLE_ANSWER: &str = "answerToken";

/// The parameters of the callback.
pub(super) fn callback(provider: &Provider, values: &mut FactValues<'_>) -> InventedAnswer {
    let step = &provider.authorization;
    let tokens = signed_tokens(provider, step, values);
    let mut document = InventedDocument::default();
    if provider.state_in.is_parameter() {
        put_expression(&mut document, &provider.state, &stand_in("state"), values);
    }
    put_reads(provider, &mut document, &step.reads, values);
    accept(&mut document, step, values);
    if let Some(SignatureTarget::Parameter(name)) = step.verify.as_ref().map(|verify| &verify.into) {
        document.put(&format!("$['{name}']"), json!(stand_in("signature")));
    }
    let value = document.finished();
    let pairs = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let pairs: Map<String, Value> = pairs.map(|(name, value)| (name.clone(), Value::String(text_of(value)))).collect();
    InventedAnswer { body: Value::Object(pairs), tokens }
}

/// The answer to a call.
pub(super) fn to_call(provider: &Provider, step: &Step, values: &mut FactValues<'_>) -> InventedAnswer {
    let tokens = signed_tokens(provider, step, values);
    if step.signed.as_ref().is_some_and(|signed| signed.token.is_none()) {
        return InventedAnswer { body: json!({ "text": stand_in(WHOLE_ANSWER) }), tokens };
    }
    let mut document = InventedDocument::default();
    put_reads(provider, &mut document, &step.reads, values);
    for choice in &step.choices {
        put_choice(provider, &mut document, choice, values);
    }
    accept(&mut document, step, values);
    let mut value = document.finished();
    if step.kind == StepKind::GetUserInfo
        && let Some(members) = value.as_object_mut()
        && provider.steps().any(|step| step.signed.as_ref().is_some_and(|signed| signed.is_id_token))
    {
        members.entry("sub").or_insert_with(|| json!(values.of(provider.known.id)));
    }
    let is_accepted = |status: &u16| step.check_refusal(Some(&value), &values.facts, *status).is_ok();
    let status = STATUSES.into_iter().find(is_accepted).unwrap_or(200);
    let mut answer = written_answer(&step.answers, &value);
    if status != 200 {
        answer.insert("status".to_owned(), json!(status));
    }
    if !step.header_reads.is_empty() {
        let headers = step.header_reads.iter().map(|(fact, name)| (name.value.clone(), json!(values.of(*fact))));
        answer.insert("headers".to_owned(), Value::Object(headers.collect()));
    }
    InventedAnswer { body: Value::Object(answer), tokens }
}

/// The claims of the token that a step verifies. Its name becomes the value of the fact that holds it.
fn signed_tokens(provider: &Provider, step: &Step, values: &mut FactValues<'_>) -> Vec<(String, Value)> {
    let Some(signed) = &step.signed else { return Vec::new() };
    let name = match &signed.token {
        None => WHOLE_ANSWER.to_owned(),
        Some(token) => match token.sole_fact() {
            Some(fact) => {
                let name = provider.names.name(fact).to_string();
                values.want(fact, &stand_in(&name));
                name
            }
            None => return Vec::new(),
        },
    };
    let mut claims = InventedDocument::default();
    put_reads(provider, &mut claims, &step.signed_reads, values);
    for choice in &step.signed_choices {
        put_choice(provider, &mut claims, choice, values);
    }
    for condition in &signed.require {
        satisfy(&mut claims, condition, values);
    }
    if claims.value.get("sub").is_none() {
        claims.put("$.sub", json!(values.of(provider.known.id)));
    }
    put_issuer_and_audience(&mut claims, signed, values);
    vec![(name, claims.finished())]
}

fn put_issuer_and_audience(claims: &mut InventedDocument, signed: &SignedToken, values: &mut FactValues<'_>) {
    if let Some(issuer) = signed.issuers.first() {
        for (hole, part) in parts(issuer, "") {
            // The issuer names a part of the token itself, such as its tenant.
            if hole.path().is_some_and(|path| path.first(&claims.value).is_none()) {
                claims.put_in_hole(hole, &format!("tenant{part}"));
            }
        }
        let written = values.filled_from(issuer, Some(&claims.value));
        claims.put("$.iss", json!(written));
    }
    if let Some(audience) = signed.audience.as_ref().and_then(|audience| audience.first()) {
        claims.put("$.aud", json!(values.filled(audience)));
    }
    if signed.requires_nonce {
        claims.put("$.nonce", json!(stand_in("nonce")));
    }
}

/// Puts what a list of words reads: what the file names, and of the standard places those that are used.
fn put_reads(provider: &Provider, document: &mut InventedDocument, reads: &[ReadRule], values: &mut FactValues<'_>) {
    let used = provider.used_facts();
    let known = provider.known;
    let person = [known.id, known.email, known.email_verified, known.access_token, known.client_token, known.client_token_expires_in];
    for read in reads {
        let is_person = person.contains(&read.fact) || matches!(&**provider.names.name(read.fact), "name" | "picture" | "locale");
        if read.fact != known.iss && (read.written || is_person || used.contains(&read.fact)) {
            let wanted = values.of(read.fact);
            put_expression(document, &read.reading, &wanted, values);
        }
    }
}

fn put_expression(document: &mut InventedDocument, expression: &FactExpression, wanted: &str, values: &mut FactValues<'_>) {
    match expression {
        FactExpression::Path(path) => document.put(&path.source, leaf_of(wanted)),
        FactExpression::Text(text) => put_text(document, text, wanted, values),
        FactExpression::Condition(condition) => satisfy(document, condition, values),
        FactExpression::Conditions(conditions, _) => conditions.0.iter().for_each(|condition| satisfy(document, condition, values)),
        FactExpression::FirstOf(list, _) => {
            let first = list.iter().find(|one| !one.paths().is_empty()).or(list.first());
            first.into_iter().for_each(|first| put_expression(document, first, wanted, values));
        }
    }
}

fn put_text(document: &mut InventedDocument, text: &Template, wanted: &str, values: &mut FactValues<'_>) {
    for (hole, part) in parts(text, wanted) {
        match hole.fact() {
            Some(fact) => values.want(fact, &part),
            None => document.put_in_hole(hole, &part),
        }
    }
}

/// Puts an entry into the list from which it is chosen.
fn put_choice(provider: &Provider, document: &mut InventedDocument, choice: &EntryChoice, values: &mut FactValues<'_>) {
    let mut entry = InventedDocument::beginning_with(choice.entries(&document.value).first().copied());
    put_reads(provider, &mut entry, &choice.reads, values);
    choice.checks().into_iter().for_each(|check| {
        if let Some(wanted) = values.wanted_by(check) {
            put_subject(&mut entry, &check.at, &wanted, check.contains.is_some(), values);
        }
    });
    document.put(&format!("{}[0]", choice.from.source), entry.finished());
}

/// Makes a condition hold, unless it does already.
fn satisfy(document: &mut InventedDocument, condition: &Condition, values: &mut FactValues<'_>) {
    for check in condition.checks() {
        if check.verdict(Some(&document.value), &values.facts) == Some(true) {
            continue;
        }
        if check.empty {
            if let ConditionSubject::Path(path) = &check.at {
                document.put(&path.source, json!([]));
            }
        } else if let Some(wanted) = values.wanted_by(check) {
            put_subject(document, &check.at, &wanted, check.contains.is_some(), values);
        }
    }
}

fn put_subject(document: &mut InventedDocument, at: &ConditionSubject, wanted: &str, is_entry: bool, values: &mut FactValues<'_>) {
    match at {
        ConditionSubject::Path(path) if is_entry => document.put(&path.source, json!([wanted])),
        ConditionSubject::Path(path) => document.put(&path.source, leaf_of(wanted)),
        ConditionSubject::Text(text) => put_text(document, text, wanted, values),
    }
}

/// Makes the answer a yes by the rules of the step.
fn accept(document: &mut InventedDocument, step: &Step, values: &mut FactValues<'_>) {
    for condition in step.accepted.iter().filter_map(|rule| rule.condition()) {
        satisfy(document, condition, values);
    }
    // What one entry asks for may be what another refuses, so they are asked twice.
    for condition in step.refused.iter().chain(&step.refused).filter_map(|rule| rule.condition()) {
        for check in condition.checks() {
            if !condition.may_hold(Some(&document.value), &values.facts) {
                break;
            }
            let ConditionSubject::Path(path) = &check.at else { continue };
            let allowed = check.is_not.iter().flatten().next().map(|allowed| values.filled(allowed));
            let other = allowed.or_else(|| check.is.is_some().then(|| "other".to_owned()));
            match other.or_else(|| (check.present == Some(false)).then(|| "1".to_owned())) {
                Some(other) => document.put(&path.source, leaf_of(&other)),
                None => document.put(&path.source, Value::Null),
            }
        }
    }
}
