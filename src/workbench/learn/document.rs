//! An answer as a document, in which every value has a path.

use crate::provider::answer::{AnswerFormat, AnswerParser};
use crate::provider::json_path::scalar_text;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::wire::Response;
use crate::vocabulary::words::OneOrMany;
use crate::workbench::recorded_exchange::RecordedResponse;
use serde_json::Value;
use std::fmt::Write as _;

/// An answer that could be read.
#[derive(Clone)]
pub(crate) struct RecordedDocument {
    pub(crate) value: Value,
    /// The word for its format, where it is not the usual one.
    pub(crate) format: Option<&'static str>,
    /// What stands in front of it.
    pub(crate) prefix: Option<String>,
}

/// A value and its path.
#[derive(Clone)]
pub(crate) struct DocumentLeaf {
    /// The keys that lead there; a number is a place in a list.
    pub(crate) keys: Vec<LeafKey>,
    /// The value as text.
    pub(crate) text: String,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeafKey {
    Name(String),
    /// A place in a list.
    At(usize),
    /// The element of a list that says this: a path is written with it as it stands.
    Where(String),
}

/// The most values of one answer that are looked at.
const MOST: usize = 600;

impl RecordedDocument {
    pub(crate) fn read(answer: &RecordedResponse) -> Option<Self> {
        let text = answer.body.trim();
        let low: String = text.chars().take(16).collect::<String>().to_ascii_lowercase();
        if text.is_empty() || low.starts_with("<!doctype html") || low.starts_with("<html") {
            return None;
        }
        let try_as = |format: AnswerFormat, prefix: Option<&str>| {
            let answers = AnswerParser {
                formats: Some(OneOrMany(vec![format])),
                skip_prefix: prefix.map(|prefix| Located::new(prefix.to_owned(), Place::default())),
            };
            answers.read(&Response { status: answer.status, headers: Vec::new(), body: text.as_bytes().to_vec() }).ok()
        };
        let plain = |value: Value, format: Option<&'static str>| Some(Self { value, format, prefix: None });
        if let Some(value) = try_as(AnswerFormat::Auto, None) {
            return plain(value, None);
        }
        if let Some(value) = try_as(AnswerFormat::Jsonp, None) {
            return plain(value, Some("jsonp"));
        }
        if let Some(start) = text.find(['{', '[']).filter(|start| *start > 0 && *start <= 24)
            && let Some(value) = try_as(AnswerFormat::Json, Some(&text[..start]))
        {
            return Some(Self { value, format: None, prefix: Some(text[..start].to_owned()) });
        }
        try_as(AnswerFormat::Xml, None).and_then(|value| plain(value, Some("xml")))
    }

    /// Its values with their paths.
    pub(crate) fn leaves(&self) -> Vec<DocumentLeaf> {
        let mut leaves = Vec::new();
        collect_leaves(&self.value, &mut Vec::new(), &mut leaves);
        leaves
    }
}

/// The values of a document with their paths.
pub(crate) fn leaves_of(value: &Value) -> Vec<DocumentLeaf> {
    let mut leaves = Vec::new();
    collect_leaves(value, &mut Vec::new(), &mut leaves);
    leaves
}

fn collect_leaves(value: &Value, keys: &mut Vec<LeafKey>, leaves: &mut Vec<DocumentLeaf>) {
    if leaves.len() >= MOST {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                keys.push(LeafKey::Name(name.clone()));
                collect_leaves(value, keys, leaves);
                keys.pop();
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                keys.push(LeafKey::At(at));
                collect_leaves(value, keys, leaves);
                keys.pop();
            }
        }
        _ => {
            if let Some(text) = scalar_text(value) {
                leaves.push(DocumentLeaf { keys: keys.clone(), text: text.to_string() });
            }
        }
    }
}

impl DocumentLeaf {
    /// The last name on the way.
    pub(crate) fn name(&self) -> &str {
        self.keys.iter().rev().find_map(|key| if let LeafKey::Name(name) = key { Some(name.as_str()) } else { None }).unwrap_or_default()
    }

    /// The path as the language writes it.
    pub(crate) fn path(&self) -> String {
        write_leaf_path(&self.keys)
    }
}

/// A path as the language writes it.
pub(crate) fn write_leaf_path(keys: &[LeafKey]) -> String {
    let mut out = String::from("$");
    for key in keys {
        match key {
            LeafKey::Name(name) if is_plain_name(name) => {
                out.push('.');
                out.push_str(name);
            }
            LeafKey::Name(name) => {
                out.push_str("['");
                out.push_str(&name.replace('\\', "\\\\").replace('\'', "\\'"));
                out.push_str("']");
            }
            LeafKey::At(at) => _ = write!(out, "[{at}]"),
            LeafKey::Where(text) => out.push_str(text),
        }
    }
    out
}

/// Whether a name can stand in a path without quotation marks.
pub(crate) fn is_plain_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
