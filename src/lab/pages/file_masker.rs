//! Decides which bytes of a provider's file the lab shows.
//!
//! Every byte is hidden until the walk over the parsed tree decides that it may be shown, so what the walk does not understand
//! stays hidden. Of a file that is not YAML only the keys with which lines begin are shown.

use crate::lab::pages::masked_file::{DOTS, MaskedSpan, caret_line};
use crate::provider::provider_spec::ProviderSpec;
use crate::vocabulary::diagnostic::{Complaint, printable};
use crate::vocabulary::secret_names::{announces_secret, names_secret, often_names_secret};
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{ValueShape, WordBlock};
use crate::vocabulary::written_secret::refers_to_secret;
use crate::vocabulary::yaml::{YamlError, YamlKind, YamlNode};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

/// Every word of provider files.
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let mut words = HashSet::new();
    let mut seen = Vec::new();
    add_words(ProviderSpec::block(), &mut seen, &mut words);
    words
});

fn add_words(block: &'static WordBlock, seen: &mut Vec<&'static str>, words: &mut HashSet<&'static str>) {
    if seen.contains(&block.title) {
        return;
    }
    seen.push(block.title);
    for word in &block.words {
        words.insert(word.name);
        add_words_of_value(&word.shape, seen, words);
    }
}

fn add_words_of_value(shape: &ValueShape, seen: &mut Vec<&'static str>, words: &mut HashSet<&'static str>) {
    match shape {
        ValueShape::Block(block) => add_words(block(), seen, words),
        ValueShape::List(inner) | ValueShape::Map(inner) => add_words_of_value(inner, seen, words),
        ValueShape::Either(several) => several.iter().for_each(|one| add_words_of_value(one, seen, words)),
        ValueShape::Text(_) | ValueShape::Flag | ValueShape::Number | ValueShape::Choice(_) | ValueShape::Json | ValueShape::Nothing => {}
    }
}

/// The bytes of each line, without the line break.
pub(crate) fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let start_of = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
    text.lines().map(|line| start_of(line)..start_of(line) + line.len()).collect()
}

/// How a byte of the file is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ink {
    Hidden,
    Key,
    Plain,
    Comment,
}

/// A scalar or a key that the parser found.
struct FoundToken {
    bytes: Range<usize>,
    /// Whether the value after it is missing in the tree, as for the second of two equal keys.
    is_value_unknown: bool,
}

/// Decides for every byte of a file how it is shown.
pub(crate) struct FileMasker<'a> {
    text: &'a str,
    /// Values that are hidden everywhere.
    secrets: &'a [Text],
    ink: Vec<Ink>,
    found: Vec<FoundToken>,
    /// Texts that are hidden, so that complaints do not repeat them.
    hidden: Vec<String>,
}

impl<'a> FileMasker<'a> {
    pub(crate) fn new(text: &'a str, secrets: &'a [Text]) -> Self {
        Self { text, secrets, ink: vec![Ink::Hidden; text.len()], found: Vec::new(), hidden: Vec::new() }
    }

    fn paint(&mut self, bytes: Range<usize>, ink: Ink) {
        if let Some(part) = self.ink.get_mut(bytes) {
            part.fill(ink);
        }
    }

    /// Shows a parsed file.
    pub(crate) fn show_tree(&mut self, root: &YamlNode, repeated_keys: &[YamlError]) {
        self.show_node(root, false);
        for place in repeated_keys.iter().filter_map(|repeated| repeated.place) {
            self.show_key(place.start as usize..place.end as usize, true, true);
        }
        self.found.sort_by_key(|token| token.bytes.start);
        let (mut from, mut is_unknown) = (0, false);
        for token in std::mem::take(&mut self.found) {
            if !is_unknown {
                self.show_between(from..token.bytes.start);
            }
            (from, is_unknown) = (token.bytes.end, token.is_value_unknown);
        }
        if !is_unknown {
            self.show_between(from..self.text.len());
        }
    }

    fn show_node(&mut self, node: &YamlNode, is_secret: bool) {
        match &node.kind {
            // What is not written has the place of its key.
            YamlKind::Scalar { .. } if node.is_null() => {}
            YamlKind::Scalar { text, verbatim, .. } => {
                let bytes = node.place.start as usize..node.place.end as usize;
                let is_escaped_secret = !verbatim && Text::longest_in(self.secrets, text).is_some();
                if is_secret && !refers_to_secret(text.trim()) || text.contains("-----BEGIN") || is_escaped_secret {
                    self.remember(text);
                } else {
                    self.show_words(bytes.clone(), Ink::Plain);
                }
                self.found.push(FoundToken { bytes, is_value_unknown: false });
            }
            YamlKind::List(nodes) => nodes.iter().for_each(|node| self.show_node(node, is_secret)),
            YamlKind::Map(entries) => {
                for entry in entries {
                    let key = entry.key.place;
                    self.show_key(key.start as usize..key.end as usize, is_secret, false);
                    let is_block = matches!(entry.value.kind, YamlKind::Map(_));
                    let names_secret = names_secret(&entry.key.value) || !is_block && often_names_secret(&entry.key.value);
                    self.show_node(&entry.value, is_secret || names_secret);
                }
            }
        }
    }

