//! Complaints about words of a call that repeat others or have no effect.

use crate::provider::parameters::{self, JsonTemplate, Parameter};
use crate::provider::pkce::Pkce;
use crate::provider::signature::{ParameterSignature, SignedParameters};
use crate::provider::step::{Step, StepBody};
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Complains about a name that no written header may have.
pub(crate) fn check_header_name(name: &str, place: Place, reader: &mut Reader) {
    const OURS: &[&str] = &[
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "te",
        "trailer",
        "upgrade",
        "cookie",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "expect",
        "content-encoding",
        "http2-settings",
    ];
    let is_token =
        !name.is_empty() && name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !is_token {
        reader.complain(place, format!("`{name}` is not the name of a header"), "write letters, digits and `-`, such as `X-Api-Key`");
    } else if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        reader.complain(place, format!("`{name}` is written by portaria itself"), "take the line out");
    }
}

/// Complains about words of a call that repeat others or have no effect.
pub(crate) fn check_call(step: &Step, reader: &mut Reader) {
    if let StepBody::Json(JsonTemplate::Object(members)) = &step.body {
        for (name, value) in members {
            if let JsonTemplate::Text(text) = value {
                parameters::check_no_literal_secret(&name.source, text, reader);
            }
        }
    }
    for (name, value) in &step.headers {
        parameters::check_no_literal_secret(name, value, reader);
    }
    check_signature(step, reader);
    for condition in step.when.iter().flat_map(|when| &when.0) {
        if let Some(path) = condition.paths().first() {
            let help = "read it as a fact in an earlier step, and write `at: ${fact}`";
            reader.complain(path.place, "a path cannot stand in `when`: there is no answer yet", help);
        }
    }
    if let Some(assertion) = &step.assertion
        && !step.uses_in_request().iter().any(|used| used.fact == step.known.client_assertion)
    {
        reader.complain(assertion.place, "the assertion is made and never sent", "place `${clientAssertion}` in the request");
    }
    check_headers(step, reader);
    check_repeated_parameters(step, reader);
}

/// Complains about a signature over what is not sent, or in a place that is taken.
fn check_signature(step: &Step, reader: &mut Reader) {
    let form = if let StepBody::Form(form) = &step.body { form.as_slice() } else { &[] };
    if let Some(sign) = &step.sign
        && sign.over == SignedParameters::Form
        && !matches!(step.body, StepBody::Form(_))
    {
        reader.complain(
            sign.place,
            "this request has no form that could be signed",
            "write `over: query`, or send the parameters as a `form`",
        );
    }
    if let Some(sign) = &step.sign
        && let Some(parameter) = step.query.iter().chain(form).find(|parameter| sign.is_parameter(&parameter.name))
    {
        reader.complain(
            sign.place,
            format!("`{}` is sent already, so the signature has no place", parameter.name),
            "take the parameter out; `into` adds it",
        );
    }
    if let Some(header) = step.sign.as_ref().and_then(ParameterSignature::header)
        && (step.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header))
            || header.eq_ignore_ascii_case("authorization") && (step.basic.is_some() || step.bearer.is_some()))
    {
        let message = format!("the header `{}` is sent already, so the signature has no place", header.value);
        reader.complain(header.place, message, "take the header out; `intoHeader` adds it");
    }
}

/// Complains about a header that is written twice, that `credentials` writes as well, or that holds a secret.
fn check_headers(step: &Step, reader: &mut Reader) {
    for (at, (name, value)) in step.headers.iter().enumerate() {
        if step.headers.iter().take(at).any(|(earlier, _)| earlier.eq_ignore_ascii_case(name)) {
            reader.complain(name.place, format!("the header `{}` stands here twice", name.value), "keep one of the two");
        }
        if name.eq_ignore_ascii_case("authorization") && step.basic.is_some() {
            let help = "keep one: `credentials: basic` or the header";
            reader.complain(name.place, "this call already has an `Authorization` header", help);
        }
        if name.eq_ignore_ascii_case("authorization") && value.is_literal() {
            reader.complain(value.place, "a secret may not stand in the file", "keep it in `secrets` and write a hole: `Basic ${name}`");
        }
    }
}

/// Complains about a parameter that would be sent twice: by the request and in its address, or under a name that two share. A name that
/// stands in the address and in the body is only warned about, because some servers ask for that.
pub(crate) fn check_repeated_parameters(step: &Step, reader: &mut Reader) {
    let address = &step.address.template;
    let literal_query = address.source.split_once('?').map_or("", |(_, query)| query);
    let names = literal_query.split(['&', '#']).filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty());
    let names: Vec<Cow<'_, str>> = names.map(|name| percent_decode_str(name).decode_utf8_lossy()).collect();
    if let Some((_, name)) = names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|earlier| earlier == *name)) {
        let help = "keep one of the two; where the provider takes a list, write it in `query`: `{ name: [ a, b ] }`";
        reader.complain(address.place, format!("`{name}` stands in the address twice"), help);
    }
    let in_address = |name: &str| names.iter().any(|known| *known == name);
    for parameter in step.query.iter().filter(|parameter| in_address(&parameter.name)) {
        let message = format!("`{}` is sent already, and stands in the address as well", parameter.name);
        reader.complain(address.place, message, "take it out of the address");
    }
    let form = if let StepBody::Form(form) = &step.body { form.as_slice() } else { &[] };
    for list in [&*step.query, form] {
        check_shared_names(list, step.place, reader);
    }
    let in_query = |name: &str| in_address(name) || step.query.iter().any(|parameter| *parameter.name == *name);
    if let Some((name, place)) = names_of_body(step).into_iter().find(|(name, _)| in_query(name)) {
        let help = "keep one of the two: a server may refuse a parameter that comes twice";
        reader.warn(place, format!("`{name}` is sent twice: in the body, and in the address"), help);
    }
}

/// Complains about a name that two parameters have.
fn check_shared_names(list: &[Parameter], step: Place, reader: &mut Reader) {
    let is_shared = |(at, parameter): &(usize, &Parameter)| {
        !parameter.name.is_empty() && list.iter().take(*at).any(|earlier| earlier.name == parameter.name)
    };
    if let Some((_, parameter)) = list.iter().enumerate().find(is_shared) {
        let place = parameter.values.first().map_or(step, |value| value.place);
        let help = "keep one of the two: `rename` gives a parameter another name, and `credentials` adds the client's id and secret";
        reader.complain(place, format!("two parameters are sent as `{}`", parameter.name), help);
    }
}

/// The names in the body, each with its place.
fn names_of_body(step: &Step) -> Vec<(Cow<'_, str>, Place)> {
    let of_form = |parameter: &Parameter| parameter.values.first().map_or(step.place, |value| value.place);
    match &step.body {
        StepBody::Form(form) => form.iter().map(|parameter| (Cow::Borrowed(&*parameter.name), of_form(parameter))).collect(),
        StepBody::Json(JsonTemplate::Object(members)) => {
            members.iter().filter_map(|(name, _)| Some((Cow::Owned(name.as_literal()?), name.place))).collect()
        }
        StepBody::Json(JsonTemplate::Text(_) | JsonTemplate::Raw(_) | JsonTemplate::List(_)) | StepBody::None | StepBody::Text(_) => {
            Vec::new()
        }
    }
}

/// Whether the file must send the PKCE verifier in this step and does not.
pub(crate) fn lacks_verifier(step: &Step, pkce: Pkce) -> bool {
    pkce != Pkce::Off && !step.uses_in_request().iter().any(|used| used.fact == step.known.code_verifier)
}
