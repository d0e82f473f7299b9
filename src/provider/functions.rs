//! The functions that may follow a bar in a hole. Each takes a text or bytes, and gives a text or bytes.
//!
//! [`TABLE`] has one row for each function: its name, its documentation and its behaviour. A new function is a new row;
//! the reference and "did you mean" read the same rows.
//!
//! Long because the parsing, the checks and the behaviour of a function all follow from its row.

use crate::provider::facts::Facts;
use crate::provider::hole::HoleToken;
use crate::provider::json;
use crate::provider::json_path::{JsonPath, ValueKind};
use crate::provider::moment::DateFormat;
use crate::vocabulary::diagnostic::{did_you_mean, quoted_alternatives};
use crate::vocabulary::hash::hex;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::{Text, percent_encode};
use crate::vocabulary::words::Reader;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};

/// A function: a row of [`TABLE`].
pub(crate) struct FunctionRow {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    behaviour: FunctionBehaviour,
}

/// What a function does. This also decides which arguments it takes.
enum FunctionBehaviour {
    /// Encodes a text or bytes as a text.
    Write(fn(&[u8]) -> String),
    /// Hashes a text or bytes. The input cannot be found again from the result.
    Hash(fn(&[u8]) -> Vec<u8>),
    /// Hashes with a key, which is the second parameter.
    KeyedHash(fn(&[u8], &[u8]) -> Vec<u8>),
    Text(fn(&str) -> Option<String>),
    /// Gives a text that a JSON body contains as it is, without quotes.
    JsonLiteral(fn(&str) -> Option<String>),
    /// Takes a text and the argument, which is the second parameter.
    TextWithText(fn(&str, &str) -> Option<String>),
    /// Searches for the argument, which is the second parameter and is not empty.
    TextWithSeparator(fn(&str, &str) -> Option<String>),
    /// Reads a text as JSON.
    Json,
    /// Reads a text as a form.
    Form,
    /// Gives a text when nothing was found.
    Default,
    /// Writes a time.
    Date,
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
        FunctionBehaviour::Text(decode_base64),
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
    row(
        "append",
        "adds this text, or the value of this fact, at the end",
        FunctionBehaviour::TextWithText(|text, more| Some(text.to_owned() + more)),
    ),
    row(
        "prepend",
        "adds this text, or the value of this fact, at the beginning",
        FunctionBehaviour::TextWithText(|text, more| Some(more.to_owned() + text)),
    ),
    row("upper", "changes the text to upper case", FunctionBehaviour::Text(|text| Some(text.to_uppercase()))),
    row("lower", "changes the text to lower case", FunctionBehaviour::Text(|text| Some(text.to_lowercase()))),
    row("trim", "removes blanks at both ends", FunctionBehaviour::Text(|text| Some(text.trim().to_owned()))),
    row(
        "urlEncode",
        "percent-encodes the text",
        FunctionBehaviour::Text(|text| {
            let mut encoded = String::new();
            percent_encode(text, &mut encoded);
            Some(encoded)
        }),
    ),
    row(
        "urlDecode",
        "undoes percent-encoding",
        FunctionBehaviour::Text(|text| Some(percent_encoding::percent_decode_str(text).decode_utf8().ok()?.into_owned())),
    ),
    row(
        "before",
        "the part before the first occurrence of this text; finds nothing when the text does not occur",
        FunctionBehaviour::TextWithSeparator(|text, separator| Some(text.split_once(separator)?.0.to_owned())),
    ),
    row(
        "after",
        "the part after the first occurrence of this text; finds nothing when the text does not occur",
        FunctionBehaviour::TextWithSeparator(|text, separator| Some(text.split_once(separator)?.1.to_owned())),
    ),
    row("json", "reads the text as JSON and takes the value at the path", FunctionBehaviour::Json),
    row(
        "form",
        "reads the text as a form (`a=1&b=2`) and takes the value of the parameter of this name, decoded; finds nothing when the parameter is missing, and cannot be read when it stands there twice",
        FunctionBehaviour::Form,
    ),
    row("default", "this text when nothing was found; not when what was found cannot be read", FunctionBehaviour::Default),
    row(
        "date",
        "writes a time (seconds since 1970, or a date) in a time zone: `date \"%Y-%m-%d %H:%M:%S\" \"+08:00\"`",
        FunctionBehaviour::Date,
    ),
];

