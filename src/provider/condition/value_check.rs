//! A check of one value: how it is compiled, and when it holds.

use crate::provider::condition::pattern::Pattern;
use crate::provider::condition::{ConditionRole, ConditionSpec, ConditionSubject, all_hold, any_holds};
use crate::provider::facts::Facts;
use crate::provider::functions::Function;
use crate::provider::hole::Hole;
use crate::provider::json_path::{JsonPath, ValueKind, scalar_text};
use crate::provider::moment::{MomentFault, TimeSpan, parse_moment};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::Reader;
use serde_json::Value;
use std::borrow::Cow;

/// A check of one value.
#[derive(Clone, Debug)]
pub(crate) struct ValueCheck {
    pub(crate) at: ConditionSubject,
    pub(crate) is: Option<Vec<Template>>,
    pub(crate) is_not: Option<Vec<Template>>,
    /// Whether one of several values is enough for `isNot`, `within` and `empty`: the safe side where it refuses.
    one_is_enough: bool,
    pub(crate) matches: Option<Pattern>,
    pub(crate) contains: Option<Vec<Template>>,
    pub(crate) present: Option<bool>,
    pub(crate) within: Option<TimeSpan>,
    /// Whether it asks for an empty list.
    pub(crate) empty: bool,
    /// The fact that says what time it is.
    now: Slot,
}

/// How far in the future a moment may lie: clocks differ.
const CLOCK_SKEW: i64 = 60;

