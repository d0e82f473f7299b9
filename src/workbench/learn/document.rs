//! An answer as a document, with a path for every value.

use crate::provider::answer::{AnswerFormat, AnswerParser, is_web_page};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::wire::Response;
use crate::vocabulary::words::OneOrMany;
use crate::workbench::answers::leaves::{AnswerNode, all_leaves};
use crate::workbench::answers::path::{PathSegment, last_key, write_path};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::recorded_exchange::RecordedResponse;
use serde_json::Value;

/// The longest answer that is taken for one word, such as a token.
const LONGEST_WORD: usize = 4096;

/// An answer that could be read.
#[derive(Clone)]
pub(crate) struct RecordedDocument {
    pub(crate) value: Value,
    /// The format, where it is not the default.
    pub(crate) format: Option<AnswerFormat>,
    /// The text that precedes it.
    pub(crate) prefix: Option<String>,
}

/// A value and its path.
#[derive(Clone)]
pub(crate) struct DocumentLeaf {
    pub(crate) keys: Vec<PathSegment>,
    pub(crate) text: String,
}

impl RecordedDocument {
    pub(crate) fn read(answer: &RecordedResponse) -> Option<Self> {
        let text = answer.body.trim();
        if text.is_empty() || is_web_page(text.as_bytes()) {
            return None;
        }
        if RecordedJwt::read(text).is_some() {
            return Some(Self { value: Value::String(text.to_owned()), format: Some(AnswerFormat::Text), prefix: None });
        }
        let try_as = |format: AnswerFormat, prefix: Option<&str>| {
            let answers = AnswerParser {
                formats: Some(OneOrMany(vec![format])),
                skip_prefix: prefix.map(|prefix| Located::new(prefix.to_owned(), Place::default())),
            };
            answers.read(&Response { status: answer.status, headers: Vec::new(), body: text.as_bytes().to_vec() }).ok()
        };
        let without_prefix = |value: Value, format: Option<AnswerFormat>| Some(Self { value, format, prefix: None });
        if let Some(value) = try_as(AnswerFormat::Auto, None) {
            return without_prefix(value, None);
        }
        if let Some(value) = try_as(AnswerFormat::Jsonp, None) {
            return without_prefix(value, Some(AnswerFormat::Jsonp));
        }
        if let Some(length) = text.find(['{', '[']).filter(|length| (1..=24).contains(length))
            && let Some(value) = try_as(AnswerFormat::Json, Some(&text[..length]))
        {
            return Some(Self { value, format: None, prefix: Some(text[..length].to_owned()) });
        }
        if let Some(value) = try_as(AnswerFormat::Xml, None) {
            return without_prefix(value, Some(AnswerFormat::Xml));
        }
        let is_one_word = text.len() <= LONGEST_WORD && text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['<', '{', '(']);
        is_one_word.then(|| Self { value: Value::String(text.to_owned()), format: Some(AnswerFormat::Text), prefix: None })
    }

    pub(crate) fn leaves(&self) -> Vec<DocumentLeaf> {
        leaves_of(&self.value)
    }
}

/// The values of a document with their paths.
pub(crate) fn leaves_of(value: &Value) -> Vec<DocumentLeaf> {
    let leaf = |node: AnswerNode<'_>| {
        let mut keys = node.path.clone();
        // The text of an XML element with attributes is found at the element itself.
        if keys.len() > 1 && keys.last().and_then(PathSegment::key) == Some("#text") {
            keys.pop();
        }
        node.text().map(|text| DocumentLeaf { text: text.into_owned(), keys })
    };
    all_leaves(value).into_iter().filter_map(leaf).collect()
}

impl DocumentLeaf {
    /// The last key of its path.
    pub(crate) fn name(&self) -> &str {
        last_key(&self.keys).unwrap_or_default()
    }

    pub(crate) fn path(&self) -> String {
        write_path(&self.keys)
    }
}
