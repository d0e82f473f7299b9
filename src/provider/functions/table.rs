//! The table of the functions: their names, their documentation and their behaviour. A new function is a new row; the reference and
//! "did you mean" read the same rows.

use crate::provider::functions::change::{KeptText, TextEnd};
use crate::vocabulary::hash::hex;
use crate::vocabulary::text::percent_encode;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};

/// A function: a row of [`TABLE`].
pub(crate) struct FunctionRow {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) behaviour: FunctionBehaviour,
}

/// What a function does. This also decides which arguments it takes, and what it keeps of a text.
pub(crate) enum FunctionBehaviour {
    /// Encodes a text or bytes as a text.
    Write(fn(&[u8]) -> String),
    /// Hashes a text or bytes. The input cannot be found again from the result.
    Hash(fn(&[u8]) -> Vec<u8>),
    /// Hashes with a key, which is the second parameter.
    KeyedHash(fn(&[u8], &[u8]) -> Vec<u8>),
    Text(fn(&str) -> Option<String>, KeptText),
    /// Gives a text that a JSON body contains as it is, without quotes.
    JsonLiteral(fn(&str) -> Option<String>),
    /// Adds the argument at one end of a text.
    Add(TextEnd),
    /// Keeps what stands at one end, up to the first occurrence of the argument, which is not empty.
    Split(TextEnd),
    /// Reads a text as JSON.
    Json,
    /// Reads a text as a form.
    Form,
    /// Gives a text when nothing was found.
    Default,
    /// Makes one text of the texts of a list.
    Join,
    /// Reads the digits of a number in the form that is the argument.
    Digits,
    /// Writes a time.
    Date,
    /// Reads a time.
    Moment,
}

const fn row(name: &'static str, meaning: &'static str, behaviour: FunctionBehaviour) -> FunctionRow {
    FunctionRow { name, meaning, behaviour }
}