    /// Shows a key with its colon; where only names are shown, any other key stays hidden.
    fn show_key(&mut self, mut bytes: Range<usize>, only_names: bool, is_value_unknown: bool) {
        if self.text.get(bytes.end..).is_some_and(|rest| rest.starts_with(':')) {
            bytes.end += 1;
        }
        let key = self.text.get(bytes.clone()).unwrap_or_default().trim_matches([':', '"', '\'']);
        if !only_names || is_name(key) {
            self.show_words(bytes.clone(), Ink::Key);
        }
        self.found.push(FoundToken { bytes, is_value_unknown });
    }

    /// Shows a text, but nothing after the name of a secret in it.
    fn show_words(&mut self, bytes: Range<usize>, ink: Ink) {
        let words = self.text.get(bytes.clone()).unwrap_or_default();
        let shown = secret_in_prose(words).map_or(bytes.end, |secret| bytes.start + secret);
        self.paint(bytes.start..shown, ink);
    }

    /// Shows blanks, brackets and comments between two scalars. From the first other byte on, the rest stays hidden.
    fn show_between(&mut self, bytes: Range<usize>) {
        let mut hides_comments = false;
        let mut at = bytes.start;
        while let Some(rest) = self.text.get(at..bytes.end).filter(|rest| !rest.is_empty()) {
            let is_after_blank = self.text[..at].chars().next_back().is_none_or(char::is_whitespace);
            let length = |is_in: fn(char) -> bool| rest.find(|letter| !is_in(letter)).unwrap_or(rest.len());
            let word = &rest[..rest.find([' ', '\n', '\r', '\t', ',', ']', '}']).unwrap_or(rest.len())];
            let end = if rest.starts_with('#') && is_after_blank {
                let line = rest.lines().next().unwrap_or_default();
                // A comment may go on with the key or the value that the line before announces.
                hides_comments |= line.contains("-----BEGIN");
                if !hides_comments {
                    self.show_words(at..at + line.len(), Ink::Comment);
                }
                hides_comments |= line.trim_end().ends_with([':', '=']) && announces_secret(line);
                at += line.len();
                continue;
            } else if rest.starts_with(['|', '>']) {
                at + 1 + rest[1..].find(|letter: char| !matches!(letter, '0'..='9' | '+' | '-')).unwrap_or(rest.len() - 1)
            } else if matches!(word, "~" | "null" | "Null" | "NULL") {
                at + word.len()
            } else {
                at + length(|letter| letter.is_whitespace() || matches!(letter, '-' | ':' | ',' | '{' | '}' | '[' | ']' | '?' | '\u{feff}'))
            };
            if end == at {
                return;
            }
            self.paint(at..end, Ink::Plain);
            at = end;
        }
    }

    /// Shows of each line the key with which it begins, if it is a word of the language: any other may be a part of a secret.
    pub(crate) fn show_leading_keys(&mut self) {
        for line in line_ranges(self.text) {
            let words = &self.text[line.clone()];
            let begin = words.len() - words.trim_start_matches([' ', '-']).len();
            if let Some((key, _)) = words[begin..].split_once(':')
                && WORDS.contains(key)
            {
                self.paint(line.start..line.start + begin, Ink::Plain);
                self.paint(line.start + begin..line.start + begin + key.len() + 1, Ink::Key);
            }
        }
    }

    pub(crate) fn hide_known_secrets(&mut self, bytes: Range<usize>) {
        let found = self.text.get(bytes.clone()).and_then(|part| Text::longest_in(self.secrets, part));
        if let Some(found) = found.map(|found| bytes.start + found.start..bytes.start + found.end) {
            self.paint(found.clone(), Ink::Hidden);
            self.hide_known_secrets(bytes.start..found.start);
            self.hide_known_secrets(found.end..bytes.end);
        }
    }

    /// The runs of bytes that are shown alike. Blanks are shown everywhere.
    fn runs(&self, bytes: Range<usize>) -> Vec<(&'a str, Ink)> {
        let mut runs = Vec::new();
        let mut from = bytes.start;
        for same in self.ink.get(bytes).unwrap_or_default().chunk_by(|one, other| one == other) {
            let words = self.text.get(from..from + same.len()).unwrap_or_default();
            let begin = words.len() - words.trim_start().len();
            match same[0] {
                Ink::Hidden if begin > 0 => {
                    runs.push((&words[..begin], Ink::Plain));
                    runs.push((&words[begin..], Ink::Hidden));
                }
                ink => runs.push((words, ink)),
            }
            from += same.len();
        }
        runs.retain(|(words, _)| !words.is_empty());
        runs
    }

