//! The values of an answer with their paths, within bounds. Keys that look like personal data are skipped.

use crate::story::answer_keys::AnswerKeys;
use crate::workbench::answers::leaves::{AnswerNode, DocumentWalk, WalkOrder};
use crate::workbench::answers::looks::is_name_for_path;
use crate::workbench::answers::path::PathSegment;
use serde_json::Value;
use std::collections::BTreeSet;

/// At most this many places of one answer are looked at.
const MOST: usize = 700;
/// Places deeper than this are not looked at.
const DEEPEST: usize = 12;

/// The values of an answer, the shallow ones first.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerIndex<'v> {
    /// Texts, numbers and booleans.
    pub(crate) leaves: Vec<AnswerNode<'v>>,
    /// Objects and lists.
    pub(crate) containers: Vec<AnswerNode<'v>>,
}

impl<'v> AnswerIndex<'v> {
    pub(crate) fn from_document(document: &'v Value) -> Self {
        Self::with_keys(document, &[])
    }

    /// The values of an answer, also below keys that look personal but that the file itself writes.
    pub(crate) fn with_keys(document: &'v Value, written: &[&str]) -> Self {
        let of_file: BTreeSet<Box<str>> = written.iter().map(|key| Box::from(*key)).collect();
        let keys = AnswerKeys::of(document, &of_file);
        let walk = DocumentWalk { order: WalkOrder::ShallowFirst, nodes: MOST, depth: DEEPEST, elements: 1 };
        let nodes = walk.nodes(document, |key, members| match key {
            key if written.contains(&key) => Some(PathSegment::Key(key.to_owned())),
            key if is_name_for_path(key) && keys.shown(key, members) == key => Some(PathSegment::Key(key.to_owned())),
            _ if members.len() == 1 => Some(PathSegment::Query(".*".to_owned())),
            _ => None,
        });
        let (containers, others): (Vec<_>, Vec<_>) = nodes.into_iter().partition(AnswerNode::is_container);
        Self { leaves: others.into_iter().filter(|node| node.text().is_some()).collect(), containers }
    }

    /// The object or list that holds a value.
    pub(crate) fn container_of(&self, value: &Value) -> Option<&AnswerNode<'v>> {
        self.containers.iter().find(|container| match container.value {
            Value::Object(members) => members.values().any(|member| std::ptr::eq(member, value)),
            Value::Array(list) => list.iter().any(|member| std::ptr::eq(member, value)),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::answers::path::write_path;
    use serde_json::json;

    #[test]
    fn a_key_that_names_a_person_is_no_part_of_a_path() {
        let paths = |document: Value, written: &[&str]| -> Vec<String> {
            AnswerIndex::with_keys(&document, written).leaves.iter().map(|leaf| write_path(&leaf.path)).collect()
        };
        let people = json!({ "people": { "ana": { "mail": "ana@loja.example" }, "zoe": { "mail": "zoe@loja.example" } } });

        assert!(paths(people.clone(), &[]).is_empty());
        assert_eq!(paths(people, &["ana"]), ["$.people.ana.mail"], "the file says so");
        assert_eq!(paths(json!({ "zoeprova": { "mail": "x@loja.example" }, "nick": "zoeprova" }), &[]), ["$.nick"]);
        assert_eq!(paths(json!({ "profile": { "mail": "x@loja.example" }, "v": 1 }), &[]), ["$.v", "$.profile.mail"]);
    }

    #[test]
    fn personal_keys_are_passed_by_or_hidden_behind_a_star() {
        let one = json!({ "users": { "ana@loja.example": { "id": 1 } }, "plan": "x" });
        let two = json!({ "users": { "5511998877": { "id": 1 }, "other": { "id": 2 } } });

        let paths = |value: &Value| AnswerIndex::from_document(value).leaves.iter().map(|leaf| write_path(&leaf.path)).collect::<Vec<_>>();

        assert_eq!(paths(&one), ["$.plan", "$.users.*.id"]);
        assert_eq!(paths(&two), ["$.users.other.id"]);
    }

    #[test]
    fn a_key_that_the_file_writes_is_no_personal_one() {
        let sizes = json!({ "48x48": "a", "96x9600": "b" });

        let index = AnswerIndex::with_keys(&sizes, &["48x48", "96x9600"]);

        assert_eq!(index.leaves.len(), 2);
    }

    #[test]
    fn a_large_answer_is_looked_at_in_part() {
        let wide: Value = (0..9_000)
            .map(|at| (format!("k{}", "x".repeat(at % 7) + &(at % 100).to_string()), json!(at)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert!(AnswerIndex::from_document(&wide).leaves.len() <= MOST);
        let deep = (0..30).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert!(AnswerIndex::from_document(&deep).containers.len() <= DEEPEST + 1);
    }
}
