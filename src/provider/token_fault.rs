//! Why a signed token is not accepted. Values of a token are kept only where they are an address, or the name of an algorithm.

use crate::provider::document_fault::{DocumentFault, shown_issuer};
use crate::vocabulary::diagnostic::quoted;
use crate::vocabulary::no_answer::in_words;
use std::fmt;

/// Why a signed token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// The key set is not there.
    NoKeys(DocumentFault),
    /// The key set has no key with the id in the token.
    UnknownKey {
        /// How many keys it has.
        keys: usize,
    },
    /// The key of this id is not for signatures, or for another algorithm.
    UnfitKey(KeyMisuse),
    /// The signature is not made with the key.
    Signature,
    /// The token is signed by an algorithm that is not accepted.
    Algorithm {
        /// The algorithm in the token, if it is one that is known.
        found: Option<&'static str>,
        /// The algorithms that are accepted.
        accepted: Vec<&'static str>,
    },
    /// It names no issuer.
    NoIssuer,
    /// It comes from another issuer.
    Issuer {
        /// What it names, if that is an address.
        found: Option<Box<str>>,
        /// What the file expects.
        expected: Vec<Box<str>>,
    },
    /// It was issued for another client.
    Audience {
        /// For how many it was issued.
        audiences: usize,
        /// What the file itself writes.
        expected: Vec<Box<str>>,
    },
    /// It has expired; so many seconds ago.
    Expired(i64),
    /// It is valid only later.
    NotYetValid {
        /// The claim that says so.
        claim: &'static str,
        /// After so many seconds, if that is a number.
        seconds: Option<i64>,
    },
    /// It repeats no nonce.
    NoNonce,
    /// It repeats the nonce of another login.
    OtherNonce,
    /// Something else, as a sentence.
    Other(String),
}

/// For what a key is, where it cannot verify a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMisuse {
    /// It is not for signatures.
    Use,
    /// It is for another algorithm.
    Algorithm,
}

impl From<&str> for TokenFault {
    fn from(why: &str) -> Self {
        Self::Other(why.to_owned())
    }
}

impl From<String> for TokenFault {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

impl TokenFault {
    /// A token of another issuer. An issuer is shown if it is an address without a query.
    pub(crate) fn issuer(found: &str, expected: Vec<Box<str>>) -> Self {
        Self::Issuer { found: shown_issuer(found), expected }
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeys(fault) => write!(f, "its keys could not be fetched: {fault}"),
            Self::UnknownKey { keys } => {
                let among = if *keys == 1 { "the one key".to_owned() } else { format!("the {keys} keys") };
                write!(f, "its key set has no key of that id: none of {among} has the id that the token names (`kid`)")
            }
            Self::UnfitKey(KeyMisuse::Use) => f.write_str("the key of that id (`kid`) is not for signatures (`use` or `key_ops`)"),
            Self::UnfitKey(KeyMisuse::Algorithm) => f.write_str("the key of that id (`kid`) is for another algorithm (`alg` or `kty`)"),
            Self::Signature => f.write_str("its signature is not right"),
            Self::Algorithm { found, accepted } => write_algorithm(*found, accepted, f),
            Self::NoIssuer => f.write_str("it names no issuer (`iss`)"),
            Self::Issuer { found, expected } => {
                f.write_str("it comes from another issuer (`iss`)")?;
                if let Some(found) = found {
                    write!(f, ": it names `{found}`")?;
                }
                write_expected(expected, f)
            }
            Self::Audience { audiences, expected } => {
                f.write_str("it was issued for another client (`aud`)")?;
                if *audiences > 1 {
                    write!(f, ": it names {audiences} audiences")?;
                }
                write_expected(expected, f)
            }
            Self::Expired(seconds) => {
                write!(f, "it is no longer good: it expired {} ago (`exp`)", in_words(seconds.unsigned_abs()))
            }
            Self::NotYetValid { claim, seconds: Some(seconds) } => {
                let after = in_words(seconds.unsigned_abs());
                write!(f, "it is not good yet, by the clock of this machine: it begins in {after} (`{claim}`)")
            }
            Self::NotYetValid { claim, seconds: None } => write!(f, "it is not good yet: `{claim}` is no moment"),
            Self::NoNonce => f.write_str("it does not repeat the nonce of this login: it has none (`nonce`)"),
            Self::OtherNonce => f.write_str("it does not repeat the nonce of this login: it has another one (`nonce`)"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

fn write_algorithm(found: Option<&str>, accepted: &[&str], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("it is not signed by an algorithm that is accepted")?;
    if let Some(found) = found {
        write!(f, ": it is signed by `{found}`")?;
    }
    if accepted.is_empty() { Ok(()) } else { write!(f, "; accepted are {}", quoted(accepted, " or ")) }
}

fn write_expected(expected: &[Box<str>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if expected.is_empty() { Ok(()) } else { write!(f, "; expected is {}", quoted(expected, " or ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_that_is_no_address_is_not_shown() {
        let shown = |found: &str| TokenFault::issuer(found, vec!["https://a.example".into()]).to_string();

        assert!(shown("https://b.example/tenant").contains("`https://b.example/tenant`; expected is `https://a.example`"));
        for found in ["ana@loja.example", "https://b.example/?p=ana", "accounts"] {
            assert!(!shown(found).contains(found), "{found}");
        }
    }

    #[test]
    fn a_key_set_is_described_by_its_size() {
        assert!(TokenFault::UnknownKey { keys: 1 }.to_string().contains("none of the one key has"));
        assert!(TokenFault::UnknownKey { keys: 3 }.to_string().contains("none of the 3 keys has"));
    }
}
