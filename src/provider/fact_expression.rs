//! How a fact is read: a path, a text with holes, a condition, or a list of these of which the first that finds
//! something counts. A list of conditions alone holds when all of them hold.

use crate::provider::condition::{Condition, ConditionRole, ConditionSpec, Conditions};
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::Facts;
use crate::provider::functions::change::TextChange;
use crate::provider::hole::Hole;
use crate::provider::json_path::{JsonPath, ValueKind};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::email::NotAnEmail;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use serde_json::Value;
use std::fmt;

/// How a fact is read.
#[derive(Clone, Debug)]
pub(crate) enum FactExpression {
    Path(JsonPath),
    /// A text made of facts.
    Text(Template),
    /// A condition, which gives `true` or `false`.
    Condition(Box<Condition>),
    /// Conditions, which give whether all of them hold.
    Conditions(Conditions, Place),
    /// The first alternative that finds something.
    FirstOf(Vec<FactExpression>, Place),
}

/// Why nothing was found.
#[derive(Clone, Debug)]
pub struct MissingValue {
    /// The path or hole that found nothing.
    pub(crate) place: Place,
    /// What was found instead of a text.
    pub(crate) instead: Option<FoundInstead>,
}

/// What was found where a text was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundInstead {
    /// A value that is no text.
    Value(ValueKind),
    /// A list of which no entry meets the conditions of `where`.
    NoFittingEntry,
    /// A text that is no e-mail address.
    NoAddress(NotAnEmail),
}

impl FoundInstead {
    /// The kind of the value that is no text.
    pub(crate) fn kind(self) -> Option<ValueKind> {
        match self {
            Self::Value(kind) => Some(kind),
            Self::NoFittingEntry | Self::NoAddress(_) => None,
        }
    }
}

impl fmt::Display for FoundInstead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(kind) => write!(f, "{kind} was found instead"),
            Self::NoFittingEntry => f.write_str("no entry of the list fits `where`"),
            Self::NoAddress(why) => write!(f, "what was found is none: {why}"),
        }
    }
}

impl MissingValue {
    /// The kind of what was found, if something was and cannot be read.
    pub(crate) fn unreadable(&self) -> Option<ValueKind> {
        self.instead.and_then(FoundInstead::kind).filter(|kind| !kind.is_empty())
    }
}

