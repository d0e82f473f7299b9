//! What an answer holds and where, within bounds. Keys that look like somebody's are not walked through.

use crate::story::shape::long_texts;
use crate::vocabulary::privacy::is_personal_key;
use crate::workbench::repair::path::PathSegment;
use serde_json::Value;
use std::collections::VecDeque;

/// More places than these of one answer are not looked at.
const MOST: usize = 700;
/// Places deeper than this are not looked at.
const DEEPEST: usize = 12;

/// A place in an answer.
#[derive(Clone, Debug)]
pub(crate) struct AnswerNode<'v> {
    /// How one gets there.
    pub(crate) path: Vec<PathSegment>,
    pub(crate) value: &'v Value,
}

/// The places of an answer, the shallow ones first.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerIndex<'v> {
    /// Texts, numbers and booleans.
    pub(crate) leaves: Vec<AnswerNode<'v>>,
    pub(crate) rooms: Vec<AnswerNode<'v>>,
}

impl<'v> AnswerIndex<'v> {
    /// Walks through an answer.
    pub(crate) fn from_document(document: &'v Value) -> Self {
        let mut survey = Self::default();
        let said = long_texts(document);
        let mut waiting = VecDeque::from([AnswerNode { path: Vec::new(), value: document }]);
        let mut seen = 0;
        while let Some(spot) = waiting.pop_front() {
            seen += 1;
            if seen > MOST {
                break;
            }
            match spot.value {
                Value::Object(members) if spot.path.len() < DEEPEST => {
                    let only = members.len() == 1;
                    for (key, value) in members.iter().take(MOST) {
                        let hop = match key {
                            key if !looks_personal(key) && !said.contains(key.as_str()) => PathSegment::Key(key.clone()),
                            _ if only => PathSegment::Other(".*".to_owned()),
                            _ => continue,
                        };
                        if waiting.len() < MOST {
                            waiting.push_back(spot.child(hop, value));
                        }
                    }
                    survey.rooms.push(spot);
                }
                Value::Array(list) if spot.path.len() < DEEPEST => {
                    if let Some(first) = list.first() {
                        waiting.push_back(spot.child(PathSegment::Index(0), first));
                    }
                    survey.rooms.push(spot);
                }
                Value::Object(_) | Value::Array(_) | Value::Null => {}
                Value::String(text) if text.is_empty() => {}
                Value::String(_) | Value::Number(_) | Value::Bool(_) => survey.leaves.push(spot),
            }
        }
        survey
    }

    /// The room in which a value stands.
    pub(crate) fn container_of(&self, value: &Value) -> Option<&AnswerNode<'v>> {
        self.rooms.iter().find(|room| match room.value {
            Value::Object(members) => members.values().any(|member| std::ptr::eq(member, value)),
            Value::Array(list) => list.iter().any(|member| std::ptr::eq(member, value)),
            _ => false,
        })
    }
}

impl<'v> AnswerNode<'v> {
    fn child(&self, hop: PathSegment, value: &'v Value) -> Self {
        let mut path = self.path.clone();
        path.push(hop);
        Self { path, value }
    }
}

/// Whether a key is more likely somebody's value than a name: an address, a long number, something opaque.
pub(crate) fn looks_personal(key: &str) -> bool {
    let digits = key.chars().filter(char::is_ascii_digit).count();
    let letters = key.chars().filter(|letter| letter.is_alphabetic()).count();
    let strange = |letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':' | '/' | '~'));
    let opaque = key.len() > 15 && digits > 2 && !key.contains(['_', '-', '.', '/', ':']);
    key.is_empty() || key.len() > 60 || digits >= 5 || letters == 0 || opaque || key.chars().any(strange) || is_personal_key(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::repair::path::write_path;
    use serde_json::json;

    #[test]
    fn keys_that_are_somebodys_are_passed_by_or_hidden_behind_a_star() {
        let one = json!({ "users": { "ana@loja.example": { "id": 1 } }, "plan": "x" });
        let two = json!({ "users": { "5511998877": { "id": 1 }, "other": { "id": 2 } } });

        let paths =
            |value: &Value| AnswerIndex::from_document(value).leaves.iter().map(|leaf| write_path(&leaf.path, '\'')).collect::<Vec<_>>();

        assert_eq!(paths(&one), ["$.plan", "$.users.*.id"]);
        assert_eq!(paths(&two), ["$.users.other.id"]);
    }

    #[test]
    fn a_large_answer_is_looked_at_in_part() {
        let wide: Value = (0..9_000)
            .map(|at| (format!("k{}", "x".repeat(at % 7) + &(at % 100).to_string()), json!(at)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert!(AnswerIndex::from_document(&wide).leaves.len() <= MOST);
        let deep = (0..30).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert!(AnswerIndex::from_document(&deep).rooms.len() <= DEEPEST + 1);
    }
}
