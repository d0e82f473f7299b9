//! A condition: which value is checked, and what the value must be. All conditions have this one form.
//!
//! A condition on a value that does not exist is false, whatever it asks; `null` and an empty text do not exist. Values
//! are compared as texts.

use crate::provider::facts::Facts;
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{OneOrMany, Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use crate::words;
use regex::Regex;
use serde_json::Value;

words! {
    /// A condition: which value is checked, and what the value must be. It holds when every word that is written
    /// here holds. A condition on a value that does not exist is false, whatever it asks. `null`, an empty text, an
    /// empty object and an empty list do not exist. A list of conditions holds when all of them hold.
    pub(crate) struct ConditionSpec ("condition", elsewhere = unknown_word_hint) {
        /// The value that is checked: a path into the answer, or a fact.
        /// Example: `at: $.status`
        at: ConditionSubject = "at",
        /// The value equals this text, or one of these. The texts may contain holes.
        /// Default: not checked
        /// Example: `is: [ ok, success ]`
        is: Option<OneOrMany<Template>> = "is",
        /// The value exists, and it equals neither this text nor any of these.
        /// Default: not checked
        /// Example: `isNot: "0"`
        is_not: Option<OneOrMany<Template>> = "isNot",
        /// A part of the value matches this regular expression. `^` and `$` stand for the beginning and the end of
        /// the value.
        /// Default: not checked
        /// Example: `matches: "@loja\\.example$"`
        matches: Option<Pattern> = "matches",
        /// The value exists. Only `true` can be written.
        /// Default: not checked
        /// Example: `present: true`
        present: Option<Located<bool>> = "present",
    }
}

pub(crate) fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "equals" | "eq" | "value" | "in" => Some("write `is: …` for equal, with a list for one of several"),
        "not" | "ne" | "notEquals" => Some("write `isNot: …`"),
        "regex" | "pattern" | "match" => Some("write `matches: …`"),
        "path" | "fact" | "key" => Some("write `at: $.path` or `at: ${fact}`"),
        "exists" => Some("write `present: true`"),
        _ => None,
    }
}

/// The value that a condition checks.
#[derive(Clone, Debug)]
pub(crate) enum ConditionSubject {
    /// A path into the answer.
    Path(JsonPath),
    /// A text made of facts.
    Text(Template),
}

impl ConditionSubject {
    fn place(&self) -> Place {
        match self {
            Self::Path(path) => path.place,
            Self::Text(template) => template.place,
        }
    }
}

impl WordValue for ConditionSubject {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        if text.contains("${") {
            return Template::parse(&text.value, node, false, reader).map(Self::Text);
        }
        if text.starts_with('$') {
            return JsonPath::parse(&text.value, text.place, reader).map(Self::Path);
        }
        reader.complain(
            text.place,
            format!("`{}` is neither a path nor a fact", text.value),
            format!("write `$.{0}` for a key of the answer or `${{{0}}}` for a fact", text.value),
        );
        None
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a JSON path or a fact in `${…}`")
    }
}

/// A regular expression, bounded in size.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    pub(crate) place: Place,
}

impl Pattern {
    /// Compiles an expression, or complains.
    pub(crate) fn compile(text: &str, place: Place, reader: &mut Reader) -> Option<Self> {
        let built =
            if text.len() > 512 { None } else { regex::RegexBuilder::new(text).size_limit(1 << 20).dfa_size_limit(1 << 20).build().ok() };
        if built.is_none() {
            reader.complain(
                place,
                format!("`{}` is not a regular expression that is read here", text.chars().take(80).collect::<String>()),
                "write at most 512 characters without look-around and back references",
            );
        }
        built.map(|regex| Self { regex, place })
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

impl WordValue for Located<bool> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        bool::read(node, reader).map(|value| Located::new(value, node.place))
    }
    fn shape() -> ValueShape {
        ValueShape::Flag
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) place: Place,
    at: ConditionSubject,
    is: Option<Vec<Template>>,
    is_not: Option<Vec<Template>>,
    matches: Option<Pattern>,
}

