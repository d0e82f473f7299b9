//! The further facts of a login that a store hands out: as claims of its token and in `/session`, and as headers of `/auth`.
//!
//! Only facts that the settings name are kept in a session. `/auth` is answered from the token, so a fact that only a header needs is
//! in the token as well, below the claim `more`.

use crate::provider::identity::Identity;
use serde_json::{Map, Value};

/// The claim that holds the facts that only headers need.
pub(crate) const MORE: &str = "more";

/// The claims that the settings may not replace: those of the token itself and of its relatives, and the members of `/session`.
pub(crate) const RESERVED_CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "uid",
    "email",
    "email_verified",
    "name",
    "idp",
    "idp_sub",
    "store",
    "sid",
    "auth_time",
    "end",
    MORE,
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "cnf",
    "act",
    "may_act",
    "events",
    "scope",
    "client_id",
    "typ",
    "authenticated",
    "emailVerified",
    "picture",
    "provider",
    "providerUserId",
    "issuedAt",
    "expiresAt",
];

/// Which further facts a store hands out, and under which names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FurtherFacts {
    /// The claims of the token, which are also the members of `/session`: name and fact.
    pub(crate) claims: Vec<(Box<str>, Box<str>)>,
    /// The headers of `/auth`: name in lower case and fact.
    pub(crate) headers: Vec<(Box<str>, Box<str>)>,
}

impl FurtherFacts {
    /// The identity without the further facts that are not handed out, because these are not kept.
    pub(crate) fn only_named(&self, identity: &Identity) -> Identity {
        let mut identity = identity.clone();
        identity.more.retain(|(fact, _)| self.claims.iter().chain(&self.headers).any(|(_, named)| named == fact));
        identity
    }

    /// The further facts of a login that are handed out, by name.
    pub(crate) fn select(&self, identity: &Identity) -> Vec<(Box<str>, Box<str>)> {
        self.only_named(identity).more.into_iter().map(|(fact, value)| (fact, value.into())).collect()
    }

    /// Where the facts are in a token, in the order of the settings: the claim, or `None` below [`MORE`], and the fact.
    fn places(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let claims = self.claims.iter().map(|(claim, fact)| (Some(&**claim), &**fact));
        let is_claimed = |fact: &str| self.claims.iter().any(|(_, claimed)| **claimed == *fact);
        let headers = self.headers.iter().map(|(_, fact)| &**fact).filter(move |fact| !is_claimed(fact)).map(|fact| (None, fact));
        claims.chain(headers)
    }

    /// Adds to the claims of a token what fits, in the order of the settings, and returns the facts that did not fit.
    pub(crate) fn add_to(
        &self,
        claims: &mut Map<String, Value>,
        facts: &[(Box<str>, Box<str>)],
        fits: impl Fn(&Map<String, Value>) -> bool,
    ) -> Vec<Box<str>> {
        let mut left_out: Vec<Box<str>> = Vec::new();
        for (claim, fact) in self.places() {
            let Some((_, value)) = facts.iter().find(|(known, _)| **known == *fact) else { continue };
            let before = claims.clone();
            match claim {
                Some(claim) => {
                    claims.insert(claim.to_owned(), Value::from(&**value));
                }
                None => {
                    let more = claims.entry(MORE).or_insert_with(|| Value::Object(Map::new()));
                    if let Value::Object(more) = more {
                        more.insert(fact.to_owned(), Value::from(&**value));
                    }
                }
            }
            if !fits(claims) {
                *claims = before;
                if !left_out.iter().any(|known| **known == *fact) {
                    left_out.push(fact.into());
                }
            }
        }
        left_out
    }

    /// The facts in the claims of a token.
    pub(crate) fn read_from(&self, claims: &Map<String, Value>) -> Vec<(Box<str>, Box<str>)> {
        let mut facts: Vec<(Box<str>, Box<str>)> = Vec::new();
        for (claim, fact) in self.places() {
            let value = match claim {
                Some(claim) => claims.get(claim),
                None => claims.get(MORE).and_then(|more| more.get(fact)),
            };
            if let Some(value) = value.and_then(Value::as_str)
                && !facts.iter().any(|(known, _)| **known == *fact)
            {
                facts.push((fact.into(), value.into()));
            }
        }
        facts
    }
}
