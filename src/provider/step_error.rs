//! Why a step failed, as data. `login::error` makes the sentences.

use crate::provider::refusal::ProviderRefusal;
use crate::provider::signature::SignatureFault;
use crate::provider::template::UnfilledHole;
use crate::provider::token_fault::TokenFault;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::redirect_target::RedirectTarget;
use crate::vocabulary::wire::NoAnswer;

/// Why a step failed.
#[derive(Clone, Debug)]
pub enum StepError {
    /// The step needs a fact that is not known.
    MissingFact {
        /// The fact, unless a path found nothing.
        fact: Option<Slot>,
        /// The place that needs it.
        place: Place,
    },
    /// The request would go to an address that is not allowed.
    BadAddress {
        /// A phrase that says what is wrong.
        why: &'static str,
        /// The place in the file.
        place: Place,
    },
    /// A header cannot carry the value.
    BadHeader {
        /// The place in the file.
        place: Place,
    },
    /// A key cannot be used.
    Key {
        /// A phrase that says what is wrong.
        why: &'static str,
        /// The place in the file.
        place: Place,
    },
    /// The provider refused.
    Refused {
        refusal: ProviderRefusal,
        /// The word of the file that recognised the refusal, if one did.
        place: Option<Place>,
    },
    /// The answer is not in the expected format.
    Unreadable {
        /// A phrase that says what is wrong.
        why: String,
        /// The place of the call.
        place: Place,
    },
    /// A signed token was not accepted.
    BadToken {
        why: TokenFault,
        /// The place that requires it.
        place: Place,
    },
    /// The access token is not a bearer token.
    OtherTokenType {
        /// The place of the call.
        place: Place,
    },
    /// The signature of the callback's parameters proves nothing.
    BadSignature {
        fault: SignatureFault,
        /// The place that requires it.
        place: Place,
    },
    /// There is no answer.
    NoAnswer(NoAnswer),
    /// The answer redirects, and redirects are not followed.
    Redirected {
        to: RedirectTarget,
        /// The place of the call.
        place: Place,
    },
}

impl StepError {
    /// Why nothing was read from the answer or the callback, if nothing was.
    pub(crate) fn why_nothing_was_read(&self) -> Option<&'static str> {
        match self {
            Self::Refused { .. } => Some("the answer was refused"),
            Self::BadSignature { fault, .. } => Some(fault.sentence()),
            Self::Unreadable { .. } => Some("the answer is not in the format that the file says"),
            Self::OtherTokenType { .. } => Some("the `token_type` of the answer is refused"),
            Self::NoAnswer(_) => Some("there is no answer"),
            Self::Redirected { .. } => Some("the answer redirects to another address"),
            Self::MissingFact { .. } | Self::BadAddress { .. } | Self::BadHeader { .. } | Self::Key { .. } | Self::BadToken { .. } => None,
        }
    }

    pub(crate) fn missing_fact(missing: UnfilledHole) -> Self {
        Self::MissingFact { fact: missing.fact, place: missing.place }
    }
}
