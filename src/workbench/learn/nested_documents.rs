//! Documents inside of an answer: JSON as a text, JSON in base64, the claims of a token whose keys the recording does not
//! hold, and lists of names and values.

use crate::provider::json;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::leaves::{AnswerNode, DocumentWalk, WalkOrder};
use crate::workbench::answers::path::{PathSegment, parse_path, resolve, write_path};
use crate::workbench::learn::document::DocumentLeaf;
use crate::workbench::learn::jwt::RecordedJwt;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// A text of an answer that holds a document.
pub(crate) struct NestedDocument {
    /// The path of the text and the functions that make JSON of it, as in a hole.
    pub(crate) reading: String,
    pub(crate) value: Value,
}

/// The document in a text, if there is one.
pub(crate) fn nested_document(leaf: &DocumentLeaf) -> Option<NestedDocument> {
    let text = leaf.text.trim();
    let object = |bytes: &[u8]| json::parse(bytes).ok().filter(Value::is_object);
    let found = |functions: &str, value: Value| Some(NestedDocument { reading: format!("{}{functions}", leaf.path()), value });
    if text.starts_with('{') {
        return found("", object(text.as_bytes())?);
    }
    if text.len() < 8 {
        return None;
    }
    if let Some(token) = RecordedJwt::read(text) {
        return found(" | after \".\" | before \".\" | base64Decode", token.claims);
    }
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text.trim_end_matches('='))).ok()?;
    found(" | base64Decode", object(&bytes)?)
}

/// A list of names and values, as a document whose keys are the names.
pub(crate) struct NamedList {
    /// The path of the list.
    keys: Vec<PathSegment>,
    /// The members that hold the name and the value.
    members: (&'static str, &'static str),
}

/// The members that hold names, and those that hold values.
const NAMES: [&str; 6] = ["name", "key", "field", "code", "attribute", "id"];
const VALUES: [&str; 4] = ["value", "val", "content", "text"];

/// The lists of names and values in an answer.
pub(crate) fn named_lists(document: &Value) -> Vec<NamedList> {
    let walk = DocumentWalk { order: WalkOrder::AsWritten, nodes: 500, depth: 8, elements: 2 };
    let nodes = walk.nodes(document, |key, _| Some(PathSegment::Key(key.to_owned())));
    let list = |node: AnswerNode<'_>| {
        let found = NAMES.iter().flat_map(|name| VALUES.iter().map(move |value| (*name, *value)));
        let members = found
            .into_iter()
            .find(|members| node.value.as_array().is_some_and(|list| list.len() >= 2 && named_values(list, *members).is_some()))?;
        Some(NamedList { keys: node.path, members })
    };
    nodes.into_iter().filter_map(list).collect()
}

/// The values of a list by their names; none where an entry has no name or two have the same.
fn named_values(list: &[Value], (name, value): (&str, &str)) -> Option<Map<String, Value>> {
    let mut all = Map::new();
    for entry in list.iter().take(100) {
        let key = entry.get(name)?.as_str().filter(|key| {
            key.len() <= 40 && key.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
        })?;
        if all.insert(key.to_owned(), entry.get(value)?.clone()).is_some() {
            return None;
        }
    }
    Some(all)
}

impl NamedList {
    /// The document that this list is in an answer.
    pub(crate) fn document(&self, answer: &Value) -> Option<Value> {
        named_values(resolve(answer, &self.keys)?.as_array()?, self.members).map(Value::Object)
    }

    /// A line that reads from that document, as it reads from the list.
    pub(crate) fn read(&self, line: YamlLine) -> Option<YamlLine> {
        let at = |path: &str| {
            let (path, mark) = path.strip_suffix('?').map_or((path, ""), |path| (path, "?"));
            let inner = parse_path(path)?;
            let (first, rest) = inner.split_first()?;
            let (name, value) = self.members;
            let filter = format!("[?@.{name} == \"{}\"]", first.key()?);
            let mut keys = self.keys.clone();
            keys.extend([PathSegment::Query(filter), PathSegment::Key(value.to_owned())]);
            keys.extend(rest.iter().cloned());
            Some(format!("{}{mark}", write_path(&keys)))
        };
        let value = map_paths(line.value, &|path, is_hole| at(path).map(|path| if is_hole { format!("${{{path}}}") } else { path }))?;
        Some(YamlLine { value, ..line })
    }
}

