//! The reader of one file: the complaints so far, and the facts with their numbers.

use crate::vocabulary::diagnostic::{Complaint, Severity, did_you_mean, quoted_alternatives};
use crate::vocabulary::names::{FactNames, Slot};
use crate::vocabulary::place::{Located, Place, Source};
use crate::vocabulary::words::WordBlock;
use crate::vocabulary::yaml::{self, YamlEntry, YamlError, YamlKind, YamlNode};

/// The state of reading one file: the complaints so far, and the facts with their numbers.
#[derive(Debug, Default)]
pub struct Reader {
    /// The complaints so far.
    pub(crate) complaints: Vec<Complaint>,
    /// The names of the facts that the file uses.
    pub(crate) names: FactNames,
    /// Names whose values could not be used. They were complained about once, and are not complained about again where they are missed.
    pub(crate) spoiled: Vec<String>,
    /// Words whose values could not be used, with where their blocks begin; the empty word for a block with unknown words.
    pub(crate) spoiled_words: Vec<(Place, &'static str)>,
}

impl Reader {
    /// Adds an error at a place.
    pub(crate) fn complain(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push_complaint(Complaint::new(Severity::Error, Some(place), message, help));
    }

    /// Adds an error about a word, and the one that was probably meant, if one comes near.
    pub(crate) fn complain_about_word(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>, meant: Option<&str>) {
        let complaint = Complaint::new(Severity::Error, Some(place), message, help);
        self.push_complaint(Complaint { meant: meant.map(Into::into), ..complaint });
    }

    /// Adds an error about something that is missing: another mistake may hide it, and then stands before this one.
    pub(crate) fn complain_missing(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push_complaint(Complaint { may_follow: true, ..Complaint::new(Severity::Error, Some(place), message, help) });
    }

    /// Adds a warning about something that is missing: another mistake may hide it, and then stands before this one.
    pub(crate) fn warn_missing(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push_complaint(Complaint { may_follow: true, ..Complaint::new(Severity::Warning, Some(place), message, help) });
    }

    /// Adds an error unless the same sentence was added before: for what a whole file lacks.
    pub(crate) fn complain_once(&mut self, place: Place, message: &str, help: &str) {
        if !self.complaints.iter().any(|complaint| complaint.message == message) {
            self.complain(place, message, help);
        }
    }

    /// Adds a warning at a place.
    pub(crate) fn warn(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push_complaint(Complaint::new(Severity::Warning, Some(place), message, help));
    }

    /// Adds an error about the file as a whole.
    pub(crate) fn complain_about_file(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push_complaint(Complaint::new(Severity::Error, None, message, help));
    }

    /// Adds a warning about the file as a whole.
    pub(crate) fn warn_about_file(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push_complaint(Complaint::new(Severity::Warning, None, message, help));
    }

    fn push_complaint(&mut self, complaint: Complaint) {
        // More complaints than this do not help.
        if !self.is_full() {
            self.complaints.push(complaint);
        }
    }

    /// Parses a file. If that fails, there is a complaint. `when_empty` is the help for an empty file.
    pub(crate) fn parse_source(&mut self, source: &Source, when_empty: &str) -> Option<YamlNode> {
        match yaml::parse(source) {
            Ok((node, twice)) => {
                twice.into_iter().for_each(|twice| self.complain_unreadable(twice));
                Some(node)
            }
            Err(unreadable) => {
                let help = if unreadable.is_empty { when_empty.to_owned() } else { unreadable.help };
                self.complain_unreadable(YamlError { help, ..unreadable });
                None
            }
        }
    }

    fn complain_unreadable(&mut self, unreadable: YamlError) {
        self.push_complaint(Complaint::new(Severity::Error, unreadable.place, unreadable.message, unreadable.help));
    }

    /// Whether no further complaints are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.complaints.len() >= 200
    }

    /// Whether any complaint is an error.
    pub(crate) fn has_errors(&self) -> bool {
        self.complaints.iter().any(|complaint| complaint.severity == Severity::Error)
    }

    /// Whether something is wrong with what stands at a place.
    pub(crate) fn has_complaint_at(&self, place: Place) -> bool {
        self.complaints.iter().any(|complaint| complaint.place == Some(place))
    }

    /// Whether a fact is missing only because of an error that is complained about already.
    pub(crate) fn is_unusable_fact(&self, fact: Slot) -> bool {
        self.spoiled.iter().any(|name| **name == **self.names.name(fact))
    }

    /// Whether a block holds a word with an unusable value, which is therefore not missing.
    pub(crate) fn is_unusable_word(&self, block: Place, word: &str) -> bool {
        self.spoiled_words.iter().any(|(place, spoiled)| *place == block && *spoiled == word)
    }

    /// Whether any value was unusable, so that a fact that seems to be missing may only be hidden.
    pub(crate) fn has_unusable_parts(&self) -> bool {
        !self.spoiled_words.is_empty() || !self.spoiled.is_empty()
    }

    /// Whether a block holds unknown words, one of which may be a misspelling of the missing word.
    pub(crate) fn has_unknown_words(&self, block: Place) -> bool {
        self.is_unusable_word(block, "")
    }

    /// The lines of a block, with a complaint about every unknown key.
    pub(crate) fn block_entries<'n>(&mut self, node: &'n YamlNode, block: &WordBlock) -> Option<&'n [YamlEntry]> {
        let YamlKind::Map(entries) = &node.kind else {
            let words: Vec<&str> = block.words.iter().map(|word| word.name).take(8).collect();
            let help = match &node.kind {
                YamlKind::Scalar { text, .. } if text.starts_with("http") && block.words.iter().any(|word| word.name == "get") => {
                    format!("write `{{ get: \"{text}\" }}`")
                }
                YamlKind::Scalar { .. } if node.is_null() => {
                    format!("write its lines below it, indented: {} …", quoted_alternatives(words))
                }
                YamlKind::List(_) => {
                    format!("take the dashes away: this is one block of `key: value` lines with {} …", quoted_alternatives(words))
                }
                YamlKind::Scalar { .. } | YamlKind::Map(_) => format!("write `key: value` lines with {} …", quoted_alternatives(words)),
            };
            self.complain(node.place, format!("{} stands where {} is expected", node.description(), with_article(block.title)), help);
            return None;
        };
        for entry in entries {
            if !self.is_full() && !block.words.iter().any(|word| word.name == entry.key.value) {
                self.complain_unknown_word(&entry.key, block);
                self.spoiled_words.push((node.place, ""));
                if let YamlKind::Map(inner) = &entry.value.kind {
                    self.spoiled.extend(inner.iter().map(|entry| entry.key.value.clone()));
                }
            }
        }
        Some(entries)
    }

    fn complain_unknown_word(&mut self, key: &Located<String>, block: &WordBlock) {
        let names = block.words.iter().map(|word| word.name);
        let elsewhere = (block.elsewhere)(key);
        let meant = did_you_mean(key, names.clone()).filter(|_| elsewhere.is_none());
        let help = match (elsewhere, meant) {
            (Some(help), _) => help.to_owned(),
            (None, Some(word)) => format!("did you mean `{word}`?"),
            (None, None) => format!("the words of {} are {}", with_article(block.title), quoted_alternatives(names)),
        };
        self.complain_about_word(key.place, format!("`{}` is not a word of {}", key.value, with_article(block.title)), help, meant);
    }
}

/// A title with its article.
pub(crate) fn with_article(title: &str) -> String {
    let article = if title.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {title}")
}
