//! What came out otherwise than a story says, so that a person sees at once what to change.

use crate::provider::facts::Facts;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::json;
use crate::provider::step::Step;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Method, Request, USER_AGENT};
use crate::workbench::examples::example::ExpectedRequestSpec;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// One difference: where, what was written, what came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where in the story.
    pub place: String,
    /// What the story says.
    pub(crate) expected: String,
    /// What came out, secrets masked.
    pub(crate) found: String,
}

impl Difference {
    pub(crate) fn new(place: String, expected: String, found: String) -> Self {
        Self { place, expected, found }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n      - {}\n      + {}", self.place, self.expected, self.found)
    }
}

/// A value in its two faces: as it is sent, and as it is shown.
struct SentAndMasked {
    sent: String,
    shown: String,
}

impl SentAndMasked {
    fn from_text(text: &Text) -> Self {
        Self { sent: text.expose().to_owned(), shown: text.masked() }
    }

    fn matches(&self, expected: &str) -> bool {
        self.sent == expected || self.shown == expected
    }
}

/// Compares a request with what a story expects.
pub(crate) fn compare_request(
    place: &str,
    expected: &ExpectedRequestSpec,
    found: &Request,
    step: &Step,
    facts: &Facts,
    differences: &mut Vec<Difference>,
) {
    let mut differ =
        |what: &str, expected: String, found: String| differences.push(Difference::new(format!("{place}: {what}"), expected, found));
    let (method, address) = match (&expected.get, &expected.post) {
        (Some(get), _) => (Method::Get, get.value.as_str()),
        (None, Some(post)) => (Method::Post, post.value.as_str()),
        (None, None) => {
            differ("address", "`get` or `post` in the story".to_owned(), found.address.masked());
            return;
        }
    };
    if method != found.method {
        differ("method", method.to_string(), found.method.to_string());
    }
    let faces = SentAndMasked::from_text(&found.address);
    let (sent, shown) = (AddressParts::parse(&faces.sent), AddressParts::parse(&faces.shown));
    let literal = AddressParts::parse(address);
    if literal.base != sent.base && literal.base != shown.base || literal.fragment != sent.fragment && literal.fragment != shown.fragment {
        differ("address", format!("{}{}", literal.base, literal.fragment), format!("{}{}", shown.base, shown.fragment));
    }
    let listed = |named: &Option<
        crate::vocabulary::words::NamedValues<crate::vocabulary::words::OneOrMany<crate::vocabulary::place::Located<String>>>,
    >|
     -> Vec<(String, String)> {
        let pairs = named.iter().flat_map(|named| &named.0);
        pairs.flat_map(|(name, values)| values.0.iter().map(|value| (name.value.clone(), value.value.clone()))).collect()
    };
    let query: Vec<(String, String)> = decode_pairs(literal.query).into_iter().chain(listed(&expected.query)).collect();
    compare_pairs("query", &query, &decode_pairs(sent.query), &decode_pairs(shown.query), &mut differ);
    compare_body(expected, found, &listed(&expected.form), &mut differ);
    compare_headers(expected, found, &mut differ);
    compare_assertion(expected, step, facts, &mut differ);
    compare_signature(expected, found, step, facts, &mut differ);
}

struct AddressParts<'a> {
    base: &'a str,
    query: &'a str,
    fragment: &'a str,
}

impl<'a> AddressParts<'a> {
    fn parse(address: &'a str) -> Self {
        let (address, fragment) = address.find('#').map_or((address, ""), |at| address.split_at(at));
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        Self { base, query, fragment }
    }
}

