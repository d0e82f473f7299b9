//! The functions that may follow a bar in a hole. Each takes a text or bytes, and gives a text or bytes.
//!
//! [`table`] has one row for each function. A function is compiled from its row and the arguments in a file ([`compilation`]), checked
//! by what it keeps of a text ([`change`]), and applied here.

use crate::provider::facts::Facts;
use crate::provider::functions::change::{KeptText, TextEnd};
use crate::provider::functions::number_form::NumberForm;
use crate::provider::json;
use crate::provider::json_path::{JsonPath, ValueKind};
use crate::provider::moment::DateFormat;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use serde_json::Value;

pub(crate) mod change;
pub(crate) mod compilation;
mod number_form;
pub(crate) mod table;
mod undo;

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
    Text(fn(&str) -> Option<String>, KeptText),
    JsonLiteral(fn(&str) -> Option<String>),
    Add(TextEnd, FunctionArgument),
    Split(TextEnd, FunctionArgument),
    Default(FunctionArgument),
    Join(FunctionArgument),
    Digits(Box<NumberForm>),
    Form(Box<str>),
    Json(Box<JsonPath>),
    Date(Box<DateFormat>),
    Moment(Box<DateFormat>),
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
    fn kind(&self) -> FunctionKind {
        match self.action {
            FunctionAction::Write(_) => FunctionKind::Writes,
            FunctionAction::Hash(_) | FunctionAction::KeyedHash(..) => FunctionKind::Hashes,
            FunctionAction::Text(..)
            | FunctionAction::JsonLiteral(_)
            | FunctionAction::Add(..)
            | FunctionAction::Split(..)
            | FunctionAction::Default(_)
            | FunctionAction::Join(_)
            | FunctionAction::Digits(_)
            | FunctionAction::Form(_)
            | FunctionAction::Json(_)
            | FunctionAction::Date(_)
            | FunctionAction::Moment(_) => FunctionKind::OfText,
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

    /// Whether it makes one text of the texts of a list.
    pub(crate) fn joins(&self) -> bool {
        matches!(self.action, FunctionAction::Join(_))
    }

    /// Whether a JSON body contains the result as it is, without quotes.
    pub(crate) fn writes_json_literal(&self) -> bool {
        matches!(self.action, FunctionAction::JsonLiteral(_))
    }

    /// The format in which it reads a time, if it reads one.
    pub(crate) fn moment_format(&self) -> Option<&str> {
        if let FunctionAction::Moment(format) = &self.action { Some(format.source()) } else { None }
    }

    /// Whether its result can stand in XML as it is.
    pub(crate) fn writes_xml_text(&self) -> bool {
        match self.action {
            FunctionAction::Write(_) | FunctionAction::JsonLiteral(_) | FunctionAction::Digits(_) | FunctionAction::Moment(_) => true,
            FunctionAction::Text(..) => matches!(self.name, "xmlEscape" | "urlEncode"),
            FunctionAction::Hash(_)
            | FunctionAction::KeyedHash(..)
            | FunctionAction::Add(..)
            | FunctionAction::Split(..)
            | FunctionAction::Default(_)
            | FunctionAction::Join(_)
            | FunctionAction::Form(_)
            | FunctionAction::Json(_)
            | FunctionAction::Date(_) => false,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The argument that is a text or a fact, if it has one.
    pub(crate) fn argument(&self) -> Option<&FunctionArgument> {
        match &self.action {
            FunctionAction::KeyedHash(_, argument)
            | FunctionAction::Add(_, argument)
            | FunctionAction::Split(_, argument)
            | FunctionAction::Default(argument)
            | FunctionAction::Join(argument) => Some(argument),
            FunctionAction::Write(_)
            | FunctionAction::Hash(_)
            | FunctionAction::Text(..)
            | FunctionAction::JsonLiteral(_)
            | FunctionAction::Digits(_)
            | FunctionAction::Form(_)
            | FunctionAction::Json(_)
            | FunctionAction::Date(_)
            | FunctionAction::Moment(_) => None,
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
            FunctionAction::Text(change, _) | FunctionAction::JsonLiteral(change) => TextOrBytes::Text(change(text()?).ok_or(UNREADABLE)?),
            FunctionAction::Add(TextEnd::Start, more) => TextOrBytes::Text(of_argument(more)? + text()?),
            FunctionAction::Add(TextEnd::End, more) => TextOrBytes::Text(text()?.to_owned() + &of_argument(more)?),
            FunctionAction::Split(end, separator) => {
                let parts = text()?.split_once(&of_argument(separator)?);
                let part = parts.map(|(before, behind)| if matches!(end, TextEnd::Start) { before } else { behind });
                return Ok(part.map(|part| TextOrBytes::Text(part.to_owned())));
            }
            FunctionAction::Form(name) => return form_value(text()?, name).map(|found| found.map(TextOrBytes::Text)),
            FunctionAction::Json(path) => {
                let document = json::parse(text()?.as_bytes()).map_err(|_| UNREADABLE)?;
                return path.text_in_list(&document).map(|found| found.map(|text| TextOrBytes::Text(text.into_owned())));
            }
            FunctionAction::Date(format) => TextOrBytes::Text(format.write(text()?).ok_or(UNREADABLE)?),
            FunctionAction::Moment(format) => TextOrBytes::Text(format.read(text()?).ok_or(UNREADABLE)?.to_string()),
            FunctionAction::Digits(form) => TextOrBytes::Text(form.digits(text()?).ok_or(UNREADABLE)?),
            // `join` has read the list before the first function; a single text stays as it is.
            FunctionAction::Default(_) | FunctionAction::Join(_) => flow,
        };
        Ok(Some(found))
    }

    /// Joins the texts of the list at a path, if that is what it does.
    pub(crate) fn join(&self, path: &JsonPath, answer: &Value, facts: &Facts) -> Option<FoundValue> {
        let FunctionAction::Join(between) = &self.action else { return None };
        let joined = path.texts(answer).and_then(|texts| match between.value(facts) {
            Some(between) => Ok((!texts.is_empty()).then(|| TextOrBytes::Text(texts.join(between)))),
            None => Err(ValueKind::UnreadableText),
        });
        Some(joined)
    }
}

impl FunctionArgument {
    /// Its value, if the fact is known.
    fn value<'a>(&'a self, facts: &'a Facts) -> Option<&'a str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Fact(slot, _) => facts.get(*slot).map(Text::expose),
        }
    }
}

/// The value of a parameter of a form. One that stands there twice cannot be read.
fn form_value(text: &str, name: &str) -> Result<Option<String>, ValueKind> {
    let mut found = url::form_urlencoded::parse(text.as_bytes()).filter(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    let value = found.next().filter(|value| !value.is_empty());
    if found.next().is_some() { Err(ValueKind::UnreadableText) } else { Ok(value) }
}

#[cfg(test)]
mod tests;