impl FactExpression {
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Path(path) => path.place,
            Self::Text(text) => text.place,
            Self::Condition(condition) => condition.place,
            Self::FirstOf(_, place) | Self::Conditions(_, place) => *place,
        }
    }

    /// Reads the value from an answer and the facts.
    pub(crate) fn evaluate(&self, answer: Option<&Value>, facts: &Facts) -> Result<Text, MissingValue> {
        match self {
            Self::Path(path) => {
                let first = || answer.and_then(|answer| path.first(answer)).map(ValueKind::from_value);
                let missing = |instead| MissingValue { place: path.place, instead: Option::map(instead, FoundInstead::Value) };
                let found = answer.map_or(Ok(None), |answer| path.text(answer)).map_err(|kind| missing(Some(kind)))?;
                found.map(Text::plain).ok_or_else(|| missing(first()))
            }
            Self::Text(template) => match template.fill_from(facts, answer) {
                Ok(text) if !text.is_empty() => Ok(text),
                Ok(_) => Err(MissingValue { place: template.place, instead: None }),
                Err(missing) => Err(MissingValue { place: missing.place, instead: missing.unreadable.map(FoundInstead::Value) }),
            },
            Self::Condition(condition) => yes_or_no(condition.verdict(answer, facts), condition.place),
            Self::Conditions(conditions, place) => yes_or_no(conditions.verdict(answer, facts), *place),
            Self::FirstOf(..) => self.evaluate_with_origin(answer, FactOrigin::Broker, facts).map(|(text, _)| text),
        }
    }

    /// Reads the text and the exchange that it came from; `document` is the origin of the answer.
    pub(crate) fn evaluate_with_origin(
        &self,
        answer: Option<&Value>,
        document: FactOrigin,
        facts: &Facts,
    ) -> Result<(Text, FactOrigin), MissingValue> {
        let mut last = MissingValue { place: self.place(), instead: None };
        let mut unreadable: Option<&Self> = None;
        for reading in self.alternatives() {
            // A value that is there and cannot be read is not missing, so no other value takes its place; only a path into it may read it.
            if unreadable.is_some_and(|other| !reading.reads_inside(other)) {
                continue;
            }
            match reading.evaluate(answer, facts) {
                Ok(text) => {
                    let own = if reading.reads_answer() { document } else { FactOrigin::Broker };
                    return Ok((text, reading.uses().iter().fold(own, |origin, used| origin.join(facts.origin(used.fact)))));
                }
                Err(nothing) => {
                    if nothing.unreadable().is_some() {
                        unreadable = unreadable.or(Some(reading));
                    }
                    if last.unreadable().is_none() {
                        last = nothing;
                    }
                }
            }
        }
        // A value that stands alone where a list was looked for is not missing either.
        let lone = || self.alternatives().into_iter().find_map(|one| Some((one.place(), one.lone_entry(answer?)?)));
        match lone().filter(|_| last.unreadable().is_none()) {
            Some((place, kind)) => Err(MissingValue { place, instead: Some(FoundInstead::Value(kind)) }),
            None => Err(last),
        }
    }

    /// Whether what it gives is one of several different values. A condition looks at all of them.
    pub(crate) fn finds_several(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        match self {
            Self::Path(path) => answer.is_some_and(|answer| path.finds_several(answer)),
            Self::Text(text) => text.finds_several(answer, facts),
            Self::FirstOf(readings, _) => readings.iter().any(|reading| reading.finds_several(answer, facts)),
            Self::Condition(_) | Self::Conditions(..) => false,
        }
    }

    /// What stands alone in place of the list into which its path leads.
    fn lone_entry(&self, answer: &Value) -> Option<ValueKind> {
        if let Self::Path(path) = self { path.lone_entry(answer) } else { None }
    }

    /// Whether its path leads into what the path of another expression finds.
    fn reads_inside(&self, other: &Self) -> bool {
        let (Self::Path(path), Self::Path(other)) = (self, other) else { return false };
        path.source.strip_prefix(&*other.source).is_some_and(|rest| rest.starts_with(['.', '[']))
    }

    /// Holds the values of which it is composed to the rule for ids.
    pub(crate) fn hold_to_persons(&mut self) {
        match self {
            Self::Text(text) => text.hold_to_persons(),
            Self::FirstOf(readings, _) => readings.iter_mut().for_each(Self::hold_to_persons),
            Self::Path(_) | Self::Condition(_) | Self::Conditions(..) => {}
        }
    }

    /// The alternatives in order, including those of nested lists. An expression that is no list is the only one.
    pub(crate) fn alternatives(&self) -> Vec<&Self> {
        match self {
            Self::FirstOf(readings, _) => readings.iter().flat_map(Self::alternatives).collect(),
            Self::Path(_) | Self::Text(_) | Self::Condition(_) | Self::Conditions(..) => vec![self],
        }
    }

    /// The conditions that it consists of.
    pub(crate) fn conditions(&self) -> Vec<&Condition> {
        match self {
            Self::Condition(condition) => vec![condition],
            Self::Conditions(conditions, _) => conditions.0.iter().collect(),
            Self::FirstOf(readings, _) => readings.iter().flat_map(Self::conditions).collect(),
            Self::Path(_) | Self::Text(_) => Vec::new(),
        }
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        match self {
            Self::Path(_) => Vec::new(),
            Self::Text(template) => template.uses().collect(),
            Self::Condition(condition) => condition.uses(),
            Self::Conditions(conditions, _) => conditions.0.iter().flat_map(Condition::uses).collect(),
            Self::FirstOf(readings, _) => readings.iter().flat_map(Self::uses).collect(),
        }
    }

    /// Whether it reads the answer of its own call.
    pub(crate) fn reads_answer(&self) -> bool {
        !self.paths().is_empty()
    }

    /// Whether it finds nothing unless a path of it finds something. A hole that may stay empty, or that has a default, does not
    /// need an answer.
    pub(crate) fn needs_answer(&self) -> bool {
        match self {
            Self::Text(template) => template.holes().any(|hole| hole.path().is_some() && !hole.may_lack_value()),
            Self::Path(_) | Self::Condition(_) | Self::Conditions(..) => self.reads_answer(),
            Self::FirstOf(readings, _) => readings.iter().all(Self::needs_answer),
        }
    }

    /// The paths that it reads.
    pub(crate) fn paths(&self) -> Vec<&JsonPath> {
        match self {
            Self::Path(path) => vec![path],
            Self::Text(template) => template.paths().collect(),
            Self::Condition(condition) => condition.paths(),
            Self::Conditions(conditions, _) => conditions.0.iter().flat_map(Condition::paths).collect(),
            Self::FirstOf(readings, _) => readings.iter().flat_map(Self::paths).collect(),
        }
    }

    /// Whether it is a condition about an answer in which none of its paths finds anything.
    pub(crate) fn asks_about_nothing(&self, answer: &Value) -> bool {
        let paths = self.paths();
        matches!(self, Self::Condition(_) | Self::Conditions(..))
            && !paths.is_empty()
            && paths.iter().all(|path| path.first(answer).is_none())
    }

    /// The holes of the text that it is.
    pub(crate) fn holes(&self) -> impl Iterator<Item = &Hole> {
        let text = if let Self::Text(text) = self { Some(text) } else { None };
        text.into_iter().flat_map(Template::holes)
    }

    /// Whether it is a part of a text of the answer.
    pub(crate) fn takes_a_part(&self) -> bool {
        let takes_a_part = |hole: &Hole| hole.functions().iter().any(|function| matches!(function.change(), TextChange::TakesAPart));
        self.holes().next().is_some() && self.holes().all(takes_a_part)
    }

    /// The texts with holes that it is made of, or that its conditions look at.
    pub(crate) fn texts(&self) -> Vec<&Template> {
        match self {
            Self::Path(_) => Vec::new(),
            Self::Text(text) => vec![text],
            Self::Condition(condition) => condition.subject_texts(),
            Self::Conditions(conditions, _) => conditions.0.iter().flat_map(Condition::subject_texts).collect(),
            Self::FirstOf(readings, _) => readings.iter().flat_map(Self::texts).collect(),
        }
    }

    /// The words of the file, for a story.
    pub(crate) fn source(&self) -> String {
        match self {
            Self::Path(path) => path.source.to_string(),
            Self::Text(template) => template.source.to_string(),
            Self::Condition(condition) => condition.source(),
            Self::Conditions(conditions, _) => conditions.0.iter().map(Condition::source).collect::<Vec<_>>().join(" and "),
            Self::FirstOf(readings, _) => readings.iter().map(Self::source).collect::<Vec<_>>().join(", else "),
        }
    }
}

