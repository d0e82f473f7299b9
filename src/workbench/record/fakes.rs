//! Invented things in place of real ones: the same for the same throughout, of the same kind, and never a real one.

mod kinds; //  what each kind of text becomes

use crate::personal::{holds_address, is_coded, is_key_of_somebody, is_opaque};
use crate::provider::answer::is_signed_token;
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

/// Everything that was invented so far.
pub struct Fakes {
    /// The file, without its comments: what stands there is no secret.
    file: String,
    /// Whether invented texts keep the shape of real ones however long they are.
    shapes: bool,
    /// Real values and what stands for them, the longest first.
    introduced: Vec<(String, String)>,
    /// Texts that stay.
    kept: Vec<String>,
    /// What was invented for each text.
    made: HashMap<String, String>,
    /// The keys of answers: they are seen anyway.
    keys: Vec<String>,
    counts: HashMap<&'static str, usize>,
}

impl Fakes {
    /// None so far; what stands in this file stays as it is.
    pub fn new(file: &str, shapes: bool) -> Self {
        let without_comment = |line: &str| {
            if line.trim_start().starts_with('#') { String::new() } else { line.split(" #").next().unwrap_or_default().to_owned() }
        };
        let file = file.lines().map(without_comment).collect::<Vec<_>>().join("\n");
        let (introduced, kept, keys) = (Vec::new(), Vec::new(), Vec::new());
        Self { file, shapes, introduced, kept, made: HashMap::new(), keys, counts: HashMap::new() }
    }

    /// From now on this stands for that, wherever it is part of a text.
    pub fn introduce(&mut self, real: &str, fake: &str) {
        if !real.is_empty() {
            self.introduced.push((real.to_owned(), fake.to_owned()));
            self.introduced.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
        }
    }

    /// A text stays as it is, unless it looks like somebody's.
    pub fn keep(&mut self, text: &str) {
        if !holds_address(text) && !is_coded(text) && !is_opaque(text) && text.bytes().filter(u8::is_ascii_digit).count() < 8 {
            self.kept.push(text.to_owned());
        }
    }

    /// Whether something stands for this text already.
    pub fn knows(&self, text: &str) -> bool {
        self.introduced.iter().any(|(real, _)| real == text) || self.made.contains_key(text)
    }

