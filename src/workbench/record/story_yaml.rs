//! A story as YAML: short things on one line, longer ones below each other, every text in quotes that could be anything else.

use serde_json::{Map, Value};
use std::fmt::Write as _;

/// The longest line that is written on purpose.
const WIDEST: usize = 120;

/// The story, as one element of a list.
pub(crate) fn write_story(story: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_block(story, 2, &mut text);
    text.replacen("  ", "- ", 1)
}

fn write_block(members: &Map<String, Value>, indent: usize, text: &mut String) {
    for (key, value) in members {
        let line = format!("{:indent$}{}: {}", "", yaml_scalar(key), flow_value(value));
        let is_short = line.chars().count() <= WIDEST;
        match value {
            Value::Object(below) if !is_short && !below.is_empty() => {
                let _ = writeln!(text, "{:indent$}{}:", "", yaml_scalar(key));
                write_block(below, indent + 2, text);
            }
            Value::Array(list) if key == "exchanges" || !is_short && !list.is_empty() => {
                let _ = writeln!(text, "{:indent$}{}:", "", yaml_scalar(key));
                write_list(list, indent + 2, text);
            }
            _ => {
                text.push_str(&line);
                text.push('\n');
            }
        }
    }
}

fn write_list(list: &[Value], indent: usize, text: &mut String) {
    for value in list {
        let line = format!("{:indent$}- {}\n", "", flow_value(value));
        match value {
            Value::Object(members) if line.chars().count() > WIDEST && !members.is_empty() => {
                let mut below = String::new();
                write_block(members, indent + 2, &mut below);
                let (blanks, rest) = below.split_at(indent);
                text.push_str(blanks);
                text.push_str("- ");
                text.push_str(&rest[2..]);
            }
            _ => text.push_str(&line),
        }
    }
}

/// A value on one line.
fn flow_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => yaml_scalar(text),
        Value::Array(list) if list.is_empty() => "[]".to_owned(),
        Value::Array(list) => format!("[ {} ]", list.iter().map(flow_value).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{}: {}", yaml_scalar(key), flow_value(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text, in quotes unless nobody can take it for anything else.
fn yaml_scalar(text: &str) -> String {
    let begins = text.starts_with(|first: char| first.is_alphabetic() || first == '‹');
    let is_plain = text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/' | '@' | '‹' | '›'));
    let is_a_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if begins && is_plain && !is_a_word { text.to_owned() } else { yaml_quoted(text) }
}

/// In double quotes. What a terminal would obey or nobody sees is written by its number.
fn yaml_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if crate::vocabulary::diagnostic::is_invisible(letter) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Source;
    use crate::vocabulary::words::{Reader, WordValue as _};
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let long = "x y".repeat(60);
        let tree = json!({
            "what": "a login: \"quoted\" \\ \u{202e} \u{7} # no comment",
            "texts": ["true", "7", "-", "", "~", "ana@loja.example", "é", "‹state›", "a: b", "{", "1e3", "null", " x "],
            "others": [true, null, 9_007_199_254_740_993_u64, 1.5, {}, []],
            "deep": { "long": long, "below": { "a": [ { "k": long, "l": [long] }, 2 ] }, "key with: colon": 1 },
            "exchanges": [ { "answer": { "json": { "id": 7 } } }, { "answer": { "text": long } } ],
        });

        let text = write_story(tree.as_object().unwrap());
        let mut desk = Reader::default();
        let node = desk.parse_source(&Source::new("x.yaml", text.as_str()), "").unwrap();
        let read = crate::workbench::examples::example::RawJson::read(&node, &mut desk).unwrap_or_else(|| panic!("{text}"));

        assert_eq!(read.0, json!([tree]), "{text}");
    }
}
