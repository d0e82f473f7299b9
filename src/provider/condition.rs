//! A condition: which value is checked, and what the value must be; or several conditions, of which all or any must hold.
//! All conditions have this one form.
//!
//! A condition on a value that does not exist is false, whatever it asks, except `present: false`; `null` and an empty
//! text do not exist. Values are compared as texts.

mod contradiction;

pub(crate) use crate::provider::condition::contradiction::{Contradiction, find_claim_contradiction, find_contradictions};

use crate::provider::facts::Facts;
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::moment::{TimeSpan, parse_moment};
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
    /// here holds. A condition on a value that does not exist is false, whatever it asks, except `present: false`.
    /// `null`, an empty text, an empty object and an empty list do not exist. A list of conditions holds when all of
    /// them hold; `all` and `any` combine conditions inside one.
    pub(crate) struct ConditionSpec ("condition", elsewhere = unknown_word_hint) {
        /// The value that is checked: a path into the answer, or a fact.
        /// Default: none; needed unless `all` or `any` stands here
        /// Example: `at: $.status`
        at: Option<ConditionSubject> = "at",
        /// The value equals this text, or one of these. The texts may contain holes. Where the path finds several
        /// values, one of them is enough.
        /// Default: not checked
        /// Example: `is: [ ok, success ]`
        is: Option<OneOrMany<Template>> = "is",
        /// The value exists, and it equals neither this text nor any of these. Where the path finds several values,
        /// this holds of all of them.
        /// Default: not checked
        /// Example: `isNot: "0"`
        is_not: Option<OneOrMany<Template>> = "isNot",
        /// A part of the value matches this regular expression. `^` and `$` stand for the beginning and the end of
        /// the value.
        /// Default: not checked
        /// Example: `matches: "@loja\\.example$"`
        matches: Option<Pattern> = "matches",
        /// The value is a list, and an entry of it equals this text, or one of these. It never holds of a single
        /// text; where a provider writes a list of one entry as a text, as XML does, write
        /// `any: [ { at: $.roles, contains: staff }, { at: $.roles, is: staff } ]`.
        /// Default: not checked
        /// Example: `contains: [ staff, admin ]`
        contains: Option<OneOrMany<Template>> = "contains",
        /// `true`: the value exists. `false`: it does not, which can be asked in `refused`, `when`, `require` and
        /// `where`, but not in `accepted`, `read` and `identity`: what is not there proves nothing.
        /// An empty text does not exist, so `suspended: ""` in an answer is the same as no `suspended`.
        /// Default: not checked
        /// Example: `present: true`
        present: Option<Located<bool>> = "present",
        /// The value is a moment that is not older than this, and at most a minute in the future: seconds or
        /// milliseconds since 1970, or a date of RFC 3339.
        /// Default: not checked
        /// Example: `within: 5m`
        within: Option<Located<TimeSpan>> = "within",
        /// Conditions that must all hold, in place of `at`.
        /// Default: none
        /// Example: `all: [ { at: $.ok, is: false }, { at: $.retry, is: false } ]`
        all: Option<OneOrMany<ConditionSpec>> = "all",
        /// Conditions of which one must hold, in place of `at`.
        /// Default: none
        /// Example: `any: [ { at: $.role, is: owner }, { at: $.roles, contains: owner } ]`
        any: Option<OneOrMany<ConditionSpec>> = "any",
    }
}

impl ConditionSpec {
    /// Whether no word of a condition is written.
    pub(crate) fn asks_nothing(&self) -> bool {
        !self.checks_a_value() && self.all.is_none() && self.any.is_none()
    }

    fn checks_a_value(&self) -> bool {
        self.at.is_some()
            || self.is.is_some()
            || self.is_not.is_some()
            || self.matches.is_some()
            || self.contains.is_some()
            || self.present.is_some()
            || self.within.is_some()
    }
}

pub(crate) fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "equals" | "eq" | "value" | "in" => Some("write `is: …` for equal, with a list for one of several"),
        "not" | "ne" | "notEquals" => Some("write `isNot: …`"),
        "regex" | "pattern" | "match" => Some("write `matches: …`"),
        "path" | "fact" | "key" => Some("write `at: $.path` or `at: ${fact}`"),
        "exists" => Some("write `present: true`"),
        "absent" | "missing" => Some("write `present: false`"),
        "has" | "includes" | "include" | "contain" => Some("write `contains: …` for an entry of a list"),
        "and" | "allOf" => Some("write `all: [ { at: …, is: … }, … ]`"),
        "or" | "anyOf" | "oneOf" => Some("write `any: [ { at: …, is: … }, … ]`"),
        "maxAge" | "newerThan" | "fresh" => Some("write `within: 5m`"),
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

