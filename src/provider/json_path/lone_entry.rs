//! What a path finds where a value stands alone in place of the list of which it would be the only entry, as XML and some programs
//! write it.

use crate::provider::json_path::{CompiledJsonPath, JsonPath, JsonPathSegment, ValueKind, walk};
use jsonpath_rust::parser::model::{Comparable, Filter, FilterAtom, FnArg, JpQuery, Segment, Selector};
use jsonpath_rust::parser::model::{SingularQuery, SingularQuerySegment, Test, TestFunction};
use jsonpath_rust::query::js_path_process;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// What a path finds in an answer.
#[derive(Debug, Default)]
pub(crate) struct FoundValues<'v> {
    /// What it finds in the answer as it is written, without the members of an object that is itself an entry.
    pub(crate) as_written: Vec<&'v Value>,
    /// What it may find besides, where a value that stands alone counts as a list of this one entry. `false` counts as a list
    /// without entries.
    pub(crate) in_lone_entries: Vec<&'v Value>,
}

/// A value that a path has reached, and whether a value that stands alone was taken for a list on the route to it.
#[derive(Clone, Copy, Debug)]
struct ReachedValue<'v> {
    value: &'v Value,
    is_lone: bool,
}

/// As what a selector may take an object that stands where a list could.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ObjectReading {
    /// As the members of which it consists.
    Members,
    /// As the only entry of a list.
    Entry,
    /// As either.
    Either,
}

/// A path inside a filter.
struct FilterQuery {
    is_from_root: bool,
    segments: Vec<Segment>,
}

impl JsonPath {
    /// What the path finds, with values that stand alone read as a list of one entry too.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> FoundValues<'v> {
        match &self.compiled {
            CompiledJsonPath::Plain(segments) => {
                let as_written: Vec<&Value> = walk(segments, value).into_iter().collect();
                let with_lone = segments.iter().try_fold(value, |value, segment| match segment {
                    JsonPathSegment::Key(key) => value.as_object()?.get(&**key),
                    JsonPathSegment::Index(0) if stands_alone(value) => Some(value),
                    JsonPathSegment::Index(index) => value.as_array()?.get(*index),
                });
                let in_lone_entries = with_lone.filter(|_| as_written.is_empty()).into_iter().collect();
                FoundValues { as_written, in_lone_entries }
            }
            CompiledJsonPath::Query(query) => {
                let (lone, written): (Vec<_>, Vec<_>) =
                    reach(&query.segments, value, value, !self.source.ends_with(".*")).into_iter().partition(|found| found.is_lone);
                let asks_root = query.segments.iter().flat_map(|segment| selectors_of(segment).0).any(
                    |selector| matches!(selector, Selector::Filter(filter) if queries_of(filter).iter().any(|query| query.is_from_root)),
                );
                let as_written = if asks_root { self.all(value) } else { written.into_iter().map(|found| found.value).collect() };
                FoundValues { as_written, in_lone_entries: lone.into_iter().map(|found| found.value).collect() }
            }
        }
    }

    /// The kind of the first value that the path may find in a value that stands alone.
    pub(crate) fn lone_entry(&self, value: &Value) -> Option<ValueKind> {
        self.find(value).in_lone_entries.first().map(|value| ValueKind::from_value(value))
    }

    /// The text at this path, where a value that stands alone in place of a list cannot be read.
    pub(crate) fn text_in_list<'v>(&self, value: &'v Value) -> Result<Option<Cow<'v, str>>, ValueKind> {
        match self.text(value)? {
            Some(text) => Ok(Some(text)),
            None => self.lone_entry(value).map_or(Ok(None), Err),
        }
    }
}

/// Follows the segments. Each value is reached once, so no path costs more than one pass over the answer for each segment. A path that ends
/// with `.*` asks for members, and one that ends with a wildcard in brackets for entries.
fn reach<'v>(segments: &[Segment], root: &'v Value, start: &'v Value, ends_with_entries: bool) -> Vec<ReachedValue<'v>> {
    let mut reached = vec![ReachedValue { value: start, is_lone: false }];
    for (at, segment) in segments.iter().enumerate() {
        let wildcard = match (segments.len().saturating_sub(at), ends_with_entries) {
            (1, true) => ObjectReading::Entry,
            (1, false) => ObjectReading::Members,
            _ => ObjectReading::Either,
        };
        let (selectors, descends) = selectors_of(segment);
        let mut next = DistinctValues::default();
        let mut from = DistinctValues::default();
        for one in reached {
            from.add(one);
            if descends {
                from.add_all_below(one);
            }
        }
        for selector in selectors {
            let step = SelectorStep::new(selector, root, wildcard, descends);
            for one in &from.list {
                step.take(*one, &mut next);
            }
        }
        reached = next.list;
    }
    reached
}

