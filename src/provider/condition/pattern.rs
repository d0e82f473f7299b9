//! A regular expression in a file, bounded in size.

use crate::vocabulary::place::Place;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use regex::Regex;
use regex_syntax::hir::Look;

/// A regular expression, bounded in size.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    pub(crate) place: Place,
}

impl Pattern {
    /// Compiles an expression, or complains.
    pub(crate) fn compile(text: &str, place: Place, reader: &mut Reader) -> Option<Self> {
        let built = Self::compile_regex(text).map_err(|(message, help)| reader.complain(place, message, help));
        built.ok().map(|regex| Self { regex, place })
    }

    /// Whether it is tied to both ends of the text, in each of its alternatives.
    pub(crate) fn is_tied(&self) -> bool {
        regex_syntax::parse(self.regex.as_str()).is_ok_and(|hir| {
            let ends = hir.properties();
            ends.look_set_prefix().contains(Look::Start) && ends.look_set_suffix().contains(Look::End)
        })
    }

    /// The expression, or what is wrong with it.
    pub(crate) fn compile_regex(text: &str) -> Result<Regex, (String, String)> {
        let built =
            if text.len() > 512 { None } else { regex::RegexBuilder::new(text).size_limit(1 << 20).dfa_size_limit(1 << 20).build().ok() };
        built.ok_or_else(|| {
            let message = format!("`{}` is not a regular expression that is read here", text.chars().take(80).collect::<String>());
            (message, "write at most 512 characters without look-around and back references".into())
        })
    }
}

impl WordValue for Pattern {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        Self::compile(&text.value, text.place, reader)
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a regular expression")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_tied_only_if_all_its_alternatives_are() {
        for (text, expected) in [
            ("^verified$", true),
            ("^(a|b)$", true),
            ("^[a|b]$", true),
            ("^a\\|b$", true),
            ("verified", false),
            ("^verified", false),
            ("verified$", false),
            ("^a|b$", false),
            ("^(a)|(b)$", false),
            ("^\\(a|b\\)$", false),
            ("^[(]a|b$", false),
            ("^a\\$", false),
            ("^a$|^b$", true),
            ("^\\\\$", true),
            ("^[[a]]$", true),
            ("^(?m)yes$", false),
            ("(?m)^yes$", false),
            ("^(?x) a #(\n|b$", false),
        ] {
            let pattern = Pattern::compile(text, Place::default(), &mut Reader::default()).expect("it is an expression");

            assert_eq!(pattern.is_tied(), expected, "{text}");
        }
    }
}
