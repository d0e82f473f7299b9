//! Checks that a function never leaves only what the file itself added to a text. The result would be the same for every answer, or
//! what the visitor typed.

use crate::provider::condition::Condition;
use crate::provider::fact_expression::FactExpression;
use crate::provider::functions::change::TextChange;
use crate::provider::functions::{Function, FunctionArgument};
use crate::provider::hole::Hole;
use crate::provider::proof_check::ProofCheck;
use crate::provider::step::Step;
use crate::provider::template::{Template, TemplatePiece};
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;
use std::collections::HashMap;

/// What the file has added at one end of a text.
#[derive(Clone)]
enum AddedText {
    Nothing,
    Literal(String),
    Unknown,
}

impl AddedText {
    fn is_there(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// The same with more text at the outer end.
    fn with(self, more: &FunctionArgument, join: impl Fn(&str, &str) -> String) -> Self {
        match (self, more) {
            (Self::Nothing, FunctionArgument::Literal(more)) => Self::Literal(more.to_string()),
            (Self::Literal(text), FunctionArgument::Literal(more)) => Self::Literal(join(&text, more)),
            (Self::Unknown, _) | (_, FunctionArgument::Fact(..)) => Self::Unknown,
        }
    }

    /// What is left of it when the text is cut at this mark, which the answer may have as well.
    fn cut(self, mark: &FunctionArgument, part: impl Fn((&str, &str)) -> String) -> Self {
        match (self, mark) {
            (Self::Literal(text), FunctionArgument::Literal(mark)) => match text.split_once(&**mark).map(part) {
                Some(rest) if !rest.is_empty() => Self::Literal(rest),
                Some(_) | None => Self::Nothing,
            },
            (Self::Nothing, _) => Self::Nothing,
            (Self::Unknown, _) | (_, FunctionArgument::Fact(..)) => Self::Unknown,
        }
    }

    /// The same after a function that writes the text in another way.
    fn rewritten(self) -> Self {
        if self.is_there() { Self::Unknown } else { self }
    }
}

/// Where a fact has text that the file has added to the values of an answer.
#[derive(Clone, Copy, Default, PartialEq)]
struct AddedPlaces {
    before: bool,
    behind: bool,
    between: bool,
}

impl AddedPlaces {
    fn join(self, other: Self) -> Self {
        Self { before: self.before || other.before, behind: self.behind || other.behind, between: self.between || other.between }
    }
}

impl ProofCheck<'_> {
    /// Complains about a function that may leave only what was added. What is only shown may consist of it.
    pub(crate) fn check_added_text(&self, reader: &mut Reader) {
        let shown = ["name", "picture", "locale"].map(|name| reader.names.intern(name));
        let reads = self.file.steps().flat_map(Step::all_reads).filter(|read| !shown.contains(&read.fact)).map(|read| &read.reading);
        let composed = self.file.identity.facts().filter(|fact| !shown.contains(fact));
        let composed = composed.filter_map(|fact| self.file.identity.composition(fact));
        let conditions = self.file.steps().flat_map(|step| {
            let when = step.when.iter().flat_map(|when| &when.0);
            step.conditions().into_iter().chain(when)
        });
        let conditions = conditions.chain(self.file.require.iter().flat_map(|require| &require.0)).flat_map(Condition::subject_texts);
        let texts: Vec<&Template> = reads.chain(composed).flat_map(FactExpression::texts).chain(conditions).collect();
        let known = self.added_places();
        for hole in texts.into_iter().flat_map(Template::holes) {
            if let Some(name) = leaves_only_added(hole, &known).filter(|_| !reader.has_complaint_at(hole.place)) {
                let help = "take the part of the answer first, and add text behind that";
                reader.complain(hole.place, format!("what the file adds here may be all that `{name}` leaves"), help);
            }
        }
    }

