//! Replaces real values by invented ones of the same kind, and equal values by equal ones. No invented value is a real one.

pub(crate) mod document_text; // bodies that are not JSON
mod replacements; //             what each kind of text becomes
mod wrapped_text; //             texts inside of texts

use crate::provider::answer::is_signed_token;
use crate::vocabulary::email::Email;
use crate::vocabulary::privacy::{contains_email_address, is_base64_text, is_personal_key, looks_random};
use crate::workbench::record::pseudonymizer::wrapped_text::holds_other_form;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Words of protocols, which are not personal.
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

/// The values that were invented so far.
pub(crate) struct Pseudonymizer {
    /// The provider file without its comments. What it holds is neither secret nor personal.
    file: String,
    /// Whether long texts keep their shape too.
    keeps_shapes: bool,
    /// Real values with the ones that a caller assigned to them, the longest first.
    assigned: Vec<(String, String)>,
    /// Texts that stay as they are.
    kept: Vec<String>,
    /// The value that was invented for each real one.
    invented: HashMap<String, String>,
    /// The keys of answers that stay, and so may occur in the story.
    keys: Vec<String>,
    counts: HashMap<&'static str, usize>,
    /// How many texts stand around the one that is being replaced.
    depth: usize,
}

impl Pseudonymizer {
    /// Begins with no invented value. Texts of this file stay as they are.
    pub(crate) fn new(file: &str, keeps_shapes: bool) -> Self {
        let without_comment = |line: &str| {
            if line.trim_start().starts_with('#') { String::new() } else { line.split(" #").next().unwrap_or_default().to_owned() }
        };
        let file = file.lines().map(without_comment).collect::<Vec<_>>().join("\n");
        let (assigned, kept, keys) = (Vec::new(), Vec::new(), Vec::new());
        Self { file, keeps_shapes, assigned, kept, invented: HashMap::new(), keys, counts: HashMap::new(), depth: 0 }
    }

    /// From now on, replaces this real value in every text that contains it.
    pub(crate) fn assign(&mut self, real: &str, fake: &str) {
        if !real.is_empty() {
            self.assigned.push((real.to_owned(), fake.to_owned()));
            self.assigned.sort_by_key(|(real, _)| Reverse(real.len()));
        }
    }

    /// Keeps a text as it is, unless it looks personal.
    pub(crate) fn keep_as_is(&mut self, text: &str) {
        if !contains_email_address(text)
            && !is_base64_text(text)
            && !looks_random(text)
            && text.bytes().filter(u8::is_ascii_digit).count() < 8
        {
            self.kept.push(text.to_owned());
        }
    }

    /// Replaces a moment by this one, in seconds since 1970, written in the same way.
    pub(crate) fn move_moment(&mut self, real: &str, moment: i64) {
        let fake = match real.len() {
            length if !real.bytes().all(|byte| byte.is_ascii_digit()) || length < 10 => {
                let Some(moment) = DateTime::from_timestamp(moment, 0) else { return };
                moment.to_rfc3339_opts(SecondsFormat::Secs, true)
            }
            ..13 => moment.to_string(),
            13.. => format!("{moment}000"),
        };
        self.invented.insert(real.to_owned(), fake);
    }

    pub(crate) fn has_replacement(&self, text: &str) -> bool {
        self.assigned.iter().any(|(real, _)| real == text) || self.invented.contains_key(text)
    }

