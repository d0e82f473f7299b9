//! An answer as a document, in which every value has a path.

use crate::provider::answer::{AnswerFormat, AnswerParser};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::wire::Response;
use crate::vocabulary::words::OneOrMany;
use crate::workbench::answers::leaves::{AnswerNode, all_leaves};
use crate::workbench::answers::path::{PathSegment, last_key, write_path};
use crate::workbench::recorded_exchange::RecordedResponse;
use serde_json::Value;

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
    pub(crate) keys: Vec<PathSegment>,
    /// The value as text.
    pub(crate) text: String,
}

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
        leaves_of(&self.value)
    }
}

/// The values of a document with their paths.
pub(crate) fn leaves_of(value: &Value) -> Vec<DocumentLeaf> {
    let leaf = |node: AnswerNode<'_>| node.text().map(|text| DocumentLeaf { text: text.into_owned(), keys: node.path });
    all_leaves(value).into_iter().filter_map(leaf).collect()
}

impl DocumentLeaf {
    /// The last name on the way.
    pub(crate) fn name(&self) -> &str {
        last_key(&self.keys).unwrap_or_default()
    }

    /// The path as the language writes it.
    pub(crate) fn path(&self) -> String {
        write_path(&self.keys)
    }
}
