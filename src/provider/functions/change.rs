//! What a function does to the text that it is given, for the checks that ask how much of an answer is left.

use crate::provider::functions::{Function, FunctionAction, FunctionArgument};

/// What a function makes of the text that it is given.
#[derive(Clone, Copy)]
pub(crate) enum TextChange<'a> {
    AddsBefore(&'a FunctionArgument),
    AddsBehind(&'a FunctionArgument),
    /// Keeps what stands before a separator.
    TakesBefore(&'a FunctionArgument),
    /// Keeps what stands behind a separator.
    TakesBehind(&'a FunctionArgument),
    /// Takes a part, or leaves out blanks and the like.
    TakesAPart,
    /// Writes all of it in another way.
    KeepsAll,
}

/// How much of a text a function without arguments keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeptText {
    All,
    /// A part, or all but blanks and the like.
    Part,
}

/// An end of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextEnd {
    Start,
    End,
}

impl Function {
    /// What becomes of the text that stands before it.
    pub(crate) fn change(&self) -> TextChange<'_> {
        match &self.action {
            FunctionAction::Add(TextEnd::Start, more) => TextChange::AddsBefore(more),
            FunctionAction::Add(TextEnd::End, more) => TextChange::AddsBehind(more),
            FunctionAction::Split(TextEnd::Start, separator) => TextChange::TakesBefore(separator),
            FunctionAction::Split(TextEnd::End, separator) => TextChange::TakesBehind(separator),
            FunctionAction::Text(_, KeptText::Part)
            | FunctionAction::JsonLiteral(_)
            | FunctionAction::Form(_)
            | FunctionAction::Json(_)
            | FunctionAction::Date(_)
            | FunctionAction::Moment(_) => TextChange::TakesAPart,
            FunctionAction::Text(_, KeptText::All)
            | FunctionAction::Write(_)
            | FunctionAction::Hash(_)
            | FunctionAction::KeyedHash(..)
            | FunctionAction::Default(_)
            | FunctionAction::Join(_)
            | FunctionAction::Digits(_) => TextChange::KeepsAll,
        }
    }

    /// Whether both do the same to a text, as far as this is sure.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let both = (&self.action, &other.action);
        (matches!(both, (FunctionAction::Text(..), FunctionAction::Text(..))) && self.name == other.name)
            || matches!(both, (FunctionAction::Json(own), FunctionAction::Json(other)) if own.source == other.source)
            || matches!(both, (FunctionAction::Form(own), FunctionAction::Form(other)) if own == other)
    }

    /// Whether both take a value of one document under different keys.
    pub(crate) fn takes_another_part_than(&self, other: &Self) -> bool {
        let both = (&self.action, &other.action);
        matches!(both, (FunctionAction::Json(own), FunctionAction::Json(other)) if own.is_beside(other))
            || matches!(both, (FunctionAction::Form(own), FunctionAction::Form(other)) if own != other)
    }
}