impl FunctionRow {
    /// The names of its arguments.
    pub(crate) fn arguments(&self) -> &'static [&'static str] {
        match self.behaviour {
            FunctionBehaviour::Write(_) | FunctionBehaviour::Hash(_) | FunctionBehaviour::Text(_) | FunctionBehaviour::JsonLiteral(_) => {
                &[]
            }
            FunctionBehaviour::KeyedHash(_) => &["KEY"],
            FunctionBehaviour::TextWithText(_) | FunctionBehaviour::TextWithSeparator(_) | FunctionBehaviour::Default => &["TEXT"],
            FunctionBehaviour::Json => &["PATH"],
            FunctionBehaviour::Form => &["NAME"],
            FunctionBehaviour::Date => &["FORMAT", "ZONE"],
        }
    }

    /// The function with its arguments, as the reference shows it.
    pub(crate) fn usage(&self) -> String {
        std::iter::once(&self.name).chain(self.arguments()).copied().collect::<Vec<_>>().join(" ")
    }

    /// The function with its arguments, as many as [`FunctionRow::arguments`] names; or a complaint.
    fn compile(&self, arguments: &[HoleToken], place: Place, reader: &mut Reader) -> Option<FunctionAction> {
        Some(match (&self.behaviour, arguments) {
            (FunctionBehaviour::Write(write), _) => FunctionAction::Write(*write),
            (FunctionBehaviour::Hash(hash), _) => FunctionAction::Hash(*hash),
            (FunctionBehaviour::Text(change), _) => FunctionAction::Text(*change),
            (FunctionBehaviour::JsonLiteral(change), _) => FunctionAction::JsonLiteral(*change),
            (FunctionBehaviour::KeyedHash(_), [HoleToken::Quoted(_), ..]) => {
                reader.complain(
                    place,
                    "a secret may not stand in the file",
                    "keep it in `secrets`, and name it without quotes: `hmacSha256 clientSecret`",
                );
                return None;
            }
            (FunctionBehaviour::KeyedHash(hash), [key, ..]) => {
                FunctionAction::KeyedHash(*hash, FunctionArgument::from_token(key, place, reader))
            }
            (FunctionBehaviour::TextWithText(change), [argument, ..]) => {
                FunctionAction::TextWith(*change, FunctionArgument::from_token(argument, place, reader))
            }
            (FunctionBehaviour::TextWithSeparator(change), [separator, ..]) => {
                self.check_not_empty(separator, "write the text that is looked for", place, reader)?;
                FunctionAction::TextWith(*change, FunctionArgument::from_token(separator, place, reader))
            }
            (FunctionBehaviour::Default, [text, ..]) => {
                self.check_not_empty(text, "a hole that may stay empty is written with `?`: `${last?}`", place, reader)?;
                FunctionAction::Default(FunctionArgument::from_token(text, place, reader))
            }
            (FunctionBehaviour::Json, [path, ..]) => FunctionAction::Json(Box::new(JsonPath::parse(path.text(), place, reader)?)),
            (FunctionBehaviour::Form, [name, ..]) => FunctionAction::Form(name.text().into()),
            (FunctionBehaviour::Date, [format, zone, ..]) => match DateFormat::parse(format.text(), zone.text()) {
                Ok(format) => FunctionAction::Date(Box::new(format)),
                Err((message, help)) => {
                    reader.complain(place, message, help);
                    return None;
                }
            },
            (
                FunctionBehaviour::KeyedHash(_)
                | FunctionBehaviour::TextWithText(_)
                | FunctionBehaviour::TextWithSeparator(_)
                | FunctionBehaviour::Default
                | FunctionBehaviour::Json
                | FunctionBehaviour::Form
                | FunctionBehaviour::Date,
                _,
            ) => return None,
        })
    }

    fn check_not_empty(&self, argument: &HoleToken, help: &str, place: Place, reader: &mut Reader) -> Option<()> {
        if *argument == HoleToken::Quoted(String::new()) {
            reader.complain(place, format!("`{}` is given an empty text", self.name), help);
            return None;
        }
        Some(())
    }
}