/// The parameters of a query or a form, undone.
pub(crate) fn decode_pairs(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn compare_pairs(
    what: &str,
    expected: &[(String, String)],
    sent: &[(String, String)],
    shown: &[(String, String)],
    differ: &mut impl FnMut(&str, String, String),
) {
    let same = expected.len() == sent.len()
        && expected.iter().enumerate().all(|(at, (name, value))| {
            *name == sent[at].0 && (*value == sent[at].1 || shown.get(at).is_some_and(|shown| *value == shown.1))
        });
    if !same {
        let list = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
        // A value that is expected as it was sent is shown as it was sent, so that only what differs differs.
        let found: Vec<(String, String)> =
            sent.iter().zip(shown).map(|(sent, shown)| if expected.contains(sent) { sent.clone() } else { shown.clone() }).collect();
        differ(what, format!("{{ {} }}", list(expected)), format!("{{ {} }}", list(&found)));
    }
}

fn compare_body(expected: &ExpectedRequestSpec, found: &Request, form: &[(String, String)], differ: &mut impl FnMut(&str, String, String)) {
    let body = found.body.as_ref().map(SentAndMasked::from_text);
    match (&body, &expected.json, &expected.text) {
        (Some(body), Some(json), _) => {
            let read = |text: &str| json::parse(text.as_bytes()).ok();
            let same = read(&body.sent).is_some_and(|sent| same_json(&json.0, &sent, read(&body.shown).as_ref()));
            if !same {
                differ("json", json.0.to_string(), body.shown.clone());
            }
        }
        (Some(body), None, Some(text)) if !body.matches(&text.value) => differ("text", text.value.clone(), body.shown.clone()),
        (Some(_), None, Some(_)) => {}
        (Some(body), None, None) => compare_pairs("form", form, &decode_pairs(&body.sent), &decode_pairs(&body.shown), differ),
        (None, Some(json), _) => differ("json", json.0.to_string(), "no body".to_owned()),
        (None, None, Some(text)) => differ("text", text.value.clone(), "no body".to_owned()),
        (None, None, None) => compare_pairs("form", form, &[], &[], differ),
    }
}

fn same_json(expected: &Value, sent: &Value, shown: Option<&Value>) -> bool {
    match (expected, sent) {
        (Value::Object(expected), Value::Object(sent)) => {
            expected.len() == sent.len()
                && expected.iter().zip(sent).all(|((name, value), (sent_name, sent))| {
                    name == sent_name && same_json(value, sent, shown.and_then(|shown| shown.get(name)))
                })
        }
        (Value::Array(expected), Value::Array(sent)) => {
            expected.len() == sent.len()
                && expected
                    .iter()
                    .zip(sent)
                    .enumerate()
                    .all(|(at, (value, sent))| same_json(value, sent, shown.and_then(|shown| shown.get(at))))
        }
        _ => expected == sent || Some(expected) == shown,
    }
}

fn compare_headers(expected: &ExpectedRequestSpec, found: &Request, differ: &mut impl FnMut(&str, String, String)) {
    let usual_type = found.body.is_some().then(|| {
        if expected.json.is_some() {
            "application/json"
        } else if expected.text.is_some() {
            "text/plain; charset=utf-8"
        } else {
            "application/x-www-form-urlencoded"
        }
    });
    let is_usual = |name: &str, value: &str| {
        name.eq_ignore_ascii_case("accept") && value == "application/json"
            || name.eq_ignore_ascii_case("user-agent") && value == USER_AGENT
            || name.eq_ignore_ascii_case("content-type") && Some(value) == usual_type
    };
    let listed: Vec<(&str, &str)> =
        expected.headers.iter().flat_map(|headers| &headers.0).map(|(name, value)| (name.value.as_str(), value.value.as_str())).collect();
    let sent: Vec<(&str, SentAndMasked)> = found.headers.iter().map(|(name, value)| (&**name, SentAndMasked::from_text(value))).collect();
    for (name, value) in &listed {
        match sent.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)) {
            Some((_, faces)) if faces.matches(value) => {}
            Some((_, faces)) => differ(&format!("header {name}"), (*value).to_owned(), faces.shown.clone()),
            None => differ(&format!("header {name}"), (*value).to_owned(), "not sent".to_owned()),
        }
    }
    for (name, faces) in &sent {
        if !is_usual(name, &faces.sent) && !listed.iter().any(|(listed, _)| listed.eq_ignore_ascii_case(name)) {
            differ(&format!("header {name}"), "not listed in the story".to_owned(), faces.shown.clone());
        }
    }
}

