//! An answer in the making: values are put where paths look for them, also behind filters, in lists, and inside of texts.

use crate::provider::functions::Function;
use crate::provider::hole::Hole;
use crate::workbench::answers::path::{PathSegment, parse_path};
use regex::Regex;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// The largest number in a path for which a list is filled up.
const LARGEST_INDEX: usize = 20;

/// An answer in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct InventedDocument {
    pub(super) value: Value,
    /// The texts of which functions read a part: forms and JSON inside of a text.
    texts: Vec<InnerText>,
}

/// A text in the answer that is itself a form or JSON.
#[derive(Clone, Debug)]
struct InnerText {
    /// The path of the text, and the functions that stand before the one that takes a part of it.
    path: String,
    before: Vec<Function>,
    is_form: bool,
    inside: Value,
}

impl InventedDocument {
    /// An entry of a list in the making, with what stands in it already.
    pub(super) fn beginning_with(entry: Option<&Value>) -> Self {
        Self { value: entry.cloned().unwrap_or_default(), texts: Vec::new() }
    }

    /// Puts a value at a path.
    pub(super) fn put(&mut self, path: &str, leaf: Value) {
        if let Some(path) = parse_path(path) {
            put(&mut self.value, &path, leaf);
        }
    }

    /// Puts a text where a hole with a path finds it, whatever functions follow.
    pub(super) fn put_in_hole(&mut self, hole: &Hole, wanted: &str) {
        let Some(path) = hole.path() else { return };
        let functions = hole.functions();
        let part = functions.iter().position(|function| function.form_name().is_some() || function.inner_path().is_some());
        let Some((at, function)) = part.and_then(|at| Some((at, functions.get(at)?))) else {
            self.put(&path.source, leaf_of(&undone(functions, wanted)));
            return;
        };
        let wanted = undone(functions.get(at + 1..).unwrap_or_default(), wanted);
        let before = functions.get(..at).unwrap_or_default().to_vec();
        let is_same = |text: &&mut InnerText| text.path == *path.source && format!("{:?}", text.before) == format!("{before:?}");
        let inside = if let Some(known) = self.texts.iter_mut().find(is_same) {
            &mut known.inside
        } else {
            let is_form = function.form_name().is_some();
            self.texts.push(InnerText { path: path.source.to_string(), before, is_form, inside: Value::Null });
            match self.texts.last_mut() {
                Some(text) => &mut text.inside,
                None => return,
            }
        };
        let inner = match (function.form_name(), function.inner_path()) {
            (Some(name), _) => Some(vec![PathSegment::Key(name.to_owned())]),
            (None, inner) => inner.and_then(|inner| parse_path(&inner.source)),
        };
        inner.into_iter().for_each(|inner| put(inside, &inner, leaf_of(&wanted)));
    }

    /// The answer with the texts in their places.
    pub(super) fn finished(mut self) -> Value {
        for text in std::mem::take(&mut self.texts) {
            let written = if text.is_form { form_of(&text.inside) } else { text.inside.to_string() };
            self.put(&text.path, Value::String(undone(&text.before, &written)));
        }
        if self.value.is_null() { Value::Object(Map::new()) } else { self.value }
    }
}

/// A text of which these functions make the wanted one, as far as that can be found.
fn undone(functions: &[Function], wanted: &str) -> String {
    functions.iter().rev().fold(wanted.to_owned(), |text, function| function.undo(&text).unwrap_or(text))
}

/// A value as JSON writes it: truth values are no texts.
pub(super) fn leaf_of(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => Value::String(text.to_owned()),
    }
}

pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn form_of(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text_of(value)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn put(at: &mut Value, path: &[PathSegment], leaf: Value) {
    let Some((first, rest)) = path.split_first() else {
        *at = leaf;
        return;
    };
    match first {
        PathSegment::Key(key) => put(member(at, key), rest, leaf),
        PathSegment::Index(index) => {
            let list = list_in(at);
            while list.len() <= (*index).min(LARGEST_INDEX) {
                list.push(Value::Null);
            }
            if let Some(entry) = list.get_mut(*index) {
                put(entry, rest, leaf);
            }
        }
        PathSegment::Query(text) if text.contains('?') => {
            let demands = demands_of(text);
            let list = list_in(at);
            let fits = |entry: &Value| {
                demands.iter().all(|(path, wanted)| {
                    let found = path.iter().try_fold(entry, |value, segment| value.get(segment.key()?));
                    found.is_none_or(|found| found == wanted)
                })
            };
            let index = list.iter().position(fits).unwrap_or(list.len());
            if index == list.len() {
                list.push(Value::Null);
            }
            if let Some(entry) = list.get_mut(index) {
                demands.into_iter().for_each(|(path, wanted)| put(entry, &path, wanted));
                put(entry, rest, leaf);
            }
        }
        PathSegment::Query(text) if text.starts_with("..") && !text.contains('*') => {
            put(member(at, text.trim_start_matches('.')), rest, leaf);
        }
        PathSegment::Query(text) if text == ".*" => put(member(at, "any"), rest, leaf),
        PathSegment::Query(_) => {
            let list = list_in(at);
            if list.is_empty() {
                list.push(Value::Null);
            }
            if let Some(entry) = list.first_mut() {
                put(entry, rest, leaf);
            }
        }
    }
}

/// The member of an object, which takes the place of what is no object.
fn member<'v>(at: &'v mut Value, key: &str) -> &'v mut Value {
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    match at {
        Value::Object(members) => members.entry(key).or_insert(Value::Null),
        other => other,
    }
}

fn list_in(at: &mut Value) -> &mut Vec<Value> {
    if !at.is_array() {
        *at = Value::Array(Vec::new());
    }
    match at {
        Value::Array(list) => list,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => unreachable!("it was made a list"),
    }
}

/// What a filter demands of an entry: values at paths, as far as it compares for equality or asks whether something is there.
fn demands_of(filter: &str) -> Vec<(Vec<PathSegment>, Value)> {
    static DEMAND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(length\()?@((?:\.\w+|\['[^']*'\]|\["[^"]*"\])+)\)?(?:\s*(==|!=|<=|>=|<|>)\s*('[^']*'|"[^"]*"|[\w.+-]+))?"#)
            .expect("the constant pattern is right")
    });
    let demand = |found: regex::Captures<'_>| {
        let path = parse_path(&format!("${}", found.get(2)?.as_str()))?;
        let literal = found.get(4).map(|literal| literal.as_str());
        let wanted = match (found.get(1), found.get(3).map(|sign| sign.as_str()), literal) {
            (Some(_), Some("=="), Some(count)) => Value::Array(vec![Value::from("1"); count.parse::<usize>().ok()?.min(LARGEST_INDEX)]),
            (None, Some("==" | "<=" | ">="), Some(literal)) => match literal.strip_prefix(['\'', '"']) {
                Some(text) => Value::String(text.get(..text.len().checked_sub(1)?)?.to_owned()),
                None => serde_json::from_str(literal).ok()?,
            },
            (None, None, _) => Value::from("1"),
            _ => return None,
        };
        Some((path, wanted))
    };
    DEMAND.captures_iter(filter).filter_map(demand).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_stand_where_paths_find_them() {
        let mut document = InventedDocument::default();
        for (path, leaf) in [
            ("$.data.id", "7"),
            ("$.list[1].a", "x"),
            ("$.mails[?@.kind == 'home' && @.primary == true].value", "ana@loja.example"),
            ("$.mails[?@.kind == 'home'].verified", "true"),
            ("$.mails[?@.kind == 'work'].value", "w@loja.example"),
            ("$.names.*", "Ana"),
            ("$..deep", "d"),
            ("$['e-mail']", "e"),
            ("$.cards[?length(@.holders) == 2].id", "c"),
        ] {
            document.put(path, leaf_of(leaf));
        }

        assert_eq!(
            document.finished(),
            json!({
                "data": { "id": "7" }, "list": [null, { "a": "x" }],
                "mails": [
                    { "kind": "home", "primary": true, "value": "ana@loja.example", "verified": true },
                    { "kind": "work", "value": "w@loja.example" },
                ],
                "names": { "any": "Ana" }, "deep": "d", "e-mail": "e", "cards": [ { "holders": ["1", "1"], "id": "c" } ],
            })
        );
    }
}
