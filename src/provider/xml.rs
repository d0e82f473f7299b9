//! Reads an XML answer into the kind of document in which paths find values.
//!
//! The root element is the first key. Namespace prefixes are dropped, attributes are written `@name`, an element with only
//! text is that text, and repeated elements are a list. Text beside elements is there and cannot be read. A document that declares
//! entities is refused.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

const DEEPEST: usize = 32;
const MOST: usize = 10_000;

/// Parses one document, or says why it cannot.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, XmlElement)> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        count = usize::saturating_add(count, 1);
        if count > MOST {
            return Err(format!("it holds more than {MOST} parts"));
        }
        match reader.read_event().map_err(|_| "it breaks off".to_owned())? {
            Event::Start(tag) => {
                if open.len() >= DEEPEST {
                    return Err(format!("it is nested more than {DEEPEST} levels deep"));
                }
                open.push((local_name(tag.name().as_ref()), XmlElement::from(&tag)?));
            }
            Event::Empty(tag) => {
                let element = XmlElement::from(&tag)?;
                close_element(&mut open, &mut root, local_name(tag.name().as_ref()), element)?;
            }
            Event::End(_) => {
                let (name, element) = open.pop().ok_or("it closes what was never opened")?;
                close_element(&mut open, &mut root, name, element)?;
            }
            Event::Text(piece) => add_text(&mut open, &piece)?,
            Event::CData(piece) => add_text(&mut open, &piece)?,
            Event::GeneralRef(reference) => {
                let letter = match &*reference {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => reference.resolve_char_ref().ok().flatten().ok_or("it uses an entity of its own")?,
                };
                add_text(&mut open, letter.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => return Err("it brings a document type of its own".to_owned()),
            Event::Eof if open.is_empty() => return root.ok_or_else(|| "it holds no element".to_owned()),
            Event::Eof => return Err("it ends too early".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

#[derive(Default)]
struct XmlElement {
    text: String,
    children: Map<String, Value>,
}

impl XmlElement {
    fn from(tag: &BytesStart<'_>) -> Result<Self, String> {
        let mut element = Self::default();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| "an attribute breaks off".to_owned())?;
            let value =
                quick_xml::escape::unescape(attribute.value.as_ref()).map_err(|_| "an attribute uses an entity of its own".to_owned())?;
            if !attribute.key.as_ref().starts_with("xmlns") {
                let name = format!("@{}", local_name(attribute.key.as_ref()));
                if element.children.insert(name, Value::String(value.into_owned())).is_some() {
                    return Err("an attribute stands in it twice".to_owned());
                }
            }
        }
        Ok(element)
    }

    fn into_value(self) -> Value {
        let text = self.text.trim();
        if self.children.is_empty() {
            return Value::String(text.to_owned());
        }
        let mut children = self.children;
        if !text.is_empty() {
            // A text that stands beside elements may be only a part of what is meant. It is there, as an object, and cannot be read.
            let is_whole = children.keys().all(|name| name.starts_with('@'));
            let mixed = || Value::Object(Map::from_iter([("mixed".to_owned(), Value::Bool(true))]));
            children.insert("#text".to_owned(), if is_whole { Value::String(text.to_owned()) } else { mixed() });
        }
        Value::Object(children)
    }
}

fn local_name(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

fn add_text(open: &mut [(String, XmlElement)], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some((_, element)) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("text stands outside of every element".to_owned()),
    }
    Ok(())
}

fn close_element(open: &mut [(String, XmlElement)], root: &mut Option<Value>, name: String, element: XmlElement) -> Result<(), String> {
    let value = element.into_value();
    let Some((_, parent)) = open.last_mut() else {
        if root.is_some() {
            return Err("it has two roots".to_owned());
        }
        *root = Some(Value::Object(Map::from_iter([(name, value)])));
        return Ok(());
    };
    match parent.children.get_mut(&name) {
        None => {
            parent.children.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_attribute_that_stands_twice_under_two_prefixes_is_refused() {
        assert!(parse(r#"<a xmlns:f="x" ok="no" f:ok="yes"/>"#).is_err());
        assert!(parse(r#"<a xmlns:f="x" ok="no" f:other="yes"/>"#).is_ok());
    }

    #[test]
    fn elements_attributes_and_lists_become_keys() {
        let text = r#"<?xml version="1.0"?><cas:r xmlns:cas="urn:x"><cas:ok at="1 &amp; 2"><cas:user>ana &lt;x&gt;</cas:user><g>a</g><g>b</g><e/></cas:ok></cas:r>"#;

        assert_eq!(parse(text), Ok(json!({"r": {"ok": {"@at": "1 & 2", "user": "ana <x>", "g": ["a", "b"], "e": ""}}})));
    }

    #[test]
    fn a_text_beside_elements_is_there_and_is_none_and_a_comment_is_nothing() {
        let text = "<r><id>7<b>9</b>8</id><a x='1'>7<!-- x -->8</a><c>7<?p q?>8</c></r>";

        assert_eq!(parse(text), Ok(json!({"r": {"id": {"b": "9", "#text": {"mixed": true}}, "a": {"@x": "1", "#text": "78"}, "c": "78"}})));
    }

    #[test]
    fn bombs_and_breaks_are_refused() {
        let deep = "<a>".repeat(100);
        let wide = format!("<r>{}</r>", "<a/>".repeat(20_000));
        for text in [deep.as_str(), &wide, "<!DOCTYPE x [<!ENTITY a \"b\">]><r>&a;</r>", "<r>&a;</r>", "<a></b>", "<a/><b/>", "x", "", "<a"]
        {
            assert!(parse(text).is_err(), "{text:.40}");
        }
    }
}
