//! Invented things in place of real ones: the same for the same throughout, of the same kind, and never a real one.

mod replacements; //  what each kind of text becomes

use crate::provider::answer::is_signed_token;
use crate::vocabulary::privacy::{contains_email_address, is_base64_text, is_personal_key, looks_random};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Words of protocols, which are nobody's.
const WORDS: &[&str] = &[
    "bearer",
    "mac",
    "openid",
    "profile",
    "email",
    "phone",
    "address",
    "offline_access",
    "basic",
    "ok",
    "success",
    "error",
    "code",
    "user",
    "public",
    "read",
    "write",
    "login",
    "none",
    "active",
    "access_denied",
    "invalid_grant",
    "invalid_request",
    "invalid_client",
    "invalid_token",
    "unauthorized",
    "user_cancelled_login",
];

/// From here on letters are nobody's: each stands for a text that is about to be written.
const PLACES_FROM: char = '\u{f0000}';

/// Everything that was invented so far.
pub(crate) struct Pseudonymizer {
    /// The file, without its comments: what stands there is no secret.
    file: String,
    /// Whether invented texts keep the shape of real ones however long they are.
    shapes: bool,
    /// Real values and what stands for them, the longest first.
    introduced: Vec<(String, String)>,
    kept: Vec<String>,
    /// What was invented for each text.
    made: HashMap<String, String>,
    /// The keys of answers: they are seen anyway.
    keys: Vec<String>,
    counts: HashMap<&'static str, usize>,
}

impl Pseudonymizer {
    /// None so far; what stands in this file stays as it is.
    pub(crate) fn new(file: &str, shapes: bool) -> Self {
        let without_comment = |line: &str| {
            if line.trim_start().starts_with('#') { String::new() } else { line.split(" #").next().unwrap_or_default().to_owned() }
        };
        let file = file.lines().map(without_comment).collect::<Vec<_>>().join("\n");
        let (introduced, kept, keys) = (Vec::new(), Vec::new(), Vec::new());
        Self { file, shapes, introduced, kept, made: HashMap::new(), keys, counts: HashMap::new() }
    }

    /// From now on this stands for that, wherever it is part of a text.
    pub(crate) fn assign(&mut self, real: &str, fake: &str) {
        if !real.is_empty() {
            self.introduced.push((real.to_owned(), fake.to_owned()));
            self.introduced.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
        }
    }

    /// A text stays as it is, unless it looks like somebody's.
    pub(crate) fn keep_as_is(&mut self, text: &str) {
        if !contains_email_address(text)
            && !is_base64_text(text)
            && !looks_random(text)
            && text.bytes().filter(u8::is_ascii_digit).count() < 8
        {
            self.kept.push(text.to_owned());
        }
    }

    /// Whether something stands for this text already.
    pub(crate) fn has_replacement(&self, text: &str) -> bool {
        self.introduced.iter().any(|(real, _)| real == text) || self.made.contains_key(text)
    }

