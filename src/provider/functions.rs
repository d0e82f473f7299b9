//! The functions that may follow a bar inside a hole: a closed set, each taking a text (or bytes) and giving one.

use crate::provider::facts::Facts;
use crate::provider::json;
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::moment;
use crate::vocabulary::diagnostic::{did_you_mean, quoted_alternatives};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::percent_encode;
use crate::vocabulary::words::Reader;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};

/// Every function with its arguments and its meaning, for the reference and for "did you mean".
pub(crate) const ALL: &[(&str, &str, &str)] = &[
    ("base64", "", "writes a text or bytes in base64"),
    ("base64url", "", "writes a text or bytes in base64 for addresses, without padding"),
    ("hex", "", "writes a text or bytes in hexadecimal, small letters"),
    ("md5", "", "MD5; gives bytes, to be written by `hex` or `base64`"),
    ("sha1", "", "SHA-1; gives bytes"),
    ("sha256", "", "SHA-256; gives bytes"),
    ("hmacSha1", "KEY", "HMAC with SHA-1; gives bytes"),
    ("hmacSha256", "KEY", "HMAC with SHA-256; gives bytes"),
    ("append", "TEXT", "adds a text at the end"),
    ("upper", "", "capital letters"),
    ("lower", "", "small letters"),
    ("trim", "", "without blanks at both ends"),
    ("urlEncode", "", "percent-encodes"),
    ("urlDecode", "", "undoes percent-encoding"),
    ("before", "MARK", "what stands before the first mark; finds nothing where the mark is missing"),
    ("after", "MARK", "what stands after the first mark; finds nothing where the mark is missing"),
    ("json", "PATH", "reads the text as JSON and takes what stands at the path"),
    ("default", "TEXT", "this text where nothing was found"),
    ("date", "FORMAT ZONE", "writes a moment (seconds since 1970, or a date) in a zone: `date \"%Y-%m-%d %H:%M:%S\" \"+08:00\"`"),
];

/// A function with its arguments.
#[derive(Clone, Debug)]
pub(crate) enum Function {
    /// Base64 with padding.
    Base64,
    /// Base64 for addresses.
    Base64Url,
    Hex,
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// HMAC with SHA-1.
    HmacSha1(FunctionArgument),
    /// HMAC with SHA-256.
    HmacSha256(FunctionArgument),
    Append(FunctionArgument),
    Upper,
    Lower,
    Trim,
    UrlEncode,
    UrlDecode,
    Before(FunctionArgument),
    After(FunctionArgument),
    /// A path in a text that is JSON.
    Json(Box<JsonPath>),
    Default(FunctionArgument),
    Date(Box<moment::DateFormat>),
}

/// An argument: a text in quotes or a fact.
#[derive(Clone, Debug)]
pub(crate) enum FunctionArgument {
    Literal(Box<str>),
    Fact(Slot, Place),
}

/// What goes from one function to the next.
pub(crate) enum TextOrBytes {
    Text(String),
    /// Bytes, as hashes give them.
    Bytes(Vec<u8>),
}

impl TextOrBytes {
    /// The bytes of either.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// What a function takes and gives, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FunctionKind {
    OfText,
    /// Takes either, gives text.
    Writes,
    /// Takes either, gives bytes.
    Hashes,
}