impl ValueCheck {
    pub(crate) fn compile(spec: ConditionSpec, role: ConditionRole, reader: &mut Reader) -> Option<Self> {
        let Some(at) = spec.at.clone() else {
            if !reader.has_unknown_words(spec.place) {
                reader.complain(spec.place, "this condition has no `at`", "add it, such as `at: $.status`");
            }
            return None;
        };
        let asks_nothing = spec.is.is_none() && spec.is_not.is_none() && spec.matches.is_none() && spec.contains.is_none();
        let asks_nothing = asks_nothing && spec.within.is_none() && spec.empty.is_none();
        if asks_nothing && spec.present.is_none() {
            if !reader.has_unknown_words(spec.place) {
                reader.complain(spec.place, "this condition asks nothing", "add `is: …`, `isNot: …`, `matches: …` or `present: true`");
            }
            return None;
        }
        if is_absence_misplaced(&spec, role, asks_nothing, reader) || is_emptiness_misplaced(&spec, &at, reader) {
            return None;
        }
        if let Some(empty) = spec.is.iter().chain(&spec.contains).flat_map(|is| &is.0).find(|value| value.source.is_empty()) {
            let help = match role {
                ConditionRole::Refuses | ConditionRole::Decides => "write `present: false` for a value that is not there",
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
        let (now, one_is_enough) = (reader.names.intern("now"), role == ConditionRole::Refuses);
        if let Some(value) = is_not.iter().flatten().find(|value| value.has_optional_hole()) {
            let help = "take the `?` out: then the condition does not hold where this fact is not known";
            reader.complain(value.place, "every value differs from one that may be missing", help);
        }
        let (present, within) = (spec.present.map(|present| present.value), spec.within.map(|within| within.value));
        let empty = spec.empty.is_some();
        let check = Self { at, is, is_not, one_is_enough, matches: spec.matches, contains, present, within, empty, now };
        if role == ConditionRole::Proves && check.holds_of_nothing() {
            let help =
                "take the `default` or the `?` out; where an answer is a yes because something is missing, say in `refused` what is a no";
            reader.complain(check.place(), "this also holds when nothing is found, and what is not there proves nothing", help);
        }
        Some(check)
    }

    /// Whether the check holds; `None` where that depends on what was found and cannot be read: a list or an object is no text, and a value
    /// may stand alone where the path looks for a list.
    pub(crate) fn verdict(&self, answer: Option<&Value>, facts: &Facts) -> Option<bool> {
        match &self.at {
            ConditionSubject::Path(path) => {
                let found = answer.map(|answer| path.find(answer)).unwrap_or_default();
                let verdict = self.verdict_on_values(&found.as_written, facts);
                let with_lone = || self.verdict_on_values(&[&*found.as_written, &*found.in_lone_entries].concat(), facts);
                verdict.filter(|holds| found.in_lone_entries.is_empty() || with_lone() == Some(*holds))
            }
            ConditionSubject::Text(template) => match template.fill_from(facts, answer) {
                Err(unfilled) if unfilled.unreadable.is_some() => None,
                text => {
                    let verdict = self.verdict_on(&[], &text.ok().filter(|text| !text.is_empty()).into_iter().collect::<Vec<_>>(), facts);
                    // Where all values count, the first decides only against what is asked.
                    let is_about_all = (self.is_not.is_some() || self.within.is_some()) && template.finds_several(answer, facts);
                    verdict.filter(|holds| *holds == self.one_is_enough || !is_about_all)
                }
            },
        }
    }

    /// The fact of which it asks what holds of all values, and which is one of several.
    pub(crate) fn fact_of_several(&self, facts: &Facts) -> Option<Slot> {
        let ConditionSubject::Text(text) = &self.at else { return None };
        let is_about_all = self.is_not.is_some() || self.within.is_some();
        text.uses().map(|used| used.fact).find(|fact| is_about_all && facts.is_of_several(*fact))
    }

    fn verdict_on_values(&self, values: &[&Value], facts: &Facts) -> Option<bool> {
        if self.empty {
            let is_empty_list = |value: &&Value| value.as_array().is_some_and(Vec::is_empty);
            let all_are = !values.is_empty() && values.iter().all(is_empty_list);
            return Some(all_are || self.one_is_enough && values.iter().any(is_empty_list));
        }
        let found: Vec<Text> = values.iter().filter_map(|value| scalar_text(value)).map(Text::plain).collect();
        self.verdict_on(values, &found, facts)
    }

    /// Whether the check holds of the values at its path and of the texts among them. When a path finds several, one is enough for `is`,
    /// `matches` and `contains`, and in `refused` for `isNot` and `within` as well, for which all of them count elsewhere.
    fn verdict_on(&self, values: &[&Value], found: &[Text], facts: &Facts) -> Option<bool> {
        let is_no_text = |value: &&Value| scalar_text(value).is_none() && !ValueKind::from_value(value).is_empty();
        let has_others = values.iter().any(is_no_text);
        let is_there = !found.is_empty() || has_others;
        if self.present == Some(false) || !is_there {
            return Some(self.present == Some(false) && !is_there);
        }
        // The texts alone decide where they say this; otherwise the other values could say it too.
        let unless = |decides: bool, verdict: Option<bool>| verdict.filter(|said| *said == decides || !has_others);
        // A list of one entry is often written as this entry alone.
        let entries: Vec<&Value> =
            values.iter().flat_map(|value| value.as_array().map_or_else(|| vec![*value], |list| list.iter().collect())).collect();
        let is_list_of_texts = !entries.iter().any(is_no_text);
        let listed: Vec<Text> = entries.iter().filter_map(|entry| scalar_text(entry)).map(Text::plain).collect();
        all_hold([
            self.is.as_ref().map_or(Some(true), |is| unless(true, is_one_of(found, is, facts, false))),
            // A text that is not found cannot be compared, so no value is known to differ from it.
            self.is_not.as_ref().map_or(Some(true), |is_not| {
                if self.one_is_enough {
                    unless(true, any_differs(found, is_not, facts))
                } else {
                    unless(true, is_one_of(found, is_not, facts, true)).map(|is| !is)
                }
            }),
            self.matches.as_ref().map_or(Some(true), |pattern| {
                unless(true, Some(found.iter().any(|text| text.satisfies(|text| pattern.regex.is_match(text)))))
            }),
            self.contains
                .as_ref()
                .map_or(Some(true), |list| is_one_of(&listed, list, facts, false).filter(|contains| *contains || is_list_of_texts)),
            self.within.map_or(Some(true), |span| {
                let recent = found.iter().map(|text| self.is_recent(text, span, facts));
                if self.one_is_enough { unless(true, any_holds(recent)) } else { unless(false, all_hold(recent)) }
            }),
        ])
    }

    /// Whether it holds when nothing is found.
    pub(crate) fn holds_of_nothing(&self) -> bool {
        self.verdict(None, &Facts::default()) == Some(true)
    }

    /// Whether a text names a recent moment; `None` where it names none.
    fn is_recent(&self, text: &Text, span: TimeSpan, facts: &Facts) -> Option<bool> {
        match self.fault_of_moment(text.judged(moment_in), span, facts) {
            None => Some(true),
            Some(MomentFault::TooOld(_) | MomentFault::Future(_)) => Some(false),
            Some(MomentFault::NoMoment | MomentFault::OtherFormat(_) | MomentFault::Missing) => None,
        }
    }

    fn fault_of_moment(&self, at: Option<i64>, span: TimeSpan, facts: &Facts) -> Option<MomentFault> {
        let Some((at, now)) = at.zip(facts.get(self.now).and_then(Text::as_number)) else { return Some(MomentFault::NoMoment) };
        match now.saturating_sub(at) {
            age if age > i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX) => Some(MomentFault::TooOld(age)),
            age if age < -CLOCK_SKEW => Some(MomentFault::Future(age.saturating_neg())),
            _ => None,
        }
    }

    /// What is wrong with the first value, where the check demands a moment.
    pub(crate) fn moment_fault(&self, answer: Option<&Value>, facts: &Facts) -> Option<MomentFault> {
        let span = self.within?;
        let found = match &self.at {
            ConditionSubject::Path(path) => answer.and_then(|answer| path.first(answer)).and_then(present_text).map(Text::plain),
            ConditionSubject::Text(template) => match template.fill_from(facts, answer) {
                Err(unfilled) if unfilled.unreadable.is_some() => {
                    let mut functions = template.holes().flat_map(Hole::functions);
                    let format = functions.find_map(Function::moment_format);
                    return Some(format.map_or(MomentFault::NoMoment, |format| MomentFault::OtherFormat(format.into())));
                }
                text => text.ok().filter(|text| !text.is_empty()),
            },
        };
        let Some(found) = found else { return Some(MomentFault::Missing) };
        self.fault_of_moment(found.judged(moment_in), span, facts)
    }

    /// The place of the value that is checked.
    pub(crate) fn place(&self) -> Place {
        self.at.place()
    }

    /// The values of which one has to be there.
    pub(crate) fn values_that_it_wants(&self) -> impl Iterator<Item = &Template> {
        self.is.iter().chain(&self.contains).flatten()
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let values = self.values_that_it_wants().chain(self.is_not.iter().flatten());
        let subject = match &self.at {
            ConditionSubject::Path(_) => None,
            ConditionSubject::Text(template) => Some(template),
        };
        subject.into_iter().chain(values).flat_map(Template::uses).collect()
    }

    /// Whether it looks at the time of the login, and at nothing else.
    pub(crate) fn is_about_now(&self) -> bool {
        let ConditionSubject::Text(text) = &self.at else { return false };
        !text.has_path() && text.uses().all(|used| used.fact == self.now)
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

    pub(crate) fn asks_only_presence(&self) -> bool {
        self.is.is_none()
            && self.is_not.is_none()
            && self.matches.is_none()
            && self.contains.is_none()
            && self.within.is_none()
            && !self.empty
    }

    /// Whether it names no value of which it holds, nor a pattern that leaves a yes or a no out.
    pub(crate) fn names_no_value(&self) -> bool {
        let fits_all = |pattern: &Pattern| ["true", "false"].iter().all(|text| pattern.regex.is_match(text));
        let names_none = self.is.is_none() && self.contains.is_none() && self.within.is_none() && !self.empty;
        names_none && self.matches.as_ref().is_none_or(fits_all)
    }

    /// Whether it holds only if the one value at its path is one of these texts. Several values, or the entries of a list, do not count: one
    /// among others would be enough.
    pub(crate) fn demands_one_of_at_one_place(&self, counts: impl Fn(&Template) -> bool) -> bool {
        let is_one_place = matches!(&self.at, ConditionSubject::Path(path) if path.is_plain());
        is_one_place && self.is.as_ref().is_some_and(|is| !is.is_empty() && is.iter().all(counts))
    }

    /// Whether it holds of exactly this text, which the file writes.
    pub(crate) fn names(&self, text: &str) -> bool {
        self.is.iter().flatten().any(|value| value.as_literal().as_deref() == Some(text))
    }

    /// The pattern, if it has one.
    pub(crate) fn pattern(&self) -> Option<&Pattern> {
        self.matches.as_ref()
    }

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
        parts.extend(self.contains.as_ref().map(|entries| format!("contains {}", list(entries))));
        parts.extend(self.within.map(|span| format!("is within {span}")));
        if self.empty {
            parts.push("is an empty list".to_owned());
        } else if self.present == Some(false) {
            parts.push("is not present".to_owned());
        } else if parts.is_empty() {
            parts.push("is present".to_owned());
        }
        format!("{subject} {}", parts.join(" and "))
    }
}

/// Whether `present: false` stands where it proves something, or beside another check, which is then said.
fn is_absence_misplaced(spec: &ConditionSpec, role: ConditionRole, asks_nothing: bool, reader: &mut Reader) -> bool {
    let Some(absent) = spec.present.as_ref().filter(|present| !present.value) else { return false };
    let (message, help) = if role == ConditionRole::Proves {
        let help = "turn it round: say with `is` or `present: true` what has to be there";
        ("what is not there proves nothing, so `present: false` cannot stand here", help)
    } else if !asks_nothing {
        let help = "ask one of the two; `any: [ …, … ]` holds when one of several conditions holds";
        ("this never holds: a value that is not there is nothing else either", help)
    } else {
        return false;
    };
    reader.complain(absent.place, message, help);
    true
}

/// Whether `empty` stands where it cannot be asked, which is then said.
fn is_emptiness_misplaced(spec: &ConditionSpec, at: &ConditionSubject, reader: &mut Reader) -> bool {
    let Some(empty) = &spec.empty else { return false };
    let is_alone = spec.is.is_none() && spec.is_not.is_none() && spec.matches.is_none() && spec.contains.is_none() && spec.within.is_none();
    let (message, help) = if !empty.value {
        ("`empty: false` says nothing about a value that is no list", "write `present: true` for a list that has an entry")
    } else if !is_alone || spec.present.is_some() {
        ("`empty` asks for a list without entries, which is nothing else either", "ask one of the two")
    } else if let ConditionSubject::Text(_) = at {
        let help = "write the path of the list where the answer is read: `read: { isFree: { at: $.bars, empty: true } }`";
        ("`empty` looks at a list of an answer, and a fact is a text", help)
    } else {
        return false;
    };
    reader.complain(empty.place, message, help);
    true
}

/// Whether one of these texts equals one of the list; `None` where none does and one of the list cannot be read, or, if `needs_all`, is
/// not known.
fn is_one_of(texts: &[Text], list: &[Template], facts: &Facts, needs_all: bool) -> Option<bool> {
    let mut is_known = true;
    for value in list {
        match value.fill(facts) {
            Ok(value) if texts.iter().any(|text| value.is_same_as(text)) => return Some(true),
            Ok(_) => {}
            Err(unfilled) => is_known &= !needs_all && unfilled.unreadable.is_none(),
        }
    }
    is_known.then_some(false)
}

/// Whether one of these texts equals none of the list; `None` where that cannot be said of any of them.
fn any_differs(texts: &[Text], list: &[Template], facts: &Facts) -> Option<bool> {
    let mut all = Some(false);
    for text in texts {
        match is_one_of(std::slice::from_ref(text), list, facts, true) {
            Some(false) => return Some(true),
            Some(true) => {}
            None => all = None,
        }
    }
    all
}

fn moment_in(text: &str) -> Option<i64> {
    parse_moment(text).map(|at| at.timestamp())
}

/// The text of a value that exists; an object or a list exists unless it is empty.
fn present_text(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) if !members.is_empty() => Some(value.to_string()),
        Value::Array(list) if !list.is_empty() => Some(value.to_string()),
        other => scalar_text(other).map(Cow::into_owned),
    }
}

#[cfg(test)]
mod tests;