    /// Where each fact has text that is no value of an answer. Facts are made of facts, so one pass follows the other until nothing is new.
    fn added_places(&self) -> HashMap<Slot, AddedPlaces> {
        let reads = self.file.steps().flat_map(Step::all_reads).map(|read| (read.fact, &read.reading));
        let identity = self.file.identity;
        let composed = identity.facts().filter_map(|fact| identity.composition(fact).map(|reading| (fact, reading)));
        let readings: Vec<(Slot, &FactExpression)> = reads.chain(composed).collect();
        let mut places = HashMap::new();
        loop {
            let before = places.clone();
            for (fact, reading) in &readings {
                for text in reading.texts() {
                    let added = added_places_of(text, &places);
                    let known: &mut AddedPlaces = places.entry(*fact).or_default();
                    *known = known.join(added);
                }
            }
            if places == before {
                return places;
            }
        }
    }
}

/// Where a text has something besides the first and the last value that is surely there.
fn added_places_of(text: &Template, known: &HashMap<Slot, AddedPlaces>) -> AddedPlaces {
    let is_value = |piece: &TemplatePiece| matches!(piece, TemplatePiece::Hole(hole) if !hole.may_lack_value());
    let first = text.pieces().iter().position(is_value).unwrap_or(usize::MAX);
    let last = text.pieces().iter().rposition(is_value).unwrap_or_default();
    let mut places = AddedPlaces::default();
    for (at, piece) in text.pieces().iter().enumerate() {
        let (before, behind, between) = match piece {
            TemplatePiece::Literal(_) => (true, true, false),
            TemplatePiece::Hole(hole) => {
                let changes = || hole.functions().iter().map(Function::change);
                let made = places_of_fact(hole, known);
                let before = made.before || changes().any(|change| matches!(change, TextChange::AddsBefore(_)));
                let behind = made.behind || changes().any(|change| matches!(change, TextChange::AddsBehind(_)));
                (before, behind, made.between)
            }
        };
        places.before |= before && at <= first;
        places.behind |= behind && at >= last;
        places.between |= between || (before && at > first) || (behind && at < last);
    }
    places
}

/// The function that may leave nothing but what was added before it.
fn leaves_only_added(hole: &Hole, known: &HashMap<Slot, AddedPlaces>) -> Option<&'static str> {
    let made = places_of_fact(hole, known);
    let unknown_if = |is_there| if is_there { AddedText::Unknown } else { AddedText::Nothing };
    let (mut before, mut behind) = (unknown_if(made.before), unknown_if(made.behind));
    for function in hole.functions() {
        match function.change() {
            TextChange::AddsBefore(more) => before = before.with(more, |text, more| format!("{more}{text}")),
            TextChange::AddsBehind(more) => behind = behind.with(more, |text, more| format!("{text}{more}")),
            TextChange::TakesBefore(_) if before.is_there() => return Some(function.name()),
            // What stood between two values may stand at the end now.
            TextChange::TakesBefore(_) if made.between => behind = AddedText::Unknown,
            TextChange::TakesBefore(mark) => behind = behind.cut(mark, |(head, _)| head.to_owned()),
            TextChange::TakesBehind(_) if behind.is_there() => return Some(function.name()),
            TextChange::TakesBehind(_) if made.between => before = AddedText::Unknown,
            TextChange::TakesBehind(mark) => before = before.cut(mark, |(_, tail)| tail.to_owned()),
            TextChange::TakesAPart if made.between || before.is_there() || behind.is_there() => return Some(function.name()),
            TextChange::TakesAPart => {}
            TextChange::KeepsAll => (before, behind) = (before.rewritten(), behind.rewritten()),
        }
    }
    None
}

/// Where the fact that fills a hole has text that is no value of an answer.
fn places_of_fact(hole: &Hole, known: &HashMap<Slot, AddedPlaces>) -> AddedPlaces {
    hole.fact().and_then(|fact| known.get(&fact)).copied().unwrap_or_default()
}
