//! The exchange that a fact came from, so that a claim about one address never proves another address.
//!
//! A login knows its origins twice: while it runs, for each value, and when a file is checked, for each value that the
//! file could give. Both join origins in the same way.

use crate::provider::fact_expression::FactExpression;
use crate::provider::identity::IdentityMapping;
use crate::provider::step::Step;
use crate::vocabulary::names::Slot;
use std::collections::HashMap;

/// The exchange that a value came from.
///
/// A signed token is an exchange of its own, apart from the answer that carried it. They are two documents: what an
/// answer says beside a token is not covered by the token's signature, and in a callback it is the browser's word. A
/// token and its answer may also name two addresses of one account. So a claim within a token proves only an address
/// within the same token, and a claim beside it only an address beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FactOrigin {
    /// The file, the installation and the broker itself. Joining this origin with another gives the other.
    #[default]
    Broker,
    /// What the shopper typed, in whole or in part. It proves nothing and is never proven.
    Shopper,
    /// The answer of a call, by its position among the calls; `None` is the callback.
    Answer(Option<u16>),
    /// The signed token that a call reads, or the callback.
    SignedToken(Option<u16>),
    /// The entry of a list that `choose` picked in an answer: the call, and the position of the choice.
    AnswerEntry(Option<u16>, u16),
    /// The entry of a list that `choose` picked in a signed token.
    SignedTokenEntry(Option<u16>, u16),
    /// Several exchanges.
    Several,
}

impl FactOrigin {
    /// Joins the origins of two values from which one is composed.
    #[must_use]
    pub(crate) fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Shopper, _) | (_, Self::Shopper) => Self::Shopper,
            (Self::Broker, origin) | (origin, Self::Broker) => origin,
            (one, another) if one == another => one,
            (Self::Answer(_) | Self::SignedToken(_) | Self::AnswerEntry(..) | Self::SignedTokenEntry(..) | Self::Several, _) => {
                Self::Several
            }
        }
    }

    /// The origin of what is read in the chosen entry of a list in this document; `choice` is the position of the choice.
    #[must_use]
    pub(crate) fn entry(self, choice: u16) -> Self {
        match self {
            Self::Answer(call) => Self::AnswerEntry(call, choice),
            Self::SignedToken(call) => Self::SignedTokenEntry(call, choice),
            Self::AnswerEntry(..) | Self::SignedTokenEntry(..) | Self::Broker | Self::Shopper | Self::Several => Self::Several,
        }
    }

    /// The origin of what is read in an entry that was chosen by a value of the other origin: what the shopper typed chooses among what
    /// the provider says, so it has a part in it.
    #[must_use]
    pub(crate) fn chosen_by(self, value: Self) -> Self {
        if value == Self::Shopper { value } else { self }
    }

    /// The document in which a chosen entry stands; every other origin is its own.
    #[must_use]
    pub(crate) fn document(self) -> Self {
        match self {
            Self::AnswerEntry(call, _) => Self::Answer(call),
            Self::SignedTokenEntry(call, _) => Self::SignedToken(call),
            Self::Answer(_) | Self::SignedToken(_) | Self::Broker | Self::Shopper | Self::Several => self,
        }
    }

    /// Whether a claim of this origin can be about a value of the other origin.
    ///
    /// A claim in a chosen entry is about that entry only. A claim that stands beside the list is about no entry of it: the
    /// person may have added entries that the provider has not verified.
    pub(crate) fn vouches_for(self, value: Self) -> bool {
        match self {
            Self::Answer(_) | Self::SignedToken(_) | Self::AnswerEntry(..) | Self::SignedTokenEntry(..) => self == value,
            Self::Broker | Self::Shopper | Self::Several => false,
        }
    }
}

/// The possible origins of each fact of a file.
pub(crate) struct PossibleOrigins<'a> {
    steps: Vec<&'a Step>,
    identity: &'a IdentityMapping,
    inputs: Vec<Slot>,
    /// The origins found so far; a fact whose origins are being sought has none yet.
    known: HashMap<Slot, Vec<FactOrigin>>,
}

