//! The shape of a document: its keys and what their values look like, without the values.

use crate::provider::step::Step;
use crate::story::answer_keys::AnswerKeys;
use crate::story::looks::Looks;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

/// The most members that a shape holds.
const MOST: usize = 200;
/// How many values are searched for texts at most.
const MOST_SEARCHED: usize = 2800;

/// One member of a document, with the members below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryMember {
    /// Its key; `[]` for the element of a list, `…` where more members follow that are not shown.
    pub(crate) key: String,
    /// The word for what its value looks like; `None` for objects and lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) looks: Option<String>,
    /// The number of its characters or digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) many: Option<usize>,
    /// The members of an object, or the first element of a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) below: Vec<Self>,
}

impl StoryMember {
    pub(crate) fn looks_in_english(&self) -> String {
        self.looks.as_deref().and_then(|word| Looks::from_word(word, self.many)).map(|looks| looks.to_string()).unwrap_or_default()
    }
}

/// The shape of what a step reads: an answer, or the callback. The keys that its paths write are shown.
pub(crate) fn answer_shape(step: &Step, document: &Value) -> Vec<StoryMember> {
    shape_with_keys(document, &step.written_keys())
}

fn shape_with_keys(document: &Value, written: &BTreeSet<Box<str>>) -> Vec<StoryMember> {
    let mut left = MOST;
    members_below(document, &AnswerKeys::of(document, written), &mut left)
}

/// The shape of a document that no file reads.
#[cfg(test)]
pub(crate) fn document_shape(document: &Value) -> Vec<StoryMember> {
    shape_with_keys(document, &BTreeSet::new())
}

/// The texts of a document that are long enough to be personal data: a key that equals one of them is not a field name.
pub(crate) fn long_texts(document: &Value) -> HashSet<&str> {
    texts_of(document).into_iter().filter(|text| (6..=60).contains(&text.len())).collect()
}

/// The texts of a document that may be about a person, within bounds.
pub(crate) fn texts_of(document: &Value) -> Vec<&str> {
    let mut texts = Vec::new();
    let mut waiting = vec![document];
    let mut seen = 0;
    while let Some(value) = waiting.pop() {
        seen = usize::saturating_add(seen, 1);
        if seen > MOST_SEARCHED {
            break;
        }
        match value {
            Value::String(text) => texts.push(text.as_str()),
            Value::Array(list) => waiting.extend(list),
            // The kind of an object is not personal data.
            Value::Object(members) => waiting
                .extend(members.iter().filter(|(key, _)| !matches!(key.as_str(), "type" | "kind" | "object")).map(|(_, value)| value)),
            _ => {}
        }
    }
    texts
}

fn members_below(value: &Value, keys: &AnswerKeys<'_>, left: &mut usize) -> Vec<StoryMember> {
    let mut members = Vec::new();
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if *left == 0 {
                    members.push(StoryMember { key: "…".to_owned(), looks: None, many: None, below: Vec::new() });
                    break;
                }
                *left = left.saturating_sub(1);
                members.push(member(keys.shown(key, object), value, keys, left));
            }
        }
        Value::Array(list) => {
            if let Some(first) = list.first()
                && *left > 0
            {
                *left = left.saturating_sub(1);
                members.push(member("[]".to_owned(), first, keys, left));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let (looks, many) = Looks::from_value(value).map_or(("empty", None), Looks::word);
            members.push(StoryMember { key: String::new(), looks: Some(looks.to_owned()), many, below: Vec::new() });
        }
    }
    members
}

fn member(key: String, value: &Value, keys: &AnswerKeys<'_>, left: &mut usize) -> StoryMember {
    match Looks::from_value(value) {
        Some(looks) => {
            let (looks, many) = looks.word();
            StoryMember { key, looks: Some(looks.to_owned()), many, below: Vec::new() }
        }
        None => StoryMember { key, looks: None, many: None, below: members_below(value, keys, left) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn drawn(members: &[StoryMember]) -> String {
        let one = |member: &StoryMember| match member.below.as_slice() {
            [] => format!("{}: {}", member.key, member.looks_in_english()),
            below => format!("{} {{ {} }}", member.key, drawn(below)),
        };
        members.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_shape_holds_keys_and_looks_and_no_values() {
        let document = json!({ "data": { "mail": "ana@loja.example", "id": 7, "ok": true, "none": null, "list": [ { "a": "b" }, 2 ] }, "ana@loja.example": 1 });

        assert_eq!(
            drawn(&document_shape(&document)),
            "data { mail: e-mail address, id: one digit, ok: yes or no, none: empty, list { [] { a: text, 1 } } }, ‹key›: one digit"
        );
    }

    #[test]
    fn a_key_that_is_a_value_elsewhere_is_masked() {
        let document = json!({ "login": "mariasilva", "mariasilva": { "id": 7 } });

        assert_eq!(drawn(&document_shape(&document)), "login: text, 10, ‹key› { id: one digit }");
    }

    #[test]
    fn a_large_document_is_shown_in_part() {
        let document: Map<String, Value> = (0..1000).map(|at| (format!("k{at}"), json!(1))).collect();

        let shape = document_shape(&Value::Object(document));

        assert_eq!(shape.len(), MOST + 1);
        assert_eq!(shape.last().map(|member| member.key.as_str()), Some("…"));
    }

    #[test]
    fn a_document_that_is_a_list_or_a_text_has_a_shape_as_well() {
        assert_eq!(drawn(&document_shape(&json!([{ "id": "x" }]))), "[] { id: text, 1 }");
        assert_eq!(drawn(&document_shape(&json!("hello"))), ": text, 5");
    }
}