impl Condition {
    /// Compiles a condition, or complains.
    pub(crate) fn compile(spec: ConditionSpec, reader: &mut Reader) -> Option<Self> {
        if spec.is.is_none() && spec.is_not.is_none() && spec.matches.is_none() && spec.present.is_none() {
            if ["is", "isNot", "matches", "present", ""].iter().any(|word| reader.is_unusable_word(spec.place, word)) {
                return None;
            }
            reader.complain(spec.place, "this condition asks nothing", "add `is: …`, `isNot: …`, `matches: …` or `present: true`");
            return None;
        }
        if let Some(present) = spec.present.filter(|present| !present.value) {
            reader.complain(
                present.place,
                "`present: false` never holds: a condition about something that is not there is false",
                "turn it round: say with `accepted` or `present: true` what has to be there",
            );
            return None;
        }
        if let Some(empty) = spec.is.iter().flat_map(|is| &is.0).find(|value| value.source.is_empty()) {
            reader.complain(
                empty.place,
                "this never holds: an empty text is not there",
                "say with `isNot` or `present: true` what has to be there",
            );
            return None;
        }
        let (is, is_not) = (spec.is.map(|is| is.0), spec.is_not.map(|is_not| is_not.0));
        for template in is.iter().chain(&is_not).flatten().filter(|template| template.has_path()) {
            reader.complain(
                template.place,
                "a path cannot stand in the value of a condition",
                "read it as a fact first, and write `${fact}` here",
            );
        }
        Some(Self { place: spec.at.place(), at: spec.at, is, is_not, matches: spec.matches })
    }

    /// Whether the condition holds. When a path finds several values, one is enough for `is` and `matches`; for
    /// `isNot` all of them count.
    pub(crate) fn holds(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        let found: Vec<Text> = match &self.at {
            ConditionSubject::Path(path) => {
                answer.into_iter().flat_map(|answer| path.all(answer)).filter_map(present_text).map(Text::plain).collect()
            }
            ConditionSubject::Text(template) => {
                template.fill_from(facts, answer).ok().filter(|text| !text.is_empty()).into_iter().collect()
            }
        };
        let is_among =
            |text: &Text, list: &[Template]| list.iter().any(|value| value.fill(facts).is_ok_and(|value| value.is_same_as(text)));
        !found.is_empty()
            && self.is.as_ref().is_none_or(|is| found.iter().any(|text| is_among(text, is)))
            && self.is_not.as_ref().is_none_or(|is_not| {
                // A text that is not found cannot be compared, so no value is known to differ from it.
                is_not.iter().all(|value| value.fill(facts).is_ok()) && !found.iter().any(|text| is_among(text, is_not))
            })
            && self.matches.as_ref().is_none_or(|pattern| found.iter().any(|text| text.satisfies(|text| pattern.regex.is_match(text))))
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let values = self.is.iter().chain(&self.is_not).flatten();
        let subject = match &self.at {
            ConditionSubject::Path(_) => None,
            ConditionSubject::Text(template) => Some(template),
        };
        // A missing fact makes a condition false; it is no mistake.
        subject.into_iter().chain(values).flat_map(Template::uses).collect()
    }

    /// The paths that it reads.
    pub(crate) fn paths(&self) -> Vec<&JsonPath> {
        match &self.at {
            ConditionSubject::Path(path) => vec![path],
            ConditionSubject::Text(template) => template.paths().collect(),
        }
    }

    /// Whether the condition is only `present`.
    pub(crate) fn asks_only_presence(&self) -> bool {
        self.is.is_none() && self.is_not.is_none() && self.matches.is_none()
    }

    /// Whether the condition holds only of a value that equals this fact.
    pub(crate) fn compares_with(&self, fact: Slot) -> bool {
        self.is.as_ref().is_some_and(|is| is.iter().all(|value| value.sole_fact() == Some(fact)))
    }

    /// Whether the condition holds only of fixed texts that are no e-mail addresses.
    pub(crate) fn wants_a_word(&self) -> bool {
        self.is.as_ref().is_some_and(|is| is.iter().all(|value| value.is_literal() && !value.source.contains('@')))
    }

