//! One signing key: a key pair, parsed once, that signs and verifies by its own algorithm and no other.

use crate::session::compact_token::{PresentedToken, TokenHeader};
use crate::session::token_algorithm::TokenAlgorithm;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt;

pub(crate) struct SessionSigningKey {
    id: Box<str>,
    pair: SigningKeyPair,
    public: ParsedPublicKey,
}

enum SigningKeyPair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl fmt::Debug for SessionSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSigningKey").field("id", &self.id).field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

impl SessionSigningKey {
    /// A key from its PKCS#8 bytes; `None` if they hold no key for this algorithm.
    pub(crate) fn new(id: &str, algorithm: TokenAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        let (pair, public) = match algorithm {
            TokenAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
                let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key());
                (SigningKeyPair::Es256(pair), public)
            }
            TokenAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
                let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
                (SigningKeyPair::Rs256(pair), public)
            }
        };
        Some(Self { id: id.into(), pair, public: public.ok()? })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn algorithm(&self) -> TokenAlgorithm {
        match self.pair {
            SigningKeyPair::Es256(_) => TokenAlgorithm::Es256,
            SigningKeyPair::Rs256(_) => TokenAlgorithm::Rs256,
        }
    }

    /// A token of this type with these claims; `None` if the claims cannot be written as JSON.
    pub(crate) fn sign(&self, typ: &str, claims: &impl Serialize) -> Option<String> {
        let header = TokenHeader { typ, alg: self.algorithm().name(), kid: &self.id };
        let mut token = header.with_claims(claims)?;
        let signature = self.signature(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Some(token)
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let chance = SystemRandom::new();
        let signed = match &self.pair {
            SigningKeyPair::Es256(pair) => pair.sign(&chance, message).map(|signature| signature.as_ref().to_vec()),
            SigningKeyPair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &chance, message, &mut signature).map(|()| signature)
            }
        };
        signed.expect("a key that was read can sign")
    }

    /// The claims of a token that names this key; `None` unless it names its algorithm, is of this type, and was signed by it.
    pub(crate) fn verify(&self, token: &PresentedToken<'_>, typ: &str) -> Option<Map<String, Value>> {
        let is_for_this_key = token.key() == (&*self.id, Some(self.algorithm())) && token.is_of_type(typ);
        let is_signed = || self.public.verify_sig(token.signed.as_bytes(), &token.signature).is_ok();
        if is_for_this_key && is_signed() { token.claims() } else { None }
    }

    /// The public half (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        let (alg, kid) = (self.algorithm().name(), &self.id);
        match &self.pair {
            SigningKeyPair::Es256(pair) => {
                // The uncompressed form: 4, then both coordinates.
                let point = pair.public_key().as_ref().get(1..65).and_then(|point| point.split_at_checked(32));
                let (x, y) = point.expect("a point of P-256 is 65 bytes long");
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": alg, "kid": kid, "x": x, "y": y })
            }
            SigningKeyPair::Rs256(pair) => {
                let public = pair.public_key();
                let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
                let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
                json!({ "kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": n, "e": e })
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
