//! Conditions that never hold, or always hold, whatever an answer says.

use crate::provider::condition::{Condition, ConditionKind, ConditionSubject, ValueCheck};
use crate::provider::json_path::RouteStep;
use crate::provider::moment::parse_moment;
use crate::provider::template::Template;
use crate::vocabulary::diagnostic::quoted_alternatives;
use crate::vocabulary::place::Place;

/// What is wrong with a condition.
pub(crate) struct Contradiction {
    pub(crate) place: Place,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// What is wrong with conditions that must all hold together.
pub(crate) fn find_contradictions(conditions: &[&Condition]) -> Vec<Contradiction> {
    let (mut checks, mut choices) = (Vec::new(), Vec::new());
    conditions.iter().for_each(|condition| condition.take_apart(&mut checks, &mut choices));
    let mut found: Vec<Contradiction> = checks.iter().filter_map(|check| check.contradiction()).collect();
    if found.is_empty() {
        let pairs = checks.iter().enumerate().flat_map(|(at, one)| checks[at + 1..].iter().map(move |other| (*one, *other)));
        found.extend(pairs.filter_map(|(one, other)| one.contradiction_with(other)).take(1));
    }
    for branches in choices {
        found.extend(branches.iter().flat_map(|branch| find_contradictions(&[branch])));
        found.extend(always_holds(branches));
    }
    found
}

/// What is wrong with conditions on a token's claims, given a claim that the token must have anyway: with any value, or with one of `texts`.
pub(crate) fn find_claim_contradiction(conditions: &[Condition], claim: &str, texts: Option<&[String]>) -> Option<Contradiction> {
    let mut checks = Vec::new();
    conditions.iter().for_each(|condition| condition.take_apart(&mut checks, &mut Vec::new()));
    let is_about = |check: &&&ValueCheck| matches!(&check.at, ConditionSubject::Path(path) if path.is_key(claim));
    checks.iter().filter(is_about).find_map(|check| {
        if check.present == Some(false) {
            let message = format!("this never holds: a token without `{claim}` is refused before");
            return Some(Contradiction { place: check.place(), message, help: "take this condition out" });
        }
        let is = check.is.as_ref().and_then(|is| literals(is));
        let is_not = check.is_not.as_ref().and_then(|is_not| literals(is_not));
        let may_be = |text: &String| {
            is.as_ref().is_none_or(|is| is.contains(text))
                && !is_not.as_ref().is_some_and(|is_not| is_not.contains(text))
                && check.matches.as_ref().is_none_or(|pattern| pattern.regex.is_match(text))
        };
        let texts = texts.filter(|texts| !texts.iter().any(may_be))?;
        let wanted = quoted_alternatives(texts.iter().map(|text| &**text));
        let message = format!("this never holds: {} has to be {wanted}", check.subject());
        Some(Contradiction {
            place: check.place(),
            message,
            help: "take this condition out, or mend the word that demands the other value",
        })
    })
}

/// Whether one of these conditions holds of every answer, because one asks for a value that another asks to be missing.
fn always_holds(branches: &[Condition]) -> Option<Contradiction> {
    let checks = || branches.iter().filter_map(|branch| if let ConditionKind::Check(check) = &branch.kind { Some(check) } else { None });
    let absent = checks().find(|check| check.present == Some(false))?;
    let present = checks().find(|check| check.present == Some(true) && check.asks_only_presence() && check.has_subject_of(absent))?;
    let message = format!("this always holds: {} is there, or it is not", present.subject());
    Some(Contradiction { place: absent.place(), message, help: "take one of the two out, or ask what the value is" })
}

impl Condition {
    /// The checks that must hold, and the lists of conditions of which one must hold.
    fn take_apart<'c>(&'c self, checks: &mut Vec<&'c ValueCheck>, choices: &mut Vec<&'c [Self]>) {
        match &self.kind {
            ConditionKind::Check(check) => checks.push(check),
            ConditionKind::All(all) => all.iter().for_each(|condition| condition.take_apart(checks, choices)),
            ConditionKind::Any(any) => choices.push(any),
        }
    }
}

impl ValueCheck {
    fn subject(&self) -> String {
        match &self.at {
            ConditionSubject::Path(path) => format!("`{}`", path.source),
            ConditionSubject::Text(text) => format!("`{}`", text.source),
        }
    }

