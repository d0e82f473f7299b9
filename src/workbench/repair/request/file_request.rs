//! A request as the file writes it: its words, and every parameter with the place where it is written.

use crate::provider::Provider;
use crate::provider::parameters::Parameter;
use crate::provider::step::{Step, StepBody, StepKind};
use crate::vocabulary::place::Place;
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use crate::workbench::repair::edit::EditableFile;

/// Where a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrittenAs {
    /// The standard request has it.
    Standard,
    /// The standard request has it, and `rename` gives it another name.
    Renamed,
    /// It is an entry of this word: `extra`, `query`, `form` or `json`.
    Entry(&'static str),
}

/// A parameter that a request sends.
#[derive(Clone, Debug)]
pub(crate) struct WrittenParameter {
    pub(crate) name: String,
    /// The value as the file has it, with holes.
    pub(crate) value: String,
    pub(crate) written: WrittenAs,
    /// The standard name, where `rename` gives it another.
    pub(crate) standard: Option<String>,
}

/// A request as the file writes it.
pub(crate) struct FileRequest<'a> {
    pub(crate) place: Place,
    pub(crate) step: &'a Step,
    node: &'a YamlNode,
}

/// The words whose entries are parameters.
const ENTRIES: &[&str] = &["extra", "query", "form", "json"];

/// The requests that the file writes.
pub(crate) fn file_requests<'a>(file: &'a EditableFile<'_>, provider: &'a Provider) -> Vec<FileRequest<'a>> {
    let steps = provider.steps().filter_map(|step| Some(FileRequest { place: step.place, step, node: file.step_node(step.place)? }));
    steps.collect()
}

fn text_of(node: &YamlNode) -> Option<&str> {
    match &node.kind {
        YamlKind::Scalar { text, .. } if !node.is_null() => Some(text),
        YamlKind::Scalar { .. } | YamlKind::List(_) | YamlKind::Map(_) => None,
    }
}

impl FileRequest<'_> {
    /// The text of a word.
    pub(crate) fn text(&self, word: &str) -> Option<&str> {
        self.node.get(word).and_then(text_of)
    }

    /// Its address as the file writes it.
    pub(crate) fn address(&self) -> Option<&str> {
        self.text("get").or_else(|| self.text("post"))
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.node.get(word).is_some()
    }

    /// The entries of a word, each with its text; `None` for what is no text.
    pub(crate) fn entries(&self, word: &str) -> Vec<(&str, Option<&str>)> {
        match self.node.get(word).map(|node| &node.kind) {
            Some(YamlKind::Map(entries)) => entries.iter().map(|entry| (&*entry.key.value, text_of(&entry.value))).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the request is written out, and so has no standard parameters.
    pub(crate) fn is_written(&self) -> bool {
        ["query", "form", "json", "text"].iter().any(|word| self.has(word))
    }

    /// The word under which further parameters are written.
    pub(crate) fn word_for_more(&self) -> &'static str {
        ["form", "json", "query"].into_iter().find(|word| self.has(word)).unwrap_or("extra")
    }

    pub(crate) fn renames(&self) -> Vec<(&str, &str)> {
        self.entries("rename").into_iter().filter_map(|(name, new)| Some((name, new?))).collect()
    }

    pub(crate) fn renamed_to(&self) -> Vec<String> {
        self.renames().into_iter().map(|(_, new)| new.to_owned()).collect()
    }

    pub(crate) fn header_names(&self) -> Vec<String> {
        self.entries("headers").into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    /// Every parameter that it sends.
    pub(crate) fn parameters(&self) -> Vec<WrittenParameter> {
        let mut list: Vec<WrittenParameter> = Vec::new();
        for word in ENTRIES {
            let entries = self.entries(word).into_iter().filter_map(|(name, value)| Some((name, value?)));
            list.extend(entries.map(|(name, value)| WrittenParameter {
                name: name.to_owned(),
                value: value.to_owned(),
                written: WrittenAs::Entry(word),
                standard: None,
            }));
        }
        let renames = self.renames();
        let form: &[Parameter] = if let StepBody::Form(form) = &self.step.body { form } else { &[] };
        for parameter in self.step.query.iter().chain(form) {
            if list.iter().any(|known| *known.name == *parameter.name) {
                continue;
            }
            let renamed = renames.iter().find(|(_, new)| **new == *parameter.name).map(|(name, _)| (*name).to_owned());
            list.push(WrittenParameter {
                name: parameter.name.to_string(),
                value: parameter.values.first().map_or_else(String::new, |value| value.source.to_string()),
                written: if renamed.is_some() { WrittenAs::Renamed } else { WrittenAs::Standard },
                standard: renamed,
            });
        }
        list
    }

    /// The word of the step.
    pub(crate) fn step_word(&self) -> &'static str {
        self.step.kind.word()
    }

    pub(crate) fn is_about_person(&self) -> bool {
        self.step.kind == StepKind::GetUserInfo
    }
}
