//! The signing keys of a store, and the tokens that they sign and verify.
//!
//! A token names its key, and the key determines the algorithm: a token that names another algorithm is refused.

use crate::session::compact_token::PresentedToken;
use crate::session::further_facts::{FOR, FurtherFacts};
use crate::session::signing_key::SessionSigningKey;
use crate::session::token_algorithm::TokenAlgorithm;
use crate::session::token_claims::{BROKER, Composed, LONGEST_ACCEPTED, SESSION_TOKEN, compose};
use crate::session::{Session, SessionUser, TokenReach};
use crate::vocabulary::email::Email;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The issuer and the audience of a token, and what else it carries.
#[derive(Clone, Copy, Debug)]
pub struct TokenParties<'a> {
    /// The store's own address.
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    /// The audience of tokens that earlier versions issued; it is still accepted.
    pub(crate) earlier_audience: Option<&'a str>,
    pub(crate) store: &'a str,
    /// The further facts that its tokens carry.
    pub(crate) further: &'a FurtherFacts,
}

/// The algorithm of session tokens.
pub(crate) const SESSION_ALGORITHM: TokenAlgorithm = TokenAlgorithm::Es256;

/// The keys of a store. For each algorithm at most one signs, and all verify.
#[derive(Debug)]
pub struct SessionSigningKeys {
    signing: Vec<Arc<SessionSigningKey>>,
    others: Vec<Arc<SessionSigningKey>>,
}

impl SessionSigningKeys {
    /// The keys that sign, one for each algorithm, and those that only verify; `None` without one that signs sessions.
    pub(crate) fn new(signing: Vec<Arc<SessionSigningKey>>, others: Vec<Arc<SessionSigningKey>>) -> Option<Self> {
        let signs_sessions = signing.iter().any(|key| key.algorithm() == SESSION_ALGORITHM);
        signs_sessions.then_some(Self { signing, others })
    }

    fn all(&self) -> impl Iterator<Item = &Arc<SessionSigningKey>> {
        self.signing.iter().chain(&self.others)
    }

    /// The key of an id.
    pub(crate) fn find(&self, id: &str) -> Option<&Arc<SessionSigningKey>> {
        self.all().find(|key| *key.id() == *id)
    }

    fn signing(&self, algorithm: TokenAlgorithm) -> Option<&SessionSigningKey> {
        self.signing.iter().find(|key| key.algorithm() == algorithm).map(|key| &**key)
    }

    fn session_key(&self) -> &SessionSigningKey {
        self.signing(SESSION_ALGORITHM).expect("`new` refuses keys of which none signs sessions")
    }

    /// The id of the key that signs sessions.
    pub(crate) fn active(&self) -> &str {
        self.session_key().id()
    }

    /// Whether this is one of the keys.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.find(id).is_some()
    }

    /// Whether one of the keys signs by this algorithm.
    pub(crate) fn can_sign(&self, algorithm: TokenAlgorithm) -> bool {
        self.signing(algorithm).is_some()
    }

    /// A token of this type with these claims; `None` while no key signs by this algorithm.
    pub fn sign_claims(&self, algorithm: TokenAlgorithm, typ: &str, claims: &impl Serialize) -> Option<String> {
        self.signing(algorithm)?.sign(typ, claims)
    }

    /// The claims of a token that one of the keys has signed with this type, and that has at most so many bytes. Times, issuer and
    /// audience are for the caller to check.
    pub fn verify_claims(&self, token: &str, typ: &str, longest: usize) -> Option<Map<String, Value>> {
        let token = PresentedToken::parse(token, longest)?;
        self.find(token.key().0)?.verify(&token, typ)
    }

    /// The token of a session, of its reach. If it would be longer than a kibibyte, first the further facts that do not fit are left out, then the
    /// name; then the provider's id is replaced by its hash.
    pub fn sign(&self, session: &Session, parties: TokenParties<'_>) -> String {
        let key = self.session_key();
        let Composed { claims, .. } = compose(key.id(), session, parties);
        key.sign(SESSION_TOKEN, &claims).expect("claims are texts and numbers")
    }

    /// Removes from a session the further facts that do not fit into all of its tokens, and returns their names.
    pub(crate) fn remove_what_does_not_fit(&self, session: &mut Session, parties: TokenParties<'_>) -> Vec<Box<str>> {
        if session.person.facts.is_empty() {
            return Vec::new();
        }
        // A new session has the token with the longer claim; that for the store is shorter.
        let composed = compose(self.active(), session, parties);
        session.person.facts = parties.further.read_from(&composed.claims);
        composed.left_out
    }

    /// The session of a token; `None` unless every claim fits and the session has not expired.
    pub fn verify(&self, token: &str, parties: TokenParties<'_>, now: i64) -> Option<Session> {
        self.verify_ignoring_expiry(token, parties).filter(|session| !session.is_over(now))
    }

    /// The same even if the session has expired.
    pub(crate) fn verify_ignoring_expiry(&self, token: &str, parties: TokenParties<'_>) -> Option<Session> {
        let token = PresentedToken::parse(token, LONGEST_ACCEPTED)?;
        let key = self.find(token.key().0).filter(|key| key.algorithm() == SESSION_ALGORITHM)?;
        let all = key.verify(&token, SESSION_TOKEN)?;
        let facts = parties.further.read_from(&all);
        // Only the claim itself opens the broker's own pages. Brokers of earlier versions sign tokens without it, also anew in the place of
        // one for the store alone.
        let reach = if all.get(FOR).and_then(Value::as_str) == Some(BROKER) { TokenReach::Broker } else { TokenReach::Store };
        let claims = ReceivedSessionClaims::deserialize(Value::Object(all)).ok()?;
        let is_for_us = claims.aud == parties.audience || parties.earlier_audience == Some(&*claims.aud);
        let is_ours = claims.iss == parties.issuer && is_for_us && claims.store == parties.store;
        if !is_ours {
            return None;
        }
        let person = SessionUser {
            uid: claims.uid.into(),
            email: Email::parse(&claims.sub).ok()?,
            email_verified: claims.email_verified,
            name: claims.name.map(Into::into),
            provider: claims.idp.into(),
            provider_id: claims.idp_sub.into(),
            facts,
        };
        let (since, issued, until) = (claims.auth_time, claims.iat, claims.exp);
        // A token from before this claim existed is valid until it expires, and is not renewed.
        let end = claims.end.unwrap_or(until);
        Some(Session { person, store: claims.store.into(), sid: claims.sid.into(), since, issued, until, end, reach })
    }

    /// The public keys, for services that verify tokens themselves. The key that signs sessions comes first.
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": self.all().map(|key| key.jwk()).collect::<Vec<_>>() })
    }
}

/// The id of the key that a token of at most so many bytes names, if it looks like a token of ours.
pub(crate) fn named_key(token: &str, longest: usize) -> Option<String> {
    let token = PresentedToken::parse(token, longest)?;
    let (id, algorithm) = token.key();
    algorithm.map(|_| id.to_owned())
}

#[derive(Deserialize)]
struct ReceivedSessionClaims {
    iss: String,
    sub: String,
    uid: String,
    email_verified: bool,
    name: Option<String>,
    idp: String,
    idp_sub: String,
    store: String,
    aud: String,
    sid: String,
    iat: i64,
    exp: i64,
    auth_time: i64,
    end: Option<i64>,
}

#[cfg(test)]
pub(crate) mod tests;
