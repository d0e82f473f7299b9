//! The texts of a list at a path, for the function `join`.

use crate::provider::json_path::lone_entry::FoundValues;
use crate::provider::json_path::{JsonPath, ValueKind, scalar_text};
use serde_json::Value;
use std::borrow::Cow;

impl JsonPath {
    /// The texts of the list at this path, or of the values that it finds: all of them, or the kind of one that is no text. What is
    /// empty is no entry, and a value that stands alone is the only one.
    pub(crate) fn texts<'v>(&self, value: &'v Value) -> Result<Vec<Cow<'v, str>>, ValueKind> {
        let FoundValues { as_written, in_lone_entries } = self.find(value);
        let entries = as_written.into_iter().chain(in_lone_entries).flat_map(|found| match found {
            Value::Array(list) => list.iter().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![found],
        });
        let are_there = entries.filter(|entry| !ValueKind::from_value(entry).is_empty());
        are_there.map(|entry| scalar_text(entry).ok_or_else(|| ValueKind::from_value(entry))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Place;
    use serde_json::json;

    #[test]
    fn the_texts_of_a_list_are_all_of_its_entries_or_none() {
        for (path, list, expected) in [
            ("$.l", json!(["a", "b"]), Ok(vec!["a", "b"])),
            ("$.l[*]", json!(["a", 7, true]), Ok(vec!["a", "7", "true"])),
            ("$.l[?@.k == 'x'].n", json!([{"k": "x", "n": "a"}, {"k": "y", "n": "b"}, {"k": "x", "n": "c"}]), Ok(vec!["a", "c"])),
            ("$.l", json!(["a", "", null, "b"]), Ok(vec!["a", "b"])),
            ("$.l", json!("a"), Ok(vec!["a"])),
            ("$.l[*]", json!("a"), Ok(vec!["a"])),
            ("$.l", json!([]), Ok(vec![])),
            ("$.l", json!(null), Ok(vec![])),
            ("$.none", json!(["a"]), Ok(vec![])),
            ("$.l", json!(["a", ["b"]]), Err(ValueKind::List)),
            ("$.l", json!(["a", {"n": "b"}]), Err(ValueKind::Object)),
            ("$.l", json!({"n": "b"}), Err(ValueKind::Object)),
        ] {
            let answer = json!({ "l": list });
            let compiled = JsonPath::compile(path, Place::default()).unwrap();

            let texts = compiled.texts(&answer);

            assert_eq!(texts, expected.map(|texts| texts.into_iter().map(Cow::Borrowed).collect()), "{path} {answer}");
        }
    }
}
