//! A JSON path, segment by segment, so that it can be changed and written again. How a path is written and which keys need
//! quotes is decided here and in [`written_key`] alone; what compiles a path is the language's own [`JsonPath`].
//!
//! [`parse_path`] reads, [`write_path`] writes, [`resolve`] walks a plain path, [`compile_path`] makes a [`JsonPath`] of it.

use crate::provider::json_path::{JsonPath, written_key};
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;
use serde_json::Value;

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathSegment {
    /// The value under a key.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
    /// Any other segment as written: a filter, `.*`.
    Query(String),
}

impl PathSegment {
    /// The key, if it is one.
    pub fn key(&self) -> Option<&str> {
        if let Self::Key(key) = self { Some(key) } else { None }
    }

    /// Whether it is a filter, which chooses among several.
    pub(crate) fn is_filter(&self) -> bool {
        matches!(self, Self::Query(text) if text.contains('?'))
    }
}

/// The segments of a path as written; `None` if the text is no path.
pub fn parse_path(text: &str) -> Option<Vec<PathSegment>> {
    let mut rest = text.trim().strip_prefix('$')?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (segment, after) = parse_segment(rest)?;
        segments.push(segment);
        rest = after;
    }
    Some(segments)
}

fn parse_segment(rest: &str) -> Option<(PathSegment, &str)> {
    if let Some(after) = rest.strip_prefix('.') {
        let extra = usize::from(after.starts_with('.')) + usize::from(after.starts_with('*') || after.starts_with(".*"));
        let end = after[extra..].find(['.', '[']).map_or(after.len(), |at| at + extra);
        return match &after[..end] {
            "" => None,
            name if extra == 0 => Some((PathSegment::Key(name.to_owned()), &after[end..])),
            _ => Some((PathSegment::Query(rest[..=end].to_owned()), &after[end..])),
        };
    }
    let inside = rest.strip_prefix('[')?;
    let length = bracket_length(inside)?;
    let (text, after) = (&inside[..length], &inside[length + 1..]);
    let segment = match (unquoted_key(text), text.parse()) {
        (Some(key), _) => PathSegment::Key(key),
        (None, Ok(index)) => PathSegment::Index(index),
        (None, Err(_)) => PathSegment::Query(rest[..length + 2].to_owned()),
    };
    Some((segment, after))
}

/// The key in a pair of quotes, its escapes undone; `None` for several keys and for escapes other than of quotes.
fn unquoted_key(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
    let mut letters = text.strip_prefix(quote)?.strip_suffix(quote)?.chars();
    let mut key = String::new();
    while let Some(letter) = letters.next() {
        key.push(match letter {
            '\\' => letters.next().filter(|escaped| matches!(escaped, '\\' | '\'' | '"'))?,
            letter if letter == quote => return None,
            letter => letter,
        });
    }
    Some(key)
}

/// How long the inside of a bracket is.
fn bracket_length(inside: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_usize);
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (Some(_), '\\') => _ = letters.next(),
            (Some(open), _) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Writes a path as provider files have it.
pub fn write_path(path: &[PathSegment]) -> String {
    write_path_with(path, '\'')
}

/// Writes a path with this kind of quote around keys that need quotes.
pub fn write_path_with(path: &[PathSegment], quote: char) -> String {
    path.iter().fold("$".to_owned(), |written, segment| match segment {
        PathSegment::Key(key) => written + &written_key(key, quote),
        PathSegment::Index(index) => format!("{written}[{index}]"),
        PathSegment::Query(text) => written + text,
    })
}

/// The compiled path; `None` if the language does not take it.
pub(crate) fn compile_path(path: &[PathSegment]) -> Option<JsonPath> {
    JsonPath::parse(&write_path(path), Place::default(), &mut Reader::default())
}

/// The value at a path of keys and indexes; `None` if the path holds a query.
pub(crate) fn resolve<'v>(value: &'v Value, path: &[PathSegment]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        PathSegment::Key(key) => value.get(key),
        PathSegment::Index(index) => value.get(index),
        PathSegment::Query(_) => None,
    })
}

/// The last key of a path.
pub(crate) fn last_key(path: &[PathSegment]) -> Option<&str> {
    path.iter().rev().find_map(PathSegment::key)
}

/// The path without its last segment.
pub(crate) fn parent_path(path: &[PathSegment]) -> &[PathSegment] {
    path.split_last().map_or(path, |(_, parents)| parents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_is_read_hop_by_hop_and_written_as_it_was() {
        for path in [
            "$",
            "$.data.user.id",
            "$.list[0].id",
            "$['e-mail']",
            "$[?@.primary == true].email",
            "$.elements[0]['handle~'].emailAddress",
            "$.firstName.localized.*",
            "$.a[?@.kind == 'x.y[0]'].value",
            "$..email",
        ] {
            assert_eq!(write_path(&parse_path(path).unwrap()), path);
        }
        assert_eq!(parse_path("$.a["), None);
        assert_eq!(parse_path("a.b"), None);
    }

    #[test]
    fn a_key_with_quotes_is_escaped_and_read_again() {
        for (key, written) in [("it's", r"$['it\'s']"), (r"a\b", r"$['a\\b']"), ("a\"b", "$['a\"b']"), ("a]b", "$['a]b']")] {
            let path = [PathSegment::Key(key.to_owned())];

            assert_eq!(write_path(&path), written);
            assert_eq!(parse_path(written).as_deref(), Some(&path[..]), "{written}");
            assert_eq!(compile_path(&path).map(|path| path.first(&json!({ key: 1 })).cloned()), Some(Some(json!(1))), "{written}");
        }
        assert_eq!(parse_path("$['a','b']"), Some(vec![PathSegment::Query("['a','b']".to_owned())]));
    }

    #[test]
    fn a_plain_path_leads_to_its_value_and_a_query_does_not() {
        let value = json!({ "a": [{ "b": 1 }] });
        let find = |path: &str| resolve(&value, &parse_path(path).unwrap()).cloned();

        assert_eq!((find("$.a[0].b"), find("$.a[1]"), find("$.a[*].b")), (Some(json!(1)), None, None));
    }

    #[test]
    fn the_last_key_is_that_of_the_value() {
        assert_eq!(last_key(&parse_path("$.emails[0]").unwrap()), Some("emails"));
        assert_eq!(last_key(&parse_path("$").unwrap()), None);
    }
}
