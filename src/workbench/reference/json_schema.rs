//! The JSON schemas, which editors use to complete and to check a file while it is written.

use crate::vocabulary::words::{ValueShape, WordBlock, WordDoc};
use crate::workbench::reference::word_doc::{ParsedWordDoc, one_line};
use serde_json::{Map, Value, json};

/// The schema of a kind of file.
pub(crate) fn json_schema(title: &str, block: &'static WordBlock) -> String {
    let mut definitions = Map::new();
    let root = object_schema(block, &mut definitions);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    if let Value::Object(members) = root {
        schema.extend(members);
    }
    if block.title == "settings file" {
        // A store is a settings file within a settings file.
        definitions.insert(definition_name(block), json!({ "$ref": "#" }));
    }
    definitions.sort_keys();
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    serde_json::to_string_pretty(&Value::Object(schema)).expect("a schema is JSON") + "\n"
}

fn definition_name(block: &WordBlock) -> String {
    block.title.replace(' ', "-")
}

fn object_schema(block: &'static WordBlock, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for word in &block.words {
        let doc = ParsedWordDoc::parse(word);
        let mut described = value_schema(&word.shape, definitions);
        if let Value::Object(members) = &mut described {
            let default = doc.default.map_or_else(String::new, |default| format!("\n\nDefault: {default}"));
            let example = doc.example.map_or_else(String::new, |example| format!("\n\nExample: {example}"));
            members.insert("description".to_owned(), json!(format!("{}{default}{example}", doc.meaning)));
        }
        properties.insert(word.name.to_owned(), described);
    }
    // A word that the compiler demands by a complaint of its own has the default `required`.
    let is_required = |word: &&WordDoc| word.required || ParsedWordDoc::parse(word).default.as_deref() == Some("required");
    let required: Vec<&str> = block.words.iter().filter(is_required).map(|word| word.name).collect();
    let mut members = Map::new();
    members.insert("description".to_owned(), json!(one_line(block.doc)));
    members.insert("type".to_owned(), json!("object"));
    members.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        members.insert("required".to_owned(), json!(required));
    }
    members.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(members)
}

/// Editors use YAML's own types: a text may be written as a YAML number or boolean.
fn value_schema(shape: &ValueShape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        ValueShape::Text(_) => json!({ "type": ["string", "number", "boolean"] }),
        ValueShape::Flag => json!({ "type": "boolean" }),
        ValueShape::Number => json!({ "type": "integer" }),
        ValueShape::Choice(words) => json!({ "enum": words }),
        ValueShape::List(inner) => json!({ "type": "array", "items": value_schema(inner, definitions) }),
        ValueShape::Map(inner) => {
            json!({ "type": "object", "additionalProperties": nullable_schema(value_schema(inner, definitions), inner) })
        }
        ValueShape::Either(shapes) => json!({ "anyOf": shapes.iter().map(|shape| value_schema(shape, definitions)).collect::<Vec<_>>() }),
        ValueShape::Json => json!({}),
        ValueShape::Nothing => json!({ "type": "null" }),
        ValueShape::Block(block) => {
            let block = block();
            let name = definition_name(block);
            if !definitions.contains_key(&name) {
                definitions.insert(name.clone(), Value::Null);
                let described = object_schema(block, definitions);
                definitions.insert(name.clone(), described);
            }
            json!({ "$ref": format!("#/$defs/{name}") })
        }
    }
}

/// A parameter may be `null`, which leaves a standard parameter out.
fn nullable_schema(described: Value, shape: &ValueShape) -> Value {
    match shape {
        ValueShape::Either(_) => json!({ "anyOf": [described, { "type": "null" }] }),
        _ => described,
    }
}
