//! E-mail addresses, parsed and compared in one way only. [`Email::parse`] is the only constructor.
//!
//! A spelling that looks like another address is refused, not repaired: nothing is trimmed, folded or guessed, because an
//! address identifies a person.

use std::fmt;

/// A valid e-mail address, which can identify a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email {
    key: Box<str>,
}

/// What is wrong with a text that is not an acceptable e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnEmail {
    /// It is longer than addresses are.
    TooLong,
    /// It has no `@`.
    NoAt,
    /// It has more than one at sign.
    Several,
    /// A blank, a line break or an invisible character stands in it.
    Blank,
    /// It has the form `Name <address>`.
    DisplayName,
    /// The part before the `@` has letters beyond ASCII.
    NotAscii,
    /// Nothing stands before the `@`.
    NoLocalPart,
    /// The part before the `@` has a dot at an end, or two in a row.
    Dots,
    /// The part before the `@` has a character that is not allowed there.
    LocalPart,
    /// What stands behind the `@` is no domain.
    Domain,
}

impl fmt::Display for NotAnEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "it is longer than 254 characters, or than 64 before the `@`",
            Self::NoAt => "it has no `@`",
            Self::Several => "it has more than one at sign, and one address is expected",
            Self::Blank => "a blank, a line break or an invisible character stands in it",
            Self::DisplayName => "it has the form `Name <address>` of a display name, and the address alone is expected",
            Self::NotAscii => "the part before the `@` holds letters beyond ASCII, such as `é`",
            Self::NoLocalPart => "nothing stands before the `@`",
            Self::Dots => "the part before the `@` has a dot at an end, or two in a row",
            Self::LocalPart => "the part before the `@` holds something else than letters from a to z, digits and `!#$%&'*+-/=?^_`{|}~.`",
            Self::Domain => "what stands behind the `@` is no domain of at least two parts",
        })
    }
}