    /// A value under its key.
    pub fn value(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let fake = self.number(key, &number.to_string());
                serde_json::from_str(&fake).unwrap_or(Value::Null)
            }
            Value::String(text) => Value::String(self.text(key, text)),
            Value::Array(list) => Value::Array(list.iter().map(|value| self.value(key, value)).collect()),
            Value::Object(members) => {
                let mut told = Map::new();
                for (key, value) in members {
                    let value = self.value(key, value);
                    told.insert(self.key(key), value);
                }
                Value::Object(told)
            }
        }
    }

    /// A key; one that is somebody's address or number is invented as well.
    pub fn key(&mut self, key: &str) -> String {
        if key.contains('@') || is_key_of_somebody(key) || holds_address(key) {
            return self.text("", key);
        }
        self.keys.push(key.to_owned());
        key.to_owned()
    }

    fn number(&mut self, key: &str, number: &str) -> String {
        if self.kept.iter().any(|kept| kept == number) {
            return number.to_owned();
        }
        let is_small = number.len() == 1 || number.len() <= 3 && self.is_written(number);
        let is_span = key.starts_with("expires") || key.contains("ttl") || key.ends_with("_in");
        if (is_small && !key.to_ascii_lowercase().ends_with("id")) || (is_span && number.len() < 9) {
            return number.to_owned();
        }
        if number.bytes().all(|byte| byte.is_ascii_digit()) { self.digits(key, number) } else { self.shaped(number) }
    }

    /// A text under its key.
    pub fn text(&mut self, key: &str, text: &str) -> String {
        if let Some(made) = self.made.get(text) {
            return made.clone();
        }
        if let Some((_, fake)) = self.introduced.iter().find(|(real, _)| real == text) {
            return fake.clone();
        }
        // A part of a text has to be long enough to be meant.
        if let Some((real, fake)) = self.introduced.iter().find(|(real, _)| real.len() >= 4 && text.contains(real.as_str())).cloned() {
            let (before, after) = text.split_once(&real).unwrap_or_default();
            return format!("{}{fake}{}", self.part(key, before), self.part(key, after));
        }
        let is_anybodys = text.starts_with('‹') && text.ends_with('›') || matches!(text, "true" | "false" | "yes" | "no");
        if text.is_empty() || is_anybodys || self.is_quoted(text) || self.kept.iter().any(|kept| kept == text) {
            return text.to_owned();
        }
        let fake = self.kind(key, text);
        if fake != text {
            self.made.insert(text.to_owned(), fake.clone());
        }
        fake
    }

    /// What stands before or behind something known.
    fn part(&mut self, key: &str, text: &str) -> String {
        if text.chars().all(|letter| !letter.is_alphanumeric()) || matches!(text, "https://" | "http://") {
            return text.to_owned();
        }
        if self.introduced.iter().any(|(real, _)| real.len() >= 4 && text.contains(real.as_str())) {
            return self.text(key, text);
        }
        self.shaped(text)
    }

    /// A text in which the scalars of its document are replaced, the longest first.
    pub fn within(&self, text: &str, document: &Value) -> String {
        let mut scalars = Vec::new();
        collect(document, &mut scalars);
        scalars.sort_by_key(|scalar: &String| std::cmp::Reverse(scalar.len()));
        scalars.dedup();
        let known = self.introduced.iter().map(|(real, fake)| (real, fake)).chain(&self.made);
        let mut known: Vec<(&String, &String)> = known.filter(|(real, _)| scalars.contains(real) || text.contains(real.as_str())).collect();
        known.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
        let percent = |text: &str| {
            let mut written = String::new();
            crate::text::form_encode(text, &mut written);
            written
        };
        // In two strides, so that nothing invented is taken for something real.
        let mut told = text.to_owned();
        for (at, (real, _)) in known.iter().enumerate() {
            told = told.replace(real.as_str(), &format!("\u{1}{at}\u{2}")).replace(&percent(real), &format!("\u{1}{at}\u{2}"));
        }
        for (at, (_, fake)) in known.iter().enumerate() {
            told = told.replace(&format!("\u{1}{at}\u{2}"), fake);
        }
        told
    }

    /// Whether the file says this itself, as a word of its own.
    fn is_written(&self, text: &str) -> bool {
        let is_apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        let around = |at: usize| (self.file[..at].chars().next_back(), self.file[at + text.len()..].chars().next());
        !text.is_empty()
            && self.file.match_indices(text).map(|(at, _)| around(at)).any(|(before, after)| is_apart(before) && is_apart(after))
    }

    /// Whether the file compares something with this text.
    fn is_quoted(&self, text: &str) -> bool {
        [format!("\"{text}\""), format!("'{text}'"), format!("is: {text} "), format!("is: {text},")]
            .iter()
            .any(|written| self.file.contains(written))
    }

    fn is_a_word(&self, text: &str) -> bool {
        WORDS.contains(&text.to_ascii_lowercase().as_str()) || (text.len() >= 2 && self.is_written(text))
    }

    fn next(&mut self, kind: &'static str) -> usize {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        *count
    }

    fn kind(&mut self, key: &str, text: &str) -> String {
        let lower = key.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if crate::email::Email::parse(text).is_ok() {
            return self.address(text);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return self.web(text);
        }
        if kinds::is_a_moment(text) {
            return kinds::moment(text);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return if text.len() == 1 && !lower.ends_with("id") { text.to_owned() } else { self.digits(key, text) };
        }
        if has(&["locale", "lang"])
            && let Some(locale) = kinds::locale(text)
        {
            return locale;
        }
        let is_secret = has(&["token", "secret", "code", "ticket", "session", "assertion", "hash", "nonce"])
            && !has(&["type", "error", "country", "zip"]);
        if !text.contains(' ') && (is_signed_token(text) || is_secret && !self.is_a_word(text) || !self.shapes && text.len() >= 24) {
            return self.token(&lower);
        }
        if has(&["name", "nick", "given", "family", "first", "last"]) {
            return self.name(text);
        }
        self.shaped(text)
    }

    /// Whether a real value stands in what is about to be written.
    pub fn shines_through(&self, text: &str) -> bool {
        let real = self.made.keys().chain(self.introduced.iter().map(|(real, _)| real));
        let is_seen_anyway = |real: &str| {
            self.file.contains(real)
                || self.kept.iter().any(|kept| kept.contains(real))
                || self.keys.iter().any(|key| key.contains(real))
                || self.is_a_word(real)
        };
        let fakes: Vec<&String> = self.made.values().chain(self.introduced.iter().map(|(_, fake)| fake)).collect();
        real.filter(|real| real.chars().count() >= 6 && !is_seen_anyway(real) && !fakes.iter().any(|fake| fake.contains(real.as_str())))
            .any(|real| stands_in(real, text))
    }
}

/// Whether it stands there by itself, rather than as a part of a longer word.
fn stands_in(real: &str, text: &str) -> bool {
    let is_apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
    let around = |at: usize| (text[..at].chars().next_back(), text[at + real.len()..].chars().next());
    text.match_indices(real).map(|(at, _)| around(at)).any(|(before, after)| is_apart(before) && is_apart(after))
}

fn collect(value: &Value, scalars: &mut Vec<String>) {
    match value {
        Value::String(text) => scalars.push(text.clone()),
        Value::Number(number) => scalars.push(number.to_string()),
        Value::Array(list) => list.iter().for_each(|value| collect(value, scalars)),
        Value::Object(members) => members.values().for_each(|value| collect(value, scalars)),
        Value::Null | Value::Bool(_) => {}
    }
}