fn compare_assertion(expected: &ExpectedRequestSpec, step: &Step, facts: &Facts, differ: &mut impl FnMut(&str, String, String)) {
    let Some(expected) = &expected.assertion else { return };
    let now = facts.get(step.known.now).and_then(Text::as_number).unwrap_or(0);
    let Some(Ok((header, claims))) = step.assertion().map(|assertion| assertion.header_and_claims(facts, now, "")) else {
        return differ("assertion", "an assertion".to_owned(), "none is made".to_owned());
    };
    let listed = |value: &Value, also: &[&str]| {
        let members = value.as_object().cloned().unwrap_or_default();
        let is_told =
            |name: &str, value: &Value| !(["iat", "jti"].contains(&name) || also.contains(&name) || name == "typ" && value == "JWT");
        Value::Object(members.into_iter().filter(|(name, value)| is_told(name, value)).collect::<Map<_, _>>())
    };
    let leave: &[&str] = if expected.claims.0.get("exp").is_some() { &[] } else { &["exp"] };
    for (what, expected, found) in [("assertion header", &expected.header.0, header), ("assertion claims", &expected.claims.0, claims)] {
        let found = json::parse(found.as_bytes()).unwrap_or(Value::Null);
        let (expected, found) = (listed(expected, leave), listed(&found, leave));
        if expected != found {
            differ(what, expected.to_string(), found.to_string());
        }
    }
}

fn compare_signature(
    expected: &ExpectedRequestSpec,
    found: &Request,
    step: &Step,
    facts: &Facts,
    differ: &mut impl FnMut(&str, String, String),
) {
    let Some(expected) = &expected.signature else { return };
    let Some(sign) = step.signature() else { return differ("signature", "a signature".to_owned(), "none is made".to_owned()) };
    let (algorithm, encoding) = sign.algorithm_and_encoding();
    for (what, expected, found) in
        [("signature algorithm", &expected.algorithm.value, algorithm), ("signature encoding", &expected.encoding.value, encoding)]
    {
        if expected != found {
            differ(what, expected.clone(), found.to_owned());
        }
    }
    let text = match sign.over {
        crate::provider::signature::SignedParameters::Query => AddressParts::parse(found.as_sent().address).query.to_owned(),
        crate::provider::signature::SignedParameters::Form => found.as_sent().body.to_owned(),
    };
    let signed = decode_pairs(&text).into_iter().map(|(name, value)| (Cow::Owned(name), Cow::Owned(Text::plain(value)))).collect();
    let made = sign.signing_input(&signed, facts).unwrap_or_default();
    let made = SentAndMasked::from_text(&made);
    if !made.matches(&expected.text.value) {
        differ("signature text", expected.text.value.clone(), made.shown);
    }
}

/// Compares who came in with who a story says.
pub(crate) fn compare_identity(expected: &Value, found: &Identity, differences: &mut Vec<Difference>) {
    let found = identity_members(found);
    let expected = expected.as_object().cloned().unwrap_or_default();
    let says = |members: &Map<String, Value>, name: &str| {
        members
            .get(name)
            .filter(|value| !value.is_null() && **value != Value::Bool(false))
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let names: Vec<&String> = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name))).collect();
    for name in names {
        let (wanted, is) = (says(&expected, name), says(&found, name));
        if wanted != is {
            let or_nothing = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
            differences.push(Difference::new(format!("identity: {name}"), or_nothing(wanted), or_nothing(is)));
        }
    }
}

/// An identity as a story tells it.
pub(crate) fn identity_members(identity: &Identity) -> Map<String, Value> {
    let mut members = Map::new();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    };
    add("id", Some(&identity.id));
    let (email, proven, ask) = match &identity.address {
        IdentityEmail::Proven(email, _) => (Some(email), true, false),
        IdentityEmail::Placeholder(email) => (Some(email), false, false),
        IdentityEmail::Ask(email) => (email.as_ref(), false, true),
    };
    add("email", email.map(crate::vocabulary::email::Email::key));
    add("name", identity.name.as_deref());
    add("picture", identity.picture.as_deref());
    add("locale", identity.locale.as_deref());
    for (name, value) in &identity.more {
        add(name, Some(value));
    }
    if proven {
        members.insert("emailVerified".to_owned(), Value::Bool(true));
    }
    if ask {
        members.insert("ask".to_owned(), Value::Bool(true));
    }
    members
}
