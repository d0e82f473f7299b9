//! The known values of a login, and the expressions that give them: facts, and functions of facts.

use crate::vocabulary::hash::hex;
use crate::vocabulary::text::percent_encode;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};
use std::collections::HashMap;

/// Known values, and the expression by which a file writes each.
#[derive(Clone, Default)]
pub(crate) struct KnownValues {
    facts: Vec<(String, String)>,
    /// The expression that gives a value.
    expressions: HashMap<String, String>,
}

/// The shortest value that is searched inside of other texts.
const SHORTEST_INSIDE: usize = 8;

impl KnownValues {
    /// Adds the value of a fact. A value that is known already keeps its expression.
    pub(crate) fn add(&mut self, fact: &str, value: &str) {
        if value.is_empty() || self.facts.iter().any(|(known, _)| known == fact) {
            return;
        }
        self.insert_expression(value.to_owned(), fact.to_owned());
        if value.len() >= 3 {
            for (made, expression) in function_results(value) {
                self.insert_expression(made, format!("{fact} | {expression}"));
            }
            let others: Vec<(String, String)> = self.facts.clone();
            for (other, known) in &others {
                self.add_combinations((fact, value), (other, known));
                self.add_combinations((other, known), (fact, value));
            }
        }
        self.facts.push((fact.to_owned(), value.to_owned()));
    }

    /// Writes a value by this fact, whatever gave it before.
    pub(crate) fn prefer(&mut self, fact: &str, value: &str) {
        self.expressions.insert(value.to_owned(), fact.to_owned());
    }

    fn insert_expression(&mut self, value: String, expression: String) {
        self.expressions.entry(value).or_insert(expression);
    }

    /// Adds what two values give together: one signed with the other, or one after the other.
    fn add_combinations(&mut self, (first, value): (&str, &str), (second, other): (&str, &str)) {
        // Only secrets and keys sign; that also keeps the number of combinations small.
        if second.to_lowercase().contains("secret") || second.to_lowercase().contains("key") {
            for (algorithm, name) in [(hmac::HMAC_SHA256, "hmacSha256"), (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "hmacSha1")] {
                let made = hmac::sign(&hmac::Key::new(algorithm, other.as_bytes()), value.as_bytes());
                self.insert_expression(hex(made.as_ref()), format!("{first} | {name} {second} | hex"));
                self.insert_expression(STANDARD.encode(made.as_ref()), format!("{first} | {name} {second} | base64"));
            }
            let joined = format!("{value}{other}");
            for (made, expression) in function_results(&joined) {
                self.insert_expression(made, format!("{first} | append {second} | {expression}"));
            }
        }
    }

    pub(crate) fn value(&self, fact: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| known == fact).map(|(_, value)| value.as_str())
    }

    pub(crate) fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    /// The expression that gives this value: a fact, or a function of facts.
    pub(crate) fn expression_for(&self, text: &str) -> Option<&str> {
        self.expressions.get(text).map(String::as_str)
    }

    /// A text with holes in place of known values; `None` where it holds none.
    pub(crate) fn template_for(&self, text: &str) -> Option<String> {
        if let Some(expression) = self.expression_for(text) {
            return Some(format!("${{{expression}}}"));
        }
        if let Some(credentials) = text.strip_prefix("Basic ")
            && let Some(expression) = self.basic_credentials_template(credentials)
        {
            return Some(format!("Basic {expression}"));
        }
        let mut parts = vec![(text.to_owned(), false)];
        let mut inside: Vec<(&String, &String)> =
            self.expressions.iter().filter(|(value, _)| value.len() >= SHORTEST_INSIDE && text.contains(value.as_str())).collect();
        inside.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then(one.1.cmp(other.1)));
        for (value, expression) in inside {
            parts = parts
                .into_iter()
                .flat_map(|(part, is_hole)| if is_hole { vec![(part, true)] } else { split_at_value(&part, value, expression) })
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
fn split_at_value(text: &str, value: &str, expression: &str) -> Vec<(String, bool)> {
    let mut parts = Vec::new();
    for (at, part) in text.split(value).enumerate() {
        if at > 0 {
            parts.push((format!("${{{expression}}}"), true));
        }
        if !part.is_empty() {
            parts.push((part.to_owned(), false));
        }
    }
    parts
}

/// The results of the functions of one value, each with its name.
fn function_results(value: &str) -> Vec<(String, &'static str)> {
    let bytes = value.as_bytes();
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    let sha256 = digest::digest(&digest::SHA256, bytes);
    let mut encoded = String::new();
    percent_encode(value, &mut encoded);
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
