//! What is invented for each kind of text.

use crate::workbench::examples::stand_ins::NOW;
use crate::workbench::record::pseudonymizer::Pseudonymizer;

const NAMES: &[&str] = &["Ana", "Lima", "Bia", "Rocha", "Caio", "Prado", "Davi", "Moura", "Eva", "Serra", "Ivo", "Campos", "Lia", "Nunes"];
/// The digits of the time of all stories.
const TIME_DIGITS: &str = "20260102030405";

impl Pseudonymizer {
    /// An e-mail address, independent of its case. A domain that the file contains is kept.
    pub(super) fn replace_email(&mut self, text: &str) -> String {
        let lower = text.to_lowercase();
        if let Some(made) = self.invented.get(&lower) {
            return made.clone();
        }
        let domain = lower.rsplit('@').next().unwrap_or_default().to_owned();
        let fake_domain = if self.occurs_in_file(&domain) { domain.clone() } else { self.replace_domain(&domain) };
        let count = self.next_number("address");
        let name = NAMES[(count - 1) * 2 % NAMES.len()].to_lowercase();
        let number = if count > NAMES.len() / 2 { count.to_string() } else { String::new() };
        let fake = format!("{name}{number}@{fake_domain}");
        self.invented.insert(lower, fake.clone());
        fake
    }

    fn replace_domain(&mut self, domain: &str) -> String {
        if let Some(made) = self.invented.get(domain) {
            return made.clone();
        }
        let fake = match self.next_number("domain") {
            1 => "loja.example".to_owned(),
            many => format!("loja{many}.example"),
        };
        self.invented.insert(domain.to_owned(), fake.clone());
        fake
    }

    /// A URL. Hosts and words that the file contains are kept.
    pub(super) fn replace_url(&mut self, text: &str) -> String {
        if self.occurs_in_file(text) {
            return text.to_owned();
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let host = self.replace_host(host);
        let mut fake = format!("{scheme}://{host}");
        let mut word = String::new();
        for letter in path.chars() {
            if letter.is_alphanumeric() {
                word.push(letter);
            } else {
                fake.push_str(&self.replace_path_part(&word));
                word.clear();
                fake.push(letter);
            }
        }
        fake + &self.replace_path_part(&word)
    }

    /// A part of a path; one as short as a version stays.
    fn replace_path_part(&mut self, word: &str) -> String {
        if word.len() <= 2 { word.to_owned() } else { self.replace_alphanumerics(word) }
    }

    fn replace_host(&mut self, host: &str) -> String {
        if self.occurs_in_file(host) {
            return host.to_owned();
        }
        // A host of which the file only has the parts behind a label that differs from shop to shop.
        for (at, _) in host.match_indices('.') {
            let behind = &host[at + 1..];
            if behind.contains('.') && self.occurs_in_file(behind) {
                return format!("loja.{behind}");
            }
        }
        format!("www.{}", self.replace_domain(host))
    }

    /// Other digits, as many. A time becomes the time of all stories.
    pub(super) fn replace_digits(&mut self, key: &str, digits: &str) -> String {
        if let Some(made) = self.invented.get(digits) {
            return made.clone();
        }
        let lower = key.to_ascii_lowercase();
        let is_time = ["time", "date", "_at", "exp", "iat", "ts"].iter().any(|word| lower.contains(word));
        let fake = match digits.len() {
            10 if is_time => NOW.to_string(),
            13 if is_time => format!("{NOW}000"),
            _ => self.different_digits(digits),
        };
        self.invented.insert(digits.to_owned(), fake.clone());
        fake
    }

    fn different_digits(&mut self, digits: &str) -> String {
        for _ in 0..100 {
            let count = self.next_number("digits").to_string();
            let fake = if digits.len() > count.len() {
                format!("1{count:0>width$}", width = digits.len() - 1)
            } else {
                count[count.len() - digits.len()..].to_owned()
            };
            let is_taken = self.invented.iter().any(|(real, made)| *real == fake || *made == fake);
            if fake != digits && !is_taken && !(fake.len() > 1 && fake.starts_with('0')) {
                return fake;
            }
        }
        "7".repeat(digits.len())
    }

    /// A short token or code with a number.
    pub(super) fn next_token(&mut self, key: &str) -> String {
        let (kind, word) = match key {
            key if key.contains("access") => ("access", "at"),
            key if key.contains("refresh") => ("refresh", "rt"),
            key if key.contains("code") || key.contains("ticket") => ("code", "c"),
            _ => ("token", "t"),
        };
        format!("{word}-{}", self.next_number(kind))
    }

    /// A name, word by word, so that a whole name agrees with its parts.
    pub(super) fn replace_name(&mut self, text: &str) -> String {
        let words: Vec<String> = text.split(' ').map(|word| self.replace_name_word(word)).collect();
        words.join(" ")
    }

    fn replace_name_word(&mut self, word: &str) -> String {
        if !word.chars().any(char::is_alphanumeric) {
            return word.to_owned();
        }
        if let Some(made) = self.invented.get(word) {
            return made.clone();
        }
        let mut fake = String::new();
        while fake.is_empty() || fake.eq_ignore_ascii_case(word) {
            let many = self.next_number("name") - 1;
            NAMES[many % NAMES.len()].clone_into(&mut fake);
            if many >= NAMES.len() {
                fake.push_str(&(many / NAMES.len() + 1).to_string());
            }
        }
        if word.chars().next().is_some_and(char::is_lowercase) {
            fake = fake.to_lowercase();
        }
        self.invented.insert(word.to_owned(), fake.clone());
        fake
    }

    /// Another text of the same shape. Punctuation and words of the file stay.
    pub(crate) fn replace_keeping_shape(&mut self, text: &str) -> String {
        if text.chars().count() > 1 && self.is_public_word(text) {
            return text.to_owned();
        }
        let (mut fake, mut word) = (String::new(), String::new());
        for letter in text.chars() {
            if letter.is_alphanumeric() {
                word.push(letter);
            } else {
                fake.push_str(&self.replace_alphanumerics(&word));
                word.clear();
                // Unusual signs may be personal.
                fake.push(if letter.is_ascii() || letter.is_whitespace() { letter } else { '-' });
            }
        }
        fake + &self.replace_alphanumerics(&word)
    }

    fn replace_alphanumerics(&mut self, word: &str) -> String {
        if word.is_empty() || self.is_public_word(word) {
            return word.to_owned();
        }
        if let Some(made) = self.invented.get(word) {
            return made.clone();
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.replace_digits("", word);
        }
        let alphabet = if word.bytes().all(|byte| byte.is_ascii_hexdigit()) { 6 } else { 26 };
        let mut fake = word.to_owned();
        for _ in 0..100 {
            let shift = self.next_number("run");
            let letter = |at: usize, base: u8| char::from(base + u8::try_from((at * 7 + shift) % alphabet).unwrap_or_default());
            fake = word
                .chars()
                .enumerate()
                .map(|(at, real)| match real {
                    real if real.is_ascii_digit() => char::from(b'0' + u8::try_from((at + shift) % 10).unwrap_or_default()),
                    real if real.is_uppercase() => letter(at, b'A'),
                    _ => letter(at, b'a'),
                })
                .collect();
            if fake != word && !self.invented.contains_key(&fake) {
                break;
            }
        }
        self.invented.insert(word.to_owned(), fake.clone());
        fake
    }
}

/// Whether a text is a date, with or without a time.
pub(super) fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = |at: usize, digit: bool| bytes.get(at).is_some_and(|byte| if digit { byte.is_ascii_digit() } else { *byte == b'-' });
    (0..10).all(|at| shape(at, !matches!(at, 4 | 7)))
        && text.len() <= 40
        && matches!(bytes.get(10), None | Some(b'T' | b't' | b' '))
        && bytes.iter().skip(11).all(|byte| byte.is_ascii_digit() || b"TtZz :.+-".contains(byte))
}

