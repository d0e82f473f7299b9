//! The shape of a step's answers: their paths and kinds, and how often each was seen. It holds no value: a key that looks like a
//! value becomes `*`, and paths over the limit become `…`.

use crate::vocabulary::privacy::is_field_name;
use serde_json::Value;
use std::collections::BTreeMap;

/// The most paths of a step.
pub(crate) const MOST: usize = 200;
/// The most members of one answer that are counted.
const LOOKED_AT: usize = 500;
/// The deepest level of an answer that is counted.
const DEEPEST: usize = 8;
/// The key that stands for paths over the limit.
pub(crate) const MORE: &str = "…";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DriftValueKind {
    Null,
    Empty,
    /// `true` or `false`.
    Flag,
    Number,
    Text,
    List,
    Object,
}

impl DriftValueKind {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 7] = [Self::Null, Self::Empty, Self::Flag, Self::Number, Self::Text, Self::List, Self::Object];

    /// The kind of a value.
    pub(crate) fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Flag,
            Value::Number(_) => Self::Number,
            Value::String(text) if text.is_empty() => Self::Empty,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Empty => "empty",
            Self::Flag => "bool",
            Self::Number => "number",
            Self::Text => "text",
            Self::List => "list",
            Self::Object => "object",
        }
    }
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How often each kind was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DriftKindCounts([i64; DriftValueKind::ALL.len()]);

impl DriftKindCounts {
    pub(crate) fn of(&mut self, kind: DriftValueKind) -> &mut i64 {
        self.0.get_mut(kind as usize).expect("there is a count for each kind")
    }

    pub(crate) fn get(&self, kind: DriftValueKind) -> i64 {
        self.0.get(kind as usize).copied().unwrap_or_default()
    }
}

/// The counts of a path.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathStatistics {
    pub(crate) stored: DriftKindCounts,
    /// The counts since the last save.
    pub(crate) unsaved: DriftKindCounts,
}

impl PathStatistics {
    pub(crate) fn add(&mut self, kind: DriftValueKind) {
        *self.unsaved.of(kind) += 1;
    }

    pub(crate) fn count_of(&self, kind: DriftValueKind) -> i64 {
        self.stored.get(kind) + self.unsaved.get(kind)
    }

    pub(crate) fn times(&self) -> i64 {
        DriftValueKind::ALL.into_iter().map(|kind| self.count_of(kind)).sum()
    }

    /// The most frequent kind, except `null` and empty.
    pub(crate) fn usual(&self) -> Option<DriftValueKind> {
        let kinds = DriftValueKind::ALL
            .into_iter()
            .filter(|kind| !matches!(kind, DriftValueKind::Null | DriftValueKind::Empty) && self.count_of(*kind) > 0);
        kinds.max_by_key(|kind| self.count_of(*kind))
    }
}

#[derive(Clone, Debug, Default)]
struct DriftShapeNode {
    seen: PathStatistics,
    below: BTreeMap<Box<str>, Self>,
}

/// The shape of a step's answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct DriftShape {
    root: DriftShapeNode,
    size: usize,
}

impl DriftShape {
    pub(crate) fn add(&mut self, document: &Value) {
        let mut left = LOOKED_AT;
        add_value(&mut self.root, document, 0, (&mut self.size, &mut left));
    }

    /// The counts of a path, given by its keys; `[]` stands for the elements of a list.
    pub(crate) fn statistics_at(&self, keys: &[&str]) -> Option<&PathStatistics> {
        let mut node = &self.root;
        for key in keys {
            let key: &str = if is_kept(key) { key } else { "*" };
            node = node.below.get(key)?;
        }
        Some(&node.seen)
    }

    pub(crate) fn times(&self) -> i64 {
        self.root.seen.times()
    }
    /// Visits all paths with their counts. A path is the JSON list of its keys.
    pub(crate) fn for_each_path(&mut self, mut visit: impl FnMut(&str, &mut PathStatistics)) {
        visit_paths(&mut self.root, &mut Vec::new(), &mut visit);
    }

    /// Applies a stored count.
    pub(crate) fn apply_stored(&mut self, path: &str, kind: DriftValueKind, times: i64) {
        let Ok(keys) = serde_json::from_str::<Vec<Box<str>>>(path) else { return };
        let mut node = &mut self.root;
        for key in keys.into_iter().take(DEEPEST + 1) {
            if !node.below.contains_key(&key) {
                if self.size >= MOST && &*key != MORE {
                    return;
                }
                self.size += 1;
            }
            node = node.below.entry(key).or_default();
        }
        *node.seen.stored.of(kind) = times;
    }
}

