//! An answer as a document, in which every value has a path.

use crate::place::{At, Place};
use crate::provider::answer::{Answers, Format};
use crate::provider::selector::scalar_text;
use crate::wire::Response;
use crate::words::OneOrMany;
use crate::workbench::recorded::Answered;
use serde_json::Value;
use std::fmt::Write as _;

/// An answer that could be read.
#[derive(Clone)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// The word for its format, where it is not the usual one.
    pub format: Option<&'static str>,
    /// What stands in front of it.
    pub prefix: Option<String>,
}

/// A value and its path.
#[derive(Clone)]
pub struct Leaf {
    /// The keys that lead there; a number is a place in a list.
    pub keys: Vec<Key>,
    /// The value as text.
    pub text: String,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A member.
    Name(String),
    /// A place in a list.
    At(usize),
    /// The element of a list that says this: a path is written with it as it stands.
    Where(String),
}

/// The most values of one answer that are looked at.
const MOST: usize = 600;

impl Document {
    /// Reads an answer.
    pub fn read(answer: &Answered) -> Option<Self> {
        let text = answer.body.trim();
        let low: String = text.chars().take(16).collect::<String>().to_ascii_lowercase();
        if text.is_empty() || low.starts_with("<!doctype html") || low.starts_with("<html") {
            return None;
        }
        let try_as = |format: Format, prefix: Option<&str>| {
            let answers = Answers {
                formats: Some(OneOrMany(vec![format])),
                skip_prefix: prefix.map(|prefix| At::new(prefix.to_owned(), Place::default())),
            };
            answers.read(&Response { status: answer.status, headers: Vec::new(), body: text.as_bytes().to_vec() }).ok()
        };
        let plain = |value: Value, format: Option<&'static str>| Some(Self { value, format, prefix: None });
        if let Some(value) = try_as(Format::Auto, None) {
            return plain(value, None);
        }
        if let Some(value) = try_as(Format::Jsonp, None) {
            return plain(value, Some("jsonp"));
        }
        if let Some(start) = text.find(['{', '[']).filter(|start| *start > 0 && *start <= 24)
            && let Some(value) = try_as(Format::Json, Some(&text[..start]))
        {
            return Some(Self { value, format: None, prefix: Some(text[..start].to_owned()) });
        }
        try_as(Format::Xml, None).and_then(|value| plain(value, Some("xml")))
    }

    /// Its values with their paths.
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        collect(&self.value, &mut Vec::new(), &mut leaves);
        leaves
    }
}

/// The values of a document with their paths.
pub fn leaves_of(value: &Value) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    collect(value, &mut Vec::new(), &mut leaves);
    leaves
}

fn collect(value: &Value, keys: &mut Vec<Key>, leaves: &mut Vec<Leaf>) {
    if leaves.len() >= MOST {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                keys.push(Key::Name(name.clone()));
                collect(value, keys, leaves);
                keys.pop();
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                keys.push(Key::At(at));
                collect(value, keys, leaves);
                keys.pop();
            }
        }
        _ => {
            if let Some(text) = scalar_text(value) {
                leaves.push(Leaf { keys: keys.clone(), text: text.to_string() });
            }
        }
    }
}

impl Leaf {
    /// The last name on the way.
    pub fn name(&self) -> &str {
        self.keys.iter().rev().find_map(|key| if let Key::Name(name) = key { Some(name.as_str()) } else { None }).unwrap_or_default()
    }

    /// The path as the language writes it.
    pub fn path(&self) -> String {
        path(&self.keys)
    }
}

/// A path as the language writes it.
pub fn path(keys: &[Key]) -> String {
    let mut out = String::from("$");
    for key in keys {
        match key {
            Key::Name(name) if is_plain(name) => {
                out.push('.');
                out.push_str(name);
            }
            Key::Name(name) => {
                out.push_str("['");
                out.push_str(&name.replace('\\', "\\\\").replace('\'', "\\'"));
                out.push_str("']");
            }
            Key::At(at) => _ = write!(out, "[{at}]"),
            Key::Where(text) => out.push_str(text),
        }
    }
    out
}

/// Whether a name can stand in a path without quotation marks.
pub fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