impl Email {
    /// Reads an address: an ASCII local part without quotes, a domain of at least two labels, written in Unicode or not.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        if text.len() > 320 {
            return Err(NotAnEmail::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(NotAnEmail::NoAt)?;
        if domain.contains('@') {
            return Err(NotAnEmail::Several);
        }
        if local.contains('<') && domain.trim_end().ends_with('>') {
            return Err(NotAnEmail::DisplayName);
        }
        if text.chars().any(is_hidden) {
            return Err(NotAnEmail::Blank);
        }
        if local.is_empty() {
            return Err(NotAnEmail::NoLocalPart);
        }
        if !local.is_ascii() {
            return Err(NotAnEmail::NotAscii);
        }
        if !local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b)) {
            return Err(NotAnEmail::LocalPart);
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err(NotAnEmail::Dots);
        }
        let key = format!("{}@{}", local.to_ascii_lowercase(), normalized_domain(domain)?);
        if local.len() > 64 || key.len() > 254 { Err(NotAnEmail::TooLong) } else { Ok(Self { key: key.into() }) }
    }

    /// The address in the form in which it is compared, stored and sent.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The part behind the `@`, in ASCII and small letters.
    pub(crate) fn domain(&self) -> &str {
        self.key.split_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Whether a character is a blank, a control character or invisible.
fn is_hidden(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn normalized_domain(domain: &str) -> Result<String, NotAnEmail> {
    // A domain is written with letters, digits, hyphens and dots; whatever a mapping would turn into these is not repaired.
    if domain.chars().any(|letter| matches!(letter, '\u{ff00}'..='\u{ffef}' | '。')) {
        return Err(NotAnEmail::Domain);
    }
    // Most domains are plain ASCII and need no mapping.
    let is_plain = domain.is_ascii() && !domain.to_ascii_lowercase().contains("xn--");
    let ascii = if is_plain { domain.to_ascii_lowercase() } else { unicode_domain_to_ascii(domain)? };
    let labels: Vec<&str> = ascii.split('.').collect();
    let label_is_fine = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let last_is_a_name = labels.last().is_some_and(|last| last.bytes().any(|b| b.is_ascii_alphabetic()));
    if labels.len() >= 2 && labels.iter().all(label_is_fine) && last_is_a_name { Ok(ascii) } else { Err(NotAnEmail::Domain) }
}

/// The ASCII form of a Unicode domain, if the conversion changes no character into another one.
fn unicode_domain_to_ascii(domain: &str) -> Result<String, NotAnEmail> {
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| NotAnEmail::Domain)?.to_ascii_lowercase();
    let (unicode, fine) = idna::domain_to_unicode(&ascii);
    let same = unicode == domain.to_lowercase() || ascii == domain.to_ascii_lowercase();
    if fine.is_ok() && same { Ok(ascii) } else { Err(NotAnEmail::Domain) }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_text_is_said() {
        for (text, wrong) in [
            ("ana", NotAnEmail::NoAt),
            ("a@x.example, b@y.example", NotAnEmail::Several),
            ("ana@loja.example\r\n", NotAnEmail::Blank),
            ("ana @loja.example", NotAnEmail::Blank),
            ("an\u{7}a@loja.example", NotAnEmail::Blank),
            ("ana@lo\u{200b}ja.example", NotAnEmail::Blank),
            ("<ana@loja.example>", NotAnEmail::DisplayName),
            ("Ana Silva <ana@loja.example>", NotAnEmail::DisplayName),
            ("<ana@loja.example", NotAnEmail::LocalPart),
            ("\u{430}na@loja.example", NotAnEmail::NotAscii),
            ("@loja.example", NotAnEmail::NoLocalPart),
            (".ana@loja.example", NotAnEmail::Dots),
            ("ana.@loja.example", NotAnEmail::Dots),
            ("a..na@loja.example", NotAnEmail::Dots),
            ("ana@loja.example>", NotAnEmail::Domain),
            ("ana@localhost", NotAnEmail::Domain),
        ] {
            assert_eq!(Email::parse(text), Err(wrong), "{text:?}");
        }
    }

    /// Attack E-06
    #[test]
    fn an_address_is_as_long_as_the_mail_allows_and_no_longer() {
        let domain = |labels: [usize; 4]| labels.map(|length| "b".repeat(length)).join(".");
        // Its ASCII form is short.
        let wide = format!("{0}.{0}.example", "あ".repeat(51));
        for (text, is_address) in [
            (format!("{}@loja.example", "a".repeat(64)), true),
            (format!("{}@loja.example", "a".repeat(65)), false),
            (format!("ana@{}", domain([63, 62, 62, 60])), true),
            (format!("ana@{}", domain([63, 62, 62, 61])), false),
            (format!("ana@{}", domain([64, 60, 60, 60])), false),
            (format!("anas@{wide}"), true),
            (format!("anast@{wide}"), false),
        ] {
            assert_eq!(Email::parse(&text).is_ok(), is_address, "{text}");
        }
    }

    /// Lessons 32, 33, 34, 35, 36, 37
    /// Attacks E-01, E-02, E-03, E-04, E-05, E-06, E-07, E-08
    #[test]
    fn addresses_have_one_key_and_hostile_spellings_have_none() {
        for (text, key) in [
            ("Ana@Loja.Example", Some("ana@loja.example")),
            ("v.i+x@loja.example", Some("v.i+x@loja.example")),
            ("ana@bücher.example", Some("ana@xn--bcher-kva.example")),
            ("vıctim@loja.example", None),
            ("\u{212a}ana@loja.example", None),
            ("ana\u{ff20}loja.example", None),
            ("a@b@loja.example", None),
            ("@loja.example", None),
            ("ana@", None),
            (" ana@loja.example", None),
            ("ana@loja.example\n", None),
            ("ana@lo\u{200b}ja.example", None),
            ("\"a b\"@loja.example", None),
            ("a(c)@loja.example", None),
            ("<ana@loja.example>", None),
            ("ana@loja.example,bo@loja.example", None),
            ("mailto:ana@loja.example", None),
            ("ana@[127.0.0.1]", None),
            ("ana@127.0.0.1", None),
            ("ana@localhost", None),
            ("ana@loja.example.", None),
            ("ana@-x.example", None),
            ("ana@x..example", None),
            ("ana@xn--corp-.example", None),
            ("ana@xn--a.example", None),
            ("ana@XN--BCHER-KVA.example", Some("ana@xn--bcher-kva.example")),
            ("ana@ｌoja.example", None),
            ("ana@ⓛoja.example", None),
            ("ana@ℓoja.example", None),
            ("ana@lo\u{34f}ja.example", None),
            ("ana@ſhop.example", None),
            ("ana@Bücher.example", Some("ana@xn--bcher-kva.example")),
            ("", None),
            // Letters of other alphabets, alone and combined.
            ("\u{430}na@loja.example", None),
            ("an\u{3bf}@loja.example", None),
            ("\u{ff41}na@loja.example", None),
            ("a\u{301}na@loja.example", None),
            // Such a domain is another one, under a key that shows it.
            ("ana@l\u{43e}ja.example", Some("ana@xn--lja-sed.example")),
            // More or fewer than one @.
            ("ana\u{fe6b}loja.example", None),
            ("ana", None),
            ("ana@@loja.example", None),
            ("ana@loja.example@", None),
            // What is not seen.
            ("ana@loja.example ", None),
            ("a na@loja.example", None),
            ("ana\t@loja.example", None),
            ("ana\r\n@loja.example", None),
            ("ana\0@loja.example", None),
            ("ana@loja.example\u{2028}", None),
            ("\u{202e}ana@loja.example", None),
            ("ana\u{a0}@loja.example", None),
            ("a\u{200d}na@loja.example", None),
            // Names, lists and comments.
            ("Ana <ana@loja.example>", None),
            ("ana@loja.example;bo@loja.example", None),
            ("\"ana@evil.example\"@loja.example", None),
            ("ana@loja.example (Ana)", None),
            ("ana@corp", None),
        ] {
            assert_eq!(Email::parse(text).ok().map(|email| email.key().to_owned()).as_deref(), key, "{text:?}");
        }
        assert!(Email::parse(&format!("{}@loja.example", "a".repeat(65))).is_err());
        assert!(Email::parse(&format!("a@{}.example", "a".repeat(64))).is_err());
        assert!(
            Email::parse(&format!(
                "{}@{}.example",
                "a".repeat(60),
                ["b".repeat(60), "c".repeat(60), "d".repeat(60), "e".repeat(60)].join(".")
            ))
            .is_err()
        );
        for long in ["a".repeat(1 << 20), format!("a@{}", "a.".repeat(1 << 19)), format!("a@{}example", "\u{fc}.".repeat(1 << 18))] {
            assert!(Email::parse(&long).is_err());
        }
    }
}
