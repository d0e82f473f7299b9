//! Compares a replay with its story: each difference says what the story expects and what was found.

use crate::provider::facts::Facts;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::json;
use crate::provider::signature::SignedParameters;
use crate::provider::step::Step;
use crate::vocabulary::email::Email;
use crate::vocabulary::place::Located;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Method, Request, USER_AGENT};
use crate::vocabulary::words::{NamedValues, OneOrMany};
use crate::workbench::examples::example::{ExpectedRequestSpec, ParameterOrder};
use crate::workbench::recorded_exchange::parse_pairs;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The place in the story.
    pub place: String,
    /// What the story says.
    pub(crate) expected: String,
    /// What was found, secrets masked.
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

/// A text as it is sent and as it is shown.
struct SentAndMasked {
    sent: String,
    masked: String,
}

impl SentAndMasked {
    fn from_text(text: &Text) -> Self {
        Self { sent: text.expose().to_owned(), masked: text.masked() }
    }

    fn matches(&self, expected: &str) -> bool {
        self.sent == expected || self.masked == expected
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
    let address_found = SentAndMasked::from_text(&found.address);
    let (sent, shown) = (AddressParts::parse(&address_found.sent), AddressParts::parse(&address_found.masked));
    let literal = AddressParts::parse(address);
    if literal.base != sent.base && literal.base != shown.base || literal.fragment != sent.fragment && literal.fragment != shown.fragment {
        differ("address", format!("{}{}", literal.base, literal.fragment), format!("{}{}", shown.base, shown.fragment));
    }
    let listed = |named: &Option<NamedValues<OneOrMany<Located<String>>>>| -> Vec<(String, String)> {
        let pairs = named.iter().flat_map(|named| &named.0);
        pairs.flat_map(|(name, values)| values.0.iter().map(|value| (name.value.clone(), value.value.clone()))).collect()
    };
    let query: Vec<(String, String)> = parse_pairs(literal.query).into_iter().chain(listed(&expected.query)).collect();
    let order = expected.order.unwrap_or(ParameterOrder::Any);
    compare_pairs("query", &query, (&parse_pairs(sent.query), &parse_pairs(shown.query)), order, &mut differ);
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

type Pairs = [(String, String)];

fn compare_pairs(
    what: &str,
    expected: &Pairs,
    (sent, shown): (&Pairs, &Pairs),
    order: ParameterOrder,
    differ: &mut impl FnMut(&str, String, String),
) {
    // With every order right, the pairs are compared by name; those of one name keep their order.
    let places = |pairs: &[(String, String)]| {
        let mut places: Vec<usize> = (0..pairs.len()).collect();
        if order == ParameterOrder::Any {
            places.sort_by(|one, other| pairs[*one].0.cmp(&pairs[*other].0));
        }
        places
    };
    let same = expected.len() == sent.len()
        && places(expected).into_iter().zip(places(sent)).all(|(wanted, at)| {
            let (name, value) = &expected[wanted];
            *name == sent[at].0 && (*value == sent[at].1 || shown.get(at).is_some_and(|shown| *value == shown.1))
        });
    if !same {
        let list = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
        // A value that is as expected is shown unmasked, so that only real differences stand out.
        let found: Vec<(String, String)> =
            sent.iter().zip(shown).map(|(sent, shown)| if expected.contains(sent) { sent.clone() } else { shown.clone() }).collect();
        differ(what, format!("{{ {} }}", list(expected)), format!("{{ {} }}", list(&found)));
    }
}

fn compare_body(expected: &ExpectedRequestSpec, found: &Request, form: &[(String, String)], differ: &mut impl FnMut(&str, String, String)) {
    let body = found.body.as_ref().map(SentAndMasked::from_text);
    let order = expected.order.unwrap_or(ParameterOrder::Any);
    match (&body, &expected.json, &expected.text) {
        (Some(body), Some(json), _) => {
            let read = |text: &str| json::parse(text.as_bytes()).ok();
            let same = read(&body.sent).is_some_and(|sent| same_json(&json.0, &sent, read(&body.masked).as_ref(), order));
            if !same {
                differ("json", json.0.to_string(), body.masked.clone());
            }
        }
        (Some(body), None, Some(text)) if !body.matches(&text.value) => differ("text", text.value.clone(), body.masked.clone()),
        (Some(_), None, Some(_)) => {}
        (Some(body), None, None) => compare_pairs("form", form, (&parse_pairs(&body.sent), &parse_pairs(&body.masked)), order, differ),
        (None, Some(json), _) => differ("json", json.0.to_string(), "no body".to_owned()),
        (None, None, Some(text)) => differ("text", text.value.clone(), "no body".to_owned()),
        (None, None, None) => compare_pairs("form", form, (&[], &[]), order, differ),
    }
}

fn same_json(expected: &Value, sent: &Value, shown: Option<&Value>, order: ParameterOrder) -> bool {
    match (expected, sent) {
        (Value::Object(expected), Value::Object(sent)) => {
            let in_order = order == ParameterOrder::Any || expected.keys().eq(sent.keys());
            in_order
                && expected.len() == sent.len()
                && expected.iter().all(|(name, value)| {
                    sent.get(name).is_some_and(|sent| same_json(value, sent, shown.and_then(|shown| shown.get(name)), order))
                })
        }
        (Value::Array(expected), Value::Array(sent)) => {
            expected.len() == sent.len()
                && expected
                    .iter()
                    .zip(sent)
                    .enumerate()
                    .all(|(at, (value, sent))| same_json(value, sent, shown.and_then(|shown| shown.get(at)), order))
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
            Some((_, text)) if text.matches(value) => {}
            Some((_, text)) => differ(&format!("header {name}"), (*value).to_owned(), text.masked.clone()),
            None => differ(&format!("header {name}"), (*value).to_owned(), "not sent".to_owned()),
        }
    }
    for (name, text) in &sent {
        if !is_usual(name, &text.sent) && !listed.iter().any(|(listed, _)| listed.eq_ignore_ascii_case(name)) {
            differ(&format!("header {name}"), "not listed in the story".to_owned(), text.masked.clone());
        }
    }
}

fn compare_assertion(expected: &ExpectedRequestSpec, step: &Step, facts: &Facts, differ: &mut impl FnMut(&str, String, String)) {
    let Some(expected) = &expected.assertion else { return };
    let now = facts.get(step.known.now).and_then(Text::as_number).unwrap_or(0);
    let Some(Ok((header, claims))) = step.assertion.as_ref().map(|assertion| assertion.header_and_claims(facts, now, "")) else {
        return differ("assertion", "an assertion".to_owned(), "none is made".to_owned());
    };
    let listed = |value: &Value, also: &[&str]| {
        let members = value.as_object().cloned().unwrap_or_default();
        let is_compared =
            |name: &str, value: &Value| !(["iat", "jti"].contains(&name) || also.contains(&name) || name == "typ" && value == "JWT");
        Value::Object(members.into_iter().filter(|(name, value)| is_compared(name, value)).collect::<Map<_, _>>())
    };
    let also_ignored: &[&str] = if expected.claims.0.get("exp").is_some() { &[] } else { &["exp"] };
    for (what, expected, found) in [("assertion header", &expected.header.0, header), ("assertion claims", &expected.claims.0, claims)] {
        let found = json::parse(found.as_bytes()).unwrap_or(Value::Null);
        let (expected, found) = (listed(expected, also_ignored), listed(&found, also_ignored));
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
    let Some(sign) = step.sign.as_ref() else { return differ("signature", "a signature".to_owned(), "none is made".to_owned()) };
    let (algorithm, encoding) = sign.algorithm_and_encoding();
    for (what, expected, found) in
        [("signature algorithm", &expected.algorithm.value, algorithm), ("signature encoding", &expected.encoding.value, encoding)]
    {
        if expected != found {
            differ(what, expected.clone(), found.to_owned());
        }
    }
    let text = match sign.over {
        SignedParameters::Query => AddressParts::parse(found.as_sent().address).query.to_owned(),
        SignedParameters::Form => found.as_sent().body.to_owned(),
    };
    let signed = parse_pairs(&text).into_iter().map(|(name, value)| (Cow::Owned(name), Cow::Owned(Text::plain(value)))).collect();
    let made = sign.signing_input(&signed, facts).unwrap_or_default();
    let made = SentAndMasked::from_text(&made);
    if !made.matches(&expected.text.value) {
        differ("signature text", expected.text.value.clone(), made.masked);
    }
}

/// Compares the identity with that of a story.
pub(crate) fn compare_identity(expected: &Value, found: &Identity, differences: &mut Vec<Difference>) {
    let found = identity_members(found);
    let expected = expected.as_object().cloned().unwrap_or_default();
    let text_of = |members: &Map<String, Value>, name: &str| {
        members
            .get(name)
            .filter(|value| !value.is_null() && **value != Value::Bool(false))
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let names: Vec<&String> = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name))).collect();
    for name in names {
        let (wanted, is) = (text_of(&expected, name), text_of(&found, name));
        if wanted != is {
            let or_nothing = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
            differences.push(Difference::new(format!("identity: {name}"), or_nothing(wanted), or_nothing(is)));
        }
    }
}

/// An identity as a story writes it.
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
    add("email", email.map(Email::key));
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