    pub(crate) fn spans(&self, bytes: Range<usize>) -> Vec<MaskedSpan> {
        let span = |(words, ink): (&str, Ink)| match ink {
            Ink::Hidden => MaskedSpan::Hidden,
            Ink::Key => MaskedSpan::Key(printable(words)),
            Ink::Plain => MaskedSpan::Plain(printable(words)),
            Ink::Comment => MaskedSpan::Comment(printable(words)),
        };
        self.runs(bytes).into_iter().map(span).collect()
    }

    /// The text with dots in place of what is hidden. The quote that ends a value is shown, so that the text stays YAML.
    pub(crate) fn text_with_dots(&self) -> String {
        let mut shown = String::with_capacity(self.text.len());
        for line in line_ranges(self.text) {
            for (words, ink) in self.runs(line) {
                if ink != Ink::Hidden {
                    shown.push_str(words);
                    continue;
                }
                shown.push_str(DOTS);
                let quote = words.trim_end().chars().next_back().filter(|last| matches!(last, '"' | '\''));
                shown.extend(quote.filter(|quote| !words.starts_with(*quote)));
            }
            shown.push('\n');
        }
        shown
    }

    /// The carets under a complaint's word, below the word in the line as it is shown.
    pub(crate) fn caret(&self, complaint: &Complaint) -> String {
        let Some(place) = complaint.place.filter(|place| place.line > 0) else { return caret_line(1, 1) };
        let lines = line_ranges(self.text);
        let Some(line) = lines.get(place.line as usize - 1) else { return caret_line(1, 1) };
        let mut start = (place.start as usize).clamp(line.start, line.end);
        let end = (place.end as usize).clamp(start, line.end);
        while start > line.start && self.ink.get(start - 1..=start).is_some_and(|both| both == [Ink::Hidden, Ink::Hidden]) {
            start -= 1;
        }
        start += self.text.get(start..end).map_or(0, |words| words.len() - words.trim_start().len());
        let width = |bytes: Range<usize>| self.spans(bytes).iter().map(|span| span.text().chars().count()).sum::<usize>();
        caret_line(width(line.start..start) + 1, width(start..end))
    }

    pub(crate) fn remember_hidden(&mut self, line: Range<usize>) {
        for (words, ink) in self.runs(line) {
            if ink == Ink::Hidden {
                self.remember(words);
            }
        }
    }

    fn remember(&mut self, text: &str) {
        let bare = text.trim().trim_matches(['"', '\'']);
        // A complaint may quote what stands after `env:` where a secret stands instead of the name of a variable.
        let rest = bare.split_once([':', '.']).map(|(_, rest)| rest.trim());
        self.hidden.extend([text.trim(), bare].into_iter().chain(rest).filter(|text| text.chars().count() >= 3).map(str::to_owned));
    }

    /// A sentence about the file with dots for what is hidden in the file. The longest text is replaced first, so that no rest of it is
    /// left.
    pub(crate) fn mask_sentence(&self, sentence: &str) -> String {
        let mut longest: Vec<&String> = self.hidden.iter().collect();
        longest.sort_by_key(|text| Reverse(text.len()));
        let sentence = Text::mask_all(self.secrets, sentence, DOTS);
        printable(&longest.into_iter().fold(sentence, |masked, text| masked.replace(text, DOTS)))
    }
}

/// Whether a key looks like a name of the language or of a parameter, and not like a value.
fn is_name(key: &str) -> bool {
    !key.is_empty() && key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Where a secret begins that is written out in a text after its name: `clientSecret: x`, `client_secret=x`.
pub(crate) fn secret_in_prose(text: &str) -> Option<usize> {
    if let Some(key) = text.find("-----BEGIN") {
        return Some(key);
    }
    text.char_indices().filter(|(_, letter)| matches!(letter, ':' | '=')).find_map(|(at, _)| {
        let before = text[..at].trim_end_matches(['"', '\'', ' ']);
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let name = &before[before.trim_end_matches(is_of_name).len()..];
        let value = text[at + 1..].trim_start();
        // A sentence may quote a line of a file, such as `clientSecret: none`; it is judged by what stands in the quotation.
        let is_quoted = text[..at].matches('`').count() % 2 == 1;
        let quoted = value.split_once('`').filter(|_| is_quoted).map_or(value, |(quoted, _)| quoted);
        let is_reference = refers_to_secret(quoted.trim_end().trim_matches(['"', '\'']));
        ((names_secret(name) || often_names_secret(name)) && !is_reference).then(|| text.len() - value.len())
    })
}
