//! A token, taken apart before anything in it is verified, and the hashes that tie it to other tokens.

use crate::provider::json;
use crate::provider::keys::Algorithm;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The longest token that is read.
const LONGEST: usize = 16 * 1024;
/// A token, taken apart; nothing in it is verified.
pub(super) struct TokenParts<'a> {
    pub(super) header: Value,
    /// The text that is signed: header and claims, as they were sent.
    pub(super) signed: &'a str,
    pub(super) claims: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> TokenParts<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, &'static str> {
        if token.len() > LONGEST {
            return Err("it is longer than any token");
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [head, claims, signature] = parts[..] else { return Err("it is not a signed token of three parts") };
        let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
        Ok(Self { header: decode_json_part(head).ok_or("its header is not JSON")?, signed, claims, signature })
    }
}

/// The claims of a token without any check, for suggestions of paths and of tokens that were verified elsewhere. By themselves they prove
/// nothing.
pub(crate) fn unverified_claims(token: &str) -> Option<Value> {
    token.split('.').nth(1).and_then(decode_json_part).filter(Value::is_object)
}

pub(super) fn claims_of(part: &str) -> Result<Value, String> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| "its claims are not encoded as those of a token".to_owned())?;
    match json::parse(&bytes) {
        Ok(claims) if claims.is_object() => Ok(claims),
        Ok(_) => Err("its claims are not a JSON object".to_owned()),
        Err(why) => Err(format!("its claims are not JSON that is read: {why}")),
    }
}

pub(crate) fn decode_json_part(part: &str) -> Option<Value> {
    json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The left half of the hash of a text, as `OpenID` Connect defines it by the algorithm of the token. For `EdDSA` the definition names no
/// hash. Most programs take that of Ed25519, which is SHA-512; others take SHA-256.
pub(crate) fn half_hashes(algorithm: Algorithm, text: &str) -> Vec<String> {
    let kinds: &[&'static digest::Algorithm] = match algorithm {
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 | Algorithm::Hs384 => &[&digest::SHA384],
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::Hs512 => &[&digest::SHA512],
        Algorithm::EdDsa => &[&digest::SHA512, &digest::SHA256],
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 | Algorithm::Hs256 => &[&digest::SHA256],
    };
    let half = |kind: &&'static digest::Algorithm| {
        let hash = digest::digest(kind, text.as_bytes());
        let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
        URL_SAFE_NO_PAD.encode(half)
    };
    kinds.iter().map(half).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_that_are_not_read_say_why() {
        assert!(claims_of(&URL_SAFE_NO_PAD.encode("{\"sub\":\"7\"}")).is_ok());
        for (claims, expected) in [
            ("{\"sub\":\"7\",\"aud\":\"c-1\",\"sub\":\"8\"}", "its claims are not JSON that is read: a key stands in it twice"),
            ("{\"sub\"", "its claims are not JSON that is read: it ends too early"),
            ("[]", "its claims are not a JSON object"),
        ] {
            assert_eq!(claims_of(&URL_SAFE_NO_PAD.encode(claims)).expect_err("it is not read"), expected, "{claims}");
        }
        assert_eq!(claims_of("!").expect_err("it is not base64"), "its claims are not encoded as those of a token");
    }
}
