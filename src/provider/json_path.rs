//! A JSON path (RFC 9535), which finds values in an answer.
//!
//! Nearly all paths are plain, such as `$.data.user['e-mail'][0]`. They are compiled and evaluated here, forty times
//! faster than by the library, which evaluates all others. A path that searches the whole answer more than once is refused when the
//! file is read.

mod list_texts;
mod lone_entry;
mod query;
mod route;

pub(crate) use crate::provider::json_path::route::{RouteStep, may_meet};

use crate::provider::json_path::query::parse_query;
use crate::provider::json_path::route::filter_demands;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::query::js_path_process;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// The longest path that is accepted, in bytes.
const LONGEST: usize = 400;

/// A compiled path.
#[derive(Clone, Debug)]
pub struct JsonPath {
    /// The path as the file writes it.
    pub source: Box<str>,
    pub(crate) place: Place,
    compiled: CompiledJsonPath,
}

#[derive(Clone, Debug)]
enum CompiledJsonPath {
    Plain(Vec<JsonPathSegment>),
    Query(Box<JpQuery>),
}

#[derive(Clone, Debug, PartialEq)]
enum JsonPathSegment {
    Key(Box<str>),
    Index(usize),
}

impl JsonPath {
    /// Whether a text of a file is meant as a path, and not as a text with holes.
    pub(crate) fn is_meant(text: &str) -> bool {
        text.starts_with('$') && !text.starts_with("${") && !text.starts_with("$${")
    }

    /// Compiles a path; a complaint says what is wrong with it.
    pub fn parse(text: &str, place: Place, reader: &mut Reader) -> Option<Self> {
        let text = text.trim();
        match Self::compile(text, place) {
            Ok(path) => Some(path),
            Err((message, help)) => {
                reader.complain(place, message, help);
                None
            }
        }
    }

    fn compile(text: &str, place: Place) -> Result<Self, (String, String)> {
        if text.len() > LONGEST {
            return Err((format!("this path is {} bytes long", text.len()), format!("write a path of at most {LONGEST} bytes")));
        }
        let compiled = match parse_plain(text) {
            Some(segments) => CompiledJsonPath::Plain(segments),
            None => CompiledJsonPath::Query(Box::new(parse_query(text)?)),
        };
        Ok(Self { source: text.into(), place, compiled })
    }

    /// A path that is written in the program itself, which always compiles.
    pub(crate) fn builtin(text: &str, place: Place) -> Self {
        Self::compile(text, place).expect("a path of the language itself")
    }

