//! An invented answer in the format that the file reads.

use crate::provider::answer::{AnswerFormat, AnswerParser};
use crate::workbench::examples::invented::document::text_of;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The answer as a story writes it.
pub(super) fn written_answer(answers: &AnswerParser, value: &Value) -> Map<String, Value> {
    let format = answers.formats.as_ref().and_then(|formats| formats.0.first().copied()).unwrap_or(AnswerFormat::Auto);
    let prefix = answers.skip_prefix.as_ref().map_or("", |prefix| prefix.value.as_str());
    let mut answer = Map::new();
    let mut text = |text: String| answer.insert("text".to_owned(), json!(format!("{prefix}{text}")));
    match format {
        AnswerFormat::Auto | AnswerFormat::Json if prefix.is_empty() => _ = answer.insert("json".to_owned(), value.clone()),
        AnswerFormat::Auto | AnswerFormat::Json => _ = text(value.to_string()),
        AnswerFormat::Form if prefix.is_empty() => {
            let pairs = value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), json!(text_of(value))));
            answer.insert("form".to_owned(), Value::Object(pairs.collect()));
        }
        AnswerFormat::Form => {
            let pairs = value.as_object().into_iter().flatten().map(|(name, value)| (name, text_of(value)));
            text(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish());
        }
        AnswerFormat::Jsonp => _ = text(format!("callback( {value} );")),
        AnswerFormat::Xml => {
            let mut xml = String::new();
            value.as_object().into_iter().flatten().for_each(|(name, value)| write_element(name, value, &mut xml));
            text(xml);
        }
        AnswerFormat::Text => _ = text(text_of(value)),
    }
    answer
}

fn write_element(name: &str, value: &Value, xml: &mut String) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| write_element(name, value, xml)),
        Value::Object(members) => {
            let _ = write!(xml, "<{name}");
            for (key, value) in members.iter().filter_map(|(key, value)| Some((key.strip_prefix('@')?, value))) {
                let _ = write!(xml, " {key}=\"{}\"", escaped(&text_of(value)));
            }
            xml.push('>');
            members.iter().filter(|(key, _)| !key.starts_with('@')).for_each(|(key, value)| write_element(key, value, xml));
            let _ = write!(xml, "</{name}>");
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => _ = write!(xml, "<{name}>{}</{name}>", escaped(&text_of(value))),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