/// All functions, in the order of the reference.
pub(crate) const TABLE: &[FunctionRow] = &[
    row("base64", "encodes a text or bytes in base64", FunctionBehaviour::Write(|bytes| STANDARD.encode(bytes))),
    row(
        "base64url",
        "encodes a text or bytes in URL-safe base64, without padding",
        FunctionBehaviour::Write(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
    ),
    row("hex", "encodes a text or bytes in hexadecimal, in lower case", FunctionBehaviour::Write(hex)),
    row("md5", "the MD5 hash, as bytes; `hex` or `base64` encodes them", FunctionBehaviour::Hash(|bytes| Md5::digest(bytes).to_vec())),
    row(
        "sha1",
        "the SHA-1 hash, as bytes",
        FunctionBehaviour::Hash(|bytes| digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()),
    ),
    row("sha256", "the SHA-256 hash, as bytes", FunctionBehaviour::Hash(|bytes| digest::digest(&digest::SHA256, bytes).as_ref().to_vec())),
    row(
        "hmacSha1",
        "the HMAC with SHA-1, as bytes",
        FunctionBehaviour::KeyedHash(|bytes, key| hmac_bytes(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, bytes)),
    ),
    row(
        "hmacSha256",
        "the HMAC with SHA-256, as bytes",
        FunctionBehaviour::KeyedHash(|bytes, key| hmac_bytes(hmac::HMAC_SHA256, key, bytes)),
    ),
    row(
        "hmacSha512",
        "the HMAC with SHA-512, as bytes",
        FunctionBehaviour::KeyedHash(|bytes, key| hmac_bytes(hmac::HMAC_SHA512, key, bytes)),
    ),
    row(
        "base64Decode",
        "undoes base64, standard or URL-safe, with or without padding; finds nothing when the bytes are no text in UTF-8",
        FunctionBehaviour::Text(decode_base64, KeptText::Part),
    ),
    row(
        "number",
        "in a `json` body, where the hole is the whole value, writes a number without quotes: `count: \"${n | number}\"`; elsewhere the text stays as it is; finds nothing when the text is no number",
        FunctionBehaviour::JsonLiteral(|text| Some(text.trim()).filter(|text| is_json_number(text)).map(str::to_owned)),
    ),
    row(
        "boolean",
        "in a `json` body, where the hole is the whole value, writes `true` or `false` without quotes; elsewhere as a text; `1` counts as `true`, `0` as `false`, and for anything else it finds nothing",
        FunctionBehaviour::JsonLiteral(|text| match text.trim() {
            "true" | "1" => Some("true".to_owned()),
            "false" | "0" => Some("false".to_owned()),
            _ => None,
        }),
    ),
    row("append", "adds this text, or the value of this fact, at the end", FunctionBehaviour::Add(TextEnd::End)),
    row("prepend", "adds this text, or the value of this fact, at the beginning", FunctionBehaviour::Add(TextEnd::Start)),
    row("upper", "changes the text to upper case", FunctionBehaviour::Text(|text| Some(text.to_uppercase()), KeptText::All)),
    row("lower", "changes the text to lower case", FunctionBehaviour::Text(|text| Some(text.to_lowercase()), KeptText::All)),
    row("trim", "removes blanks at both ends", FunctionBehaviour::Text(|text| Some(text.trim().to_owned()), KeptText::Part)),
    row(
        "urlEncode",
        "percent-encodes the text",
        FunctionBehaviour::Text(
            |text| {
                let mut encoded = String::new();
                percent_encode(text, &mut encoded);
                Some(encoded)
            },
            KeptText::All,
        ),
    ),
    row(
        "urlDecode",
        "undoes percent-encoding",
        FunctionBehaviour::Text(|text| Some(percent_encoding::percent_decode_str(text).decode_utf8().ok()?.into_owned()), KeptText::All),
    ),
    row(
        "xmlEscape",
        "writes the text so that it can stand in XML, in an element or in the quotes of an attribute; finds nothing when a character of it cannot stand there",
        FunctionBehaviour::Text(xml_escape, KeptText::All),
    ),
    row(
        "before",
        "the part before the first occurrence of this text; finds nothing when the text does not occur",
        FunctionBehaviour::Split(TextEnd::Start),
    ),
    row(
        "after",
        "the part after the first occurrence of this text; finds nothing when the text does not occur",
        FunctionBehaviour::Split(TextEnd::End),
    ),
    row("json", "reads the text as JSON and takes the value at the path", FunctionBehaviour::Json),
    row(
        "form",
        "reads the text as a form (`a=1&b=2`) and takes the value of the parameter of this name, decoded; finds nothing when the parameter is missing, and cannot be read when it stands there twice",
        FunctionBehaviour::Form,
    ),
    row("default", "this text when nothing was found; not when what was found cannot be read", FunctionBehaviour::Default),
    row(
        "join",
        "makes one text of the texts of a list, with this text between them; stands first behind a path, and leaves out what is empty; an entry that is no text makes the list unreadable. Different lists can give one text, so `check` refuses it in an id, an e-mail address and a condition",
        FunctionBehaviour::Join,
    ),
    row(
        "digits",
        "the digits of a number that is written in this form, in which `0` is a digit and every other character a mark that may be missing; cannot be read when it is written otherwise: `digits \"000.000.000-00\"`",
        FunctionBehaviour::Digits,
    ),
    row(
        "date",
        "writes a time (seconds since 1970, or a date) in a time zone: `date \"%Y-%m-%d %H:%M:%S\" \"+08:00\"`",
        FunctionBehaviour::Date,
    ),
    row(
        "moment",
        "reads a time from 1970 on that is written in this format in a time zone, and gives seconds since 1970, as `within` and `date` take them; numbers with nothing between them need all their digits: `moment \"%Y%m%d%H%M%S\" \"+08:00\"`",
        FunctionBehaviour::Moment,
    ),
];

impl FunctionRow {
    /// The names of its arguments.
    pub(crate) fn arguments(&self) -> &'static [&'static str] {
        match self.behaviour {
            FunctionBehaviour::Write(_) | FunctionBehaviour::Hash(_) | FunctionBehaviour::Text(..) | FunctionBehaviour::JsonLiteral(_) => {
                &[]
            }
            FunctionBehaviour::KeyedHash(_) => &["KEY"],
            FunctionBehaviour::Add(_) | FunctionBehaviour::Split(_) | FunctionBehaviour::Default | FunctionBehaviour::Join => &["TEXT"],
            FunctionBehaviour::Digits => &["FORM"],
            FunctionBehaviour::Json => &["PATH"],
            FunctionBehaviour::Form => &["NAME"],
            FunctionBehaviour::Date | FunctionBehaviour::Moment => &["FORMAT", "ZONE"],
        }
    }

    /// The function with its arguments, as the reference shows it.
    pub(crate) fn usage(&self) -> String {
        std::iter::once(&self.name).chain(self.arguments()).copied().collect::<Vec<_>>().join(" ")
    }
}

/// The text that was encoded in base64, in either alphabet, with or without padding and line breaks.
pub(crate) fn decode_base64(text: &str) -> Option<String> {
    let standard: String = text
        .trim()
        .trim_end_matches('=')
        .chars()
        .filter(|letter| !letter.is_ascii_whitespace())
        .map(|letter| match letter {
            '-' => '+',
            '_' => '/',
            letter => letter,
        })
        .collect();
    String::from_utf8(STANDARD_NO_PAD.decode(standard).ok()?).ok()
}

/// The text as it stands in XML 1.0, where most control characters cannot stand at all.
fn xml_escape(text: &str) -> Option<String> {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => return None,
            letter => escaped.push(letter),
        }
    }
    Some(escaped)
}

/// Whether a text is a number as JSON writes it.
pub(crate) fn is_json_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) && text.len() < 200 && text.parse::<serde_json::Number>().is_ok()
}

pub(crate) fn hmac_bytes(algorithm: hmac::Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
}
