//! A provider file in the making: words, values and the reason for each, and its YAML.

use crate::diagnostic::printable;

/// A block of words, in order.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The lines above the first word, each without its mark.
    pub head: Vec<String>,
    /// The words at the top.
    pub words: Vec<Entry>,
}

/// One word with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The word.
    pub key: String,
    /// Its value.
    pub value: Piece,
    /// Why it stands there, or what there is to decide.
    pub because: Option<String>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A text.
    Text(String),
    /// Something that is written without quotation marks, such as a number.
    Bare(String),
    /// A list, in one line.
    List(Vec<Piece>),
    /// A block.
    Block(Vec<Entry>),
    /// A list of blocks.
    Blocks(Vec<Vec<Entry>>),
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Eq for Entry {}

impl Piece {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Entry {
    /// A word with its value.
    pub fn new(key: impl Into<String>, value: Piece) -> Self {
        Self { key: key.into(), value, because: None }
    }

    /// A word with its value and why.
    pub fn because(key: impl Into<String>, value: Piece, because: impl Into<String>) -> Self {
        Self { key: key.into(), value, because: Some(because.into()) }
    }
}

/// Where comments begin, if there is room.
const MARGIN: usize = 56;

impl Draft {
    /// The file's text, reasons and all.
    pub fn yaml(&self) -> String {
        let mut text = String::from("# yaml-language-server: $schema=../schemas/provider.schema.json\n");
        for line in &self.head {
            text.push_str("# ");
            text.push_str(printable(line).trim_end());
            text.push('\n');
        }
        block(&self.words, 0, &mut text);
        text
    }

    /// A word of the top.
    pub fn word(&mut self, entry: Entry) {
        self.words.push(entry);
    }
}

fn block(entries: &[Entry], depth: usize, text: &mut String) {
    for entry in entries {
        line(entry, &"  ".repeat(depth), depth, text);
    }
}

fn line(entry: &Entry, indent: &str, depth: usize, text: &mut String) {
    let mut first = format!("{indent}{}:", scalar(&entry.key));
    match &entry.value {
        Piece::Block(inner) if inner.is_empty() => {
            first.push_str(" {}");
            finish(first, entry.because.as_deref(), text);
        }
        Piece::Block(inner) => {
            finish(first, entry.because.as_deref(), text);
            block(inner, depth + 1, text);
        }
        Piece::Blocks(list) => {
            finish(first, entry.because.as_deref(), text);
            let inner = "  ".repeat(depth + 2);
            for words in list {
                for (at, word) in words.iter().enumerate() {
                    let start = if at == 0 { format!("{}- ", "  ".repeat(depth + 1)) } else { inner.clone() };
                    line(word, &start, depth + 2, text);
                }
            }
        }
        Piece::Text(_) | Piece::Bare(_) | Piece::List(_) => {
            first.push(' ');
            first.push_str(&inline(&entry.value));
            finish(first, entry.because.as_deref(), text);
        }
    }
}

fn inline(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => scalar(text),
        Piece::Bare(text) => text.clone(),
        Piece::List(list) => {
            let parts: Vec<String> = list
                .iter()
                .map(|part| match part {
                    Piece::Text(text) => in_flow(text),
                    other => inline(other),
                })
                .collect();
            if parts.is_empty() { "[]".to_owned() } else { format!("[ {} ]", parts.join(", ")) }
        }
        Piece::Block(entries) => {
            let parts: Vec<String> = entries
                .iter()
                .map(|entry| {
                    let value = match &entry.value {
                        Piece::Text(text) => in_flow(text),
                        other => inline(other),
                    };
                    format!("{}: {value}", in_flow(&entry.key))
                })
                .collect();
            if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
        }
        Piece::Blocks(list) => inline(&Piece::List(list.iter().map(|words| Piece::Block(words.clone())).collect())),
    }
}

fn finish(mut line: String, because: Option<&str>, text: &mut String) {
    if let Some(because) = because {
        let wide = line.chars().count();
        line.push_str(&" ".repeat(MARGIN.saturating_sub(wide).max(2)));
        line.push_str("# ");
        line.push_str(&printable(because));
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

/// A text as YAML takes it: plain where that is certain, else between quotation marks.
pub fn scalar(text: &str) -> String {
    let first_is_fine = text.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '$' | '/' | '_' | '.' | '('));
    let is_fine = |letter: char| !letter.is_control() && !crate::diagnostic::is_hidden(letter);
    let is_word = matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "~" | "");
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '.') && text.parse::<f64>().is_ok()
        || text.starts_with("0x")
        || text.starts_with("0o");
    let plain = first_is_fine
        && text.chars().all(is_fine)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !is_word
        && !is_number;
    if plain { text.to_owned() } else { quoted(text) }
}

/// The same inside of brackets.
fn in_flow(text: &str) -> String {
    if text.contains([',', '[', ']', '{', '}', '"', '\'', ':']) { quoted(text) } else { scalar(text) }
}

fn quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter if letter.is_control() || crate::diagnostic::is_hidden(letter) => {
                let code = u32::from(letter);
                let _ = if code <= 0xffff { write!(out, "\\u{code:04x}") } else { write!(out, "\\U{code:08x}") };
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_becomes_a_file_with_its_reasons() {
        let draft = Draft {
            head: vec!["A shop.".to_owned()],
            words: vec![
                Entry::new("name", Piece::text("Clube: Acme")),
                Entry::because("pkce", Piece::Bare("off".to_owned()), "no challenge was sent\u{1b}"),
                Entry::new(
                    "getUserInfo",
                    Piece::Blocks(vec![vec![
                        Entry::new("get", Piece::text("https://a.example/me")),
                        Entry::new(
                            "read",
                            Piece::Block(vec![Entry::new("id", Piece::List(vec![Piece::text("$.a"), Piece::text("$['b-c']")]))]),
                        ),
                    ]]),
                ),
            ],
        };

        assert_eq!(
            draft.yaml(),
            "# yaml-language-server: $schema=../schemas/provider.schema.json\n# A shop.\nname: \"Clube: Acme\"\n\
             pkce: off                                               # no challenge was sent\\u{1b}\n\
             getUserInfo:\n  - get: https://a.example/me\n    read:\n      id: [ $.a, \"$['b-c']\" ]\n"
        );
    }

    #[test]
    fn every_text_comes_back_as_it_was() {
        for text in [
            "a b",
            "1.10",
            "yes",
            "it's",
            "a: b",
            "x #y",
            "\u{1b}[0m",
            "{ viewer }",
            "- a",
            "é\u{2028}",
            "@x",
            "'q'",
            "0x1",
            "",
            "a\nb",
            "*",
            "%",
            "\u{1f600}",
        ] {
            let node = crate::yaml::parse(&crate::place::Source::new("a", format!("k: {}\nl: [ {} ]\n", scalar(text), in_flow(text))))
                .expect("YAML")
                .0;
            let crate::yaml::Kind::Map(entries) = &node.kind else { panic!("a block") };
            let crate::yaml::Kind::Scalar { text: read, .. } = &entries[0].value.kind else { panic!("{text}") };
            assert_eq!(read, text);
            let crate::yaml::Kind::List(list) = &entries[1].value.kind else { panic!("a list") };
            assert!(matches!(&list[0].kind, crate::yaml::Kind::Scalar { text: read, .. } if read == text), "{text}");
        }
    }
}