/// A date written in the same way.
pub(super) fn replace_date_time(text: &str) -> String {
    let mut digits = TIME_DIGITS.chars();
    let zone = text
        .char_indices()
        .skip(11)
        .find(|(at, letter)| matches!(letter, '+' | '-') && text.len() - at <= 6)
        .map_or(text.len(), |(at, _)| at);
    text.char_indices()
        .map(|(at, letter)| if letter.is_ascii_digit() && at < zone { digits.next().unwrap_or('0') } else { letter })
        .collect()
}

/// A language written in the same way.
pub(super) fn replace_locale(text: &str) -> Option<String> {
    let (language, country) = text.split_at_checked(2)?;
    if !language.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    match country.chars().next() {
        None => Some("pt".to_owned()),
        Some(sign @ ('-' | '_')) if country.len() <= 6 => Some(format!("pt{sign}BR")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_nothing_but_a_date() {
        for text in ["2024-05-06", "2024-05-06T07:08:09.123Z", "2024-05-06 07:08:09 +0200", "2024-05-06t07:08:09-03:00"] {
            assert!(is_date_time(text), "{text}");
        }
        for text in ["2024-05-06 Mariana Quintela", "2024-05-06-1234-5678", "2024-05-06x", "2024-05-06T07 ana@loja.example"] {
            assert!(!is_date_time(text), "{text}");
        }
    }

    #[test]
    fn only_the_zone_of_a_date_stays() {
        assert_eq!(replace_date_time("2024-05-06T07:08:09-03:00"), "2026-01-02T03:04:05-03:00");
        assert_eq!(replace_date_time("2024-05-06T07-12345678"), "2026-01-02T03-04050000");
    }
}