    /// A value under its key.
    pub(crate) fn replace_value(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let fake = self.replace_number(key, &number.to_string());
                serde_json::from_str(&fake).unwrap_or(Value::Null)
            }
            Value::String(text) => Value::String(self.replace_text(key, text)),
            Value::Array(list) => Value::Array(list.iter().map(|value| self.replace_value(key, value)).collect()),
            Value::Object(members) => {
                let mut told = Map::new();
                let are_people = !key.is_empty() && self.are_keys_values(members);
                for (key, value) in members {
                    let value = self.replace_value(key, value);
                    let key = if are_people { self.replace_keeping_shape(key) } else { self.replace_key(key) };
                    told.insert(key, value);
                }
                Value::Object(told)
            }
        }
    }

    /// Whether the keys of an object are values themselves: what stands behind them is all of one shape, and the file names none.
    fn are_keys_values(&self, members: &Map<String, Value>) -> bool {
        let mut shapes = members.values().map(|value| match value {
            Value::Bool(_) => Some("yes or no".to_owned()),
            Value::Number(_) => Some("number".to_owned()),
            Value::Object(below) => Some(below.keys().fold(String::new(), |all, key| all + "," + key)),
            Value::Null | Value::String(_) | Value::Array(_) => None,
        });
        let Some(Some(first)) = shapes.next() else { return false };
        shapes.all(|shape| shape.as_ref() == Some(&first)) && !members.keys().any(|key| self.file.contains(key.as_str()))
    }

    /// A key; one that is somebody's address or number is invented as well.
    pub(crate) fn replace_key(&mut self, key: &str) -> String {
        let is_strange = !is_identifier(key) && !self.file.contains(key);
        if is_strange || key.contains('@') || is_personal_key(key) || contains_email_address(key) {
            return self.replace_text("", key);
        }
        self.keys.push(key.to_owned());
        key.to_owned()
    }

    fn replace_number(&mut self, key: &str, number: &str) -> String {
        if self.kept.iter().any(|kept| kept == number) {
            return number.to_owned();
        }
        let is_small = number.len() == 1 || number.len() <= 3 && self.occurs_in_file(number);
        let is_span = key.starts_with("expires") || key.contains("ttl") || key.ends_with("_in");
        if (is_small && !key.to_ascii_lowercase().ends_with("id")) || (is_span && number.len() < 9) {
            return number.to_owned();
        }
        if number.bytes().all(|byte| byte.is_ascii_digit()) { self.replace_digits(key, number) } else { self.replace_keeping_shape(number) }
    }

    /// A text under its key.
    pub(crate) fn replace_text(&mut self, key: &str, text: &str) -> String {
        if let Some(made) = self.made.get(text) {
            return made.clone();
        }
        if let Some((_, fake)) = self.introduced.iter().find(|(real, _)| real == text) {
            return fake.clone();
        }
        // A part of a text has to be long enough to be meant.
        if let Some((real, fake)) = self.introduced.iter().find(|(real, _)| real.len() >= 4 && text.contains(real.as_str())).cloned() {
            let (before, after) = text.split_once(&real).unwrap_or_default();
            return format!("{}{fake}{}", self.replace_surrounding(key, before), self.replace_surrounding(key, after));
        }
        let is_anybodys = text.starts_with('‹') && text.ends_with('›') || matches!(text, "true" | "false" | "yes" | "no");
        if text.is_empty() || is_anybodys || self.is_compared_in_file(text) || self.kept.iter().any(|kept| kept == text) {
            return text.to_owned();
        }
        let fake = self.replace_by_kind(key, text);
        if fake != text {
            self.made.insert(text.to_owned(), fake.clone());
        }
        fake
    }

    /// What stands before or behind something known.
    fn replace_surrounding(&mut self, key: &str, text: &str) -> String {
        if text.chars().all(|letter| !letter.is_alphanumeric()) || matches!(text, "https://" | "http://") {
            return text.to_owned();
        }
        if self.introduced.iter().any(|(real, _)| real.len() >= 4 && text.contains(real.as_str())) {
            return self.replace_text(key, text);
        }
        self.replace_keeping_shape(text)
    }

    /// A text in which the scalars of its document are replaced, the longest first.
    pub(crate) fn replace_in_document_text(&self, text: &str, document: &Value) -> String {
        let mut scalars = Vec::new();
        collect_scalars(document, &mut scalars);
        scalars.sort_by_key(|scalar: &String| std::cmp::Reverse(scalar.len()));
        scalars.dedup();
        let known = self.introduced.iter().map(|(real, fake)| (real, fake)).chain(&self.made);
        let mut known: Vec<(&String, &String)> = known.filter(|(real, _)| scalars.contains(real) || text.contains(real.as_str())).collect();
        known.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
        let percent = |text: &str| {
            let mut written = String::new();
            crate::vocabulary::text::form_encode(text, &mut written);
            written
        };
        // In two strides, so that nothing invented is taken for something real.
        let mut told = text.to_owned();
        // A letter for each that stands in no text and in which nothing real is found.
        told.retain(|letter| letter < PLACES_FROM);
        let places: Vec<char> = (u32::from(PLACES_FROM)..=u32::from(char::MAX)).filter_map(char::from_u32).take(known.len()).collect();
        for (place, (real, _)) in places.iter().zip(&known) {
            told = told.replace(real.as_str(), place.encode_utf8(&mut [0; 4])).replace(&percent(real), place.encode_utf8(&mut [0; 4]));
        }
        for (place, (_, fake)) in places.iter().zip(&known) {
            told = told.replace(*place, fake);
        }
        told
    }

    /// Whether a text says more than its document does, so that nobody knows whose it is.
    pub(crate) fn has_text_beyond(&self, text: &str, document: &Value) -> bool {
        let mut known = Vec::new();
        collect_scalars(document, &mut known);
        collect_keys(document, &mut known);
        known.sort_by_key(|known| std::cmp::Reverse(known.len()));
        let mut left = text.to_owned();
        if text.trim_start().starts_with('<') {
            left = String::new();
            for (at, part) in text.replace("<![CDATA[", "").replace("]]>", "").split('<').enumerate() {
                let (tag, behind) = if at == 0 { ("", part) } else { part.split_once('>').unwrap_or(("", part)) };
                // What is written in another way is not found when it is replaced.
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
            crate::vocabulary::text::form_encode(known, &mut encoded);
            left = left.replace(known.as_str(), " ").replace(&encoded, " ");
        }
        left.split(|letter: char| !letter.is_alphanumeric())
            .any(|word| !word.is_empty() && !matches!(word, "true" | "false" | "null") && !self.is_public_word(word))
    }

    /// Whether the file says this itself, as a word of its own.
    fn occurs_in_file(&self, text: &str) -> bool {
        let is_apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        let around = |at: usize| (self.file[..at].chars().next_back(), self.file[at + text.len()..].chars().next());
        !text.is_empty()
            && self.file.match_indices(text).map(|(at, _)| around(at)).any(|(before, after)| is_apart(before) && is_apart(after))
    }

    /// Whether the file compares something with this text.
    fn is_compared_in_file(&self, text: &str) -> bool {
        [format!("\"{text}\""), format!("'{text}'"), format!("is: {text} "), format!("is: {text},")]
            .iter()
            .any(|written| self.file.contains(written))
    }

    fn is_public_word(&self, text: &str) -> bool {
        WORDS.contains(&text.to_ascii_lowercase().as_str()) || (text.len() >= 2 && self.occurs_in_file(text))
    }

    fn next_number(&mut self, kind: &'static str) -> usize {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        *count
    }

    fn replace_by_kind(&mut self, key: &str, text: &str) -> String {
        let lower = key.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if crate::vocabulary::email::Email::parse(text).is_ok() {
            return self.replace_email(text);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return self.replace_url(text);
        }
        if replacements::is_date_time(text) {
            return replacements::replace_date_time(text);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return if text.len() == 1 && !lower.ends_with("id") { text.to_owned() } else { self.replace_digits(key, text) };
        }
        if has(&["locale", "lang"])
            && let Some(locale) = replacements::replace_locale(text)
        {
            return locale;
        }
        let is_secret = has(&["token", "secret", "code", "ticket", "session", "assertion", "hash", "nonce"])
            && !has(&["type", "error", "country", "zip"]);
        if !text.contains(' ') && (is_signed_token(text) || is_secret && !self.is_public_word(text) || !self.shapes && text.len() >= 24) {
            return self.next_token(&lower);
        }
        if has(&["name", "nick", "given", "family", "first", "last"]) {
            return self.replace_name(text);
        }
        self.replace_keeping_shape(text)
    }

    /// Whether a real value stands in what is about to be written.
    pub(crate) fn leaks_real_value(&self, text: &str) -> bool {
        let real = self.made.keys().chain(self.introduced.iter().map(|(real, _)| real));
        let is_seen_anyway = |real: &str| {
            self.file.contains(real)
                || self.kept.iter().any(|kept| kept.contains(real))
                || self.keys.iter().any(|key| key.contains(real))
                || self.is_public_word(real)
        };
        let fakes: Vec<&String> = self.made.values().chain(self.introduced.iter().map(|(_, fake)| fake)).collect();
        real.filter(|real| real.chars().count() >= 6 && !is_seen_anyway(real) && !fakes.iter().any(|fake| fake.contains(real.as_str())))
            .any(|real| occurs_as_word(real, text))
    }
}

