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

    /// Whether the step takes any entry.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Descent(_) | Self::Several(None))
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

/// Whether the paths of a claim and of an address may find one text, or a list and an entry of it, where `contains` looks.
pub(crate) fn may_meet(claim: &[RouteStep], address: &[RouteStep]) -> bool {
    let (claim, address) = (with_gaps(claim), with_gaps(address));
    // For every pair of steps: whether what follows from there on may meet.
    let mut meets = vec![vec![false; address.len() + 1]; claim.len() + 1];
    for (at, to) in (0..=claim.len()).rev().flat_map(|at| (0..=address.len()).rev().map(move |to| (at, to))) {
        let is_below = |next: Option<&Option<RouteStep>>| next.is_some_and(|next| *next != Some(RouteStep::Text));
        meets[at][to] = match (&claim[at..], &address[to..]) {
            ([None, ..], rest) => meets[at + 1][to] || is_below(rest.first()) && meets[at][to + 1],
            (rest, [None, ..]) => meets[at][to + 1] || is_below(rest.first()) && meets[at + 1][to],
            ([], rest) | (rest, []) => match rest {
                [] => true,
                [Some(step)] => step.takes_an_entry(),
                [None] | [_, _, ..] => false,
            },
            ([Some(claim), ..], [Some(address), ..]) => may_be_same(claim, address) && meets[at + 1][to + 1],
        };
    }
    meets[0][0]
}

/// The steps of a route, with a gap for the steps over which `..` passes. The text of an XML element with attributes counts as the element.
fn with_gaps(route: &[RouteStep]) -> Vec<Option<RouteStep>> {
    let is_text = |step: &RouteStep| matches!(step, RouteStep::Key(key) if **key == *"#text");
    let route = route.split_last().filter(|(last, _)| is_text(last)).map_or(route, |(_, above)| above);
    let each = route.iter().flat_map(|step| match step {
        RouteStep::Descent(Some(name)) => vec![None, Some(RouteStep::Key(name.clone()))],
        RouteStep::Descent(None) => vec![None, Some(RouteStep::Several(None))],
        RouteStep::Key(_) | RouteStep::Index(_) | RouteStep::Several(_) | RouteStep::Text | RouteStep::Entry => vec![Some(step.clone())],
    });
    each.collect()
}

/// Whether a step of a claim may reach what a step of an address reaches. A filter of the claim by a text asks something itself.
fn may_be_same(claim: &RouteStep, address: &RouteStep) -> bool {
    match (claim, address) {
        (RouteStep::Key(_), RouteStep::Several(_)) | (RouteStep::Several(None), RouteStep::Key(_)) => true,
        _ => claim == address || claim.takes_an_entry() && address.takes_an_entry() && (claim.is_open() || claim.is_single()),
    }
}