/// A line that reads from a nested document, with its paths inside of the text; nothing where a path cannot stand in a hole.
pub(crate) fn read_nested(line: YamlLine, reading: &str) -> Option<YamlLine> {
    let value = map_paths(line.value, &|path, _| {
        let (path, mark) = path.strip_suffix('?').map_or((path, ""), |path| (path, "?"));
        let (outer, functions) = reading.split_once(" | ").map_or((reading, String::new()), |(outer, rest)| (outer, format!(" | {rest}")));
        (!path.contains(['"', '|'])).then(|| format!("${{{outer}{mark}{functions} | json \"{path}\"}}"))
    })?;
    Some(YamlLine { value, ..line })
}

/// What a path becomes; the second argument says whether it stands in a hole, whose braces are replaced with it.
type PathChange<'c> = &'c dyn Fn(&str, bool) -> Option<String>;

fn map_paths(value: YamlValue, change: PathChange<'_>) -> Option<YamlValue> {
    Some(match value {
        YamlValue::Text(text) => YamlValue::Text(map_text(&text, change)?),
        YamlValue::List(list) => YamlValue::List(list.into_iter().map(|value| map_paths(value, change)).collect::<Option<_>>()?),
        YamlValue::Block(lines) => {
            let line = |line: YamlLine| {
                let value = if line.key == "at" { map_paths(line.value, change)? } else { line.value };
                Some(YamlLine { value, key: line.key, comment: line.comment })
            };
            YamlValue::Block(lines.into_iter().map(line).collect::<Option<_>>()?)
        }
        YamlValue::Bare(_) | YamlValue::Items(_) | YamlValue::Flow(_) => return None,
    })
}

/// A path, or a text with paths in its holes.
fn map_text(text: &str, change: PathChange<'_>) -> Option<String> {
    if !text.contains("${") {
        return change(text, false);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let end = inside.find('}')?;
        out.push_str(&change(&inside[..end], true)?);
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_in_texts_are_found_and_read() {
        let leaf = |text: &str| DocumentLeaf { keys: vec![PathSegment::Key("p".to_owned())], text: text.to_owned() };
        for (text, reading) in [
            ("{\"id\":7}", "$.p"),
            ("eyJpZCI6N30=", "$.p | base64Decode"),
            ("eyJhbGciOiJub25lIn0.eyJpZCI6N30.eA", "$.p | after \".\" | before \".\" | base64Decode"),
        ] {
            let nested = nested_document(&leaf(text)).expect("a document");
            assert_eq!((nested.reading.as_str(), &nested.value["id"]), (reading, &Value::from(7)), "{text}");
        }
        for text in ["", "{", "plain", "12345678", "[1]"] {
            assert!(nested_document(&leaf(text)).is_none(), "{text}");
        }
        let read = |text: &str, reading: &str| {
            read_nested(YamlLine::new("name", YamlValue::text(text)), reading).map(|line| line.value.on_one_line())
        };
        assert_eq!(read("$.id", "$.p").as_deref(), Some("${$.p | json \"$.id\"}"));
        let name = read("${$.a?} ${$.b?}", "$.p | base64Decode");
        assert_eq!(name.as_deref(), Some("${$.p? | base64Decode | json \"$.a\"} ${$.p? | base64Decode | json \"$.b\"}"));
        assert_eq!(read("$[?@.a == \"b\"].c", "$.p"), None);
    }

    #[test]
    fn a_list_of_names_and_values_is_read_by_its_names() {
        let answer = serde_json::json!({ "a": { "l": [ { "name": "mail", "value": "x" }, { "name": "nick", "value": "y" } ] }, "m": [ { "name": "z" } ] });
        let lists = named_lists(&answer);
        assert_eq!(lists.len(), 1);
        assert_eq!(lists[0].document(&answer), Some(serde_json::json!({ "mail": "x", "nick": "y" })));
        let read = |text: &str| lists[0].read(YamlLine::new("name", YamlValue::text(text))).map(|line| line.value);
        assert_eq!(read("$.mail"), Some(YamlValue::text("$.a.l[?@.name == \"mail\"].value")));
        assert_eq!(read("${$.nick?}!"), Some(YamlValue::text("${$.a.l[?@.name == \"nick\"].value?}!")));
    }
}
