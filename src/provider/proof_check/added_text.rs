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
#[derive(Clone, Copy, Default)]
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
        for hole in texts.into_iter().flat_map(Template::holes) {
            if let Some(name) = self.leaves_only_added(hole).filter(|_| !reader.has_complaint_at(hole.place)) {
                let help = "take the part of the answer first, and add text behind that";
                reader.complain(hole.place, format!("what the file adds here may be all that `{name}` leaves"), help);
            }
        }
    }

    /// The function that may leave nothing but what was added before it.
    fn leaves_only_added(&self, hole: &Hole) -> Option<&'static str> {
        let made = hole.fact().map_or_else(AddedPlaces::default, |fact| self.added_places(fact, &mut Vec::new()));
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

    /// Where a fact has text that is no value of an answer.
    fn added_places(&self, fact: Slot, seen: &mut Vec<Slot>) -> AddedPlaces {
        if seen.contains(&fact) {
            return AddedPlaces::default();
        }
        seen.push(fact);
        let reads = self.file.steps().flat_map(Step::all_reads).filter(|read| read.fact == fact).map(|read| &read.reading);
        let readings = reads.chain(self.file.identity.composition(fact)).flat_map(FactExpression::alternatives);
        let texts = readings.flat_map(FactExpression::texts);
        texts.fold(AddedPlaces::default(), |places, text| places.join(self.added_places_of(text, seen)))
    }

    /// Where a text has something besides the first and the last value that is surely there.
    fn added_places_of(&self, text: &Template, seen: &mut Vec<Slot>) -> AddedPlaces {
        let is_value = |piece: &TemplatePiece| matches!(piece, TemplatePiece::Hole(hole) if !hole.may_lack_value());
        let first = text.pieces().iter().position(is_value).unwrap_or(usize::MAX);
        let last = text.pieces().iter().rposition(is_value).unwrap_or_default();
        let mut places = AddedPlaces::default();
        for (at, piece) in text.pieces().iter().enumerate() {
            let (before, behind, between) = match piece {
                TemplatePiece::Literal(_) => (true, true, false),
                TemplatePiece::Hole(hole) => {
                    let changes = || hole.functions().iter().map(Function::change);
                    let made = hole.fact().map_or_else(AddedPlaces::default, |fact| self.added_places(fact, seen));
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
}
