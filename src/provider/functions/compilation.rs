//! Reads a function and its arguments as a file writes them, and complains about what does not fit together.

use crate::provider::functions::number_form::NumberForm;
use crate::provider::functions::table::{FunctionBehaviour, FunctionRow, TABLE};
use crate::provider::functions::{Function, FunctionAction, FunctionArgument, FunctionKind};
use crate::provider::hole::HoleToken;
use crate::provider::json_path::JsonPath;
use crate::provider::moment::DateFormat;
use crate::vocabulary::diagnostic::{did_you_mean, quoted_alternatives};
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;

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
}

impl FunctionRow {
    /// The function with its arguments, as many as [`FunctionRow::arguments`] names; or a complaint.
    fn compile(&self, arguments: &[HoleToken], place: Place, reader: &mut Reader) -> Option<FunctionAction> {
        Some(match (&self.behaviour, arguments) {
            (FunctionBehaviour::Write(write), _) => FunctionAction::Write(*write),
            (FunctionBehaviour::Hash(hash), _) => FunctionAction::Hash(*hash),
            (FunctionBehaviour::Text(change, kept), _) => FunctionAction::Text(*change, *kept),
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
            (FunctionBehaviour::Add(end), [more, ..]) => FunctionAction::Add(*end, FunctionArgument::from_token(more, place, reader)),
            (FunctionBehaviour::Split(end), [separator, ..]) => {
                self.check_not_empty(separator, "write the text that is looked for", place, reader)?;
                FunctionAction::Split(*end, FunctionArgument::from_token(separator, place, reader))
            }
            (FunctionBehaviour::Default, [text, ..]) => {
                self.check_not_empty(text, "a hole that may stay empty is written with `?`: `${last?}`", place, reader)?;
                FunctionAction::Default(FunctionArgument::from_token(text, place, reader))
            }
            (FunctionBehaviour::Join, [between, ..]) => FunctionAction::Join(FunctionArgument::from_token(between, place, reader)),
            (FunctionBehaviour::Digits, [form, ..]) => {
                let form = NumberForm::parse(form.text());
                FunctionAction::Digits(Box::new(form.map_err(|(message, help)| reader.complain(place, message, help)).ok()?))
            }
            (FunctionBehaviour::Json, [path, ..]) => FunctionAction::Json(Box::new(JsonPath::parse(path.text(), place, reader)?)),
            (FunctionBehaviour::Form, [name, ..]) => FunctionAction::Form(name.text().into()),
            (FunctionBehaviour::Date, [format, zone, ..]) => {
                let format = DateFormat::parse(format.text(), zone.text());
                FunctionAction::Date(Box::new(format.map_err(|(message, help)| reader.complain(place, message, help)).ok()?))
            }
            (FunctionBehaviour::Moment, [format, zone, ..]) => {
                let format = DateFormat::parse_whole(format.text(), zone.text());
                FunctionAction::Moment(Box::new(format.map_err(|(message, help)| reader.complain(place, message, help)).ok()?))
            }
            (
                FunctionBehaviour::KeyedHash(_)
                | FunctionBehaviour::Add(_)
                | FunctionBehaviour::Split(_)
                | FunctionBehaviour::Default
                | FunctionBehaviour::Join
                | FunctionBehaviour::Digits
                | FunctionBehaviour::Json
                | FunctionBehaviour::Form
                | FunctionBehaviour::Date
                | FunctionBehaviour::Moment,
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

impl FunctionArgument {
    fn from_token(token: &HoleToken, place: Place, reader: &mut Reader) -> Self {
        match token {
            HoleToken::Quoted(text) => Self::Literal(text.as_str().into()),
            HoleToken::Word(name) => Self::Fact(reader.names.intern(name), place),
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