fn is_kept(key: &str) -> bool {
    is_field_name(key) || key == "[]" || key == MORE
}

fn add_value(node: &mut DriftShapeNode, value: &Value, depth: usize, (size, left): (&mut usize, &mut usize)) {
    node.seen.add(DriftValueKind::from_value(value));
    if depth == DEEPEST {
        return;
    }
    match value {
        Value::Object(members) => {
            let (mut has_odd, mut has_more) = (false, false);
            for (key, value) in members {
                if *left == 0 {
                    return;
                }
                *left -= 1;
                let is_name = is_field_name(key);
                if !is_name && std::mem::replace(&mut has_odd, true) {
                    continue;
                }
                let key = if is_name { key } else { "*" };
                if let Some(below) = node.below.get_mut(key) {
                    add_value(below, value, depth + 1, (size, left));
                } else if *size < MOST {
                    *size += 1;
                    add_value(node.below.entry(key.into()).or_default(), value, depth + 1, (size, left));
                } else if !std::mem::replace(&mut has_more, true) {
                    node.below.entry(MORE.into()).or_default().seen.add(DriftValueKind::from_value(value));
                }
            }
        }
        Value::Array(list) => {
            if let Some(first) = list.first()
                && *left > 0
                && (node.below.contains_key("[]") || *size < MOST)
            {
                *left -= 1;
                if !node.below.contains_key("[]") {
                    *size += 1;
                }
                add_value(node.below.entry("[]".into()).or_default(), first, depth + 1, (size, left));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn visit_paths(node: &mut DriftShapeNode, keys: &mut Vec<Box<str>>, visit: &mut impl FnMut(&str, &mut PathStatistics)) {
    if node.seen.times() > 0 {
        visit(&serde_json::to_string(&keys).unwrap_or_default(), &mut node.seen);
    }
    for (key, below) in &mut node.below {
        keys.push(key.clone());
        visit_paths(below, keys, visit);
        keys.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn lines(shape: &mut DriftShape) -> Vec<String> {
        let mut lines = Vec::new();
        shape.for_each_path(|path, seen| {
            let kinds = DriftValueKind::ALL.into_iter().filter(|kind| seen.count_of(*kind) > 0);
            lines.push(format!(
                "{path} {}",
                kinds.map(|kind| format!("{} {}", kind.word(), seen.count_of(kind))).collect::<Vec<_>>().join(", ")
            ));
        });
        lines
    }

    #[test]
    fn a_shape_knows_paths_kinds_and_how_often_and_no_values() {
        let mut shape = DriftShape::default();
        shape.add(&json!({ "id": 7, "mail": "ana@loja.example", "ana@loja.example": 1, "bia@loja.example": 1, "list": [ { "a": true } ] }));
        shape.add(&json!({ "id": "7", "mail": "", "list": [] }));

        assert_eq!(
            lines(&mut shape),
            [
                "[] object 2",
                r#"["*"] number 1"#,
                r#"["id"] number 1, text 1"#,
                r#"["list"] list 2"#,
                r#"["list","[]"] object 1"#,
                r#"["list","[]","a"] bool 1"#,
                r#"["mail"] empty 1, text 1"#
            ]
        );
    }

    #[test]
    fn a_provider_that_invents_keys_does_not_make_it_grow() {
        let mut shape = DriftShape::default();
        for round in 0..50 {
            let members: Map<String, Value> = (0..10_000)
                .map(|at| (format!("k{}", "abcdefghij".repeat(1 + at % 3)) + &format!("{round}x{at:x}"), json!({ "a": [at] })))
                .collect();
            shape.add(&Value::Object(members));
        }
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        shape.add(&deep);

        assert!(shape.size <= MOST, "{}", shape.size);
        assert!(lines(&mut shape).iter().any(|line| line.contains(MORE)));
    }

    #[test]
    fn what_storage_knows_comes_back() {
        let mut shape = DriftShape::default();
        shape.apply_stored(r#"["data","id"]"#, DriftValueKind::Number, 12);
        shape.apply_stored("no path", DriftValueKind::Number, 12);
        for at in 0..1000 {
            shape.apply_stored(&format!(r#"["k{at}"]"#), DriftValueKind::Text, 1);
        }

        assert_eq!(shape.statistics_at(&["data", "id"]).and_then(PathStatistics::usual), Some(DriftValueKind::Number));
        assert!(shape.size <= MOST);
    }
}
