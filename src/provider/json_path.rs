//! A JSON path (RFC 9535), which finds values in an answer.
//!
//! Nearly all paths are plain, such as `$.data.user['e-mail'][0]`. They are compiled and evaluated here, forty times
//! faster than by the library, which evaluates all others. A path that could cost more than one pass over the answer is
//! refused when the file is read.

use crate::vocabulary::place::Place;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector, SingularQuery, SingularQuerySegment, Test,
    TestFunction,
};
use jsonpath_rust::parser::parse_json_path;
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

/// One step on the way of a path, as far as it matters which entries of a list it can reach.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RouteStep {
    /// The value under a key.
    Key(Box<str>),
    /// An entry of a list by its number, from the end if it is negative.
    Index(i64),
    /// Any of several entries or members; a filter may name the one that it wants by a text.
    Several(Option<Box<str>>),
    /// Anything below (`..`).
    Descent,
    /// Into a text that is JSON itself.
    Text,
    /// The entry that `choose` picked.
    Entry,
}

impl RouteStep {
    /// Whether the step reaches the same value wherever it is taken in one answer.
    pub(crate) fn is_single(&self) -> bool {
        match self {
            Self::Key(_) | Self::Index(_) | Self::Text => true,
            Self::Several(_) | Self::Descent | Self::Entry => false,
        }
    }

    /// Whether the step takes one of the entries of a list.
    pub(crate) fn takes_an_entry(&self) -> bool {
        match self {
            Self::Index(_) | Self::Several(_) | Self::Descent | Self::Entry => true,
            Self::Key(_) | Self::Text => false,
        }
    }

    fn from_segment(segment: &Segment) -> Self {
        let selector = match segment {
            Segment::Descendant(_) => return Self::Descent,
            Segment::Selector(selector) => selector,
            Segment::Selectors(several) => match several.as_slice() {
                [only] => only,
                _ => return Self::Several(None),
            },
        };
        match selector {
            Selector::Name(name) => Self::Key(name.as_str().into()),
            Selector::Index(index) => Self::Index(*index),
            Selector::Wildcard | Selector::Slice(..) => Self::Several(None),
            Selector::Filter(filter) => Self::Several(text_in_filter(filter)),
        }
    }
}

/// The text that a filter compares a member with, if every entry that it finds has this text.
fn text_in_filter(filter: &Filter) -> Option<Box<str>> {
    match filter {
        Filter::Atom(FilterAtom::Comparison(comparison)) => match &**comparison {
            Comparison::Eq(Comparable::SingularQuery(SingularQuery::Current(_)), Comparable::Literal(Literal::String(text)))
            | Comparison::Eq(Comparable::Literal(Literal::String(text)), Comparable::SingularQuery(SingularQuery::Current(_))) => {
                Some(text.as_str().into())
            }
            _ => None,
        },
        Filter::And(all) => all.iter().find_map(text_in_filter),
        Filter::Atom(_) | Filter::Or(_) => None,
    }
}

/// Whether a filter compares a member of the entry, so that only entries with a certain value there are found.
fn filter_demands(filter: &Filter, member: &str) -> bool {
    let is_member = |side: &Comparable| match side {
        Comparable::SingularQuery(SingularQuery::Current(segments)) => {
            matches!(segments.as_slice(), [SingularQuerySegment::Name(name)] if name == member)
        }
        Comparable::SingularQuery(SingularQuery::Root(_)) | Comparable::Literal(_) | Comparable::Function(_) => false,
    };
    match filter {
        Filter::Atom(FilterAtom::Comparison(comparison)) => match &**comparison {
            Comparison::Eq(one, other) => is_member(one) || is_member(other),
            Comparison::Ne(..) | Comparison::Gt(..) | Comparison::Gte(..) | Comparison::Lt(..) | Comparison::Lte(..) => false,
        },
        Filter::And(all) => all.iter().any(|filter| filter_demands(filter, member)),
        Filter::Atom(_) | Filter::Or(_) => false,
    }
}

#[derive(Clone, Debug, PartialEq)]
enum JsonPathSegment {
    Key(Box<str>),
    Index(usize),
}

