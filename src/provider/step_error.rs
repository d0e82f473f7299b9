//! Why a step did not work out: as data; the sentences are made where they are told.

use crate::provider::refusal::ProviderRefusal;
use crate::provider::template::UnfilledHole;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::wire::NoAnswer;

/// Why a step did not work out.
#[derive(Clone, Debug)]
pub enum StepError {
    /// A fact is needed that no answer gave.
    MissingFact {
        /// Which, if it is one.
        fact: Option<Slot>,
        /// Where it is needed.
        place: Place,
    },
    /// An address would lead where it must not.
    BadAddress {
        /// What is wrong.
        why: &'static str,
        /// Where it was written.
        place: Place,
    },
    /// A value cannot stand in a header.
    BadHeader {
        /// Where it was written.
        place: Place,
    },
    /// A key cannot be used.
    Key {
        /// What is wrong.
        why: &'static str,
        /// Where it was written.
        place: Place,
    },
    /// The provider said no.
    Refused {
        refusal: ProviderRefusal,
        /// The word of the file that recognised the refusal, if one did.
        place: Option<Place>,
    },
    /// The answer is not written as expected.
    Unreadable {
        /// What is wrong.
        why: String,
        /// Where that was expected.
        place: Place,
    },
    /// A signed token is not to be believed.
    BadToken {
        /// What is wrong.
        why: String,
        /// Where it was asked for.
        place: Place,
    },
    /// The parameters that arrived are not signed as they should be.
    BadSignature {
        /// Where that was asked for.
        place: Place,
    },
    /// Nothing came back.
    NoAnswer(NoAnswer),
}

impl StepError {
    /// A hole found nothing.
    pub(crate) fn missing_fact(missing: UnfilledHole) -> Self {
        Self::MissingFact { fact: missing.fact, place: missing.place }
    }
}