    /// The first value that the path finds.
    pub fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match &self.compiled {
            CompiledJsonPath::Plain(segments) => walk(segments, value),
            CompiledJsonPath::Query(_) => self.all(value).into_iter().next(),
        }
    }

    /// All values that the path finds, in order.
    pub fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match &self.compiled {
            CompiledJsonPath::Plain(segments) => walk(segments, value).into_iter().collect(),
            CompiledJsonPath::Query(query) => js_path_process(query, value)
                .map(|found| found.into_iter().map(jsonpath_rust::query::QueryRef::val).collect())
                .unwrap_or_default(),
        }
    }

    /// The text at this path, if something is there. An error is the kind of what is there and is no text.
    pub(crate) fn text<'v>(&self, value: &'v Value) -> Result<Option<Cow<'v, str>>, ValueKind> {
        match self.first(value).and_then(scalar_text) {
            Some(text) => Ok(Some(text)),
            None => self.all(value).into_iter().map(ValueKind::from_value).find(|kind| kind.is_no_text()).map_or(Ok(None), Err),
        }
    }

    /// Whether it consists of keys and positions, so that it leads to one place.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.compiled, CompiledJsonPath::Plain(_))
    }

    /// Whether it finds several different values, of which a fact is the first.
    pub(crate) fn finds_several(&self, value: &Value) -> bool {
        if self.is_plain() {
            return false;
        }
        let mut found = self.all(value).into_iter().filter(|found| !ValueKind::from_value(found).is_empty());
        let first = found.next();
        found.any(|other| Some(other) != first)
    }

    /// The steps of the path, in order.
    pub(crate) fn route(&self) -> Vec<RouteStep> {
        match &self.compiled {
            CompiledJsonPath::Plain(segments) => segments
                .iter()
                .map(|segment| match segment {
                    JsonPathSegment::Key(key) => RouteStep::Key(key.clone()),
                    JsonPathSegment::Index(index) => RouteStep::Index(i64::try_from(*index).unwrap_or(i64::MAX)),
                })
                .collect(),
            CompiledJsonPath::Query(query) => query.segments.iter().map(RouteStep::from_segment).collect(),
        }
    }

    /// Whether the path searches all that is below a value (`..`).
    pub(crate) fn has_descent(&self) -> bool {
        match &self.compiled {
            CompiledJsonPath::Plain(_) => false,
            CompiledJsonPath::Query(query) => query.segments.iter().any(|segment| matches!(segment, Segment::Descendant(_))),
        }
    }

    /// Whether a filter of the path asks about the member that the path then finds.
    pub(crate) fn filters_by_its_last_key(&self) -> bool {
        let CompiledJsonPath::Query(query) = &self.compiled else { return false };
        let [.., Segment::Selector(Selector::Filter(filter)), Segment::Selector(Selector::Name(name))] = query.segments.as_slice() else {
            return false;
        };
        filter_demands(filter, name)
    }

    /// Whether both paths consist of keys, and part at one of them.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        let (own, other) = (self.route(), other.route());
        let are_keys = own.iter().chain(&other).all(|step| matches!(step, RouteStep::Key(_)));
        are_keys && own.iter().zip(&other).any(|(own, other)| own != other)
    }

    /// Whether the path is exactly this key at the top.
    pub(crate) fn is_key(&self, key: &str) -> bool {
        self.sole_key() == Some(key)
    }

    /// The keys that the path writes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Box<str>> {
        self.route().into_iter().filter_map(|step| match step {
            RouteStep::Key(key) | RouteStep::Descent(Some(key)) => Some(key),
            RouteStep::Index(_) | RouteStep::Several(_) | RouteStep::Descent(None) | RouteStep::Text | RouteStep::Entry => None,
        })
    }

    /// The key, where the path is one key and nothing else.
    pub(crate) fn sole_key(&self) -> Option<&str> {
        let CompiledJsonPath::Plain(segments) = &self.compiled else { return None };
        if let [JsonPathSegment::Key(only)] = segments.as_slice() { Some(&**only) } else { None }
    }
}

impl WordValue for JsonPath {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        Self::parse(&text.value, text.place, reader)
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a JSON path (`$.data.list`)")
    }
}

/// A value of an answer as a text: texts, numbers to the last digit, and booleans. An empty text, `null`, a list and an
/// object are none.
pub fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        // An XML element with attributes becomes an object with this key for its text.
        Value::Object(members) => members.get("#text").and_then(Value::as_str).filter(|text| !text.is_empty()).map(Cow::Borrowed),
        Value::Null | Value::Array(_) => None,
    }
}

/// The kind of a value in an answer, for sentences that must not show the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the kind of that name")]
pub enum ValueKind {
    Null,
    Boolean,
    Number,
    EmptyText,
    Text,
    EmptyList,
    List,
    EmptyObject,
    Object,
    /// A text of which a function makes nothing, or that is too long.
    UnreadableText,
    /// What programs write where there is no person, in place of a part of an id.
    NoPerson,
}

impl ValueKind {
    pub(crate) fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(text) if text.is_empty() => Self::EmptyText,
            Value::String(_) => Self::Text,
            Value::Array(list) if list.is_empty() => Self::EmptyList,
            Value::Array(_) => Self::List,
            Value::Object(members) if members.is_empty() => Self::EmptyObject,
            Value::Object(_) => Self::Object,
        }
    }

    /// Whether the provider gives a value that cannot be read as a text.
    fn is_no_text(self) -> bool {
        match self {
            Self::List | Self::Object | Self::UnreadableText | Self::NoPerson => true,
            Self::Null | Self::Boolean | Self::Number | Self::EmptyText | Self::Text | Self::EmptyList | Self::EmptyObject => false,
        }
    }

    /// Whether the provider gives no value, rather than a value that is no text.
    pub(crate) fn is_empty(self) -> bool {
        match self {
            Self::Null | Self::EmptyText | Self::EmptyList | Self::EmptyObject => true,
            Self::Boolean | Self::Number | Self::Text | Self::List | Self::Object | Self::UnreadableText | Self::NoPerson => false,
        }
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::EmptyText => "an empty text",
            Self::Text => "a text",
            Self::EmptyList => "an empty list",
            Self::List => "a list",
            Self::EmptyObject => "an empty object",
            Self::Object => "an object",
            Self::UnreadableText => "a text that cannot be read",
            Self::NoPerson => "`0`, `true`, `null`, a blank or the like",
        })
    }
}