    /// The pattern, if it has one.
    pub(crate) fn pattern(&self) -> Option<&Pattern> {
        self.matches.as_ref()
    }

    /// The words of the file, for a story.
    pub(crate) fn source(&self) -> String {
        let list = |templates: &[Template]| templates.iter().map(|template| template.source.to_string()).collect::<Vec<_>>().join(" or ");
        let subject = match &self.at {
            ConditionSubject::Path(path) => &path.source,
            ConditionSubject::Text(template) => &template.source,
        };
        let mut parts = Vec::new();
        parts.extend(self.is.as_ref().map(|is| format!("is {}", list(is))));
        parts.extend(self.is_not.as_ref().map(|is_not| format!("is not {}", list(is_not))));
        parts.extend(self.matches.as_ref().map(|pattern| format!("matches {}", pattern.regex)));
        if parts.is_empty() {
            parts.push("is present".to_owned());
        }
        format!("{subject} {}", parts.join(" and "))
    }
}

/// The text of a value that exists; an object or a list exists unless it is empty.
fn present_text(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) if !members.is_empty() => Some(value.to_string()),
        Value::Array(list) if !list.is_empty() => Some(value.to_string()),
        other => scalar_text(other).map(std::borrow::Cow::into_owned),
    }
}

/// A list of conditions, all of which must hold.
#[derive(Clone, Debug)]
pub(crate) struct Conditions(pub(crate) Vec<Condition>);

impl Conditions {
    pub(crate) fn all_hold(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        self.0.iter().all(|condition| condition.holds(answer, facts))
    }
}

impl WordValue for Conditions {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let specs = OneOrMany::<ConditionSpec>::read(node, reader)?;
        let count = specs.0.len();
        let conditions: Vec<Condition> = specs.0.into_iter().filter_map(|spec| Condition::compile(spec, reader)).collect();
        (conditions.len() == count && count > 0).then_some(Self(conditions))
    }
    fn shape() -> ValueShape {
        OneOrMany::<ConditionSpec>::shape()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Source;
    use crate::vocabulary::text::Text;
    use crate::vocabulary::yaml;
    use serde_json::json;

    #[test]
    fn each_verb_asks_what_its_name_says_and_nothing_holds_of_what_is_not_there() {
        let answer = json!({"s": "ok", "n": 0, "t": true, "e": "", "z": null, "l": ["a", "b"], "o": {}});
        for (text, expected) in [
            ("{ at: $.s, is: ok }", true),
            ("{ at: $.s, is: [ no, ok ] }", true),
            ("{ at: $.s, is: no }", false),
            ("{ at: $.s, isNot: no }", true),
            ("{ at: $.s, isNot: [ ok, no ] }", false),
            ("{ at: $.n, is: 0 }", true),
            ("{ at: $.t, is: true }", true),
            ("{ at: $.s, matches: ^o }", true),
            ("{ at: $.s, matches: ^k }", false),
            ("{ at: $.s, present: true }", true),
            ("{ at: $.s, is: \"${fact}\" }", true),
            ("{ at: \"${fact}\", is: ok, matches: k$ }", true),
            ("{ at: \"${nofact}\", isNot: ok }", false),
            ("{ at: $.s, isNot: \"${nofact}\" }", false),
            ("{ at: $.e, isNot: x }", false),
            ("{ at: $.z, isNot: x }", false),
            ("{ at: $.o, present: true }", false),
            ("{ at: $.l, present: true }", true),
            ("{ at: $.l, isNot: x }", true),
            ("{ at: $.missing, isNot: x }", false),
            ("{ at: \"$.l[*]\", is: b }", true),
            ("{ at: \"$.l[*]\", isNot: b }", false),
        ] {
            let mut reader = Reader::default();
            let node = yaml::parse(&Source::new("c.yaml", text)).unwrap().0;
            let conditions = Conditions::read(&node, &mut reader).unwrap();
            let mut facts = Facts::empty(&reader.names);
            facts.set(reader.names.intern("fact"), Text::plain("ok"));

            assert_eq!(conditions.all_hold(Some(&answer), &facts), expected, "{text}");
            assert!(reader.complaints.is_empty(), "{text}");
        }
    }
}