/// Whether it stands there by itself, rather than as a part of a longer word.
fn occurs_as_word(real: &str, text: &str) -> bool {
    let is_apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
    let around = |at: usize| (text[..at].chars().next_back(), text[at + real.len()..].chars().next());
    text.match_indices(real).map(|(at, _)| around(at)).any(|(before, after)| is_apart(before) && is_apart(after))
}

/// Whether a key is a name as programs give them.
fn is_identifier(key: &str) -> bool {
    key.len() <= 64 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/$#".contains(&byte))
}

/// The names in a document.
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

/// XML without its comments, its instructions and what stands before its root, none of which is read.
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

fn collect_scalars(value: &Value, scalars: &mut Vec<String>) {
    match value {
        Value::String(text) => scalars.push(text.clone()),
        Value::Number(number) => scalars.push(number.to_string()),
        Value::Array(list) => list.iter().for_each(|value| collect_scalars(value, scalars)),
        Value::Object(members) => members.values().for_each(|value| collect_scalars(value, scalars)),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_values_do_not_break_what_stands_for_others() {
        let mut fakes = Pseudonymizer::new("", true);
        let document = json!({ "id": "0", "user_id": "1", "name": "Mariana" });
        fakes.replace_value("", &document);
        let told = fakes.replace_in_document_text("id=0&user_id=1&name=Mariana", &document);
        assert!(told.starts_with("id=") && !told.contains("Mariana") && told.chars().all(|letter| letter.is_ascii_graphic()), "{told}");
        let names: Vec<&str> = told.split('&').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
        assert_eq!(names, ["id", "user_id", "name"], "{told}");
    }

    #[test]
    fn remarks_are_cut_and_what_is_left_outside_of_the_document_is_noticed() {
        let xml = "<?xml version=\"1.0\"?><!DOCTYPE r><!-- Mariana 123 --><r><id>7</id><!-- 5 --></r>\n<!-- x -->";
        assert_eq!(strip_xml_remarks(xml), "<r><id>7</id></r>");
        let fakes = Pseudonymizer::new("", true);
        let document = json!({ "r": { "id": "7" } });
        assert!(!fakes.has_text_beyond("<r><id>7</id></r>", &document));
        assert!(fakes.has_text_beyond("<r><id>7</id>Mariana</r>", &document));
        assert!(!fakes.has_text_beyond("back({\"r\": {\"id\": 7}});", &document));
        assert!(fakes.has_text_beyond("back({\"r\": {\"id\": 7}}); // Mariana", &document));
    }

    #[test]
    fn keys_that_are_people_are_invented() {
        let mut fakes = Pseudonymizer::new("read: { id: $.id }", true);
        let told = fakes.replace_value("", &json!({ "id": "x7", "friends": { "mariana_quintela": true }, "Rui Sá": 1 })).to_string();
        assert!(told.contains("friends") && !told.contains("mariana") && !told.contains("quintela") && !told.contains("Rui"), "{told}");
    }
}