impl Function {
    /// Reads `name argument…`, or complains.
    pub(crate) fn parse(words: &[HoleToken], place: Place, desk: &mut Reader) -> Option<Self> {
        let Some(HoleToken::Word(name)) = words.first() else {
            desk.complain(
                place,
                "a bar (`|`) without a function behind it",
                format!("the functions are {}", quoted_alternatives(ALL.iter().map(|(name, ..)| *name))),
            );
            return None;
        };
        let Some((_, arguments, _)) = ALL.iter().find(|(known, ..)| known == name) else {
            let help = match did_you_mean(name, ALL.iter().map(|(name, ..)| *name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the functions are {}", quoted_alternatives(ALL.iter().map(|(name, ..)| *name))),
            };
            desk.complain(place, format!("`{name}` is not a function"), help);
            return None;
        };
        let expected = arguments.split_whitespace().count();
        if words.len() - 1 != expected {
            let form = if arguments.is_empty() { name.clone() } else { format!("{name} {arguments}") };
            desk.complain(
                place,
                format!("`{name}` takes {expected} argument(s), {} stand here", words.len() - 1),
                format!("write `| {form}`; texts stand in double quotes, facts without"),
            );
            return None;
        }
        Self::build(name, &words[1..], place, desk)
    }

    fn build(name: &str, arguments: &[HoleToken], place: Place, desk: &mut Reader) -> Option<Self> {
        let mut argument = || match &arguments[0] {
            HoleToken::Quoted(text) => FunctionArgument::Literal(text.as_str().into()),
            HoleToken::Word(name) => FunctionArgument::Fact(desk.names.intern(name), place),
        };
        Some(match name {
            "base64" => Self::Base64,
            "base64url" => Self::Base64Url,
            "hex" => Self::Hex,
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "hmacSha1" | "hmacSha256" if matches!(arguments[0], HoleToken::Quoted(_)) => {
                desk.complain(
                    place,
                    "a secret may not stand in the file",
                    "keep it in `secrets`, and name it without quotes: `hmacSha256 clientSecret`",
                );
                return None;
            }
            "hmacSha1" => Self::HmacSha1(argument()),
            "hmacSha256" => Self::HmacSha256(argument()),
            "append" => Self::Append(argument()),
            "upper" => Self::Upper,
            "lower" => Self::Lower,
            "trim" => Self::Trim,
            "urlEncode" => Self::UrlEncode,
            "urlDecode" => Self::UrlDecode,
            "before" | "after" | "default" if arguments[0] == HoleToken::Quoted(String::new()) => {
                let help = if name == "default" {
                    "a hole that may stay empty is written with `?`: `${last?}`"
                } else {
                    "write the mark that stands in the text"
                };
                desk.complain(place, format!("`{name}` is given an empty text"), help);
                return None;
            }
            "before" => Self::Before(argument()),
            "after" => Self::After(argument()),
            "default" => Self::Default(argument()),
            "json" => Self::Json(Box::new(JsonPath::parse(arguments[0].text(), place, desk)?)),
            _ => match moment::DateFormat::parse(arguments[0].text(), arguments[1].text()) {
                Ok(writing) => Self::Date(Box::new(writing)),
                Err((message, help)) => {
                    desk.complain(place, message, help);
                    return None;
                }
            },
        })
    }

    fn kind(&self) -> FunctionKind {
        match self {
            Self::Base64 | Self::Base64Url | Self::Hex => FunctionKind::Writes,
            Self::Md5 | Self::Sha1 | Self::Sha256 | Self::HmacSha1(_) | Self::HmacSha256(_) => FunctionKind::Hashes,
            Self::Append(_)
            | Self::Upper
            | Self::Lower
            | Self::Trim
            | Self::UrlEncode
            | Self::UrlDecode
            | Self::Before(_)
            | Self::After(_)
            | Self::Json(_)
            | Self::Default(_)
            | Self::Date(_) => FunctionKind::OfText,
        }
    }

    /// Whether nobody can find the text again from the result.
    pub(crate) fn is_one_way(&self) -> bool {
        self.kind() == FunctionKind::Hashes
    }

    /// The argument, if it has one.
    pub(crate) fn argument(&self) -> Option<&FunctionArgument> {
        match self {
            Self::HmacSha1(argument)
            | Self::HmacSha256(argument)
            | Self::Append(argument)
            | Self::Before(argument)
            | Self::After(argument)
            | Self::Default(argument) => Some(argument),
            _ => None,
        }
    }

    /// Applies it to what was found so far; `None` means that nothing is found.
    pub(crate) fn apply(&self, flow: Option<TextOrBytes>, facts: &Facts) -> Option<TextOrBytes> {
        if let Self::Default(argument) = self {
            return match flow {
                Some(flow) => Some(flow),
                None => argument.value(facts).map(|text| TextOrBytes::Text(text.to_owned())),
            };
        }
        let flow = flow?;
        Some(match self {
            Self::Base64 => TextOrBytes::Text(STANDARD.encode(flow.bytes())),
            Self::Base64Url => TextOrBytes::Text(URL_SAFE_NO_PAD.encode(flow.bytes())),
            Self::Hex => TextOrBytes::Text(hex(flow.bytes())),
            Self::Md5 => TextOrBytes::Bytes(Md5::digest(flow.bytes()).to_vec()),
            Self::Sha1 => TextOrBytes::Bytes(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, flow.bytes()).as_ref().to_vec()),
            Self::Sha256 => TextOrBytes::Bytes(digest::digest(&digest::SHA256, flow.bytes()).as_ref().to_vec()),
            Self::HmacSha1(key) => {
                TextOrBytes::Bytes(hmac_bytes(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.value(facts)?.as_bytes(), flow.bytes()))
            }
            Self::HmacSha256(key) => TextOrBytes::Bytes(hmac_bytes(hmac::HMAC_SHA256, key.value(facts)?.as_bytes(), flow.bytes())),
            Self::Append(more) => TextOrBytes::Text(as_text(&flow)?.to_owned() + more.value(facts)?),
            Self::Upper => TextOrBytes::Text(as_text(&flow)?.to_uppercase()),
            Self::Lower => TextOrBytes::Text(as_text(&flow)?.to_lowercase()),
            Self::Trim => TextOrBytes::Text(as_text(&flow)?.trim().to_owned()),
            Self::UrlEncode => {
                let mut encoded = String::new();
                percent_encode(as_text(&flow)?, &mut encoded);
                TextOrBytes::Text(encoded)
            }
            Self::UrlDecode => TextOrBytes::Text(percent_encoding::percent_decode_str(as_text(&flow)?).decode_utf8().ok()?.into_owned()),
            Self::Before(mark) => TextOrBytes::Text(as_text(&flow)?.split_once(mark.value(facts)?)?.0.to_owned()),
            Self::After(mark) => TextOrBytes::Text(as_text(&flow)?.split_once(mark.value(facts)?)?.1.to_owned()),
            Self::Json(path) => {
                let document = json::parse(as_text(&flow)?.as_bytes()).ok()?;
                TextOrBytes::Text(scalar_text(path.first(&document)?)?.into_owned())
            }
            Self::Date(writing) => TextOrBytes::Text(writing.write(as_text(&flow)?)?),
            Self::Default(_) => flow,
        })
    }
}