/// What a condition is for, which decides whether it may ask for something that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConditionRole {
    /// It refuses or chooses: `refused`, `when`, `require` and `where`.
    Decides,
    /// What holds counts as a yes: `accepted`, `read` and `identity`.
    Proves,
}

/// A compiled condition.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) place: Place,
    kind: ConditionKind,
}

#[derive(Clone, Debug)]
enum ConditionKind {
    Check(Box<ValueCheck>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// A check of one value.
#[derive(Clone, Debug)]
pub(crate) struct ValueCheck {
    at: ConditionSubject,
    is: Option<Vec<Template>>,
    is_not: Option<Vec<Template>>,
    matches: Option<Pattern>,
    contains: Option<Vec<Template>>,
    present: Option<bool>,
    within: Option<TimeSpan>,
    /// The fact that says what time it is.
    now: Slot,
}

/// How far in the future a moment may lie: clocks differ.
const CLOCK_SKEW: i64 = 60;

const WORDS_OF_CHECKS: [&str; 6] = ["is", "isNot", "matches", "contains", "present", "within"];

impl Condition {
    /// Compiles a condition, or complains.
    pub(crate) fn compile(spec: ConditionSpec, role: ConditionRole, reader: &mut Reader) -> Option<Self> {
        let place = spec.place;
        if ["at", "all", "any"].into_iter().chain(WORDS_OF_CHECKS).any(|word| reader.is_unusable_word(place, word)) {
            return None;
        }
        let mut list = |specs: OneOrMany<ConditionSpec>| {
            let count = specs.0.len();
            let list: Vec<Self> = specs.0.into_iter().filter_map(|spec| Self::compile(spec, role, reader)).collect();
            (list.len() == count && count > 0).then_some(list)
        };
        let has_check = spec.checks_a_value();
        match (spec.all, spec.any) {
            (Some(_), Some(_)) => {
                reader.complain(place, "`all` and `any` stand side by side", "put one into the other: `all: [ …, { any: [ … ] } ]`");
                None
            }
            (Some(_), None) | (None, Some(_)) if has_check => {
                let help = "put the check of the one value into the list as well: `all: [ { at: …, is: … }, … ]`";
                reader.complain(place, "a list of conditions and a check of one value stand side by side", help);
                None
            }
            (Some(all), None) => list(all).map(|all| Self { place, kind: ConditionKind::All(all) }),
            (None, Some(any)) => list(any).map(|any| Self { place, kind: ConditionKind::Any(any) }),
            (None, None) => ValueCheck::compile(ConditionSpec { all: None, any: None, ..spec }, role, reader)
                .map(|check| Self { place: check.at.place(), kind: ConditionKind::Check(Box::new(check)) }),
        }
    }

    /// Whether the condition holds.
    pub(crate) fn holds(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        match &self.kind {
            ConditionKind::Check(check) => check.holds(answer, facts),
            ConditionKind::All(all) => all.iter().all(|condition| condition.holds(answer, facts)),
            ConditionKind::Any(any) => any.iter().any(|condition| condition.holds(answer, facts)),
        }
    }

    /// The checks of single values that it consists of.
    pub(crate) fn checks(&self) -> Vec<&ValueCheck> {
        match &self.kind {
            ConditionKind::Check(check) => vec![&**check],
            ConditionKind::All(inner) | ConditionKind::Any(inner) => inner.iter().flat_map(Self::checks).collect(),
        }
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        self.checks().into_iter().flat_map(ValueCheck::uses).collect()
    }

    /// The paths that it reads.
    pub(crate) fn paths(&self) -> Vec<&JsonPath> {
        self.checks().into_iter().flat_map(ValueCheck::paths).collect()
    }

    /// Whether it can hold although nothing is known of any value but that it is there.
    pub(crate) fn asks_only_presence(&self) -> bool {
        match &self.kind {
            ConditionKind::Check(check) => check.asks_only_presence(),
            ConditionKind::All(all) => all.iter().all(Self::asks_only_presence),
            ConditionKind::Any(any) => any.iter().any(Self::asks_only_presence),
        }
    }

    /// Whether it holds only when a check of this kind holds.
    fn demands(&self, of_check: &impl Fn(&ValueCheck) -> bool) -> bool {
        match &self.kind {
            ConditionKind::Check(check) => of_check(check),
            ConditionKind::All(all) => all.iter().any(|condition| condition.demands(of_check)),
            ConditionKind::Any(any) => any.iter().all(|condition| condition.demands(of_check)),
        }
    }

    /// Whether it holds only when a value equals this fact.
    pub(crate) fn compares_with(&self, fact: Slot) -> bool {
        let equals = |list: &[Template]| list.iter().all(|value| value.sole_fact() == Some(fact));
        self.demands(&|check| [&check.is, &check.contains].into_iter().flatten().any(|list| equals(list)))
    }

    /// Whether it holds only of fixed texts that are no e-mail addresses.
    pub(crate) fn wants_a_word(&self) -> bool {
        let is_word = |value: &Template| value.is_literal() && !value.source.contains('@');
        self.checks().into_iter().all(|check| check.is.as_ref().is_some_and(|is| is.iter().all(is_word)))
    }

    /// Whether it holds only of certain values at this path.
    pub(crate) fn demands_value_at(&self, path: &JsonPath) -> bool {
        self.demands(&|check| {
            let is_there = check.paths().iter().any(|known| known.source == path.source);
            is_there && [&check.is, &check.is_not, &check.contains].into_iter().any(Option::is_some)
        })
    }

    /// The words of the file, for a story.
    pub(crate) fn source(&self) -> String {
        let joined = |list: &[Self], word: &str| {
            let parts: Vec<String> = list.iter().map(Self::source_in_list).collect();
            parts.join(word)
        };
        match &self.kind {
            ConditionKind::Check(check) => check.source(),
            ConditionKind::All(all) => joined(all, " and "),
            ConditionKind::Any(any) => joined(any, " or "),
        }
    }

    /// The same, in brackets where several conditions stand side by side.
    fn source_in_list(&self) -> String {
        match &self.kind {
            ConditionKind::Check(_) => self.source(),
            ConditionKind::All(inner) | ConditionKind::Any(inner) if inner.len() == 1 => self.source(),
            ConditionKind::All(_) | ConditionKind::Any(_) => format!("({})", self.source()),
        }
    }
}

impl ValueCheck {
    fn compile(spec: ConditionSpec, role: ConditionRole, reader: &mut Reader) -> Option<Self> {
        let Some(at) = spec.at else {
            if !reader.has_unknown_words(spec.place) {
                reader.complain(spec.place, "this condition has no `at`", "add it, such as `at: $.status`");
            }
            return None;
        };
        let asks_nothing = spec.is.is_none() && spec.is_not.is_none() && spec.matches.is_none() && spec.contains.is_none();
        if asks_nothing && spec.present.is_none() && spec.within.is_none() {
            if !reader.has_unknown_words(spec.place) {
                reader.complain(spec.place, "this condition asks nothing", "add `is: …`, `isNot: …`, `matches: …` or `present: true`");
            }
            return None;
        }
        if let Some(absent) = spec.present.as_ref().filter(|present| !present.value) {
            if role == ConditionRole::Proves {
                let help = "turn it round: say with `is` or `present: true` what has to be there";
                reader.complain(absent.place, "what is not there proves nothing, so `present: false` cannot stand here", help);
                return None;
            }
            if !asks_nothing || spec.within.is_some() {
                let help = "ask one of the two; `any: [ …, … ]` holds when one of several conditions holds";
                reader.complain(absent.place, "this never holds: a value that is not there is nothing else either", help);
                return None;
            }
        }
        if let Some(empty) = spec.is.iter().chain(&spec.contains).flat_map(|is| &is.0).find(|value| value.source.is_empty()) {
            let help = match role {
                ConditionRole::Decides => "write `present: false` for a value that is not there",
                ConditionRole::Proves => "say with `isNot` or `present: true` what has to be there",
            };
            reader.complain(empty.place, "this never holds: an empty text is not there", help);
            return None;
        }
        let (is, is_not, contains) = (spec.is.map(|is| is.0), spec.is_not.map(|is_not| is_not.0), spec.contains.map(|list| list.0));
        for template in is.iter().chain(&is_not).chain(&contains).flatten().filter(|template| template.has_path()) {
            reader.complain(
                template.place,
                "a path cannot stand in the value of a condition",
                "read it as a fact first, and write `${fact}` here",
            );
        }
        if let (ConditionSubject::Text(text), true) = (&at, contains.is_some()) {
            let help = "write the path of the list where the answer is read: `read: { isStaff: { at: $.roles, contains: staff } }`";
            reader.complain(text.place, "`contains` looks into a list of an answer, and a fact is a text", help);
        }
        let now = reader.names.intern("now");
        let (present, within) = (spec.present.map(|present| present.value), spec.within.map(|within| within.value));
        Some(Self { at, is, is_not, matches: spec.matches, contains, present, within, now })
    }

    /// Whether the check holds. When a path finds several values, one is enough for `is`, `matches` and `contains`; for
    /// `isNot` and `within` all of them count.
    fn holds(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        let values: Vec<&Value> = match &self.at {
            ConditionSubject::Path(path) => answer.into_iter().flat_map(|answer| path.all(answer)).collect(),
            ConditionSubject::Text(_) => Vec::new(),
        };
        let found: Vec<Text> = match &self.at {
            ConditionSubject::Path(_) => values.iter().filter_map(|value| present_text(value)).map(Text::plain).collect(),
            ConditionSubject::Text(template) => {
                template.fill_from(facts, answer).ok().filter(|text| !text.is_empty()).into_iter().collect()
            }
        };
        if self.present == Some(false) {
            return found.is_empty();
        }
        let is_among =
            |text: &Text, list: &[Template]| list.iter().any(|value| value.fill(facts).is_ok_and(|value| value.is_same_as(text)));
        let has_entry = |value: &Value, list: &[Template]| {
            let entries = value.as_array().into_iter().flatten().filter_map(scalar_text);
            entries.map(Text::plain).any(|entry| is_among(&entry, list))
        };
        !found.is_empty()
            && self.is.as_ref().is_none_or(|is| found.iter().any(|text| is_among(text, is)))
            && self.is_not.as_ref().is_none_or(|is_not| {
                // A text that is not found cannot be compared, so no value is known to differ from it.
                is_not.iter().all(|value| value.fill(facts).is_ok()) && !found.iter().any(|text| is_among(text, is_not))
            })
            && self.matches.as_ref().is_none_or(|pattern| found.iter().any(|text| text.satisfies(|text| pattern.regex.is_match(text))))
            && self.contains.as_ref().is_none_or(|list| values.iter().any(|value| has_entry(value, list)))
            && self.within.is_none_or(|span| found.iter().all(|text| text.satisfies(|text| self.is_recent(text, span, facts))))
    }

    fn is_recent(&self, text: &str, span: TimeSpan, facts: &Facts) -> bool {
        let (Some(at), Some(now)) = (parse_moment(text), facts.get(self.now).and_then(Text::as_number)) else { return false };
        let span = i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX);
        let age = now.saturating_sub(at.timestamp());
        (-CLOCK_SKEW..=span).contains(&age)
    }

    /// The place of the value that is checked.
    pub(crate) fn place(&self) -> Place {
        self.at.place()
    }

    /// Every use of a fact in it.
    fn uses(&self) -> Vec<FactUse> {
        let values = self.is.iter().chain(&self.is_not).chain(&self.contains).flatten();
        let subject = match &self.at {
            ConditionSubject::Path(_) => None,
            ConditionSubject::Text(template) => Some(template),
        };
        // A missing fact makes a condition false; it is no mistake.
        subject.into_iter().chain(values).flat_map(Template::uses).collect()
    }

    /// Whether it looks at the entries of a list.
    pub(crate) fn is_about_lists(&self) -> bool {
        self.contains.is_some()
    }

    pub(crate) fn paths(&self) -> Vec<&JsonPath> {
        match &self.at {
            ConditionSubject::Path(path) => vec![path],
            ConditionSubject::Text(template) => template.paths().collect(),
        }
    }

    fn asks_only_presence(&self) -> bool {
        self.is.is_none() && self.is_not.is_none() && self.matches.is_none() && self.contains.is_none() && self.within.is_none()
    }

    /// Whether it holds of exactly this text, which the file writes.
    pub(crate) fn names(&self, text: &str) -> bool {
        self.is.iter().flatten().any(|value| value.as_literal().as_deref() == Some(text))
    }

    /// The pattern, if it has one.
    pub(crate) fn pattern(&self) -> Option<&Pattern> {
        self.matches.as_ref()
    }

    fn source(&self) -> String {
        let list = |templates: &[Template]| templates.iter().map(|template| template.source.to_string()).collect::<Vec<_>>().join(" or ");
        let subject = match &self.at {
            ConditionSubject::Path(path) => &path.source,
            ConditionSubject::Text(template) => &template.source,
        };
        let mut parts = Vec::new();
        parts.extend(self.is.as_ref().map(|is| format!("is {}", list(is))));
        parts.extend(self.is_not.as_ref().map(|is_not| format!("is not {}", list(is_not))));
        parts.extend(self.matches.as_ref().map(|pattern| format!("matches {}", pattern.regex)));
        parts.extend(self.contains.as_ref().map(|entries| format!("contains {}", list(entries))));
        parts.extend(self.within.map(|span| format!("is within {span}")));
        if self.present == Some(false) {
            parts.push("is not present".to_owned());
        } else if parts.is_empty() {
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

impl Conditions {
    /// Reads one condition or a list of them for a role, or complains.
    pub(crate) fn read_for(role: ConditionRole, node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let specs = OneOrMany::<ConditionSpec>::read(node, reader)?;
        let count = specs.0.len();
        let conditions: Vec<Condition> = specs.0.into_iter().filter_map(|spec| Condition::compile(spec, role, reader)).collect();
        (conditions.len() == count && count > 0).then_some(Self(conditions))
    }
}

impl WordValue for Conditions {
    /// The conditions of `when`, `require` and `where`.
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        Self::read_for(ConditionRole::Decides, node, reader)
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
        const NOW: i64 = 1_767_323_045; // 2026-01-02T03:04:05Z
        let answer = json!({"s": "ok", "n": 0, "t": true, "e": "", "z": null, "l": ["a", "b"], "o": {},
            "now": NOW, "millis": (NOW - 299) * 1000, "date": "2026-01-02T03:00:00Z", "soon": NOW + 60, "later": NOW + 61});
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
            ("{ at: $.l, contains: b }", true),
            ("{ at: $.l, contains: [ x, \"${letter}\" ] }", true),
            ("{ at: $.l, contains: x }", false),
            ("{ at: $.s, contains: ok }", false),
            ("{ at: \"$.l[*]\", contains: b }", false),
            ("{ at: $.missing, contains: x }", false),
            ("{ at: $.n, is: 0, contains: 0 }", false),
            ("{ at: $.missing, present: false }", true),
            ("{ at: $.e, present: false }", true),
            ("{ at: $.z, present: false }", true),
            ("{ at: $.o, present: false }", true),
            ("{ at: $.n, present: false }", false),
            ("{ at: \"${nofact}\", present: false }", true),
            ("{ at: \"${fact}\", present: false }", false),
            ("{ all: [ { at: $.s, is: ok }, { at: $.n, is: 0 } ] }", true),
            ("{ all: [ { at: $.s, is: ok }, { at: $.n, is: 1 } ] }", false),
            ("{ any: [ { at: $.s, is: no }, { at: $.n, is: 0 } ] }", true),
            ("{ any: [ { at: $.s, is: no }, { at: $.missing, isNot: 0 } ] }", false),
            ("{ all: [ { at: $.s, is: ok }, { any: [ { at: $.n, is: 1 }, { at: $.l, contains: a } ] } ] }", true),
            ("[ { any: [ { at: $.s, is: no }, { at: $.n, is: 0 } ] }, { at: $.t, is: false } ]", false),
            ("{ at: $.now, within: 5m }", true),
            ("{ at: $.millis, within: 5m }", true),
            ("{ at: $.date, within: 5m }", true),
            ("{ at: $.date, within: 3m }", false),
            ("{ at: $.soon, within: 5m }", true),
            ("{ at: $.later, within: 5m }", false),
            ("{ at: $.s, within: 5m }", false),
            ("{ at: $.missing, within: 5m }", false),
        ] {
            let mut reader = Reader::default();
            let node = yaml::parse(&Source::new("c.yaml", text)).unwrap().0;
            let conditions = Conditions::read(&node, &mut reader).unwrap();
            let mut facts = Facts::empty(&reader.names);
            facts.set(reader.names.intern("fact"), Text::plain("ok"));
            facts.set(reader.names.intern("letter"), Text::plain("b"));
            facts.set(reader.names.intern("now"), Text::plain(NOW.to_string()));

            assert_eq!(conditions.all_hold(Some(&answer), &facts), expected, "{text}");
            assert!(reader.complaints.is_empty(), "{text}");
        }
    }
}