    /// The replacement of a value under its key.
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
                let mut replaced = Map::new();
                let keys_are_personal = !key.is_empty() && self.are_keys_values(members);
                for (key, value) in members {
                    let value = self.replace_value(key, value);
                    let key = if keys_are_personal { self.replace_keeping_shape(key) } else { self.replace_key(key) };
                    replaced.insert(key, value);
                }
                Value::Object(replaced)
            }
        }
    }

    /// Whether the keys of an object are values themselves: their values all have one shape, and the file names none of them.
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

    /// The replacement of a key, which stays unless it looks personal.
    pub(crate) fn replace_key(&mut self, key: &str) -> String {
        let is_unusual = !is_identifier(key) && !self.file.contains(key);
        if is_unusual || key.contains('@') || is_personal_key(key) || contains_email_address(key) {
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

    /// The replacement of a text under its key.
    pub(crate) fn replace_text(&mut self, key: &str, text: &str) -> String {
        if let Some(made) = self.invented.get(text) {
            return made.clone();
        }
        if let Some((_, fake)) = self.assigned.iter().find(|(real, _)| real == text) {
            return fake.clone();
        }
        if let Some(made) = self.replace_inside(text) {
            self.invented.insert(text.to_owned(), made.clone());
            return made;
        }
        // Shorter values may occur in a text by coincidence.
        if let Some((real, fake)) = self.assigned.iter().find(|(real, _)| real.len() >= 4 && text.contains(real.as_str())).cloned() {
            let (before, after) = text.split_once(&real).unwrap_or_default();
            return format!("{}{fake}{}", self.replace_surrounding(key, before), self.replace_surrounding(key, after));
        }
        let is_public =
            text.starts_with('‹') && text.ends_with('›') || matches!(text, "true" | "false" | "yes" | "no" | "Bearer" | "bearer");
        if text.is_empty() || is_public || self.is_compared_in_file(text) || self.kept.iter().any(|kept| kept == text) {
            return text.to_owned();
        }
        let fake = self.replace_by_kind(key, text);
        if fake != text {
            self.invented.insert(text.to_owned(), fake.clone());
        }
        fake
    }

    /// The replacement of the text before or behind an assigned value.
    fn replace_surrounding(&mut self, key: &str, text: &str) -> String {
        if text.chars().all(|letter| !letter.is_alphanumeric()) || matches!(text, "https://" | "http://") {
            return text.to_owned();
        }
        if self.assigned.iter().any(|(real, _)| real.len() >= 4 && text.contains(real.as_str())) {
            return self.replace_text(key, text);
        }
        self.replace_keeping_shape(text)
    }

    /// Whether the file holds this as a separate word.
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
        if Email::parse(text).is_ok() {
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
        if !text.contains(' ')
            && (is_signed_token(text) || is_secret && !self.is_public_word(text) || !self.keeps_shapes && text.len() >= 24)
        {
            return self.next_token(&lower);
        }
        if has(&["name", "nick", "given", "family", "first", "last"]) {
            return self.replace_name(text);
        }
        self.replace_keeping_shape(text)
    }

    /// Whether a text that is about to be written contains a real value.
    pub(crate) fn leaks_real_value(&self, text: &str) -> bool {
        let real = self.invented.keys().chain(self.assigned.iter().map(|(real, _)| real));
        let may_be_seen = |real: &str| {
            self.file.contains(real)
                || self.kept.iter().any(|kept| kept.contains(real))
                || self.keys.iter().any(|key| key.contains(real))
                || self.is_public_word(real)
        };
        let pseudonyms: Vec<&String> = self.invented.values().chain(self.assigned.iter().map(|(_, fake)| fake)).collect();
        real.filter(|real| real.chars().count() >= 6 && !may_be_seen(real) && !pseudonyms.iter().any(|fake| fake.contains(real.as_str())))
            .any(|real| occurs_as_word(real, text) || holds_other_form(real, text))
    }
}

/// Whether a text contains a value as a separate word.
fn occurs_as_word(real: &str, text: &str) -> bool {
    let is_apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
    let around = |at: usize| (text[..at].chars().next_back(), text[at + real.len()..].chars().next());
    text.match_indices(real).map(|(at, _)| around(at)).any(|(before, after)| is_apart(before) && is_apart(after))
}

/// Whether a key is a name that a program would give.
fn is_identifier(key: &str) -> bool {
    key.len() <= 64 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/$#".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_that_are_personal_are_invented() {
        let mut pseudonyms = Pseudonymizer::new("read: { id: $.id }", true);
        let text = pseudonyms.replace_value("", &json!({ "id": "x7", "friends": { "mariana_quintela": true }, "Rui Sá": 1 })).to_string();
        assert!(text.contains("friends") && !text.contains("mariana") && !text.contains("quintela") && !text.contains("Rui"), "{text}");
    }
}