impl FunctionArgument {
    /// Its value, if the fact is known.
    pub(crate) fn value<'a>(&'a self, facts: &'a Facts) -> Option<&'a str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Fact(slot, _) => facts.get(*slot).map(crate::vocabulary::text::Text::expose),
        }
    }
}

/// Complains where bytes reach a function or an end that takes only text.
pub(crate) fn check_text_and_bytes(functions: &[Function], names: &[String], may_end_in_bytes: bool, place: Place, desk: &mut Reader) {
    let mut bytes_from = None;
    for (function, name) in functions.iter().zip(names) {
        match function.kind() {
            FunctionKind::OfText if bytes_from.is_some() => {
                desk.complain(
                    place,
                    format!("`{name}` takes a text, and `{}` gives bytes", bytes_from.unwrap_or_default()),
                    "write the bytes first: put `| hex` or `| base64` between the two",
                );
                return;
            }
            FunctionKind::OfText | FunctionKind::Writes => bytes_from = None,
            FunctionKind::Hashes => bytes_from = Some(name.as_str()),
        }
    }
    if let Some(name) = bytes_from.filter(|_| !may_end_in_bytes) {
        desk.complain(place, format!("`{name}` gives bytes, which are no text yet"), "write them: add `| hex` or `| base64` behind it");
    }
}

/// HMAC over a message.
pub(crate) fn hmac_bytes(algorithm: hmac::Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn as_text(flow: &TextOrBytes) -> Option<&str> {
    match flow {
        TextOrBytes::Text(text) => Some(text),
        TextOrBytes::Bytes(_) => None,
    }
}

/// A word or a quoted text inside a hole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum HoleToken {
    /// A bare word: a function's or a fact's name.
    Word(String),
    /// A text in quotes.
    Quoted(String),
}

impl HoleToken {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Quoted(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(functions: &[Function], text: &str) -> Option<String> {
        let facts = Facts::default();
        let mut flow = Some(TextOrBytes::Text(text.to_owned()));
        for function in functions {
            flow = function.apply(flow, &facts);
        }
        flow.map(|flow| String::from_utf8(flow.bytes().to_vec()).unwrap())
    }

    #[test]
    fn each_function_gives_what_its_name_says() {
        let literal = |text: &str| FunctionArgument::Literal(text.into());
        let path = |text: &str| Box::new(JsonPath::builtin(text, Place::default()));

        for (functions, text, expected) in [
            (vec![Function::Base64], "a?>", Some("YT8+")),
            (vec![Function::Base64Url], "a?>", Some("YT8-")),
            (vec![Function::Md5, Function::Hex], "abc", Some("900150983cd24fb0d6963f7d28e17f72")),
            (vec![Function::Sha1, Function::Hex], "abc", Some("a9993e364706816aba3e25717850c26c9cd0d89d")),
            (vec![Function::Sha256, Function::Base64], "abc", Some("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")),
            (vec![Function::HmacSha1(literal("key")), Function::Hex], "abc", Some("4fd0b215276ef12f2b3e4c8ecac2811498b656fc")),
            (
                vec![Function::HmacSha256(literal("key")), Function::Hex],
                "abc",
                Some("9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab"),
            ),
            (vec![Function::Append(literal("!"))], "abc", Some("abc!")),
            (vec![Function::Upper, Function::Lower], "aBç", Some("abç")),
            (vec![Function::Trim], " a b ", Some("a b")),
            (vec![Function::UrlEncode], "a b/ç", Some("a%20b%2F%C3%A7")),
            (vec![Function::UrlDecode], "a%20b", Some("a b")),
            (vec![Function::Before(literal("@"))], "ana@loja", Some("ana")),
            (vec![Function::After(literal("@"))], "ana@loja", Some("loja")),
            (vec![Function::After(literal("@"))], "ana", None),
            (vec![Function::After(literal("@")), Function::Default(literal("none"))], "ana", Some("none")),
            (vec![Function::Json(path("$.a[1]"))], r#"{"a":[1,20]}"#, Some("20")),
            (vec![Function::Json(path("$.a"))], "no json", None),
        ] {
            assert_eq!(run(&functions, text).as_deref(), expected, "{functions:?}");
        }
    }
}
