//! Whether a request is exactly the one that the file sends, and otherwise what differs, with the line of the file.
//!
//! Expected values are masked. A value that arrived in place of a secret is not shown.

use crate::provider::json;
use crate::provider::parameters::Parameter;
use crate::provider::step::{Step, StepBody};
use crate::simulated::simulation::difference::{ComparedText, DifferingPart, SimulatedDifference};
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Request, USER_AGENT};
use crate::workbench::recorded_exchange::parse_pairs;
use serde_json::Value;
use std::sync::Arc;

/// Headers that the client, a browser, a proxy or the connection adds; the file does not write them.
const TRANSPORT_HEADERS: &[&str] = &[
    "host",
    "content-length",
    "accept-encoding",
    "accept-language",
    "connection",
    "keep-alive",
    "te",
    "transfer-encoding",
    "expect",
    "date",
    "via",
    "forwarded",
    "traceparent",
    "user-agent",
    "accept",
    "content-type",
    "cache-control",
    "pragma",
    "priority",
    "dnt",
    "referer",
    "origin",
    "x-real-ip",
    "x-request-id",
    "tracestate",
];

/// The longest part of a received text that is shown.
const LONGEST_EXCERPT: usize = 120;

pub(super) fn compare(step: &Step, expected: &Request, received: &ReceivedRequest) -> Vec<SimulatedDifference> {
    let mut differences = RequestDifferences { all: Vec::new() };
    if received.method != expected.method.to_string() {
        let (wanted, found) = (ComparedText::Value(expected.method.to_string()), ComparedText::Value(received.method.clone()));
        differences.add(DifferingPart::Method, step.address.template.place, wanted, found);
    }
    let sent = ReceivedRequest::from_request(expected);
    let shown = expected.address.masked();
    let shown = shown.split('#').next().unwrap_or_default();
    let (shown_base, shown_query) = shown.split_once('?').unwrap_or((shown, ""));
    if sent.base != received.base {
        let (wanted, found) = (ComparedText::Value(shown_base.to_owned()), ComparedText::Value(excerpt(&received.base)));
        differences.add(DifferingPart::Address, step.address.template.place, wanted, found);
    }
    let listed = ParameterPlaces { parameters: &step.query, step, fallback: step.address.template.place };
    differences.compare_pairs(ComparedPairs::Query, &listed, (&sent.query, &parse_pairs(shown_query)), &received.query);
    compare_body(step, expected, &sent, received, &mut differences);
    // The file writes no header of the redirect, and a browser and its extensions add many.
    if !step.is_redirect() {
        compare_headers(step, expected, &sent, received, &mut differences);
    }
    differences.all
}

/// The parameters that are compared.
#[derive(Clone, Copy)]
enum ComparedPairs {
    Query,
    Form,
}

impl ComparedPairs {
    fn part(self, name: String) -> DifferingPart {
        match self {
            Self::Query => DifferingPart::Query(name),
            Self::Form => DifferingPart::OfCall(format!("form `{name}`")),
        }
    }

    fn order(self) -> DifferingPart {
        match self {
            Self::Query => DifferingPart::QueryOrder,
            Self::Form => DifferingPart::OfCall("the order of the form".to_owned()),
        }
    }
}

/// A name and a value.
type NameValuePair = (String, String);

/// The differences that were found so far.
struct RequestDifferences {
    all: Vec<SimulatedDifference>,
}

/// The parameters as the file has them, with their lines.
struct ParameterPlaces<'a> {
    parameters: &'a [Parameter],
    step: &'a Step,
    fallback: Place,
}

impl ParameterPlaces<'_> {
    fn place(&self, name: &str) -> Place {
        let own = self.parameters.iter().find(|parameter| *parameter.name == *name);
        let signature = self.step.sign.as_ref().filter(|sign| sign.is_parameter(name)).map(|sign| sign.place);
        own.and_then(|parameter| parameter.values.first()).map(|value| value.place).or(signature).unwrap_or(self.fallback)
    }
}

impl RequestDifferences {
    fn add(&mut self, part: DifferingPart, place: Place, expected: ComparedText, found: ComparedText) {
        self.all.push(SimulatedDifference { part, line: place.line, expected, found });
    }

    fn compare_pairs(
        &mut self,
        pairs: ComparedPairs,
        listed: &ParameterPlaces<'_>,
        (sent, shown): (&[NameValuePair], &[NameValuePair]),
        found: &[NameValuePair],
    ) {
        if sent == found {
            return;
        }
        let before = self.all.len();
        let nth = |list: &[NameValuePair], at: usize| list[..at].iter().filter(|(name, _)| *name == list[at].0).count();
        for (at, (name, value)) in sent.iter().enumerate() {
            let counterpart = found.iter().filter(|(other, _)| other == name).nth(nth(sent, at));
            let shown = shown.get(at).map_or("", |(_, value)| value);
            match counterpart {
                Some((_, other)) if other == value => {}
                Some((_, other)) => {
                    let found = describe_found(shown, other);
                    self.add(pairs.part(printable(name)), listed.place(name), ComparedText::Value(shown.to_owned()), found);
                }
                None => {
                    let expected = ComparedText::Value(shown.to_owned());
                    self.add(pairs.part(printable(name)), listed.place(name), expected, ComparedText::Missing);
                }
            }
        }
        for (at, (name, _)) in found.iter().enumerate() {
            if sent.iter().filter(|(other, _)| other == name).nth(nth(found, at)).is_none() {
                self.add(pairs.part(excerpt(name)), listed.step.place, ComparedText::Unsent, ComparedText::Arrived);
            }
        }
        if self.all.len() == before {
            let names =
                |list: &[NameValuePair]| ComparedText::Value(list.iter().map(|(name, _)| printable(name)).collect::<Vec<_>>().join(", "));
            self.add(pairs.order(), listed.step.place, names(sent), names(found));
        }
    }

