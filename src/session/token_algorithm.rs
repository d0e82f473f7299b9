//! The algorithms by which a store signs tokens.

/// An algorithm of RFC 7518, section 3.1. Each has signing keys of its own, which rotate by the same plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenAlgorithm {
    /// ECDSA on P-256 with SHA-256. It signs session tokens, so every store has a key for it.
    Es256,
    /// RSA with SHA-256. A store has a key for it only if an app needs one.
    Rs256,
}

impl TokenAlgorithm {
    /// All of them, in the order in which keys are listed.
    pub(crate) const ALL: [Self; 2] = [Self::Es256, Self::Rs256];

    /// The name in headers of tokens, in published keys and in storage.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of a name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}
