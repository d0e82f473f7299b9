//! Replaces real values in bodies that are not JSON, for example forms and XML, and notices text that is in no document.

use crate::vocabulary::text::form_encode;
use crate::workbench::answers::leaves::all_leaves;
use crate::workbench::record::pseudonymizer::{Pseudonymizer, is_identifier};
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Reverse;

/// The first of the private code points that serve as placeholders for invented values; no text contains them.
const FIRST_PLACEHOLDER: char = '\u{f0000}';

impl Pseudonymizer {
    /// A body with the scalars of its document replaced, the longest first.
    pub(crate) fn replace_in_document_text(&self, text: &str, document: &Value) -> String {
        let mut scalars = scalars_of(document);
        scalars.sort_by_key(|scalar: &String| Reverse(scalar.len()));
        scalars.dedup();
        // A part of a value that was invented elsewhere may be a part of a name here; the values of this document have their own.
        let assigned = self.assigned.iter().filter(|(real, _)| real.len() >= 4 && text.contains(real.as_str()));
        let invented = self.invented.iter().filter(|(real, _)| scalars.contains(real));
        let mut known: Vec<(&String, &String)> = assigned.map(|(real, fake)| (real, fake)).chain(invented).collect();
        known.sort_by_key(|(real, _)| Reverse(real.len()));
        let form_encoded = |text: &str| {
            let mut written = String::new();
            form_encode(text, &mut written);
            written
        };
        // Two passes, so that no invented value is taken for a real one: each real value becomes a letter that occurs in no
        // text, and each such letter becomes the invented value.
        let mut replaced = text.to_owned();
        replaced.retain(|letter| letter < FIRST_PLACEHOLDER);
        let placeholders: Vec<char> =
            (u32::from(FIRST_PLACEHOLDER)..=u32::from(char::MAX)).filter_map(char::from_u32).take(known.len()).collect();
        for (placeholder, (real, _)) in placeholders.iter().zip(&known) {
            for written in [real.as_str(), &form_encoded(real)] {
                replaced = replace_value_in(&replaced, written, *placeholder);
            }
        }
        for (placeholder, (_, fake)) in placeholders.iter().zip(&known) {
            replaced = replaced.replace(*placeholder, fake);
        }
        replaced
    }

    /// Whether a body holds text that is not in its document, and so may be personal.
    pub(crate) fn has_text_beyond(&self, text: &str, document: &Value) -> bool {
        let mut known = scalars_of(document);
        collect_keys(document, &mut known);
        known.sort_by_key(|known| Reverse(known.len()));
        let mut left = text.to_owned();
        if text.trim_start().starts_with('<') {
            left = String::new();
            for (at, part) in text.replace("<![CDATA[", "").replace("]]>", "").split('<').enumerate() {
                let (tag, behind) = if at == 0 { ("", part) } else { part.split_once('>').unwrap_or(("", part)) };
                // Text that is written with entities would not be found for its replacement.
                if tag.contains('&') {
                    return true;
                }
                left.push_str(behind);
                left.push('\n');
            }
        } else if let Some((before, behind)) = text.split_once('(')
            && is_identifier(before.trim())
        {
            behind.clone_into(&mut left);
        }
        for known in known.iter().filter(|known| !known.is_empty()) {
            let mut encoded = String::new();
            form_encode(known, &mut encoded);
            left = left.replace(known.as_str(), " ").replace(&encoded, " ");
        }
        left.split(|letter: char| !letter.is_alphanumeric())
            .any(|word| !word.is_empty() && !matches!(word, "true" | "false" | "null") && !self.is_public_word(word))
    }
}

/// Replaces a value; a short one only where it is a word of its own, because names may hold it.
fn replace_value_in(text: &str, real: &str, placeholder: char) -> String {
    let is_apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    let (mut written, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(real) {
        let end = at + real.len();
        if real.len() >= 4 || is_apart(text[..at].chars().next_back()) && is_apart(text[end..].chars().next()) {
            written.push_str(&text[from..at]);
            written.push(placeholder);
            from = end;
        }
    }
    written + &text[from..]
}

/// Adds the keys of a document.
fn collect_keys(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect_keys(value, names)),
        Value::Object(members) => {
            for (name, value) in members {
                names.push(name.clone());
                collect_keys(value, names);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// XML without its comments, its instructions and the text before its root, none of which is read.
pub(crate) fn strip_xml_remarks(text: &str) -> String {
    let mut left = text.to_owned();
    for (open, close) in [("<!--", "-->"), ("<?", "?>")] {
        while let Some(from) = left.find(open) {
            let end = left[from..].find(close).map_or(left.len(), |at| from + at + close.len());
            left.replace_range(from..end, "");
        }
    }
    let is_root = |at: &usize| left[at + 1..].starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    match left.match_indices('<').map(|(at, _)| at).find(is_root) {
        Some(root) => left[root..].trim_end().to_owned(),
        None => left,
    }
}

/// The scalars of a document as texts.
fn scalars_of(document: &Value) -> Vec<String> {
    all_leaves(document).iter().filter_map(|leaf| leaf.text().map(Cow::into_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_values_do_not_damage_other_replacements() {
        let mut pseudonyms = Pseudonymizer::new("", true);
        let document = json!({ "id": "0", "user_id": "1", "name": "Mariana" });
        pseudonyms.replace_value("", &document);
        let body = pseudonyms.replace_in_document_text("id=0&user_id=1&name=Mariana", &document);
        assert!(body.starts_with("id=") && !body.contains("Mariana") && body.chars().all(|letter| letter.is_ascii_graphic()), "{body}");
        let names: Vec<&str> = body.split('&').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
        assert_eq!(names, ["id", "user_id", "name"], "{body}");
    }

    #[test]
    fn remarks_are_cut_and_text_outside_of_the_document_is_noticed() {
        let xml = "<?xml version=\"1.0\"?><!DOCTYPE r><!-- Mariana 123 --><r><id>7</id><!-- 5 --></r>\n<!-- x -->";
        assert_eq!(strip_xml_remarks(xml), "<r><id>7</id></r>");
        let pseudonyms = Pseudonymizer::new("", true);
        let document = json!({ "r": { "id": "7" } });
        assert!(!pseudonyms.has_text_beyond("<r><id>7</id></r>", &document));
        assert!(pseudonyms.has_text_beyond("<r><id>7</id>Mariana</r>", &document));
        assert!(!pseudonyms.has_text_beyond("back({\"r\": {\"id\": 7}});", &document));
        assert!(pseudonyms.has_text_beyond("back({\"r\": {\"id\": 7}}); // Mariana", &document));
    }
}