/// A function with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    name: &'static str,
    action: FunctionAction,
}

#[derive(Clone, Debug)]
enum FunctionAction {
    Write(fn(&[u8]) -> String),
    Hash(fn(&[u8]) -> Vec<u8>),
    KeyedHash(fn(&[u8], &[u8]) -> Vec<u8>, FunctionArgument),
    Text(fn(&str) -> Option<String>),
    JsonLiteral(fn(&str) -> Option<String>),
    TextWith(fn(&str, &str) -> Option<String>, FunctionArgument),
    Default(FunctionArgument),
    Form(Box<str>),
    Json(Box<JsonPath>),
    Date(Box<DateFormat>),
}

/// An argument: a text in quotes or a fact.
#[derive(Clone, Debug)]
pub(crate) enum FunctionArgument {
    Literal(Box<str>),
    Fact(Slot, Place),
}

/// A value between two functions.
pub(crate) enum TextOrBytes {
    Text(String),
    /// Bytes, as hashes give them.
    Bytes(Vec<u8>),
}

/// What a hole finds: a value, or nothing. An error is the kind of a value that was found and cannot be read.
pub(crate) type FoundValue = Result<Option<TextOrBytes>, ValueKind>;

impl TextOrBytes {
    /// The bytes of the value.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(_) => None,
        }
    }
}