/// The selectors of a segment, and whether it looks at all that is below a value.
fn selectors_of(segment: &Segment) -> (&[Selector], bool) {
    match segment {
        Segment::Descendant(inner) => (selectors_of(inner).0, true),
        Segment::Selector(one) => (std::slice::from_ref(one), false),
        Segment::Selectors(several) => (several, false),
    }
}

/// Values in the order in which they are reached, each of them once.
#[derive(Default)]
struct DistinctValues<'v> {
    list: Vec<ReachedValue<'v>>,
    positions: HashMap<*const Value, usize>,
}

impl<'v> DistinctValues<'v> {
    /// Adds a value, and says whether it adds anything to what is known.
    fn add(&mut self, found: ReachedValue<'v>) -> bool {
        let end = self.list.len();
        let position = *self.positions.entry(std::ptr::from_ref(found.value)).or_insert(end);
        match self.list.get_mut(position) {
            None => {
                self.list.push(found);
                true
            }
            Some(known) if known.is_lone && !found.is_lone => {
                known.is_lone = false;
                true
            }
            Some(_) => false,
        }
    }

    fn add_all_below(&mut self, start: ReachedValue<'v>) {
        let mut open = children(start.value);
        while let Some(value) = open.pop() {
            if self.add(ReachedValue { value, ..start }) {
                open.extend(children(value));
            }
        }
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(members) => members.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// One selector of a path, with what its filter asks about.
struct SelectorStep<'p, 'v> {
    selector: &'p Selector,
    query: JpQuery,
    filter_queries: Vec<FilterQuery>,
    root: &'v Value,
    /// As what a wildcard takes an object.
    wildcard: ObjectReading,
    descends: bool,
    /// Whether its filter asks about a value of the whole answer that stands alone in place of a list.
    asks_lone_root: bool,
}

impl<'p, 'v> SelectorStep<'p, 'v> {
    fn new(selector: &'p Selector, root: &'v Value, wildcard: ObjectReading, descends: bool) -> Self {
        let filter_queries = if let Selector::Filter(filter) = selector { queries_of(filter) } else { Vec::new() };
        let from_root = filter_queries.iter().filter(|query| query.is_from_root);
        let asks_lone_root = from_root.flat_map(|query| reach(&query.segments, root, root, false)).any(|found| found.is_lone);
        let query = JpQuery::new(vec![Segment::Selector(selector.clone())]);
        Self { selector, query, filter_queries, root, wildcard, descends, asks_lone_root }
    }

    /// Adds what the selector takes from a value. What a filter takes because of something in the whole answer is not known here, so
    /// it takes everything then.
    fn take(&self, from: ReachedValue<'v>, next: &mut DistinctValues<'v>) {
        let takes_all = self.filter_queries.iter().any(|query| query.is_from_root);
        let value = from.value;
        let reading = self.reading_of(value);
        if reading != ObjectReading::Entry || self.descends {
            let taken = if takes_all { children(value) } else { self.select(value) };
            let undecided = children(value).into_iter().filter(|value| self.is_undecided(value));
            for value in taken.into_iter().chain(undecided) {
                next.add(ReachedValue { value, is_lone: from.is_lone || self.is_undecided(value) });
            }
        }
        if reading != ObjectReading::Members && stands_alone(value) {
            let list = Value::Array(vec![value.clone()]);
            if takes_all || self.is_undecided(value) || !self.select(&list).is_empty() {
                next.add(ReachedValue { value, is_lone: true });
            }
        }
    }

    fn select<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let found = js_path_process(&self.query, value);
        found.map(|found| found.into_iter().map(jsonpath_rust::query::QueryRef::val).collect()).unwrap_or_default()
    }

    /// Whether the filter looks for an entry of a list in this value, where a value stands alone.
    fn is_undecided(&self, value: &'v Value) -> bool {
        self.asks_lone_root
            || self.own_queries().any(|query| reach(&query.segments, self.root, value, false).iter().any(|found| found.is_lone))
    }

    /// The queries of the filter that ask about a part of the entry.
    fn own_queries(&self) -> impl Iterator<Item = &FilterQuery> {
        self.filter_queries.iter().filter(|query| !query.is_from_root && !query.segments.is_empty())
    }

    /// As what the selector takes an object. An element of XML with attributes or with a text beside them is an entry; so is an object
    /// that has a value for which the filter asks. Where all members are objects, a filter asks about these.
    fn reading_of(&self, value: &'v Value) -> ObjectReading {
        let is_found = |query: &FilterQuery| reach(&query.segments, self.root, value, false).iter().any(|found| !found.value.is_object());
        match (self.selector, value.as_object()) {
            (Selector::Name(_), _) => ObjectReading::Members,
            (Selector::Index(_) | Selector::Slice(..), Some(_)) => ObjectReading::Entry,
            (Selector::Wildcard | Selector::Filter(_), Some(members)) if is_element(members) => ObjectReading::Entry,
            (Selector::Wildcard, Some(_)) => self.wildcard,
            (Selector::Filter(_), Some(_)) if self.own_queries().any(is_found) => ObjectReading::Entry,
            (Selector::Filter(_), Some(members)) if self.own_queries().next().is_none() || members.values().all(Value::is_object) => {
                ObjectReading::Members
            }
            (Selector::Index(_) | Selector::Slice(..) | Selector::Wildcard, None) | (Selector::Filter(_), None | Some(_)) => {
                ObjectReading::Either
            }
        }
    }
}

/// Whether an object is an element of XML that has more than child elements.
fn is_element(members: &Map<String, Value>) -> bool {
    members.keys().any(|key| key == "#text" || key.starts_with('@'))
}

/// Whether a value is there and is no list.
fn stands_alone(value: &Value) -> bool {
    !value.is_array() && *value != Value::Bool(false) && !ValueKind::from_value(value).is_empty()
}

/// The paths inside a filter.
fn queries_of(filter: &Filter) -> Vec<FilterQuery> {
    match filter {
        Filter::Or(all) | Filter::And(all) => all.iter().flat_map(queries_of).collect(),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => queries_of(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => queries_of_test(expr),
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            [left, right]
                .into_iter()
                .flat_map(|side| match side {
                    Comparable::SingularQuery(SingularQuery::Current(path)) => vec![singular_query(path, false)],
                    Comparable::SingularQuery(SingularQuery::Root(path)) => vec![singular_query(path, true)],
                    Comparable::Function(function) => queries_of_function(function),
                    Comparable::Literal(_) => Vec::new(),
                })
                .collect()
        }
    }
}

fn singular_query(path: &[SingularQuerySegment], is_from_root: bool) -> FilterQuery {
    let segments = path.iter().map(|segment| match segment {
        SingularQuerySegment::Name(name) => Segment::name(name),
        SingularQuerySegment::Index(index) => Segment::Selector(Selector::Index(*index)),
    });
    FilterQuery { is_from_root, segments: segments.collect() }
}

fn queries_of_test(test: &Test) -> Vec<FilterQuery> {
    match test {
        Test::RelQuery(segments) => vec![FilterQuery { is_from_root: false, segments: segments.clone() }],
        Test::AbsQuery(query) => vec![FilterQuery { is_from_root: true, segments: query.segments.clone() }],
        Test::Function(function) => queries_of_function(function),
    }
}

fn queries_of_function(function: &TestFunction) -> Vec<FilterQuery> {
    let arguments = match function {
        TestFunction::Custom(_, arguments) => arguments.iter().collect(),
        TestFunction::Length(one) => vec![&**one],
        TestFunction::Value(one) | TestFunction::Count(one) => vec![one],
        TestFunction::Search(one, other) | TestFunction::Match(one, other) => vec![one, other],
    };
    let of_argument = |argument: &FnArg| match argument {
        FnArg::Test(test) => queries_of_test(test),
        FnArg::Filter(filter) => queries_of(filter),
        FnArg::Literal(_) => Vec::new(),
    };
    arguments.into_iter().flat_map(of_argument).collect()
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
            ("$.l[*]", json!({"a": 1}), vec![json!({"a": 1})]),
            ("$.l[ * ]", json!({"a": 1}), vec![json!({"a": 1})]),
            ("$.l[0,*]", json!({"a": 1}), vec![json!({"a": 1})]),
            ("$.l[*]", json!({}), vec![]),
            ("$.l.*", json!({"a": 1}), vec![]),
            ("$.l[*].a", json!({"a": 1}), vec![json!(1)]),
            ("$.l[*].a[*].b", json!({"a": {"b": 1}}), vec![json!(1)]),
            ("$.l[0,1]", json!("x"), vec![json!("x")]),
            ("$.l['a',0]", json!("x"), vec![json!("x")]),
            ("$.l..[0]", json!("x"), vec![json!("x")]),
            ("$.l..[*]", json!("x"), vec![json!("x")]),
            ("$.l..[0]", json!({"a": ["x"]}), vec![json!({"a": ["x"]})]),
            ("$.l..[?@ != 'ok']", json!("x"), vec![json!("x")]),
            ("$.l..[?@.state != 'ok']", json!({"state": "no"}), vec![json!({"state": "no"})]),
            ("$.l[?@.kinds[0] == 'x']", json!([{"kinds": ["x"]}]), vec![]),
            ("$.l[?@.kinds[0] == 'x']", json!([{"kinds": "x"}, {"kinds": ["y"]}]), vec![json!({"kinds": "x"})]),
            ("$.l[?@.kinds[0] != 'x']", json!([{"kinds": "x"}]), vec![json!({"kinds": "x"})]),
            ("$.l[?@.state == $.ok[0]]", json!([{"state": "x"}]), vec![json!({"state": "x"})]),
            ("$.l[?@.state == $.ok]", json!([{"state": "x"}]), vec![]),
            ("$..l[0]", json!("x"), vec![json!("x")]),
            ("$.l[?@ != '0']", json!("1"), vec![json!("1")]),
            ("$.l[?@ != '0']", json!("0"), vec![]),
            ("$.l[?@.state != 'ok']", json!({"state": "no"}), vec![json!({"state": "no"})]),
            ("$.l[?@['state'] == 'ok'].state", json!({"state": "ok"}), vec![json!("ok")]),
            ("$.l[?match(@.state, 'o.')].state", json!({"state": "ok"}), vec![json!("ok")]),
            ("$.l[?@.state]", json!({"state": "ok"}), vec![json!({"state": "ok"})]),
            ("$.l[?@.state != 'ok']", map, vec![]),
            ("$.l[?@.kind != 'old'].state", json!({"state": "no"}), vec![json!("no")]),
            ("$.l[*]", json!({"@since": "2020", "#text": "0"}), vec![json!({"@since": "2020", "#text": "0"})]),
        ] {
            let compiled = JsonPath::compile(path, Place::default()).unwrap();

            let answer = json!({ "l": list, "ok": "x" });
            assert_eq!(compiled.find(&answer).in_lone_entries, expected.iter().collect::<Vec<_>>(), "{path} {answer}");
        }
    }

    #[test]
    fn the_members_of_an_object_that_is_an_entry_itself_are_not_found() {
        let device = json!({"state": "ok", "name": "Pixel"});
        for (path, list, expected) in [
            ("$.l[?@.state != 'ok']", device.clone(), vec![]),
            ("$.l[?@.state != 'ok']", json!({"state": "no", "name": "Pixel"}), vec![]),
            ("$.l[?@.state != 'ok']", json!({"name": "Pixel"}), vec![json!("Pixel")]),
            ("$.l[?@.state != 'ok']", json!({"state": device, "other": {"state": "no"}}), vec![json!({"state": "no"})]),
            ("$.l[*]", json!({"@since": "2020", "#text": "0"}), vec![]),
            ("$.l[*]", json!({"@since": "2020"}), vec![]),
            ("$.l[*]", json!({"a": 1}), vec![]),
            ("$.l.*", json!({"a": 1}), vec![json!(1)]),
            ("$.l[?@.state == $.ok].n", json!([{"state": "x", "n": 1}, {"state": "y", "n": 2}]), vec![json!(1)]),
            ("$..[?@.state == 'no'].n", json!({"state": "yes", "m": {"state": "no", "n": 1}}), vec![json!(1)]),
        ] {
            let compiled = JsonPath::compile(path, Place::default()).unwrap();

            let answer = json!({ "l": list, "ok": "x" });
            assert_eq!(compiled.find(&answer).as_written, expected.iter().collect::<Vec<_>>(), "{path} {answer}");
        }
    }

    #[test]
    fn a_path_of_many_wildcards_costs_one_pass_for_each() {
        let answer = (0..60).fold(json!("x"), |inner, _| json!({ "a": inner }));
        let path = JsonPath::compile(&format!("${}.*", "[*]".repeat(59)), Place::default()).unwrap();

        assert_eq!(path.find(&answer).as_written, [&json!("x")]);
    }
}
