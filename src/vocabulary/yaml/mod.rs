//! YAML: the tree of a file, the reader that makes it, and the writer.

mod open_bracket; // a bracket that is never closed
mod reader; //      a file as a tree, with a place at every node
pub mod writer; //  texts and trees as YAML

pub use crate::vocabulary::yaml::reader::{YamlError, parse};

use crate::vocabulary::place::{Located, Place};

/// The largest file that is read.
pub(crate) const LARGEST: usize = 256 * 1024;
/// The deepest nesting that is read.
pub(crate) const DEEPEST: usize = 16;

/// One node and its place.
#[derive(Clone, Debug)]
pub struct YamlNode {
    pub(crate) place: Place,
    /// The content, with the places of its parts.
    pub kind: YamlKind,
}

/// The content of a node.
#[derive(Clone, Debug)]
pub enum YamlKind {
    /// A text, a number, a boolean or `null`.
    Scalar {
        /// The text, with escapes undone.
        text: String,
        /// Whether it is written without quotes.
        plain: bool,
        /// Whether the file holds it letter by letter, so that each part of it has a place.
        verbatim: bool,
    },
    /// A list, in the order of the file.
    List(Vec<YamlNode>),
    /// A mapping, in the order of the file.
    Map(Vec<YamlEntry>),
}

/// One line of a mapping.
#[derive(Clone, Debug)]
pub struct YamlEntry {
    /// The key with its own place, so that a complaint can point at an unknown word.
    pub key: Located<String>,
    /// The node behind the key, which is null where the file leaves it out.
    pub value: YamlNode,
}

impl YamlNode {
    /// Whether it is an empty value, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, YamlKind::Scalar { text, plain: true, .. } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What kind of value this is, for a sentence.
    pub(crate) fn description(&self) -> &'static str {
        match &self.kind {
            YamlKind::Scalar { .. } if self.is_null() => "nothing",
            YamlKind::Scalar { .. } => "a text",
            YamlKind::List(_) => "a list",
            YamlKind::Map(_) => "a block of `key: value` lines",
        }
    }

    /// The entry of a mapping under a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&YamlEntry> {
        match &self.kind {
            YamlKind::Map(entries) => entries.iter().find(|entry| entry.key.value == key),
            YamlKind::Scalar { .. } | YamlKind::List(_) => None,
        }
    }

    /// The value under a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&YamlNode> {
        self.entry(key).map(|entry| &entry.value)
    }
}