/// What a function makes of the text that it is given.
#[derive(Clone, Copy)]
pub(crate) enum TextChange<'a> {
    AddsBefore(&'a FunctionArgument),
    AddsBehind(&'a FunctionArgument),
    /// Takes what stands before a mark.
    TakesBefore(&'a FunctionArgument),
    /// Takes what stands behind a mark.
    TakesBehind(&'a FunctionArgument),
    /// Takes a part, or leaves out blanks and the like.
    TakesAPart,
    /// Writes all of it in another way.
    KeepsAll,
}

/// The types of a function's input and output, as far as the checks need them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FunctionKind {
    OfText,
    /// Takes a text or bytes, and gives a text.
    Writes,
    /// Takes a text or bytes, and gives bytes.
    Hashes,
}

impl Function {
    /// Reads `name argument…`, or complains.
    pub(crate) fn parse(words: &[HoleToken], place: Place, reader: &mut Reader) -> Option<Self> {
        let all_names = || format!("the functions are {}", quoted_alternatives(TABLE.iter().map(|row| row.name)));
        let Some((HoleToken::Word(name), arguments)) = words.split_first() else {
            reader.complain(place, "a bar (`|`) without a function behind it", all_names());
            return None;
        };
        let Some(row) = TABLE.iter().find(|row| row.name == name) else {
            let help = match did_you_mean(name, TABLE.iter().map(|row| row.name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => all_names(),
            };
            reader.complain(place, format!("`{name}` is not a function"), help);
            return None;
        };
        let expected = row.arguments().len();
        if arguments.len() != expected {
            reader.complain(
                place,
                format!("`{name}` takes {expected} argument(s), {} stand here", arguments.len()),
                format!("write `| {}`; texts stand in double quotes, facts without", row.usage()),
            );
            return None;
        }
        let action = row.compile(arguments, place, reader)?;
        Some(Self { name: row.name, action })
    }

    fn kind(&self) -> FunctionKind {
        match self.action {
            FunctionAction::Write(_) => FunctionKind::Writes,
            FunctionAction::Hash(_) | FunctionAction::KeyedHash(..) => FunctionKind::Hashes,
            FunctionAction::Text(_)
            | FunctionAction::JsonLiteral(_)
            | FunctionAction::TextWith(..)
            | FunctionAction::Default(_)
            | FunctionAction::Form(_)
            | FunctionAction::Json(_)
            | FunctionAction::Date(_) => FunctionKind::OfText,
        }
    }

    /// Whether the input cannot be found again from the result.
    pub(crate) fn is_one_way(&self) -> bool {
        self.kind() == FunctionKind::Hashes
    }

    /// Whether it gives a text when nothing was found.
    pub(crate) fn gives_default(&self) -> bool {
        matches!(self.action, FunctionAction::Default(_))
    }

    /// Whether a JSON body contains the result as it is, without quotes.
    pub(crate) fn writes_json_literal(&self) -> bool {
        matches!(self.action, FunctionAction::JsonLiteral(_))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What becomes of the text that stands before it.
    pub(crate) fn change(&self) -> TextChange<'_> {
        match (self.name, self.argument()) {
            ("prepend", Some(more)) => TextChange::AddsBefore(more),
            ("append", Some(more)) => TextChange::AddsBehind(more),
            ("before", Some(mark)) => TextChange::TakesBefore(mark),
            ("after", Some(mark)) => TextChange::TakesBehind(mark),
            ("base64" | "base64url" | "hex" | "upper" | "lower" | "urlEncode" | "urlDecode" | "default", _) => TextChange::KeepsAll,
            _ if self.is_one_way() => TextChange::KeepsAll,
            _ => TextChange::TakesAPart,
        }
    }

    /// The argument that is a text or a fact, if it has one.
    pub(crate) fn argument(&self) -> Option<&FunctionArgument> {
        match &self.action {
            FunctionAction::KeyedHash(_, argument) | FunctionAction::TextWith(_, argument) | FunctionAction::Default(argument) => {
                Some(argument)
            }
            FunctionAction::Write(_)
            | FunctionAction::Hash(_)
            | FunctionAction::Text(_)
            | FunctionAction::JsonLiteral(_)
            | FunctionAction::Form(_)
            | FunctionAction::Json(_)
            | FunctionAction::Date(_) => None,
        }
    }

    /// The path into a JSON text, if the function takes one.
    pub(crate) fn inner_path(&self) -> Option<&JsonPath> {
        if let FunctionAction::Json(path) = &self.action { Some(path) } else { None }
    }

    /// Applies the function to the value found so far. A value that was found and of which it makes nothing cannot be read, unless the
    /// function looks for a part of it that may be missing.
    pub(crate) fn apply(&self, flow: FoundValue, facts: &Facts) -> FoundValue {
        const UNREADABLE: ValueKind = ValueKind::UnreadableText;
        let Some(flow) = flow? else {
            let default = if let FunctionAction::Default(argument) = &self.action { argument.value(facts) } else { None };
            return Ok(default.map(|text| TextOrBytes::Text(text.to_owned())));
        };
        let text = || flow.text().ok_or(UNREADABLE);
        let of_argument = |argument: &FunctionArgument| argument.value(facts).map(str::to_owned).ok_or(UNREADABLE);
        let found = match &self.action {
            FunctionAction::Write(write) => TextOrBytes::Text(write(flow.bytes())),
            FunctionAction::Hash(hash) => TextOrBytes::Bytes(hash(flow.bytes())),
            FunctionAction::KeyedHash(hash, key) => TextOrBytes::Bytes(hash(flow.bytes(), of_argument(key)?.as_bytes())),
            FunctionAction::Text(change) | FunctionAction::JsonLiteral(change) => TextOrBytes::Text(change(text()?).ok_or(UNREADABLE)?),
            FunctionAction::TextWith(change, argument) => return Ok(change(text()?, &of_argument(argument)?).map(TextOrBytes::Text)),
            FunctionAction::Form(name) => return form_value(text()?, name).map(|found| found.map(TextOrBytes::Text)),
            FunctionAction::Json(path) => {
                let document = json::parse(text()?.as_bytes()).map_err(|_| UNREADABLE)?;
                return path.text(&document).map(|found| found.map(|text| TextOrBytes::Text(text.into_owned())));
            }
            FunctionAction::Date(format) => TextOrBytes::Text(format.write(text()?).ok_or(UNREADABLE)?),
            FunctionAction::Default(_) => flow,
        };
        Ok(Some(found))
    }
}

impl FunctionArgument {
    fn from_token(token: &HoleToken, place: Place, reader: &mut Reader) -> Self {
        match token {
            HoleToken::Quoted(text) => Self::Literal(text.as_str().into()),
            HoleToken::Word(name) => Self::Fact(reader.names.intern(name), place),
        }
    }

    /// Its value, if the fact is known.
    fn value<'a>(&'a self, facts: &'a Facts) -> Option<&'a str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Fact(slot, _) => facts.get(*slot).map(Text::expose),
        }
    }
}

/// Complains when bytes reach a function, or the end of a hole, that takes only text.
pub(crate) fn check_text_and_bytes(functions: &[Function], may_end_in_bytes: bool, place: Place, reader: &mut Reader) {
    let mut bytes_from = None;
    for function in functions {
        match (function.kind(), bytes_from) {
            (FunctionKind::OfText, Some(source)) => {
                reader.complain(
                    place,
                    format!("`{}` takes a text, and `{source}` gives bytes", function.name),
                    "write the bytes first: put `| hex` or `| base64` between the two",
                );
                return;
            }
            (FunctionKind::OfText, None) | (FunctionKind::Writes, _) => bytes_from = None,
            (FunctionKind::Hashes, _) => bytes_from = Some(function.name),
        }
    }
    if let Some(name) = bytes_from.filter(|_| !may_end_in_bytes) {
        reader.complain(place, format!("`{name}` gives bytes, which are no text yet"), "write them: add `| hex` or `| base64` behind it");
    }
}

/// The value of a parameter of a form. One that stands there twice cannot be read.
fn form_value(text: &str, name: &str) -> Result<Option<String>, ValueKind> {
    let mut found = url::form_urlencoded::parse(text.as_bytes()).filter(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    let value = found.next().filter(|value| !value.is_empty());
    if found.next().is_some() { Err(ValueKind::UnreadableText) } else { Ok(value) }
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

/// Whether a text is a number as JSON writes it.
pub(crate) fn is_json_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) && text.len() < 200 && text.parse::<serde_json::Number>().is_ok()
}

pub(crate) fn hmac_bytes(algorithm: hmac::Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(functions: &[&[&str]], text: &str) -> Result<Option<String>, ValueKind> {
        let mut reader = Reader::default();
        let facts = Facts::default();
        let mut flow = Ok(Some(TextOrBytes::Text(text.to_owned())));
        for words in functions {
            let (name, arguments) = words.split_first().unwrap();
            let quoted = arguments.iter().map(|argument| HoleToken::Quoted((*argument).to_owned()));
            let tokens: Vec<HoleToken> = std::iter::once(HoleToken::Word((*name).to_owned())).chain(quoted).collect();
            flow = Function::parse(&tokens, Place::default(), &mut reader).unwrap().apply(flow, &facts);
        }
        flow.map(|flow| flow.map(|flow| String::from_utf8(flow.bytes().to_vec()).unwrap()))
    }

    #[test]
    fn each_function_gives_what_its_name_says() {
        type Chain = &'static [&'static [&'static str]];
        let cases: &[(Chain, &str, Option<&str>)] = &[
            (&[&["base64"]], "a?>", Some("YT8+")),
            (&[&["base64url"]], "a?>", Some("YT8-")),
            (&[&["md5"], &["hex"]], "abc", Some("900150983cd24fb0d6963f7d28e17f72")),
            (&[&["sha1"], &["hex"]], "abc", Some("a9993e364706816aba3e25717850c26c9cd0d89d")),
            (&[&["sha256"], &["base64"]], "abc", Some("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")),
            (&[&["base64Decode"]], "YT8+", Some("a?>")),
            (&[&["base64Decode"]], "YT8-", Some("a?>")),
            (&[&["base64Decode"]], "w6c=", Some("ç")),
            (&[&["base64Decode"]], "w6c", Some("ç")),
            (&[&["base64Decode"]], "/w==", None),
            (&[&["base64Decode"]], "not base64!", None),
            (&[&["base64Decode"], &["json", "$.id"]], "eyJpZCI6N30", Some("7")),
            (&[&["number"]], " 12.50 ", Some("12.50")),
            (&[&["number"]], "-3", Some("-3")),
            (&[&["number"]], "007", None),
            (&[&["number"]], "1,5", None),
            (&[&["number"]], "12]", None),
            (&[&["boolean"]], "1", Some("true")),
            (&[&["boolean"]], "false", Some("false")),
            (&[&["boolean"]], "yes", None),
            (&[&["base64Decode"]], "w6\nc=\r\n", Some("ç")),
            (&[&["append", "!"]], "abc", Some("abc!")),
            (&[&["prepend", "!"]], "abc", Some("!abc")),
            (&[&["form", "b"]], "a=1&b=x%26y+z", Some("x&y z")),
            (&[&["form", "a b"]], "b=2&a%20b=1", Some("1")),
            (&[&["form", "b"]], "bb=1&a=b", None),
            (&[&["form", "b"]], "b=1&b=1", None),
            (&[&["form", "b"]], "b=", None),
            (&[&["upper"], &["lower"]], "aBç", Some("abç")),
            (&[&["trim"]], " a b ", Some("a b")),
            (&[&["urlEncode"]], "a b/ç", Some("a%20b%2F%C3%A7")),
            (&[&["urlDecode"]], "a%20b", Some("a b")),
            (&[&["before", "@"]], "ana@loja", Some("ana")),
            (&[&["after", "@"]], "ana@loja", Some("loja")),
            (&[&["after", "@"]], "ana", None),
            (&[&["after", "@"], &["default", "none"]], "ana", Some("none")),
            (&[&["json", "$.a[1]"]], r#"{"a":[1,20]}"#, Some("20")),
            (&[&["json", "$.a"]], "no json", None),
            (&[&["date", "%Y-%m-%d", "Z"]], "86400", Some("1970-01-02")),
        ];
        for (functions, text, expected) in cases {
            assert_eq!(run(functions, text).ok().flatten().as_deref(), *expected, "{functions:?}");
        }
    }

    #[test]
    fn a_value_that_is_there_and_cannot_be_read_is_not_missing() {
        type Chain = &'static [&'static [&'static str]];
        let cases: &[(Chain, &str, Option<ValueKind>)] = &[
            (&[&["form", "b"]], "a=1", None),
            (&[&["form", "b"]], "b=", None),
            (&[&["form", "b"]], "b=1&b=1", Some(ValueKind::UnreadableText)),
            (&[&["form", "b"]], "b=&b=1", Some(ValueKind::UnreadableText)),
            (&[&["form", "b"], &["default", "0"]], "b=1&b=1", Some(ValueKind::UnreadableText)),
            (&[&["after", "x="]], "a=1", None),
            (&[&["before", "x="]], "a=1", None),
            (&[&["base64Decode"]], "not base64!", Some(ValueKind::UnreadableText)),
            (&[&["base64Decode"], &["form", "b"]], "not base64!", Some(ValueKind::UnreadableText)),
            (&[&["urlDecode"]], "%ff", Some(ValueKind::UnreadableText)),
            (&[&["number"]], "many", Some(ValueKind::UnreadableText)),
            (&[&["boolean"]], "yes", Some(ValueKind::UnreadableText)),
            (&[&["date", "%Y", "Z"]], "soon", Some(ValueKind::UnreadableText)),
            (&[&["json", "$.a"]], "no json", Some(ValueKind::UnreadableText)),
            (&[&["json", "$.a"]], r#"{"b": 1}"#, None),
            (&[&["json", "$.a"]], r#"{"a": []}"#, None),
            (&[&["json", "$.a"]], r#"{"a": ["x"]}"#, Some(ValueKind::List)),
        ];
        for (functions, text, expected) in cases {
            assert_eq!(run(functions, text), expected.map_or(Ok(None), Err), "{functions:?} {text}");
        }
    }

    #[test]
    fn a_keyed_hash_takes_its_key_from_a_fact() {
        for (name, expected) in [
            ("hmacSha1", "4fd0b215276ef12f2b3e4c8ecac2811498b656fc"),
            (
                "hmacSha512",
                "3926a207c8c42b0c41792cbd3e1a1aaaf5f7a25704f62dfc939c4987dd7ce060009c5bb1c2447355b3216f10b537e9afa7b64a4e5391b0d631172d07939e087a",
            ),
            ("hmacSha256", "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab"),
        ] {
            let mut reader = Reader::default();
            let words = [HoleToken::Word(name.to_owned()), HoleToken::Word("secret".to_owned())];
            let function = Function::parse(&words, Place::default(), &mut reader).unwrap();
            let mut facts = Facts::empty(&reader.names);
            facts.set(reader.names.intern("secret"), Text::plain("key"));

            let hash = function.apply(Ok(Some(TextOrBytes::Text("abc".to_owned()))), &facts).unwrap().unwrap();

            assert_eq!(hex(hash.bytes()), expected);
        }
    }
}
