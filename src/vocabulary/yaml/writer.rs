//! Writes YAML: texts with the quotes that they need, and trees of lines, each with the comment that belongs to it.

use crate::vocabulary::diagnostic::{is_invisible, printable};
use std::fmt::Write as _;

/// One line of a mapping that is written.
#[derive(Clone, Debug)]
pub struct YamlLine {
    /// The key without quotes, which are added where the text needs them.
    pub key: String,
    /// What is written behind the key, or below it.
    pub value: YamlValue,
    /// The comment behind it.
    pub(crate) comment: Option<String>,
}

/// A value that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum YamlValue {
    /// A text, which is quoted where it has to be.
    Text(String),
    /// A number, a boolean or `null`, which takes no quotes.
    Bare(String),
    /// A list on one line.
    List(Vec<YamlValue>),
    /// A mapping on one line.
    Flow(Vec<YamlLine>),
    /// A mapping, one line for each key.
    Block(Vec<YamlLine>),
    /// A list, one item below the other.
    Items(Vec<YamlValue>),
}

/// Comments do not count: two lines with different comments are equal.
impl PartialEq for YamlLine {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Eq for YamlLine {}

impl YamlValue {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The value on one line.
    pub(crate) fn on_one_line(&self) -> String {
        match self {
            Self::Text(text) => scalar(text),
            Self::Bare(_) | Self::List(_) | Self::Flow(_) | Self::Block(_) | Self::Items(_) => self.within_brackets(),
        }
    }

    fn within_brackets(&self) -> String {
        match self {
            Self::Text(text) => flow_scalar(text),
            Self::Bare(text) => text.clone(),
            Self::List(values) | Self::Items(values) => bracketed("[", values.iter().map(Self::within_brackets), "]"),
            Self::Flow(lines) | Self::Block(lines) => {
                let entries = lines.iter().map(|line| format!("{}: {}", flow_scalar(&line.key), line.value.within_brackets()));
                bracketed("{", entries, "}")
            }
        }
    }
}

impl YamlLine {
    /// A key with its value.
    pub fn new(key: impl Into<String>, value: YamlValue) -> Self {
        Self { key: key.into(), value, comment: None }
    }

    /// A key with its value and a comment.
    pub(crate) fn with_comment(key: impl Into<String>, value: YamlValue, comment: impl Into<String>) -> Self {
        Self { key: key.into(), value, comment: Some(comment.into()) }
    }
}

fn bracketed(open: &str, parts: impl Iterator<Item = String>, close: &str) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { format!("{open}{close}") } else { format!("{open} {} {close}", parts.join(", ")) }
}

/// The column at which comments begin, where there is room.
const COMMENT_COLUMN: usize = 56;

/// Writes the lines of a mapping.
pub(crate) fn write_block(lines: &[YamlLine], indent: usize, out: &mut String) {
    for line in lines {
        write_line(line, &" ".repeat(indent), indent, out);
    }
}

/// Writes a list, one item below the other.
pub(crate) fn write_items(items: &[YamlValue], indent: usize, out: &mut String) {
    let dash = format!("{:indent$}- ", "");
    for item in items {
        match item {
            YamlValue::Block(lines) if !lines.is_empty() => {
                for (at, line) in lines.iter().enumerate() {
                    let start = if at == 0 { dash.clone() } else { " ".repeat(indent + 2) };
                    write_line(line, &start, indent + 2, out);
                }
            }
            other => {
                let _ = writeln!(out, "{dash}{}", other.on_one_line());
            }
        }
    }
}

/// Writes one line, and the lines below it. The start may hold the dash of a list instead of blanks.
fn write_line(line: &YamlLine, start: &str, indent: usize, out: &mut String) {
    let first = format!("{start}{}:", scalar(&line.key));
    match &line.value {
        YamlValue::Block(below) if !below.is_empty() => {
            push_with_comment(first, line.comment.as_deref(), out);
            write_block(below, indent + 2, out);
        }
        YamlValue::Items(items) if !items.is_empty() => {
            push_with_comment(first, line.comment.as_deref(), out);
            write_items(items, indent + 2, out);
        }
        value => push_with_comment(format!("{first} {}", value.on_one_line()), line.comment.as_deref(), out),
    }
}

fn push_with_comment(mut line: String, comment: Option<&str>, out: &mut String) {
    if let Some(comment) = comment {
        let blanks = COMMENT_COLUMN.saturating_sub(line.chars().count()).max(2);
        let _ = write!(line, "{:blanks$}# {}", "", printable(comment));
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A text outside of brackets: plain where that is certain, otherwise in quotes.
pub(crate) fn scalar(text: &str) -> String {
    let plain_start = |first: char| first.is_alphanumeric() || matches!(first, '$' | '/' | '_' | '.' | '(' | '‹');
    let is_printable = |letter: char| !letter.is_control() && !is_invisible(letter);
    let is_keyword =
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", ""].iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '.') && text.parse::<f64>().is_ok()
        || text.starts_with("0x")
        || text.starts_with("0o");
    let is_plain = text.starts_with(plain_start)
        && text.chars().all(is_printable)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !is_keyword
        && !is_number;
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// A text inside of brackets.
pub(crate) fn flow_scalar(text: &str) -> String {
    if text.contains([',', '[', ']', '{', '}', '"', '\'', ':']) { quoted(text) } else { scalar(text) }
}

/// A text in quotes: in single ones where double ones would need escapes. What a terminal obeys or the eye does not see
/// is written by its number.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) && !text.chars().any(|letter| letter.is_control() || is_invisible(letter)) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter if letter.is_control() || is_invisible(letter) => {
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
    use crate::vocabulary::place::Source;
    use crate::vocabulary::yaml::{YamlKind, parse};

    #[test]
    fn every_text_is_read_as_it_was_written() {
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
            "é",
            "‹state›",
            "@x",
            "'q'",
            "\"q\"",
            "a \\ b",
            "it's \"q\" \\",
            "0x1",
            "",
            "a\nb",
            "*",
            "%",
            "\u{1f600}",
            "Y",
        ] {
            let source = Source::new("a", format!("k: {}\nl: [ {} ]\nm: {}\n", scalar(text), flow_scalar(text), quoted(text)));
            let node = parse(&source).unwrap_or_else(|error| panic!("{}: {error:?}", source.text)).0;

            let is_text = |kind: &YamlKind| matches!(kind, YamlKind::Scalar { text: read, .. } if read == text);
            let YamlKind::List(list) = &node.get("l").unwrap().kind else { panic!("a list") };
            assert!(is_text(&node.get("k").unwrap().kind) && is_text(&list[0].kind) && is_text(&node.get("m").unwrap().kind), "{text}");
        }
    }
}
