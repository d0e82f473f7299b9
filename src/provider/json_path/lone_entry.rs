//! What a path finds where a value stands alone in place of the list of which it would be the only entry, as XML and some programs
//! write it.

use crate::provider::json_path::{CompiledJsonPath, JsonPath, JsonPathSegment, ValueKind, walk};
use jsonpath_rust::parser::model::{Comparable, Filter, FilterAtom, FnArg, JpQuery, Segment, Selector};
use jsonpath_rust::parser::model::{SingularQuery, SingularQuerySegment, Test, TestFunction};
use jsonpath_rust::query::js_path_process;
use serde_json::{Map, Value};
use std::borrow::Cow;

impl JsonPath {
    /// What the path finds besides [`Self::all`] where a value that stands alone counts as a list of this one entry. `false` counts as a
    /// list without entries.
    pub(crate) fn in_lone_entries(&self, value: &Value) -> Vec<Value> {
        match &self.compiled {
            CompiledJsonPath::Plain(segments) if walk(segments, value).is_some() => Vec::new(),
            CompiledJsonPath::Plain(segments) => {
                let found = segments.iter().try_fold(value, |value, segment| match segment {
                    JsonPathSegment::Key(key) => value.as_object()?.get(&**key),
                    JsonPathSegment::Index(0) if stands_alone(value) => Some(value),
                    JsonPathSegment::Index(index) => value.as_array()?.get(*index),
                });
                found.cloned().into_iter().collect()
            }
            CompiledJsonPath::Query(query) => further_values(&query.segments, value),
        }
    }

    /// The kind of the first of these values.
    pub(crate) fn lone_entry(&self, value: &Value) -> Option<ValueKind> {
        self.in_lone_entries(value).first().map(ValueKind::from_value)
    }

    /// The text at this path, where a value that stands alone in place of a list cannot be read.
    pub(crate) fn text_in_list<'v>(&self, value: &'v Value) -> Result<Option<Cow<'v, str>>, ValueKind> {
        match self.text(value)? {
            Some(text) => Ok(Some(text)),
            None => self.lone_entry(value).map_or(Ok(None), Err),
        }
    }
}

fn further_values(segments: &[Segment], value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        let Segment::Selector(selector) = segment else { continue };
        let (before, from) = segments.split_at(at);
        let is_entry = |value: &&Value| stands_alone(value) && value.as_object().is_none_or(|members| takes(selector, from, members));
        for entry in find(before, value).into_iter().filter(is_entry) {
            let list = Value::Array(vec![entry.clone()]);
            found.extend(find(from, &list).into_iter().cloned());
            found.extend(further_values(from, &list));
        }
    }
    found
}

fn find<'v>(segments: &[Segment], value: &'v Value) -> Vec<&'v Value> {
    let found = js_path_process(&JpQuery::new(segments.to_vec()), value);
    found.map(|found| found.into_iter().map(jsonpath_rust::query::QueryRef::val).collect()).unwrap_or_default()
}

/// Whether a value is there and is no list.
fn stands_alone(value: &Value) -> bool {
    !value.is_array() && *value != Value::Bool(false) && !ValueKind::from_value(value).is_empty()
}

/// Whether a selector takes an object as an entry. A wildcard that ends the path, and a filter that asks about none of its members,
/// look at the members of an object.
fn takes(selector: &Selector, from: &[Segment], members: &Map<String, Value>) -> bool {
    match selector {
        Selector::Name(_) => false,
        Selector::Index(_) | Selector::Slice(..) => true,
        Selector::Wildcard => from.len() > 1,
        Selector::Filter(filter) => asks_about(filter, members),
    }
}

/// Whether a filter asks about a member that this object has.
fn asks_about(filter: &Filter, members: &Map<String, Value>) -> bool {
    let of_side = |side: &Comparable| match side {
        Comparable::SingularQuery(SingularQuery::Current(path)) => match path.first() {
            Some(SingularQuerySegment::Name(name)) => has(members, name),
            Some(SingularQuerySegment::Index(_)) | None => false,
        },
        Comparable::Function(function) => of_function(function, members),
        Comparable::SingularQuery(SingularQuery::Root(_)) | Comparable::Literal(_) => false,
    };
    match filter {
        Filter::Or(all) | Filter::And(all) => all.iter().any(|filter| asks_about(filter, members)),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => asks_about(expr, members),
        Filter::Atom(FilterAtom::Test { expr, .. }) => of_test(expr, members),
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            of_side(left) || of_side(right)
        }
    }
}

fn of_test(test: &Test, members: &Map<String, Value>) -> bool {
    match test {
        Test::RelQuery(path) => matches!(path.first(), Some(Segment::Selector(Selector::Name(name))) if has(members, name)),
        Test::AbsQuery(_) => false,
        Test::Function(function) => of_function(function, members),
    }
}

fn of_function(function: &TestFunction, members: &Map<String, Value>) -> bool {
    let arguments = match function {
        TestFunction::Custom(_, arguments) => arguments.iter().collect(),
        TestFunction::Length(one) => vec![&**one],
        TestFunction::Value(one) | TestFunction::Count(one) => vec![one],
        TestFunction::Search(one, other) | TestFunction::Match(one, other) => vec![one, other],
    };
    arguments.into_iter().any(|argument| matches!(argument, FnArg::Test(test) if of_test(test, members)))
}

fn has(members: &Map<String, Value>, name: &str) -> bool {
    members.contains_key(name.trim_matches(['\'', '"']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Place;
    use serde_json::json;

    #[test]
    fn a_value_alone_is_a_list_of_one_entry_unless_the_path_looks_at_its_members() {
        let map = json!({"a": {"state": "ok"}});
        for (path, list, expected) in [
            ("$.l[0]", json!("x"), vec![json!("x")]),
            ("$.l[1]", json!("x"), vec![]),
            ("$.l[0]", json!({"a": 1}), vec![json!({"a": 1})]),
            ("$.l[0].a", json!({"a": 1}), vec![json!(1)]),
            ("$.l[0]", json!(["x"]), vec![]),
            ("$.l[0]", json!([]), vec![]),
            ("$.l[0]", json!(false), vec![]),
            ("$.l[0]", json!(null), vec![]),
            ("$.l[0]", json!(""), vec![]),
            ("$.l[0]", json!({}), vec![]),
            ("$.l[-1]", json!("x"), vec![json!("x")]),
            ("$.l[*]", json!(true), vec![json!(true)]),
            ("$.l[*]", json!({"a": 1}), vec![]),
            ("$.l[*].a", json!({"a": 1}), vec![json!(1)]),
            ("$.l[*].a[*].b", json!({"a": {"b": 1}}), vec![json!(1)]),
            ("$..l[0]", json!("x"), vec![json!("x")]),
            ("$.l[?@ != '0']", json!("1"), vec![json!("1")]),
            ("$.l[?@ != '0']", json!("0"), vec![]),
            ("$.l[?@.state != 'ok']", json!({"state": "no"}), vec![json!({"state": "no"})]),
            ("$.l[?@['state'] == 'ok'].state", json!({"state": "ok"}), vec![json!("ok")]),
            ("$.l[?match(@.state, 'o.')].state", json!({"state": "ok"}), vec![json!("ok")]),
            ("$.l[?@.state]", json!({"state": "ok"}), vec![json!({"state": "ok"})]),
            ("$.l[?@.state != 'ok']", map, vec![]),
        ] {
            let compiled = JsonPath::compile(path, Place::default()).unwrap();

            assert_eq!(compiled.in_lone_entries(&json!({ "l": list.clone() })), expected, "{path} {list}");
        }
    }
}
