//! A story as YAML: short things on one line, longer ones below each other.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue, write_items};
use serde_json::{Map, Value};

/// The longest line that is written on purpose.
const WIDEST: usize = 120;

/// The story, as one element of a list.
pub(crate) fn write_story(story: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_items(&[YamlValue::Block(block_lines(story, 2))], 0, &mut text);
    text
}

fn block_lines(members: &Map<String, Value>, indent: usize) -> Vec<YamlLine> {
    let line = |(key, value): (&String, &Value)| YamlLine::new(key.as_str(), member_value(key, value, indent));
    members.iter().map(line).collect()
}

fn member_value(key: &str, value: &Value, indent: usize) -> YamlValue {
    let on_one_line = flow_value(value);
    let is_short = indent + key.chars().count() + 2 + on_one_line.on_one_line().chars().count() <= WIDEST;
    match value {
        Value::Object(below) if !is_short => YamlValue::Block(block_lines(below, indent + 2)),
        Value::Array(list) if matches!(key, "prepare" | "exchanges") || !is_short => {
            YamlValue::Items(list.iter().map(|item| item_value(item, indent + 2)).collect())
        }
        _ => on_one_line,
    }
}

fn item_value(value: &Value, indent: usize) -> YamlValue {
    let on_one_line = flow_value(value);
    match value {
        Value::Object(members) if indent + 3 + on_one_line.on_one_line().chars().count() > WIDEST => {
            YamlValue::Block(block_lines(members, indent + 2))
        }
        _ => on_one_line,
    }
}

/// A value on one line.
fn flow_value(value: &Value) -> YamlValue {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => YamlValue::Bare(value.to_string()),
        Value::String(text) => YamlValue::text(text),
        Value::Array(list) => YamlValue::List(list.iter().map(flow_value).collect()),
        Value::Object(members) => {
            YamlValue::Flow(members.iter().map(|(key, value)| YamlLine::new(key.as_str(), flow_value(value))).collect())
        }
    }
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
        let mut reader = Reader::default();
        let node = reader.parse_source(&Source::new("x.yaml", text.as_str()), "").unwrap();
        let read = crate::workbench::examples::example::RawJson::read(&node, &mut reader).unwrap_or_else(|| panic!("{text}"));

        assert_eq!(read.0, json!([tree]), "{text}");
    }
}
