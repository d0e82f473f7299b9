//! The doc comment of a word, taken apart into meaning, default and example.

use crate::vocabulary::words::WordDoc;

/// A word's doc comment, taken apart.
pub(crate) struct ParsedWordDoc {
    pub(crate) meaning: String,
    pub(crate) default: Option<String>,
    pub(crate) example: Option<String>,
}

impl ParsedWordDoc {
    pub(crate) fn parse(word: &WordDoc) -> Self {
        let (mut meaning, mut default, mut example) = (Vec::new(), None, None);
        let mut in_default = false;
        for line in word.doc.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("Default:") {
                default = Some(text.trim().to_owned());
                in_default = true;
            } else if let Some(text) = line.strip_prefix("Example:") {
                example = Some(text.trim().trim_matches('`').to_owned());
                in_default = false;
            } else if in_default {
                default = default.map(|default| format!("{default} {line}"));
            } else {
                meaning.push(line);
            }
        }
        Self { meaning: meaning.join(" ").trim().to_owned(), default, example }
    }
}

/// A text of several lines, as one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
