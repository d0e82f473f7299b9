//! The signing keys of sessions, and the tokens that they sign and verify.
//!
//! A token names its key, and the key determines the algorithm; what the token says about the algorithm does not count.

use crate::session::further_facts::FurtherFacts;
use crate::session::token_claims::{Composed, LONGEST, compose};
use crate::session::{Session, SessionUser};
use crate::vocabulary::email::Email;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt;

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

pub(crate) struct SessionSigningKey {
    id: Box<str>,
    private: EcdsaKeyPair,
    public: DecodingKey,
    x: String,
    y: String,
}

impl fmt::Debug for SessionSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SessionSigningKey {
    /// A key from its PKCS#8 bytes; `None` if they hold no key on P-256.
    pub(crate) fn new(id: &str, pkcs8: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
        // The uncompressed form: 4, then both coordinates.
        let (x, y) = pair.public_key().as_ref().get(1..65)?.split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let public = DecodingKey::from_ec_components(&x, &y).ok()?;
        Some(Self { id: id.into(), private: pair, public, x, y })
    }
}

/// The keys. The first signs, and all verify.
#[derive(Debug)]
pub struct SessionSigningKeys(Vec<SessionSigningKey>);

impl SessionSigningKeys {
    /// The keys, the signing key first; `None` without any key.
    pub(crate) fn new(keys: Vec<SessionSigningKey>) -> Option<Self> {
        (!keys.is_empty()).then_some(Self(keys))
    }

    fn signing(&self) -> &SessionSigningKey {
        self.0.first().expect("`new` refuses an empty list")
    }

    /// The id of the key that signs.
    pub(crate) fn active(&self) -> &str {
        &self.signing().id
    }

    /// Whether this is one of the keys.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| *key.id == *id)
    }

    /// The token of a session. If it would be longer than [`LONGEST`], first the further facts that do not fit are left out, then
    /// the name; then the provider's id is replaced by its hash.
    pub fn sign(&self, session: &Session, parties: TokenParties<'_>) -> String {
        let Composed { header, claims, .. } = compose(self.active(), session, parties);
        let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
        let header = serde_json::to_vec(&header).expect("a header is plain text");
        let claims = serde_json::to_vec(&claims).expect("claims are texts and numbers");
        let mut token = [part(header), part(claims)].join(".");
        // The library would read the key anew for every token.
        let signature = self.signing().private.sign(&SystemRandom::new(), token.as_bytes()).expect("a key that was read can sign");
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// Removes from a session the further facts that do not fit into its token, and returns their names.
    pub(crate) fn remove_what_does_not_fit(&self, session: &mut Session, parties: TokenParties<'_>) -> Vec<Box<str>> {
        if session.person.facts.is_empty() {
            return Vec::new();
        }
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
        if token.len() > 2 * LONGEST {
            return None;
        }
        let header = decode_header(token).ok()?;
        let key = self.0.iter().find(|key| header.kid.as_deref() == Some(&*key.id))?;
        if header.alg != Algorithm::ES256 || header.crit.is_some() || header.typ.as_deref() != Some("JWT") {
            return None;
        }
        // Times and names are checked here: the library uses its own clock, and accepts lists where we write texts.
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let all: Map<String, Value> = decode(token, &key.public, &validation).ok()?.claims;
        let facts = parties.further.read_from(&all);
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
        Some(Session { person, store: claims.store.into(), sid: claims.sid.into(), since, issued, until, end })
    }

    /// The public keys, for services that verify the cookie themselves.
    pub(crate) fn jwks(&self) -> Value {
        let public = |key: &SessionSigningKey| json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.id, "x": key.x, "y": key.y });
        json!({ "keys": self.0.iter().map(public).collect::<Vec<_>>() })
    }
}

/// The id of the key that a token names, if it looks like a token of ours.
pub(crate) fn named_key(token: &str) -> Option<String> {
    let header = decode_header(token).ok().filter(|header| token.len() <= 2 * LONGEST && header.alg == Algorithm::ES256)?;
    header.kid
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
mod tests;