impl JsonPath {
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

    /// The way of the path, step by step.
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

    /// Whether the path is exactly this key at the top.
    pub(crate) fn is_key(&self, key: &str) -> bool {
        self.sole_key() == Some(key)
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
        Value::Object(members) => members.get("#text").and_then(Value::as_str).map(Cow::Borrowed),
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
    List,
    Object,
}

impl ValueKind {
    pub(crate) fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(text) if text.is_empty() => Self::EmptyText,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }

    /// Whether the provider gives no value, rather than a value that is no text.
    pub(crate) fn is_empty(self) -> bool {
        matches!(self, Self::Null | Self::EmptyText)
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
            Self::List => "a list",
            Self::Object => "an object",
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

/// Parses a path with the library, after checks that it is cheap and unambiguous.
fn parse_query(text: &str) -> Result<JpQuery, (String, String)> {
    if text.contains("${") {
        let help = "holes stand in texts, not in paths; a filter (`$[?@.id == 'x']`) or `.*` finds what has no fixed name";
        return Err((format!("`{text}` is a path with a hole in it"), help.to_owned()));
    }
    if let Some(name) = text.strip_prefix('$').filter(|rest| rest.starts_with(|first: char| is_name(first, true))) {
        return Err((format!("`{text}` is not a path"), format!("did you mean `$.{name}`?")));
    }
    if !text.starts_with('$') {
        return Err((format!("`{text}` is not a path"), format!("paths begin with `$`: write `{}`", suggestion(text))));
    }
    check_query(text)?;
    let query = parse_json_path(text).map_err(|_| (format!("`{text}` is not a path of RFC 9535"), help_for_unreadable(text)))?;
    query.segments.iter().try_for_each(check_segment)?;
    Ok(query)
}

fn help_for_unreadable(text: &str) -> String {
    let compares_several = text.split_once('?').is_some_and(|(_, filter)| {
        let filter = filter.split("==").next().unwrap_or_default();
        filter.contains("[*]") || filter.contains(".*")
    });
    if compares_several {
        let help =
            "a comparison looks at one value; whether a list holds a text is asked by a condition: `{ at: $.roles, contains: admin }`";
        return help.to_owned();
    }
    if text.contains('?') && text.contains('(') {
        let help =
            "the functions of a path are `length`, `count`, `value`, `match` and `search`; others follow in a hole: `${$.a | lower}`";
        return help.to_owned();
    }
    "a path looks like `$.data.user.id`, `$.list[0].id`, `$['odd-key']` or `$[?@.primary == true].email`".to_owned()
}

/// Refuses a segment that would find nothing in any answer.
fn check_segment(segment: &Segment) -> Result<(), (String, String)> {
    let selectors = match segment {
        Segment::Descendant(inner) => return check_segment(inner),
        Segment::Selector(selector) => std::slice::from_ref(selector),
        Segment::Selectors(selectors) => selectors.as_slice(),
    };
    for selector in selectors {
        match selector {
            Selector::Filter(filter) => check_filter(filter)?,
            Selector::Slice(start, end, step) => {
                let (start, step) = (start.unwrap_or(0), step.unwrap_or(1));
                let is_empty = end.is_some_and(|end| step > 0 && start >= end && (start >= 0) == (end >= 0));
                if step == 0 || is_empty {
                    return Err((
                        "this part of a list is always empty".into(),
                        "write `[0:2]` for the first two entries, `[0]` for the first".into(),
                    ));
                }
            }
            Selector::Name(_) | Selector::Wildcard | Selector::Index(_) => {}
        }
    }
    Ok(())
}

fn check_filter(filter: &Filter) -> Result<(), (String, String)> {
    match filter {
        Filter::Or(all) | Filter::And(all) => all.iter().try_for_each(check_filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => check_filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => match &**expr {
            Test::Function(function) => check_function(function),
            Test::RelQuery(_) | Test::AbsQuery(_) => Ok(()),
        },
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            [left, right].into_iter().try_for_each(|side| match side {
                Comparable::Function(function) => check_function(function),
                Comparable::Literal(_) | Comparable::SingularQuery(_) => Ok(()),
            })
        }
    }
}

/// Refuses a function of a filter that cannot work: `search` and `match` look at one text, not at a list.
fn check_function(function: &TestFunction) -> Result<(), (String, String)> {
    let (name, subject, pattern) = match function {
        TestFunction::Search(subject, pattern) => ("search", subject, pattern),
        TestFunction::Match(subject, pattern) => ("match", subject, pattern),
        TestFunction::Custom(name, _) => {
            return Err((
                format!("`{name}()` is not a function of a path"),
                "the functions are `length`, `count`, `value`, `match` and `search`; others follow in a hole: `${$.a | lower}`".into(),
            ));
        }
        TestFunction::Length(_) | TestFunction::Value(_) | TestFunction::Count(_) => return Ok(()),
    };
    let segments = match subject {
        FnArg::Test(test) => match &**test {
            Test::RelQuery(segments) => segments.as_slice(),
            Test::AbsQuery(query) => query.segments.as_slice(),
            Test::Function(_) => &[],
        },
        FnArg::Literal(_) | FnArg::Filter(_) => &[],
    };
    if !segments.iter().map(RouteStep::from_segment).all(|step| step.is_single()) {
        return Err((
            format!("`{name}()` looks at one text, and this path finds several"),
            "whether a list holds a text is asked by a condition: `{ at: $.roles, contains: admin }`".into(),
        ));
    }
    if let FnArg::Literal(Literal::String(pattern)) = pattern
        && regex::Regex::new(pattern).is_err()
    {
        return Err((
            format!("`{}` is not a regular expression that is read here", pattern.chars().take(80).collect::<String>()),
            "write at most 512 characters without look-around and back references".into(),
        ));
    }
    Ok(())
}

fn suggestion(text: &str) -> String {
    let names = text.trim_start_matches('.').split('.');
    names.fold("$".to_owned(), |path, name| path + &written_key(name, '\''))
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

/// Refuses a path that the library would silently misread, or that could cost more than one pass over the answer.
fn check_query(text: &str) -> Result<(), (String, String)> {
    let mut quote = None;
    let mut depth = 0_usize;
    let mut filter_depth = None;
    let (mut descents, mut choices) = (0, 0);
    let (mut before, mut escaped) = ('$', false);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if letter == open => {
                quote = None;
            }
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => {
                depth = depth.saturating_sub(1);
                if filter_depth.is_some_and(|at| depth < at) {
                    filter_depth = None;
                }
            }
            (None, '?') if filter_depth.is_some() => {
                return Err((
                    "a filter inside a filter finds nothing".into(),
                    "read the inner list by a step of its own, or use one filter with `&&`".into(),
                ));
            }
            (None, '?') if depth > 0 => filter_depth = Some(depth),
            (None, '.') if before == '.' => descents += if filter_depth.is_some() { 2 } else { 1 },
            (None, ',') if filter_depth.is_none() => choices += 1,
            (None, '|' | ',') if depth == 0 => {
                let help = "alternatives are a list (`[ $.a, $.b ]`); functions need a hole (`\"${$.a | lower}\"`)";
                return Err((format!("`{letter}` has no place in a path"), help.to_owned()));
            }
            (None, ' ') if depth == 0 && text.contains(['|', ',']) => {}
            (None, letter) if depth == 0 && !is_name(letter, false) && !matches!(letter, '.' | '*' | '$') => {
                return Err((
                    format!("`{letter}` in a path needs brackets and quotes around the key"),
                    "write the key as `['…']`, for example `$['e-mail']`".into(),
                ));
            }
            _ => {}
        }
        before = letter;
    }
    if descents > 1 {
        return Err((
            "this path searches the answer more than once (`..`)".into(),
            "write the way to the value; one `..` outside of filters is allowed".into(),
        ));
    }
    if choices > 4 {
        return Err((
            "this path chooses between more than five keys".into(),
            "write alternatives as a list of paths: `[ $.a, $.b ]`".into(),
        ));
    }
    Ok(())
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
