//! A condition: which value is checked, and what the value must be; or several conditions, of which all or any must hold.
//! All conditions have this one form.
//!
//! A condition on a value that does not exist is false, whatever it asks, except `present: false`, and `empty: true` for an empty
//! list; `null` and an empty text do not exist. A condition on a value that was found and cannot be read has no verdict. Values are compared as texts.

mod contradiction;
mod pattern;
mod value_check;

pub(crate) use crate::provider::condition::contradiction::{Contradiction, find_claim_contradiction, find_contradictions};
pub(crate) use crate::provider::condition::pattern::Pattern;
pub(crate) use crate::provider::condition::value_check::ValueCheck;

use crate::provider::facts::Facts;
use crate::provider::json_path::JsonPath;
use crate::provider::moment::TimeSpan;
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{OneOrMany, Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use crate::words;
use serde_json::Value;

words! {
    /// A condition: which value is checked, and what the value must be. It holds when every word that is written
    /// here holds. A condition on a value that does not exist is false, whatever it asks, except `present: false`, and
    /// `empty: true` for an empty list. `null`, an empty text, an empty object and an empty list do not exist. A list of
    /// conditions holds when all of them hold; `all` and `any` combine conditions inside one.
    ///
    /// Texts, numbers and booleans can be compared. Where something else was found (a list, an object, a parameter that
    /// stands twice in `form`, a text of which a function makes nothing), the condition decides on the safe side:
    /// `refused` refuses, `when` makes the call, and elsewhere the condition does not hold. At a path, `present` and
    /// `contains` look at lists and objects as well; for a fact or a text with holes such a value is neither there nor missing.
    ///
    /// Where a path looks for the entries of a list (`$.blocked[0]`, `$.blocked[*]`) and a value stands alone in its place,
    /// the condition is judged without it and with a list of this one entry. If the two differ, it decides on the safe side.
    /// `false` counts as a list without entries. An object is the entry, and not a list of its members, if the path ends with
    /// `[*]` (`.*` takes the members) or if a filter asks for a value that it has; so is an XML element that has attributes.
    /// Where a path finds several values, one that fits is enough for `is`, `matches`, `contains` and `present: true`. `isNot`,
    /// `within` and `empty` hold only if they hold of all of them; in `refused` one is enough for these as well. A fact that is read where a
    /// path finds several different values is the first of them, so `isNot` and `within` decide on the safe side there.
    pub(crate) struct ConditionSpec ("condition", elsewhere = unknown_word_hint) {
        /// The value that is checked: a path into the answer, a fact, or a text with holes. A hole may hold a path with functions,
        /// for what stands inside of a text: `at: '${$.payload | base64Decode | form "ts"}'`.
        /// Default: none; needed unless `all` or `any` stands here
        /// Example: `at: $.status`
        at: Option<ConditionSubject> = "at",
        /// The value equals this text, or one of these. The texts may contain holes of facts that are known before
        /// the answer; a path cannot stand here.
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
        /// The value is a list, and an entry of it equals this text, or one of these. A single text counts as a list
        /// of one entry, as XML and some programs write it.
        /// Default: not checked
        /// Example: `contains: [ staff, admin ]`
        contains: Option<OneOrMany<Template>> = "contains",
        /// `true`: the value exists. `false`: it does not, which may be written in `refused`, `when`, `require` and
        /// `where`, but not in `accepted`, `read` and `identity`: what is not there proves nothing.
        /// An empty text does not exist, so `suspended: ""` in an answer is the same as no `suspended`.
        /// Default: not checked
        /// Example: `present: true`
        present: Option<Located<bool>> = "present",
        /// The value is a moment that is not older than this, and at most a minute in the future: whole seconds or
        /// milliseconds since 1970, or a date of RFC 3339, which has a zone. Another text cannot be read; the function
        /// `moment` reads a time that is written otherwise.
        /// Default: not checked
        /// Example: `within: 5m`
        within: Option<Located<TimeSpan>> = "within",
        /// `true`: the value is a list that has no entry. Nothing else is one: not a missing value, `null`, an empty text or `{}`.
        /// Default: not checked
        /// Example: `empty: true`
        empty: Option<Located<bool>> = "empty",
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
            || self.empty.is_some()
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
        "isEmpty" | "length" | "size" | "count" => Some("write `empty: true` for a list that has no entry"),
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
        ValueShape::Text("a JSON path or a text with holes")
    }
}

/// What a condition is for, which decides whether it may ask for something that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConditionRole {
    /// What holds is a no: `refused`.
    Refuses,
    /// It lets something pass or chooses: `when`, `require` and `where`.
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

const WORDS_OF_CHECKS: [&str; 7] = ["is", "isNot", "matches", "contains", "present", "within", "empty"];

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

    /// Whether the condition holds; `None` where that depends on a value that was found and cannot be read.
    pub(crate) fn verdict(&self, answer: Option<&Value>, facts: &Facts) -> Option<bool> {
        match &self.kind {
            ConditionKind::Check(check) => check.verdict(answer, facts),
            ConditionKind::All(all) => all_hold(all.iter().map(|condition| condition.verdict(answer, facts))),
            ConditionKind::Any(any) => any_holds(any.iter().map(|condition| condition.verdict(answer, facts))),
        }
    }

    /// Whether the condition surely holds.
    pub(crate) fn holds(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        self.verdict(answer, facts) == Some(true)
    }

    /// Whether the condition holds or has no verdict: what refuses then refuses.
    pub(crate) fn may_hold(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        self.verdict(answer, facts) != Some(false)
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

    /// The texts that it looks at, made of facts and of what the answer says.
    pub(crate) fn subject_texts(&self) -> Vec<&Template> {
        self.checks().into_iter().filter_map(|check| if let ConditionSubject::Text(text) = &check.at { Some(text) } else { None }).collect()
    }

    /// Whether it can hold although nothing is known of any value but that it is there.
    pub(crate) fn asks_only_presence(&self) -> bool {
        match &self.kind {
            ConditionKind::Check(check) => check.asks_only_presence(),
            ConditionKind::All(all) => all.iter().all(Self::asks_only_presence),
            ConditionKind::Any(any) => any.iter().any(Self::asks_only_presence),
        }
    }

    /// Whether it can hold although no value is named of which it holds.
    pub(crate) fn names_no_value(&self) -> bool {
        match &self.kind {
            ConditionKind::Check(check) => check.names_no_value(),
            ConditionKind::All(all) => all.iter().all(Self::names_no_value),
            ConditionKind::Any(any) => any.iter().any(Self::names_no_value),
        }
    }

    /// Whether it holds only when a check of this kind holds.
    pub(crate) fn demands(&self, of_check: &impl Fn(&ValueCheck) -> bool) -> bool {
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

    /// Whether it holds only when a value that `counts` is exactly this fact.
    pub(crate) fn demands_fact(&self, fact: Slot, counts: impl Fn(&ValueCheck) -> bool) -> bool {
        let is_fact = |list: &Vec<Template>| list.iter().all(|value| value.sole_fact() == Some(fact));
        self.demands(&|check| counts(check) && check.is.as_ref().is_some_and(is_fact))
    }

    /// Whether it holds only of fixed texts that are no e-mail addresses.
    pub(crate) fn wants_a_word(&self) -> bool {
        let is_word = |value: &Template| value.is_literal() && !value.source.contains('@');
        self.checks().into_iter().all(|check| check.is.as_ref().is_some_and(|is| is.iter().all(is_word)))
    }

    /// Whether it holds only of values at this path that the file names.
    pub(crate) fn demands_value_at(&self, path: &JsonPath) -> bool {
        self.demands(&|check| {
            let is_there = check.paths().iter().any(|known| known.source == path.source);
            is_there && [&check.is, &check.contains].into_iter().any(Option::is_some)
        })
    }

    /// Whether it holds only if a path or one of these facts says something, whichever of several conditions decides.
    pub(crate) fn demands_answer(&self, facts: &[Slot]) -> bool {
        self.demands(&|check| !check.paths().is_empty() || check.uses().iter().any(|used| facts.contains(&used.fact)))
    }

    /// Whether it holds only if a moment is recent that stands at one of these paths.
    pub(crate) fn demands_recent_value(&self, counts: impl Fn(&JsonPath) -> bool) -> bool {
        self.demands(&|check| check.within.is_some() && !check.paths().is_empty() && check.paths().into_iter().all(&counts))
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

/// Whether all of these hold: not if one does not, and without a verdict if one has none.
fn all_hold(verdicts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for one in verdicts {
        all = match (all, one) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (None, _) | (_, None) => None,
            (Some(true), Some(true)) => Some(true),
        };
    }
    all
}

/// Whether one of these holds: without a verdict if none does and one has none.
fn any_holds(verdicts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    all_hold(verdicts.into_iter().map(|one| one.map(|holds| !holds))).map(|none| !none)
}

/// A list of conditions, all of which must hold.
#[derive(Clone, Debug)]
pub(crate) struct Conditions(pub(crate) Vec<Condition>);

impl Conditions {
    /// Whether all of them hold; `None` where one that decides has no verdict.
    pub(crate) fn verdict(&self, answer: Option<&Value>, facts: &Facts) -> Option<bool> {
        all_hold(self.0.iter().map(|condition| condition.verdict(answer, facts)))
    }

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