    fn compare_json(&mut self, path: &str, place: Place, (sent, shown): (&Value, &Value), found: &Value) {
        match (sent, found) {
            (Value::Object(sent), Value::Object(members)) => {
                for (name, value) in sent {
                    let path = format!("{path}.{name}");
                    if let Some(found) = members.get(name) {
                        self.compare_json(&path, place, (value, shown.get(name).unwrap_or(value)), found);
                    } else {
                        let expected = ComparedText::OfCall("it is sent".to_owned());
                        self.add(DifferingPart::OfCall(path), place, expected, ComparedText::Missing);
                    }
                }
                for name in members.keys().filter(|name| !sent.contains_key(*name)) {
                    let part = DifferingPart::OfCall(format!("{path}.{}", excerpt(name)));
                    self.add(part, place, ComparedText::Unsent, ComparedText::Arrived);
                }
            }
            (Value::Array(sent), Value::Array(list)) if sent.len() == list.len() => {
                for (at, (value, found)) in sent.iter().zip(list).enumerate() {
                    self.compare_json(&format!("{path}[{at}]"), place, (value, shown.get(at).unwrap_or(value)), found);
                }
            }
            _ if sent == found => {}
            _ => {
                let shown = shown.to_string();
                let found = describe_found(&shown, &found.to_string());
                self.add(DifferingPart::OfCall(path.to_owned()), place, ComparedText::Value(shown), found);
            }
        }
    }
}

fn compare_body(step: &Step, expected: &Request, sent: &ReceivedRequest, received: &ReceivedRequest, differences: &mut RequestDifferences) {
    let place = step.place;
    let Some(body) = &expected.body else {
        if !received.body.is_empty() {
            differences.add(DifferingPart::Body, place, ComparedText::NoBody, ComparedText::AnyBody);
        }
        return;
    };
    match &step.body {
        StepBody::Form(parameters) => {
            let listed = ParameterPlaces { parameters, step, fallback: place };
            differences.compare_pairs(ComparedPairs::Form, &listed, (&sent.form(), &parse_pairs(&body.masked())), &received.form());
        }
        StepBody::Json(_) => {
            let shown = json::parse(body.masked().as_bytes()).unwrap_or(Value::Null);
            match received.json() {
                Some(json) => differences.compare_json("json $", place, (&sent.json().unwrap_or(Value::Null), &shown), &json),
                None => differences.all.push(SimulatedDifference::of_call("the body", place.line, "JSON", "something else")),
            }
        }
        StepBody::Text(template) if sent.text() != received.text() => {
            let shown = body.masked();
            let found = describe_found(&shown, received.text());
            differences.add(DifferingPart::OfCall("the text".to_owned()), template.place, ComparedText::Value(shown), found);
        }
        StepBody::Text(_) | StepBody::None => {}
    }
}

fn compare_headers(
    step: &Step,
    expected: &Request,
    sent: &ReceivedRequest,
    received: &ReceivedRequest,
    differences: &mut RequestDifferences,
) {
    let place = |name: &str| {
        let own = step.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, template)| template.place);
        let credentials = step.basic.map(|basic| basic.place).or(step.bearer.as_ref().map(|bearer| bearer.place));
        own.or(credentials.filter(|_| name.eq_ignore_ascii_case("authorization"))).unwrap_or(step.place)
    };
    for ((name, value), (_, sent)) in expected.headers.iter().zip(&sent.headers) {
        let shown = value.masked();
        let is_default = name.eq_ignore_ascii_case("user-agent") && sent == USER_AGENT
            || name.eq_ignore_ascii_case("accept") && sent == "application/json";
        let kind = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match received.header(name) {
            _ if is_default => {}
            Some(other) if other == &**sent => {}
            Some(other) if name.eq_ignore_ascii_case("content-type") && kind(other) == kind(sent) => {}
            other => {
                let found = other.map_or(ComparedText::Missing, |other| describe_found(&shown, other));
                differences.add(DifferingPart::OfCall(format!("header `{name}`")), place(name), ComparedText::Value(shown), found);
            }
        }
    }
    for (name, _) in &received.headers {
        let lower = name.to_ascii_lowercase();
        let is_transport = TRANSPORT_HEADERS.contains(&&*lower)
            || lower.starts_with("sec-")
            || lower.starts_with("x-forwarded-")
            || lower.starts_with("upgrade");
        if !is_transport && !expected.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            let part = DifferingPart::OfCall(format!("header `{}`", excerpt(name)));
            differences.add(part, step.place, ComparedText::Unsent, ComparedText::Arrived);
        }
    }
}

/// The value that arrived; it is not shown if a secret belongs there.
fn describe_found(expected: &str, found: &str) -> ComparedText {
    if expected.contains('‹') { ComparedText::AnotherValue } else { ComparedText::Value(excerpt(found)) }
}

/// A received text, shortened and made printable.
pub(super) fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(LONGEST_EXCERPT).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{}{more}", printable(&short))
}

/// A text that is secret from context on.
pub(super) fn secret_text(value: &str, name: &str) -> Text {
    Text::secret(value, &Arc::from(name))
}
