//! The compact form of a signed token (RFC 7515, section 7.1): header, claims and signature, without the signature's meaning.

use crate::session::token_algorithm::TokenAlgorithm;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The header of a token that is issued.
#[derive(Serialize)]
pub(crate) struct TokenHeader<'a> {
    pub(crate) typ: &'a str,
    pub(crate) alg: &'static str,
    pub(crate) kid: &'a str,
}

impl TokenHeader<'_> {
    /// Header and claims, which are to be signed; `None` if the claims cannot be written as JSON.
    pub(crate) fn with_claims(&self, claims: &impl Serialize) -> Option<String> {
        let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
        Some([part(serde_json::to_vec(self).ok()?), part(serde_json::to_vec(claims).ok()?)].join("."))
    }
}

#[derive(Deserialize)]
struct ReceivedHeader {
    typ: Option<String>,
    alg: String,
    kid: String,
    crit: Option<IgnoredAny>,
}

/// A token that was presented. Nothing in it is believed before its signature was verified.
pub(crate) struct PresentedToken<'a> {
    header: ReceivedHeader,
    /// What the signature is of: header and claims.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
}

impl<'a> PresentedToken<'a> {
    /// Takes a token apart that is at most so many bytes long.
    pub(crate) fn parse(token: &'a str, longest: usize) -> Option<Self> {
        if token.len() > longest {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let header = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.0).ok()?;
        Some(Self { header: serde_json::from_slice(&header).ok()?, signed, signature: URL_SAFE_NO_PAD.decode(signature).ok()? })
    }

    /// The key that it names, and the algorithm.
    pub(crate) fn key(&self) -> (&str, Option<TokenAlgorithm>) {
        (&self.header.kid, TokenAlgorithm::from_name(&self.header.alg))
    }

    /// Whether it is of this type, and has no extensions that have to be understood. The type is a media type: it may be written in
    /// full, and letters may be large or small (RFC 7515, section 4.1.9).
    pub(crate) fn is_of_type(&self, typ: &str) -> bool {
        const PREFIX: &str = "application/";
        let received = self.header.typ.as_deref().unwrap_or_default();
        let short = match received.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
            Some(_) | None => received,
        };
        self.header.crit.is_none() && short.eq_ignore_ascii_case(typ)
    }

    /// The claims.
    pub(crate) fn claims(&self) -> Option<Map<String, Value>> {
        let (_, claims) = self.signed.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}
