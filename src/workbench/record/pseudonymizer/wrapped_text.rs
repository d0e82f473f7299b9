//! Texts inside of texts, which functions of a file take apart: JSON and forms as texts, base64, percent-encoding. What is inside is
//! replaced, and it is encoded again as it was. And the forms in which a real value might still be seen.

use crate::provider::functions::table::decode_base64;
use crate::provider::json;
use crate::vocabulary::hash::hex;
use crate::vocabulary::privacy::contains_email_address;
use crate::vocabulary::text::percent_encode;
use crate::workbench::record::pseudonymizer::{Pseudonymizer, is_identifier};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};

/// How many texts may stand one inside of the other.
const DEEPEST: usize = 4;

impl Pseudonymizer {
    /// The text with what is inside of it replaced, if it is a text that holds others.
    pub(super) fn replace_inside(&mut self, text: &str) -> Option<String> {
        if self.depth >= DEEPEST || text.len() < 2 {
            return None;
        }
        self.depth += 1;
        let replaced = self.replace_json_text(text).or_else(|| self.replace_form_text(text)).or_else(|| self.replace_encoded_text(text));
        self.depth -= 1;
        replaced
    }

    fn replace_json_text(&mut self, text: &str) -> Option<String> {
        let document = json::parse(text.trim().as_bytes()).ok().filter(|document| document.is_object() || document.is_array())?;
        Some(self.replace_value("", &document).to_string())
    }

    fn replace_form_text(&mut self, text: &str) -> Option<String> {
        let is_form = text.contains('=') && !text.ends_with('=') && !text.contains([' ', '<', '{', '"', '\n']) && !text.contains("://");
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let has_names = pairs.iter().all(|(name, value)| !name.is_empty() && is_identifier(name) && !value.is_empty());
        if !is_form || !has_names || pairs.is_empty() {
            return None;
        }
        let replaced: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| (self.replace_key(name), self.replace_text(name, value))).collect();
        Some(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(replaced).finish())
    }

    fn replace_encoded_text(&mut self, text: &str) -> Option<String> {
        if text.contains('%')
            && let Ok(inside) = percent_encoding::percent_decode_str(text).decode_utf8()
            && inside != text
        {
            let mut encoded = String::new();
            percent_encode(&self.replace_text("", &inside), &mut encoded);
            return Some(encoded);
        }
        let inside = decode_base64(text).filter(|inside| inside.len() >= 4 && !inside.chars().any(char::is_control))?;
        let holds_known = self.assigned.iter().any(|(real, _)| real.len() >= 4 && inside.contains(real.as_str()));
        if !holds_known && !contains_email_address(&inside) && !inside.contains(['=', '{', ':']) {
            return None;
        }
        let engine = match (text.contains(['-', '_']), text.ends_with('=')) {
            (true, true) => &URL_SAFE,
            (true, false) => &URL_SAFE_NO_PAD,
            (false, false) if !text.len().is_multiple_of(4) => &STANDARD_NO_PAD,
            (false, _) => &STANDARD,
        };
        Some(engine.encode(self.replace_text("", &inside)))
    }
}

/// Whether a text holds a real value in another form: encoded, in other letters, or hashed.
pub(super) fn holds_other_form(real: &str, text: &str) -> bool {
    other_forms(real).iter().any(|form| form.len() >= 8 && *form != real && text.contains(form.as_str()))
}

fn other_forms(real: &str) -> Vec<String> {
    let mut encoded = String::new();
    percent_encode(real, &mut encoded);
    let mut forms = vec![encoded, hex(real.as_bytes()), hex(real.as_bytes()).to_uppercase(), real.to_uppercase(), real.to_lowercase()];
    // Where a value begins within three bytes decides how base64 writes it; its first and last letters depend on what is beside it.
    for skipped in 0..3_usize {
        let padded = format!("{}{real}", "x".repeat(skipped));
        let letters = STANDARD_NO_PAD.encode(padded);
        let begin = if skipped == 0 { 0 } else { skipped + 1 };
        if let Some(sure) = letters.get(begin..letters.len().saturating_sub(1)).filter(|sure| sure.len() >= 12) {
            forms.extend([sure.to_owned(), sure.replace('+', "-").replace('/', "_")]);
        }
    }
    let hashes = [
        Md5::digest(real).to_vec(),
        digest(&SHA1_FOR_LEGACY_USE_ONLY, real.as_bytes()).as_ref().to_vec(),
        digest(&SHA256, real.as_bytes()).as_ref().to_vec(),
    ];
    for hash in hashes {
        forms.extend([hex(&hash), hex(&hash).to_uppercase(), STANDARD_NO_PAD.encode(&hash), URL_SAFE_NO_PAD.encode(&hash)]);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn other_forms_of_a_value_are_found() {
        let real = "Canario-secret-9k2";
        for text in [
            STANDARD.encode(format!("loja:{real}")),
            URL_SAFE_NO_PAD.encode(format!("x{real}y")),
            hex(real.as_bytes()),
            real.to_uppercase(),
            hex(digest(&SHA256, real.as_bytes()).as_ref()),
            "Canario%2Dsecret%2D9k2".to_owned(),
        ] {
            assert!(holds_other_form(real, &format!("a: {text}\n")) || text.contains('%'), "{text}");
        }
        assert!(!holds_other_form(real, "an innocent text"));
    }

    #[test]
    fn what_is_inside_of_a_text_is_replaced_and_encoded_again_as_it_was() {
        let mut pseudonyms = Pseudonymizer::new("", false);
        pseudonyms.assign("Canario-state-9k2", "‹state›");
        let inside = "nonce=Canario-state-9k2&email=mariana%40quintela.example&external_id=815";

        let replaced = pseudonyms.replace_text("sso", &STANDARD.encode(inside));

        let written = decode_base64(&replaced).expect("base64");
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(written.as_bytes()).into_owned().collect();
        assert_eq!(pairs[0], ("nonce".to_owned(), "‹state›".to_owned()), "{written}");
        assert!(pairs[1].1.ends_with(".example") && !written.contains("mariana") && pairs[2].1 != "815", "{written}");
        let json = pseudonyms.replace_text("profile", "{\"mail\":\"mariana@quintela.example\"}");
        assert!(serde_json::from_str::<Value>(&json).is_ok_and(|json| json["mail"] != "mariana@quintela.example"), "{json}");
    }
}
