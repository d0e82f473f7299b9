//! Why a document of an issuer, its discovery document or its key set, is not there.

use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::no_answer::NoAnswer;
use crate::vocabulary::privacy::HIDDEN;
use crate::vocabulary::redirect_target::RedirectTarget;
use std::fmt;

/// Why a document is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentFault {
    /// It has not been fetched: its address is not known, or another login is fetching it.
    NotFetched,
    /// There was no answer.
    NoAnswer(NoAnswer),
    /// The answer has another status than 200.
    Status(u16),
    /// The answer redirects.
    Redirected(RedirectTarget),
    /// The answer is no JSON that is read.
    NotJson(String),
    /// The answer has neither keys nor an issuer.
    NothingUsable,
    /// It leads to hosts that are not accepted yet.
    HostsNotAccepted,
    /// It names no issuer.
    NoIssuer,
    /// It names another issuer than the file expects.
    OtherIssuer {
        /// The issuer that it names.
        found: Box<str>,
        /// The issuer that the file expects.
        expected: Box<str>,
    },
}

impl DocumentFault {
    /// A document of another issuer. What it names is shown if it is an address.
    pub(crate) fn other_issuer(found: &str, expected: &str) -> Self {
        Self::OtherIssuer { found: shown_issuer(found).unwrap_or_else(|| HIDDEN.into()), expected: expected.into() }
    }
}

/// An issuer that a document or a token names, if it is an address without a query: anything else may be a value.
pub(crate) fn shown_issuer(issuer: &str) -> Option<Box<str>> {
    let is_address = issuer.starts_with("https://") || issuer.starts_with("http://");
    (issuer.len() <= 200 && is_address && !issuer.contains(['@', '?', '#', ' '])).then(|| printable(issuer).into())
}

impl fmt::Display for DocumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFetched => f.write_str("it has not been fetched yet"),
            Self::NoAnswer(why) => why.fmt(f),
            Self::Status(status) => write!(f, "its address answers with status {status}"),
            Self::Redirected(target) => write!(f, "its address redirects to {target}, and redirects are not followed"),
            Self::NotJson(why) => write!(f, "what came is no JSON that is read: {why}"),
            Self::NothingUsable => f.write_str("what came has neither `keys` nor `issuer`"),
            Self::HostsNotAccepted => f.write_str("it leads to hosts that are not accepted yet (`portaria providers hosts`)"),
            Self::NoIssuer => f.write_str("it names no issuer"),
            Self::OtherIssuer { found, expected } => write!(f, "it names the issuer {found}, and {expected} is expected"),
        }
    }
}
