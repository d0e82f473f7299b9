//! What is wrong with the signature of a callback, and the sentence of each fault.

/// What is wrong with the signature of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// The callback has none.
    Missing,
    /// A value holds what stands between the signed values, so the same signature fits other parameters as well.
    Ambiguous,
    Wrong,
}

impl SignatureFault {
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Missing => "the parameters of the callback have no signature",
            Self::Ambiguous => {
                "a parameter of the callback holds a character that stands between the signed ones, so its signature does not say which value it signs"
            }
            Self::Wrong => "the signature of the callback's parameters is not right",
        }
    }
}
