//! The further facts of a login that a store hands out: as claims of its token and in `/session`, and as headers of `/auth`.
//!
//! Only facts that the settings name are kept in a session. `/auth` is answered from the token, so a fact that only a header needs is
//! in the token as well, below the claim `more`.

use crate::provider::identity::Identity;
use crate::vocabulary::hash::{hex, sha256};
use serde_json::{Map, Value};

/// The claim that holds the facts that only headers need.
pub(crate) const MORE: &str = "more";

/// The claim that says where a token counts: also on the broker's own pages, or for the store alone.
pub(crate) const FOR: &str = "for";

/// The claim that says under which settings the claims of further facts were written. A token that is older than a change of the
/// settings would otherwise give one fact's value as another's.
const SETTINGS: &str = "claims";

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
    FOR,
    MORE,
    SETTINGS,
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
            if let Some(claim) = claim {
                claims.insert(SETTINGS.to_owned(), Value::from(self.claims_tag()));
                claims.insert(claim.to_owned(), Value::from(&**value));
            } else if let Value::Object(more) = claims.entry(MORE).or_insert_with(|| Value::Object(Map::new())) {
                more.insert(fact.to_owned(), Value::from(&**value));
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
        let has_the_same_claims = claims.get(SETTINGS).and_then(Value::as_str).is_some_and(|tag| *tag == self.claims_tag());
        for (claim, fact) in self.places() {
            let value = match claim {
                Some(claim) => claims.get(claim).filter(|_| has_the_same_claims),
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

    /// A short text that differs when a claim is made from another fact.
    fn claims_tag(&self) -> String {
        let mut pairs: Vec<String> = self.claims.iter().map(|(claim, fact)| format!("{claim}={fact}\n")).collect();
        pairs.sort();
        hex(&sha256::<4>(pairs.concat().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fact_that_does_not_fit_is_named_once() {
        let named = |names: &[(&str, &str)]| names.iter().map(|(name, fact)| ((*name).into(), (*fact).into())).collect();
        let further = FurtherFacts { claims: named(&[("tier", "plan"), ("level", "plan"), ("shop", "shop")]), headers: Vec::new() };
        let mut claims = Map::new();

        let left_out = further.add_to(&mut claims, &[("plan".into(), "gold".into()), ("shop".into(), "7".into())], |_| false);

        assert_eq!(left_out, ["plan".into(), "shop".into()]);
        assert!(claims.is_empty());
    }

    #[test]
    fn a_token_from_before_a_change_of_the_settings_gives_no_fact_under_another_name() {
        let named = |claim: &str, fact: &str| FurtherFacts { claims: vec![(claim.into(), fact.into())], headers: Vec::new() };
        let mut claims = Map::new();
        let before = named("tier", "plan");

        assert!(before.add_to(&mut claims, &[("plan".into(), "gold".into())], |_| true).is_empty());

        assert_eq!(before.read_from(&claims), [("plan".into(), "gold".into())]);
        assert!(named("tier", "role").read_from(&claims).is_empty());
    }
}
