//! Checks that a function never leaves only what the file itself added to a text. The result would be the same for every answer, or
//! what the visitor typed.

use crate::provider::condition::Condition;
use crate::provider::fact_expression::FactExpression;
use crate::provider::functions::FunctionArgument;
use crate::provider::functions::change::TextChange;
use crate::provider::hole::Hole;
use crate::provider::proof_check::ProofCheck;
use crate::provider::step::Step;
use crate::provider::template::Template;
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
        let is_made = hole.fact().is_some_and(|fact| self.has_added_text(fact, &mut Vec::new()));
        let start = if is_made { AddedText::Unknown } else { AddedText::Nothing };
        let (mut before, mut behind) = (start.clone(), start);
        for function in hole.functions() {
            match function.change() {
                TextChange::AddsBefore(more) => before = before.with(more, |text, more| format!("{more}{text}")),
                TextChange::AddsBehind(more) => behind = behind.with(more, |text, more| format!("{text}{more}")),
                TextChange::TakesBefore(_) if before.is_there() => return Some(function.name()),
                TextChange::TakesBefore(mark) => behind = behind.cut(mark, |(head, _)| head.to_owned()),
                TextChange::TakesBehind(_) if behind.is_there() => return Some(function.name()),
                TextChange::TakesBehind(mark) => before = before.cut(mark, |(_, tail)| tail.to_owned()),
                TextChange::TakesAPart if before.is_there() || behind.is_there() => return Some(function.name()),
                TextChange::TakesAPart => {}
                TextChange::KeepsAll => (before, behind) = (before.rewritten(), behind.rewritten()),
            }
        }
        None
    }

    /// Whether a fact is made of more than one value of an answer.
    fn has_added_text(&self, fact: Slot, seen: &mut Vec<Slot>) -> bool {
        if seen.contains(&fact) {
            return false;
        }
        seen.push(fact);
        let reads = self.file.steps().flat_map(Step::all_reads).filter(|read| read.fact == fact).map(|read| &read.reading);
        let readings = reads.chain(self.file.identity.composition(fact)).flat_map(FactExpression::alternatives);
        readings.into_iter().any(|reading| match reading {
            FactExpression::Text(text) => {
                let adds = |hole: &Hole| {
                    hole.functions().iter().any(|one| matches!(one.change(), TextChange::AddsBefore(_) | TextChange::AddsBehind(_)))
                };
                text.pieces().len() > 1
                    || text.holes().any(|hole| adds(hole) || hole.fact().is_some_and(|fact| self.has_added_text(fact, seen)))
            }
            FactExpression::Path(_) | FactExpression::Condition(_) | FactExpression::Conditions(..) | FactExpression::FirstOf(..) => false,
        })
    }
}