impl<'a> PossibleOrigins<'a> {
    pub(crate) fn new(steps: impl Iterator<Item = &'a Step>, identity: &'a IdentityMapping, inputs: Vec<Slot>) -> Self {
        Self { steps: steps.collect(), identity, inputs, known: HashMap::new() }
    }

    /// The origins of a fact.
    pub(crate) fn of_fact(&mut self, fact: Slot) -> Vec<FactOrigin> {
        if let Some(known) = self.known.get(&fact) {
            return known.clone();
        }
        self.known.insert(fact, Vec::new());
        let mut origins = Vec::new();
        for (reading, document) in self.readings(fact) {
            add(&mut origins, self.of_expression(reading, document));
        }
        for step in &self.steps {
            if step.header_reads.iter().any(|(read, _)| *read == fact) {
                add(&mut origins, [FactOrigin::Answer(step.call)]);
            }
        }
        if self.inputs.contains(&fact) {
            add(&mut origins, [FactOrigin::Shopper]);
        }
        if origins.is_empty() {
            origins.push(FactOrigin::Broker);
        }
        self.known.insert(fact, origins.clone());
        origins
    }

    /// The expressions that read a fact, each with the document that it reads.
    pub(crate) fn readings(&self, fact: Slot) -> Vec<(&'a FactExpression, FactOrigin)> {
        let composed = self.identity.composition(fact).map(|reading| (reading, FactOrigin::Broker));
        let read = self.steps.iter().flat_map(|step| step.reads_with_origin());
        let read = read.filter(|(read, _)| read.fact == fact).map(|(read, document)| (&read.reading, document));
        composed.into_iter().chain(read).collect()
    }

    /// The possible origins of an expression's value; `document` is the origin of what its paths find.
    pub(crate) fn of_expression(&mut self, reading: &FactExpression, document: FactOrigin) -> Vec<FactOrigin> {
        let mut origins = Vec::new();
        for alternative in reading.alternatives() {
            let mut joined = vec![if alternative.reads_answer() { document } else { FactOrigin::Broker }];
            for used in alternative.uses() {
                let parts = self.of_fact(used.fact);
                let pairs = joined.iter().flat_map(|one| parts.iter().map(|other| one.join(*other)));
                let mut next = Vec::new();
                add(&mut next, pairs);
                if !parts.is_empty() {
                    joined = next;
                }
            }
            add(&mut origins, joined);
        }
        origins
    }
}

fn add(origins: &mut Vec<FactOrigin>, more: impl IntoIterator<Item = FactOrigin>) {
    for origin in more {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_vouches_only_for_a_value_of_its_own_exchange() {
        let (first, second, token) = (FactOrigin::Answer(Some(0)), FactOrigin::Answer(Some(1)), FactOrigin::SignedToken(Some(0)));
        for (claim, value, expected) in [
            (first, first, true),
            (token, token, true),
            (first, second, false),
            (first, token, false),
            (FactOrigin::Answer(None), first, false),
            (first, first.entry(0), false),
            (token, token.entry(0), false),
            (first.entry(0), first, false),
            (first.entry(0), first.entry(0), true),
            (first.entry(0), first.entry(1), false),
            (first, first.join(FactOrigin::Broker), true),
            (first, first.join(first), true),
            (first, first.join(second), false),
            (first.join(second), first.join(second), false),
            (FactOrigin::Broker, FactOrigin::Broker, false),
            (FactOrigin::Broker, first, false),
            (FactOrigin::Shopper, FactOrigin::Shopper, false),
            (first, first.join(FactOrigin::Shopper), false),
            (first.entry(0).chosen_by(second), first.entry(0), true),
            (first.entry(0).chosen_by(FactOrigin::Shopper), first.entry(0).chosen_by(FactOrigin::Shopper), false),
        ] {
            assert_eq!(claim.vouches_for(value), expected, "{claim:?} {value:?}");
        }
    }
}