/// What a condition says, as a text.
fn yes_or_no(verdict: Option<bool>, place: Place) -> Result<Text, MissingValue> {
    let unreadable = MissingValue { place, instead: Some(FoundInstead::Value(ValueKind::UnreadableText)) };
    verdict.map(|holds| Text::plain(if holds { "true" } else { "false" })).ok_or(unreadable)
}

impl WordValue for FactExpression {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        match &node.kind {
            YamlKind::List(nodes) => {
                if nodes.is_empty() {
                    reader.complain(node.place, "this list of alternatives is empty", "write paths: `[ $.name, $.login ]`");
                    return None;
                }
                if nodes.iter().all(|node| matches!(node.kind, YamlKind::Map(_))) {
                    return Conditions::read_for(ConditionRole::Proves, node, reader)
                        .map(|conditions| Self::Conditions(conditions, node.place));
                }
                let readings: Vec<Self> = nodes.iter().filter_map(|node| Self::read(node, reader)).collect();
                let last = readings.len().saturating_sub(1);
                if let Some(early) = readings.iter().take(last).find(|reading| matches!(reading, Self::Condition(_))) {
                    let help =
                        "a condition always says `true` or `false`: put it last, or make all of them conditions, which then must all hold";
                    reader.complain(early.place(), "the alternatives behind this condition are never looked at", help);
                }
                (readings.len() == nodes.len()).then_some(Self::FirstOf(readings, node.place))
            }
            YamlKind::Map(_) => {
                let spec = ConditionSpec::read(node, reader)?;
                Condition::compile(spec, ConditionRole::Proves, reader).map(|condition| Self::Condition(Box::new(condition)))
            }
            YamlKind::Scalar { .. } => {
                let text = read_scalar(node, reader)?;
                if JsonPath::is_meant(&text) {
                    return JsonPath::parse(&text.value, text.place, reader).map(Self::Path);
                }
                if !text.contains("${") {
                    let path: Vec<&str> = text.split('.').collect();
                    let help = if path
                        .iter()
                        .all(|name| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'))
                    {
                        format!("paths begin with `$`: write `$.{}`; a fact is written `${{{}}}`", text.value, text.value)
                    } else {
                        "write a path (`$.data.id`) or a text with holes (`${$.first} ${$.last}`)".to_owned()
                    };
                    reader.complain(text.place, format!("`{}` is neither a path nor a text with holes", text.value), help);
                    return None;
                }
                Template::parse(&text.value, node, false, reader).map(Self::Text)
            }
        }
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![
            ValueShape::Text("a JSON path (`$.data.id`) or a text with holes"),
            ConditionSpec::shape(),
            ValueShape::List(Box::new(ValueShape::Either(vec![
                ValueShape::Text("a JSON path (`$.data.id`) or a text with holes"),
                ConditionSpec::shape(),
            ]))),
        ])
    }
}
