//! One walk through a document, within bounds: every value with its path.
//!
//! [`DocumentWalk`] says in which order and how far; its caller decides which keys become segments of a path, and so which
//! are walked through at all. [`all_leaves`] is the walk that skips nothing.

use crate::provider::json_path::scalar_text;
use crate::workbench::answers::path::{PathSegment, last_key};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::VecDeque;

/// A value of a document and its path.
#[derive(Clone, Debug)]
pub(crate) struct AnswerNode<'v> {
    pub(crate) path: Vec<PathSegment>,
    pub(crate) value: &'v Value,
}

impl<'v> AnswerNode<'v> {
    /// The last key on the path; empty if there is none.
    pub(crate) fn key(&self) -> &str {
        last_key(&self.path).unwrap_or_default()
    }

    /// The value as a text; `None` for objects, lists, `null` and an empty text.
    pub(crate) fn text(&self) -> Option<Cow<'v, str>> {
        if self.is_container() { None } else { scalar_text(self.value) }
    }

    pub(crate) fn is_container(&self) -> bool {
        self.value.is_object() || self.value.is_array()
    }

    fn child(&self, segment: PathSegment, value: &'v Value) -> Self {
        let mut path = self.path.clone();
        path.push(segment);
        Self { path, value }
    }
}

/// The order in which values are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WalkOrder {
    /// All values of one depth come before deeper ones.
    ShallowFirst,
    /// In the order of the document.
    AsWritten,
}

/// How a document is walked through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DocumentWalk {
    pub(crate) order: WalkOrder,
    /// At most this many values are visited, objects and lists among them.
    pub(crate) nodes: usize,
    /// Deeper values are not visited.
    pub(crate) depth: usize,
    /// At most this many elements of a list are visited.
    pub(crate) elements: usize,
}

impl DocumentWalk {
    /// The values of a document, the document itself first. `segment` makes the segment for a key, which is given with its
    /// object; a key for which it gives nothing is skipped.
    pub(crate) fn nodes(self, document: &Value, segment: impl Fn(&str, &Map<String, Value>) -> Option<PathSegment>) -> Vec<AnswerNode<'_>> {
        let mut waiting = VecDeque::from([AnswerNode { path: Vec::new(), value: document }]);
        let mut visited = Vec::new();
        while let Some(node) = waiting.pop_front() {
            if visited.len() >= self.nodes {
                break;
            }
            let mut below = Vec::new();
            let room = self.nodes.saturating_sub(waiting.len());
            if node.path.len() < self.depth {
                match node.value {
                    Value::Object(members) => {
                        let named = members.iter().take(self.nodes).filter_map(|(key, value)| Some((segment(key, members)?, value)));
                        below.extend(named.take(room).map(|(segment, value)| node.child(segment, value)));
                    }
                    Value::Array(list) => {
                        let elements = list.iter().enumerate().take(self.elements.min(room));
                        below.extend(elements.map(|(at, value)| node.child(PathSegment::Index(at), value)));
                    }
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
                }
            }
            visited.push(node);
            match self.order {
                WalkOrder::ShallowFirst => waiting.extend(below),
                WalkOrder::AsWritten => below.into_iter().rev().for_each(|node| waiting.push_front(node)),
            }
        }
        visited
    }
}

/// The texts, numbers and booleans of a document as they are written, of a list all its elements.
pub(crate) fn all_leaves(document: &Value) -> Vec<AnswerNode<'_>> {
    let walk = DocumentWalk { order: WalkOrder::AsWritten, nodes: 2_000, depth: usize::MAX, elements: usize::MAX };
    let mut nodes = walk.nodes(document, |key, _| Some(PathSegment::Key(key.to_owned())));
    nodes.retain(|node| node.text().is_some());
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::answers::path::write_path;
    use serde_json::json;

    #[test]
    fn a_document_is_walked_through_in_both_orders_and_within_bounds() {
        let document = json!({ "a": { "b": [1, 2], "none": null }, "c": "x" });
        let paths = |walk: DocumentWalk| {
            let nodes = walk.nodes(&document, |key, _| (key != "c" || walk.elements > 1).then(|| PathSegment::Key(key.to_owned())));
            nodes.iter().map(|node| write_path(&node.path)).collect::<Vec<_>>().join(" ")
        };
        let all = DocumentWalk { order: WalkOrder::AsWritten, nodes: 90, depth: 9, elements: 9 };

        assert_eq!(paths(all), "$ $.a $.a.b $.a.b[0] $.a.b[1] $.a.none $.c");
        assert_eq!(paths(DocumentWalk { order: WalkOrder::ShallowFirst, elements: 1, ..all }), "$ $.a $.a.b $.a.none $.a.b[0]");
        assert_eq!(paths(DocumentWalk { depth: 1, ..all }), "$ $.a $.c");
        assert_eq!(paths(DocumentWalk { nodes: 2, ..all }), "$ $.a");
        let leaves: Vec<_> = all_leaves(&document).iter().map(|leaf| (leaf.key().to_owned(), leaf.text().unwrap().into_owned())).collect();
        assert_eq!(leaves, [("b", "1"), ("b", "2"), ("c", "x")].map(|(key, text)| (key.to_owned(), text.to_owned())));
    }
}
