//! Keys, and signing and verifying with them: a PEM with or without its header and footer lines, a JWKS, or a shared secret.

use crate::choice;
use crate::provider::token_fault::KeyMisuse;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm as Jose, AlgorithmFamily, DecodingKey, EncodingKey};
use serde_json::Value;

choice! {
    /// How a token is signed.
    pub enum Algorithm {
        /// RSA, SHA-256.
        Rs256 = "RS256",
        /// RSA, SHA-384.
        Rs384 = "RS384",
        /// RSA, SHA-512.
        Rs512 = "RS512",
        /// RSA-PSS, SHA-256.
        Ps256 = "PS256",
        /// RSA-PSS, SHA-384.
        Ps384 = "PS384",
        /// RSA-PSS, SHA-512.
        Ps512 = "PS512",
        /// P-256.
        Es256 = "ES256",
        /// P-384.
        Es384 = "ES384",
        /// Ed25519.
        EdDsa = "EdDSA",
        /// A shared secret, SHA-256.
        Hs256 = "HS256",
        /// A shared secret, SHA-384.
        Hs384 = "HS384",
        /// A shared secret, SHA-512.
        Hs512 = "HS512",
    }
}

impl Algorithm {
    fn jose(self) -> Jose {
        match self {
            Self::Rs256 => Jose::RS256,
            Self::Rs384 => Jose::RS384,
            Self::Rs512 => Jose::RS512,
            Self::Ps256 => Jose::PS256,
            Self::Ps384 => Jose::PS384,
            Self::Ps512 => Jose::PS512,
            Self::Es256 => Jose::ES256,
            Self::Es384 => Jose::ES384,
            Self::EdDsa => Jose::EdDSA,
            Self::Hs256 => Jose::HS256,
            Self::Hs384 => Jose::HS384,
            Self::Hs512 => Jose::HS512,
        }
    }