fn walk<'v>(segments: &[JsonPathSegment], value: &'v Value) -> Option<&'v Value> {
    segments.iter().try_fold(value, |value, segment| match segment {
        JsonPathSegment::Key(key) => value.as_object()?.get(&**key),
        JsonPathSegment::Index(index) => value.as_array()?.get(*index),
    })
}

fn is_name(letter: char, first: bool) -> bool {
    letter == '_' || letter.is_ascii_alphabetic() || !letter.is_ascii() || (!first && letter.is_ascii_digit())
}

/// The segments of a plain path; `None` for other paths.
fn parse_plain(text: &str) -> Option<Vec<JsonPathSegment>> {
    let mut rest = text.strip_prefix('$')?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.char_indices().find(|(at, letter)| !is_name(*letter, *at == 0)).map_or(after.len(), |(at, _)| at);
            if end == 0 {
                return None;
            }
            segments.push(JsonPathSegment::Key(after[..end].into()));
            rest = &after[end..];
        } else {
            let after = rest.strip_prefix('[')?;
            if let Some(quote) = after.chars().next().filter(|letter| matches!(letter, '\'' | '"')) {
                let end = after[1..].find(quote)? + 1;
                let name = &after[1..end];
                if name.contains('\\') {
                    return None;
                }
                segments.push(JsonPathSegment::Key(name.into()));
                rest = after[end + 1..].strip_prefix(']')?;
            } else {
                let end = after.find(']')?;
                let digits = &after[..end];
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || (digits.len() > 1 && digits.starts_with('0')) {
                    return None;
                }
                segments.push(JsonPathSegment::Index(digits.parse().ok()?));
                rest = &after[end + 1..];
            }
        }
    }
    Some(segments)
}

/// Whether a key can be written in a path without quotes.
pub(crate) fn is_plain_key(key: &str) -> bool {
    !key.is_empty() && key.chars().enumerate().all(|(at, letter)| is_name(letter, at == 0))
}

/// A key as a segment of a path: `.id`, or `['e-mail']` where it needs quotes.
pub(crate) fn written_key(key: &str, quote: char) -> String {
    if is_plain_key(key) {
        return format!(".{key}");
    }
    let escaped = key.replace('\\', "\\\\").replace(quote, &format!("\\{quote}"));
    format!("[{quote}{escaped}{quote}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(path: &str, value: &Value) -> Result<Option<Value>, String> {
        JsonPath::compile(path, Place::default()).map(|path| path.first(value).cloned()).map_err(|(message, _)| message)
    }

    #[test]
    fn plain_paths_and_queries_find_the_first_value() {
        let value = json!({"a": {"b-c": [1, {"d": "x"}]}, "list": [{"p": false, "e": 1}, {"p": true, "e": 2}, {"p": true, "e": 3}]});

        for (path, expected) in [
            ("$.a['b-c'][1].d", Some(json!("x"))),
            ("$.a[\"b-c\"][0]", Some(json!(1))),
            ("$.a['b-c'][-1].d", Some(json!("x"))),
            ("$.list[?@.p == true].e", Some(json!(2))),
            ("$.list[*].e", Some(json!(1))),
            ("$..d", Some(json!("x"))),
            ("$.nothing.here", None),
            ("$.list[9]", None),
        ] {
            assert_eq!(find(path, &value), Ok(expected), "{path}");
        }
    }

    #[test]
    fn text_that_is_no_path_is_refused_with_a_sentence() {
        for path in [
            "user.id",
            "$.a b",
            "$.handle~",
            "$.e-mail",
            "$..a..b",
            "$[?@.a[?@.b]]",
            "$[?@..a]",
            "$.",
            "$[",
            "$['a'",
            "$[a,b,c,d,e,f,g]",
            r"$[?@ != '\\']..*..*",
            "",
        ] {
            assert!(find(path, &json!({})).is_err(), "{path}");
        }
        assert!(find(&format!("${}", ".a".repeat(300)), &json!({})).is_err());
    }

    #[test]
    fn numbers_keep_every_digit() {
        let value: Value = serde_json::from_str(r#"{"id":90071992547409930001,"f":1.10}"#).unwrap();

        assert_eq!(scalar_text(&value["id"]).unwrap(), "90071992547409930001");
        assert_eq!(scalar_text(&value["f"]).unwrap(), "1.10");
    }
}
