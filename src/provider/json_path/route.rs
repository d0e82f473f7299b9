//! The way that a path takes through an answer, as far as it matters which entries of a list it can reach.

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, Literal, Segment, Selector, SingularQuery, SingularQuerySegment,
};

/// One step on the way of a path, as far as it matters which entries of a list it can reach.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RouteStep {
    /// The value under a key.
    Key(Box<str>),
    /// An entry of a list by its number, from the end if it is negative.
    Index(i64),
    /// Any of several entries or members; a filter may name the one that it wants by a text.
    Several(Option<Box<str>>),
    /// Anything below (`..`), under this key if one is written.
    Descent(Option<Box<str>>),
    /// Into a text that is JSON itself.
    Text,
    /// The entry that `choose` picked.
    Entry,
}

impl RouteStep {
    /// Whether the step reaches the same value wherever it is taken in one answer.
    pub(crate) fn is_single(&self) -> bool {
        match self {
            Self::Key(_) | Self::Index(_) | Self::Text => true,
            Self::Several(_) | Self::Descent(_) | Self::Entry => false,
        }
    }

    /// Whether the step takes one of the entries of a list.
    pub(crate) fn takes_an_entry(&self) -> bool {
        match self {
            Self::Index(_) | Self::Several(_) | Self::Descent(_) | Self::Entry => true,
            Self::Key(_) | Self::Text => false,
        }
    }

    pub(crate) fn from_segment(segment: &Segment) -> Self {
        let selector = match segment {
            Segment::Descendant(below) => {
                return Self::Descent(match Self::from_segment(below) {
                    Self::Key(key) => Some(key),
                    Self::Index(_) | Self::Several(_) | Self::Descent(_) | Self::Text | Self::Entry => None,
                });
            }
            Segment::Selector(selector) => selector,
            Segment::Selectors(several) => match several.as_slice() {
                [only] => only,
                _ => return Self::Several(None),
            },
        };
        match selector {
            Selector::Name(name) => Self::Key(name.as_str().into()),
            Selector::Index(index) => Self::Index(*index),
            Selector::Wildcard | Selector::Slice(..) => Self::Several(None),
            Selector::Filter(filter) => Self::Several(text_in_filter(filter)),
        }
    }
}

/// The text that a filter compares a member with, if every entry that it finds has this text.
fn text_in_filter(filter: &Filter) -> Option<Box<str>> {
    match filter {
        Filter::Atom(FilterAtom::Comparison(comparison)) => match &**comparison {
            Comparison::Eq(Comparable::SingularQuery(SingularQuery::Current(_)), Comparable::Literal(Literal::String(text)))
            | Comparison::Eq(Comparable::Literal(Literal::String(text)), Comparable::SingularQuery(SingularQuery::Current(_))) => {
                Some(text.as_str().into())
            }
            _ => None,
        },
        Filter::And(all) => all.iter().find_map(text_in_filter),
        Filter::Atom(_) | Filter::Or(_) => None,
    }
}

/// Whether a filter compares a member of the entry, so that only entries with a certain value there are found.
pub(crate) fn filter_demands(filter: &Filter, member: &str) -> bool {
    let is_member = |side: &Comparable| match side {
        Comparable::SingularQuery(SingularQuery::Current(segments)) => {
            matches!(segments.as_slice(), [SingularQuerySegment::Name(name)] if name == member)
        }
        Comparable::SingularQuery(SingularQuery::Root(_)) | Comparable::Literal(_) | Comparable::Function(_) => false,
    };
    match filter {
        Filter::Atom(FilterAtom::Comparison(comparison)) => match &**comparison {
            Comparison::Eq(one, other) => is_member(one) || is_member(other),
            Comparison::Ne(..) | Comparison::Gt(..) | Comparison::Gte(..) | Comparison::Lt(..) | Comparison::Lte(..) => false,
        },
        Filter::And(all) => all.iter().any(|filter| filter_demands(filter, member)),
        Filter::Atom(_) | Filter::Or(_) => false,
    }
}