    /// The kind of key that it needs.
    pub(crate) fn family(self) -> KeyFamily {
        match self {
            Self::Hs256 | Self::Hs384 | Self::Hs512 => KeyFamily::Secret,
            Self::Es256 | Self::Es384 => KeyFamily::Curve,
            Self::EdDsa => KeyFamily::Edwards,
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => KeyFamily::Rsa,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFamily {
    Secret,
    Rsa,
    /// P-256 or P-384.
    Curve,
    /// Ed25519.
    Edwards,
}

/// Why a key cannot be used. It contains no byte of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyError(pub &'static str);

/// A private key or a shared secret, ready to sign.
pub struct JwsSigningKey(EncodingKey, Algorithm);

impl JwsSigningKey {
    /// Reads a key: a shared secret, or a PEM. A PEM may lack its header and footer lines, and may have `\n` in place of line ends.
    pub fn read(text: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let bad = KeyError(
            "the private key is not a PEM of PKCS#8, nor its base64 without the header and footer lines, or it is of another kind than the algorithm",
        );
        let pem = || to_pem(text, "PRIVATE KEY").ok_or(bad);
        let key = match algorithm.family() {
            KeyFamily::Secret => Ok(EncodingKey::from_secret(text)),
            KeyFamily::Rsa => EncodingKey::from_rsa_pem(pem()?.as_bytes()),
            KeyFamily::Curve => EncodingKey::from_ec_pem(pem()?.as_bytes()),
            KeyFamily::Edwards => EncodingKey::from_ed_pem(pem()?.as_bytes()),
        };
        key.map(|key| Self(key, algorithm)).map_err(|_| bad)
    }

    /// The public key, or the shared secret, that verifies signatures of this key.
    pub(crate) fn verifying_key(&self) -> Option<JwsVerifyingKey> {
        let jwk = Jwk::from_encoding_key(&self.0, self.1.jose()).ok()?;
        DecodingKey::from_jwk(&jwk).ok().map(JwsVerifyingKey)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let bad = KeyError("the private key does not fit the algorithm");
        let text = jsonwebtoken::crypto::sign(message, &self.0, self.1.jose()).map_err(|_| bad)?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| bad)
    }

    /// Signs a token.
    pub fn sign_token(&self, header: &str, claims: &str) -> Result<String, KeyError> {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.sign(message.as_bytes())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// A public key or a shared secret, ready to verify.
pub(crate) struct JwsVerifyingKey(DecodingKey);

impl JwsVerifyingKey {
    /// Reads a public key or certificate-free PEM for an algorithm, or takes the text as the shared secret.
    pub(crate) fn read(text: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let bad = KeyError("the public key is not a PEM of the kind that the algorithm takes");
        let pem = || to_pem(text, "PUBLIC KEY").ok_or(bad);
        let key = match algorithm.family() {
            KeyFamily::Secret if looks_like_pem(text) => return Err(KeyError("a public key is not a shared secret")),
            KeyFamily::Secret => Ok(DecodingKey::from_secret(text)),
            KeyFamily::Rsa => DecodingKey::from_rsa_pem(pem()?.as_bytes()),
            KeyFamily::Curve => DecodingKey::from_ec_pem(pem()?.as_bytes()),
            KeyFamily::Edwards => DecodingKey::from_ed_pem(pem()?.as_bytes()),
        };
        key.map(Self).map_err(|_| bad)
    }

    /// The keys of a JWKS that may verify a token of this algorithm and key id. A key for another use is left out.
    pub(crate) fn from_jwks(jwks: &Value, algorithm: Algorithm, kid: Option<&str>) -> Vec<Self> {
        let keys = jwks.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let fitting = keys.iter().take(64).filter(|key| kid.is_none() || key.get("kid").and_then(Value::as_str) == kid);
        fitting.filter_map(|key| from_jwk(key, algorithm)).collect()
    }

    /// Whether a signature over a message was made with this key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str, algorithm: Algorithm) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.0, algorithm.jose()).unwrap_or(false)
    }
}

fn from_jwk(key: &Value, algorithm: Algorithm) -> Option<JwsVerifyingKey> {
    let names_another = key.get("alg").and_then(Value::as_str).is_some_and(|name| name != algorithm.word());
    let jwk: Jwk = serde_json::from_str(&key.to_string()).ok()?;
    let for_encryption = matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)));
    let cannot_verify = jwk.common.key_operations.as_ref().is_some_and(|operations| !operations.contains(&KeyOperations::Verify));
    let is_of_another_curve =
        matches!(&jwk.algorithm, AlgorithmParameters::OctetKeyPair(parameters) if parameters.curve != EllipticCurve::Ed25519);
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let family = match key.family() {
        AlgorithmFamily::Rsa => KeyFamily::Rsa,
        AlgorithmFamily::Ec => KeyFamily::Curve,
        AlgorithmFamily::Ed => KeyFamily::Edwards,
        // A shared secret is never read from a public address.
        AlgorithmFamily::Hmac => return None,
    };
    (!names_another && !for_encryption && !cannot_verify && !is_of_another_curve && family == algorithm.family())
        .then_some(JwsVerifyingKey(key))
}

/// Why a key of a JWKS is not for verifying tokens of an algorithm, as far as it says so itself.
pub(crate) fn misuse_of_key(key: &Value, algorithm: Algorithm) -> Option<KeyMisuse> {
    let text = |member: &str| key.get(member).and_then(Value::as_str);
    let operations = key.get("key_ops").and_then(Value::as_array);
    let is_for_something_else = text("use").is_some_and(|purpose| purpose != "sig")
        || operations.is_some_and(|operations| !operations.iter().any(|operation| operation.as_str() == Some("verify")));
    let kind = match algorithm.family() {
        KeyFamily::Rsa => "RSA",
        KeyFamily::Curve => "EC",
        KeyFamily::Edwards => "OKP",
        KeyFamily::Secret => "oct",
    };
    let is_of_another_algorithm =
        text("alg").is_some_and(|named| named != algorithm.word()) || text("kty").is_some_and(|named| named != kind);
    if is_for_something_else { Some(KeyMisuse::Use) } else { is_of_another_algorithm.then_some(KeyMisuse::Algorithm) }
}

/// Whether a text is a PEM rather than a shared secret.
pub(crate) fn looks_like_pem(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.trim_start().starts_with("-----BEGIN"))
}

fn to_pem(text: &[u8], label: &str) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?.replace("\\n", "\n");
    if looks_like_pem(text.as_bytes()) {
        return Some(text);
    }
    let base64: String = text.split_whitespace().collect();
    STANDARD.decode(&base64).ok()?;
    let lines: Vec<&str> = base64.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Some(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")))
}
