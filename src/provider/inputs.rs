//! Values that the shopper is asked for before the redirect, such as the domain of a shop.

use crate::provider::condition::Pattern;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::localized_text::{LocalizedText, LocalizedTextSpec};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::secret_names::names_password;
use crate::vocabulary::words::Reader;
use crate::words;
use regex::Regex;

words! {
    /// A value that the shopper is asked for before the redirect, never a password. It becomes a fact of this name.
    pub(crate) struct InputSpec ("input") {
        /// The label of the field on the login page: one text, or one for each language, such as `{ pt-BR: Endereço da sua loja, en: Your
        /// shop's address }`. A language without one reads the first.
        /// Example: `label: Your shop's domain`
        label: LocalizedTextSpec = "label",
        /// A regular expression. The whole value must match it.
        /// Default: any text of at most 200 characters
        /// Example: `pattern: "[a-z0-9-]{1,60}"`
        pattern: Option<Located<String>> = "pattern",
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// The fact that it becomes.
    pub(crate) name: Box<str>,
    pub(crate) place: Place,
    /// The label of the field.
    pub(crate) label: LocalizedText,
    pattern: Option<Regex>,
}

impl Input {
    /// Compiles an input, or complains.
    pub(crate) fn compile(name: &Located<String>, spec: &InputSpec, reader: &mut Reader) -> Self {
        for label in spec.label.texts() {
            if label.trim().is_empty() || label.chars().count() > 100 || printable(label) != label.value {
                reader.complain(label.place, "this label does not fit beside a field", "write 1 to 100 visible characters");
            }
        }
        if let Some(at) = [name].into_iter().chain(spec.label.texts()).find(|text| names_password(text)) {
            let help = "send them to the provider's own page, which asks for it; here a shopper never types a password of another place";
            reader.complain(at.place, "a shopper would be asked for a password", help);
        }
        let whole = spec.pattern.as_ref().and_then(|pattern| {
            Pattern::compile(&pattern.value, pattern.place, reader)?;
            Pattern::compile(&format!("^(?:{})$", pattern.value), pattern.place, reader)
        });
        Self {
            name: name.value.as_str().into(),
            place: name.place,
            label: spec.label.compile(),
            pattern: whole.map(|pattern| pattern.regex),
        }
    }

    /// Anchors the regular expression, so that it must match the whole value.
    pub(crate) fn pattern_text(&self) -> Option<&str> {
        let whole = self.pattern.as_ref()?.as_str();
        Some(whole.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$")).unwrap_or(whole))
    }

    /// Whether a typed value is accepted.
    pub(crate) fn accepts(&self, value: &str) -> bool {
        !value.is_empty()
            && value.chars().count() <= 200
            && !value.chars().any(char::is_control)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(value))
    }
}
