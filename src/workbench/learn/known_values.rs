//! What is known of a login: values and the facts that they are, also as functions of the language make them from one another.

use crate::provider::functions::hex;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};
use std::collections::HashMap;

/// Known values, and how each is written in a file.
#[derive(Clone, Default)]
pub(crate) struct KnownValues {
    facts: Vec<(String, String)>,
    made: HashMap<String, String>,
}

/// The shortest value that is looked for inside of other texts.
const SHORTEST_INSIDE: usize = 8;

impl KnownValues {
    /// Gets to know a value; what is known already under another name stays so.
    pub(crate) fn add(&mut self, fact: &str, value: &str) {
        if value.is_empty() || self.facts.iter().any(|(known, _)| known == fact) {
            return;
        }
        self.insert_expression(value.to_owned(), fact.to_owned());
        if value.len() >= 3 {
            for (made, how) in function_results(value) {
                self.insert_expression(made, format!("{fact} | {how}"));
            }
            let others: Vec<(String, String)> = self.facts.clone();
            for (other, known) in &others {
                self.add_combinations((fact, value), (other, known));
                self.add_combinations((other, known), (fact, value));
            }
        }
        self.facts.push((fact.to_owned(), value.to_owned()));
    }

    fn insert_expression(&mut self, value: String, how: String) {
        self.made.entry(value).or_insert(how);
    }

    /// What two values make: one signed with the other, or one after the other.
    fn add_combinations(&mut self, (first, value): (&str, &str), (second, other): (&str, &str)) {
        // Only what is kept from others is worth signing with; and a login has few of them.
        if second.to_lowercase().contains("secret") || second.to_lowercase().contains("key") {
            for (algorithm, name) in [(hmac::HMAC_SHA256, "hmacSha256"), (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "hmacSha1")] {
                let made = hmac::sign(&hmac::Key::new(algorithm, other.as_bytes()), value.as_bytes());
                self.insert_expression(hex(made.as_ref()), format!("{first} | {name} {second} | hex"));
                self.insert_expression(STANDARD.encode(made.as_ref()), format!("{first} | {name} {second} | base64"));
            }
            let joined = format!("{value}{other}");
            for (made, how) in function_results(&joined) {
                self.insert_expression(made, format!("{first} | append {second} | {how}"));
            }
        }
    }

    /// A value by its fact.
    pub(crate) fn value(&self, fact: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| known == fact).map(|(_, value)| value.as_str())
    }

    /// Facts with their values.
    pub(crate) fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    /// The fact that a value is, if it is one as it stands or by a function.
    pub(crate) fn expression_for(&self, text: &str) -> Option<&str> {
        self.made.get(text).map(String::as_str)
    }

    /// A text with holes in place of what is known; `None` where nothing of it is known.
    pub(crate) fn template_for(&self, text: &str) -> Option<String> {
        if let Some(how) = self.expression_for(text) {
            return Some(format!("${{{how}}}"));
        }
        if let Some(credentials) = text.strip_prefix("Basic ")
            && let Some(how) = self.basic_credentials_template(credentials)
        {
            return Some(format!("Basic {how}"));
        }
        let mut parts = vec![(text.to_owned(), false)];
        let mut inside: Vec<(&String, &String)> =
            self.made.iter().filter(|(value, _)| value.len() >= SHORTEST_INSIDE && text.contains(value.as_str())).collect();
        inside.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then(one.1.cmp(other.1)));
        for (value, how) in inside {
            parts = parts
                .into_iter()
                .flat_map(|(part, is_hole)| if is_hole { vec![(part, true)] } else { split_at_value(&part, value, how) })
                .collect();
        }
        parts
            .iter()
            .any(|(_, is_hole)| *is_hole)
            .then(|| parts.iter().map(|(part, is_hole)| if *is_hole { part.clone() } else { part.replace("${", "$${") }).collect())
    }

    /// `id:secret` in base64, as holes with functions.
    fn basic_credentials_template(&self, credentials: &str) -> Option<String> {
        let text = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
        let (name, word) = text.split_once(':')?;
        let name = self.expression_for(name)?;
        let word = self.expression_for(word)?;
        (!name.contains('|') && !word.contains('|')).then(|| format!("${{{name} | append \":\" | append {word} | base64}}"))
    }
}

/// A text cut at a value, with a hole in its place.
fn split_at_value(text: &str, value: &str, how: &str) -> Vec<(String, bool)> {
    let mut parts = Vec::new();
    for (at, part) in text.split(value).enumerate() {
        if at > 0 {
            parts.push((format!("${{{how}}}"), true));
        }
        if !part.is_empty() {
            parts.push((part.to_owned(), false));
        }
    }
    parts
}

/// What functions make of a value, and how each is written.
fn function_results(value: &str) -> Vec<(String, &'static str)> {
    let bytes = value.as_bytes();
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    let sha256 = digest::digest(&digest::SHA256, bytes);
    let mut encoded = String::new();
    crate::vocabulary::text::percent_encode(value, &mut encoded);
    let all = [
        (STANDARD.encode(bytes), "base64"),
        (URL_SAFE_NO_PAD.encode(bytes), "base64url"),
        (hex(Md5::digest(bytes).as_ref()), "md5 | hex"),
        (hex(sha1.as_ref()), "sha1 | hex"),
        (hex(sha256.as_ref()), "sha256 | hex"),
        (STANDARD.encode(sha256.as_ref()), "sha256 | base64"),
        (URL_SAFE_NO_PAD.encode(sha256.as_ref()), "sha256 | base64url"),
        (encoded, "urlEncode"),
        (value.to_uppercase(), "upper"),
    ];
    all.into_iter().filter(|(made, _)| made != value && made.len() >= 4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_as_they_stand_by_functions_and_inside_of_texts() {
        let mut known = KnownValues::default();
        known.add("clientId", "loja-42-abc");
        known.add("clientSecret", "s3cr3t-of-acme");
        known.add("accessToken", "tok-9f86d081");

        for (text, written) in [
            ("tok-9f86d081", "${accessToken}"),
            ("OAuth tok-9f86d081", "OAuth ${accessToken}"),
            ("${x} tok-9f86d081", "$${x} ${accessToken}"),
            ("Basic bG9qYS00Mi1hYmM6czNjcjN0LW9mLWFjbWU=", "Basic ${clientId | append \":\" | append clientSecret | base64}"),
        ] {
            assert_eq!(known.template_for(text).as_deref(), Some(written), "{text}");
        }
        let proof = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s3cr3t-of-acme"), b"tok-9f86d081");
        assert_eq!(known.template_for(&hex(proof.as_ref())).as_deref(), Some("${accessToken | hmacSha256 clientSecret | hex}"));
        assert_eq!(known.template_for("something else"), None);
    }
}