    fn has_subject_of(&self, other: &Self) -> bool {
        match (&self.at, &other.at) {
            (ConditionSubject::Path(one), ConditionSubject::Path(other)) => one.source == other.source,
            (ConditionSubject::Text(one), ConditionSubject::Text(other)) => one.source == other.source,
            (ConditionSubject::Path(_), ConditionSubject::Text(_)) | (ConditionSubject::Text(_), ConditionSubject::Path(_)) => false,
        }
    }

    /// Whether it checks a single value. Where a path finds several, different ones may meet different words.
    fn checks_one_value(&self) -> bool {
        match &self.at {
            ConditionSubject::Path(path) => path.route().iter().all(RouteStep::is_single),
            ConditionSubject::Text(_) => true,
        }
    }

    /// Why it never holds, if that is sure.
    fn contradiction(&self) -> Option<Contradiction> {
        let place_of = |list: &Option<Vec<Template>>| list.as_ref().and_then(|list| list.first()).map_or(self.place(), |first| first.place);
        if let Some(found) = self.contradiction_in(self) {
            return Some(found);
        }
        if !self.checks_one_value() {
            return None;
        }
        if self.within.is_some() && self.is_about_now() {
            let message = format!("this always holds: {} is the time itself", self.subject());
            return Some(Contradiction {
                place: self.place(),
                message,
                help: "write where the answer says when it was made, such as `at: $.time`",
            });
        }
        if self.contains.is_some() && (self.is.is_some() || self.matches.is_some() || self.within.is_some()) {
            let help = "ask one of them; `any: [ …, … ]` holds when one of several conditions holds";
            let message = "`contains` asks about a list, and the other check about a text".to_owned();
            return Some(Contradiction { place: place_of(&self.contains), message, help });
        }
        let is = self.is.as_ref().and_then(|is| literals(is))?;
        let is_no_moment = self.within.is_some() && is.iter().all(|text| parse_moment(text).is_none());
        is_no_moment.then(|| Contradiction {
            place: place_of(&self.is),
            message: "this never holds: `within` asks for a moment, and `is` for a text that is none".to_owned(),
            help: "keep one of the two",
        })
    }

    /// Why it never holds together with another check of the same value, if that is sure.
    fn contradiction_with(&self, other: &Self) -> Option<Contradiction> {
        if !self.has_subject_of(other) {
            return None;
        }
        // An empty list is not there.
        let is_of_absence = |check: &Self| check.present == Some(false) || check.empty && check.checks_one_value();
        if is_of_absence(self) != is_of_absence(other) {
            let message = format!("these conditions never hold together: {} is there, or it is not", self.subject());
            return Some(Contradiction {
                place: other.place(),
                message,
                help: "take one of them out; `any: [ …, … ]` asks for one of several",
            });
        }
        if let (Some(one), Some(another), true) = (&self.is, &other.is, self.checks_one_value())
            && let (Some(one), Some(another)) = (literals(one), literals(another))
            && !one.iter().any(|text| another.contains(text))
        {
            let message = format!("these conditions never hold together: {} is not `{}` and `{}`", self.subject(), one[0], another[0]);
            let help = "write the texts as one list (`is: [ a, b ]`), or the conditions under `any`";
            return Some(Contradiction { place: other.place(), message, help });
        }
        self.contradiction_in(other).or_else(|| other.contradiction_in(self))
    }

    /// Whether no text of this check's `is` is left by `isNot` and `matches` of the other.
    fn contradiction_in(&self, other: &Self) -> Option<Contradiction> {
        let is = self.is.as_ref()?;
        if let Some(is_not) = &other.is_not
            && let Some(first) = is_not.first()
            && is.iter().all(|wanted| is_not.iter().any(|excluded| excluded.source == wanted.source))
        {
            let message = format!("this never holds: {} has to be `{}`, and must not be", self.subject(), is[0].source);
            return Some(Contradiction { place: first.place, message, help: "keep `is` or `isNot`" });
        }
        let (texts, pattern) = (literals(is)?, other.matches.as_ref()?);
        if self.checks_one_value() && !texts.iter().any(|text| pattern.regex.is_match(text)) {
            let message = format!("this never holds: the pattern does not match `{}`", texts[0]);
            return Some(Contradiction { place: pattern.place, message, help: "keep `is` or `matches`" });
        }
        None
    }
}

/// The texts, if none of them has a hole.
fn literals(templates: &[Template]) -> Option<Vec<String>> {
    templates.iter().map(Template::as_literal).collect::<Option<Vec<String>>>().filter(|texts| !texts.is_empty())
}
