//! A provider file in the making: words, values and the reason for each, and its YAML.

use crate::vocabulary::diagnostic::printable;

/// A block of words, in order.
#[derive(Clone, Debug, Default)]
pub struct ProviderDraft {
    /// The lines above the first word, each without its mark.
    pub head: Vec<String>,
    /// The words at the top.
    pub words: Vec<DraftEntry>,
}

/// One word with its value.
#[derive(Clone, Debug)]
pub struct DraftEntry {
    /// The word.
    pub key: String,
    /// Its value.
    pub value: DraftValue,
    /// Why it stands there, or what there is to decide.
    pub(crate) because: Option<String>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftValue {
    /// A text.
    Text(String),
    /// Something that is written without quotation marks, such as a number.
    Bare(String),
    /// A list, in one line.
    List(Vec<DraftValue>),
    /// A block.
    Block(Vec<DraftEntry>),
    /// A list of blocks.
    Blocks(Vec<Vec<DraftEntry>>),
}

impl PartialEq for DraftEntry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Eq for DraftEntry {}

impl DraftValue {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl DraftEntry {
    /// A word with its value.
    pub fn new(key: impl Into<String>, value: DraftValue) -> Self {
        Self { key: key.into(), value, because: None }
    }

    /// A word with its value and why.
    pub(crate) fn with_reason(key: impl Into<String>, value: DraftValue, because: impl Into<String>) -> Self {
        Self { key: key.into(), value, because: Some(because.into()) }
    }
}

/// Where comments begin, if there is room.
const MARGIN: usize = 56;

impl ProviderDraft {
    /// The file's text, reasons and all.
    pub fn to_yaml(&self) -> String {
        let mut text = String::from("# yaml-language-server: $schema=../schemas/provider.schema.json\n");
        for line in &self.head {
            text.push_str("# ");
            text.push_str(printable(line).trim_end());
            text.push('\n');
        }
        write_block(&self.words, 0, &mut text);
        text
    }

    /// A word of the top.
    pub(crate) fn push(&mut self, entry: DraftEntry) {
        self.words.push(entry);
    }
}

fn write_block(entries: &[DraftEntry], depth: usize, text: &mut String) {
    for entry in entries {
        write_entry(entry, &"  ".repeat(depth), depth, text);
    }
}

fn write_entry(entry: &DraftEntry, indent: &str, depth: usize, text: &mut String) {
    let mut first = format!("{indent}{}:", yaml_scalar(&entry.key));
    match &entry.value {
        DraftValue::Block(inner) if inner.is_empty() => {
            first.push_str(" {}");
            write_line(first, entry.because.as_deref(), text);
        }
        DraftValue::Block(inner) => {
            write_line(first, entry.because.as_deref(), text);
            write_block(inner, depth + 1, text);
        }
        DraftValue::Blocks(list) => {
            write_line(first, entry.because.as_deref(), text);
            let inner = "  ".repeat(depth + 2);
            for words in list {
                for (at, word) in words.iter().enumerate() {
                    let start = if at == 0 { format!("{}- ", "  ".repeat(depth + 1)) } else { inner.clone() };
                    write_entry(word, &start, depth + 2, text);
                }
            }
        }
        DraftValue::Text(_) | DraftValue::Bare(_) | DraftValue::List(_) => {
            first.push(' ');
            first.push_str(&inline_value(&entry.value));
            write_line(first, entry.because.as_deref(), text);
        }
    }
}

fn inline_value(piece: &DraftValue) -> String {
    match piece {
        DraftValue::Text(text) => yaml_scalar(text),
        DraftValue::Bare(text) => text.clone(),
        DraftValue::List(list) => {
            let parts: Vec<String> = list
                .iter()
                .map(|part| match part {
                    DraftValue::Text(text) => yaml_flow_scalar(text),
                    other => inline_value(other),
                })
                .collect();
            if parts.is_empty() { "[]".to_owned() } else { format!("[ {} ]", parts.join(", ")) }
        }
        DraftValue::Block(entries) => {
            let parts: Vec<String> = entries
                .iter()
                .map(|entry| {
                    let value = match &entry.value {
                        DraftValue::Text(text) => yaml_flow_scalar(text),
                        other => inline_value(other),
                    };
                    format!("{}: {value}", yaml_flow_scalar(&entry.key))
                })
                .collect();
            if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
        }
        DraftValue::Blocks(list) => inline_value(&DraftValue::List(list.iter().map(|words| DraftValue::Block(words.clone())).collect())),
    }
}

fn write_line(mut line: String, because: Option<&str>, text: &mut String) {
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
pub(crate) fn yaml_scalar(text: &str) -> String {
    let first_is_fine = text.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '$' | '/' | '_' | '.' | '('));
    let is_fine = |letter: char| !letter.is_control() && !crate::vocabulary::diagnostic::is_invisible(letter);
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
    if plain { text.to_owned() } else { yaml_quoted(text) }
}

/// The same inside of brackets.
fn yaml_flow_scalar(text: &str) -> String {
    if text.contains([',', '[', ']', '{', '}', '"', '\'', ':']) { yaml_quoted(text) } else { yaml_scalar(text) }
}

fn yaml_quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter if letter.is_control() || crate::vocabulary::diagnostic::is_invisible(letter) => {
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
        let draft = ProviderDraft {
            head: vec!["A shop.".to_owned()],
            words: vec![
                DraftEntry::new("name", DraftValue::text("Clube: Acme")),
                DraftEntry::with_reason("pkce", DraftValue::Bare("off".to_owned()), "no challenge was sent\u{1b}"),
                DraftEntry::new(
                    "getUserInfo",
                    DraftValue::Blocks(vec![vec![
                        DraftEntry::new("get", DraftValue::text("https://a.example/me")),
                        DraftEntry::new(
                            "read",
                            DraftValue::Block(vec![DraftEntry::new(
                                "id",
                                DraftValue::List(vec![DraftValue::text("$.a"), DraftValue::text("$['b-c']")]),
                            )]),
                        ),
                    ]]),
                ),
            ],
        };

        assert_eq!(
            draft.to_yaml(),
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
            let node = crate::vocabulary::yaml::parse(&crate::vocabulary::place::Source::new(
                "a",
                format!("k: {}\nl: [ {} ]\n", yaml_scalar(text), yaml_flow_scalar(text)),
            ))
            .expect("YAML")
            .0;
            let crate::vocabulary::yaml::YamlKind::Map(entries) = &node.kind else { panic!("a block") };
            let crate::vocabulary::yaml::YamlKind::Scalar { text: read, .. } = &entries[0].value.kind else { panic!("{text}") };
            assert_eq!(read, text);
            let crate::vocabulary::yaml::YamlKind::List(list) = &entries[1].value.kind else { panic!("a list") };
            assert!(matches!(&list[0].kind, crate::vocabulary::yaml::YamlKind::Scalar { text: read, .. } if read == text), "{text}");
        }
    }
}
