//! Functions backwards: a text of which a function makes the wanted one. Simulated answers are written so, never a request.

use crate::provider::functions::change::TextEnd;
use crate::provider::functions::{Function, FunctionAction, FunctionArgument};
use crate::vocabulary::text::percent_encode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

impl Function {
    /// A text of which this function makes `wanted`; `None` where there is none, or none that is easily found. A number gets as many digits as
    /// its form has.
    pub(crate) fn undo(&self, wanted: &str) -> Option<String> {
        let literal = |argument: &FunctionArgument| match argument {
            FunctionArgument::Literal(text) => Some(text.to_string()),
            FunctionArgument::Fact(..) => None,
        };
        match &self.action {
            FunctionAction::Text(..) if self.name == "base64Decode" => Some(STANDARD.encode(wanted)),
            FunctionAction::Text(..) if self.name == "urlDecode" => {
                let mut encoded = String::new();
                percent_encode(wanted, &mut encoded);
                Some(encoded)
            }
            FunctionAction::Text(..) | FunctionAction::JsonLiteral(_) | FunctionAction::Default(_) | FunctionAction::Join(_) => {
                Some(wanted.to_owned())
            }
            FunctionAction::Digits(form) => Some(form.invented(wanted)),
            FunctionAction::Add(TextEnd::Start, more) => Some(wanted.strip_prefix(&*literal(more)?)?.to_owned()),
            FunctionAction::Add(TextEnd::End, more) => Some(wanted.strip_suffix(&*literal(more)?)?.to_owned()),
            FunctionAction::Split(TextEnd::Start, mark) => Some(format!("{wanted}{}", literal(mark)?)),
            FunctionAction::Split(TextEnd::End, mark) => Some(format!("{}{wanted}", literal(mark)?)),
            FunctionAction::Moment(format) => format.write(wanted),
            FunctionAction::Date(format) => format.read(wanted).map(|moment| moment.to_string()),
            FunctionAction::Form(name) => Some(url::form_urlencoded::Serializer::new(String::new()).append_pair(name, wanted).finish()),
            FunctionAction::Write(_) | FunctionAction::Hash(_) | FunctionAction::KeyedHash(..) | FunctionAction::Json(_) => None,
        }
    }

    /// The parameter that it takes out of a form, if it takes one.
    pub(crate) fn form_name(&self) -> Option<&str> {
        if let FunctionAction::Form(name) = &self.action { Some(name) } else { None }
    }
}
