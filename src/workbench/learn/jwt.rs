//! The signed tokens of a recording: those of an issuer about a person, and those of the client about itself.

use crate::provider::json;
use crate::provider::json_path::is_plain_key;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A parsed token. Its signature is not verified.
#[derive(Clone)]
pub(crate) struct RecordedJwt {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl RecordedJwt {
    /// Parses a token; `None` where the text is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() > 16 * 1024 || !text.starts_with("ey") {
            return None;
        }
        let mut parts = text.split('.');
        let (head, body, end) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let part = |text: &str| json::parse(&URL_SAFE_NO_PAD.decode(text).ok()?).ok().filter(Value::is_object);
        let (header, claims) = (part(head)?, part(body)?);
        header.get("alg")?;
        Some(Self { header, claims, signed: format!("{head}.{body}"), signature: URL_SAFE_NO_PAD.decode(end).ok()? })
    }

    pub(crate) fn claim_text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// Whether it is signed with this shared secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let algorithm = match self.header_text("alg") {
            Some("HS256") => hmac::HMAC_SHA256,
            Some("HS384") => hmac::HMAC_SHA384,
            Some("HS512") => hmac::HMAC_SHA512,
            _ => return false,
        };
        hmac::verify(&hmac::Key::new(algorithm, secret.as_bytes()), self.signed.as_bytes(), &self.signature).is_ok()
    }

    /// The issuer, with a hole where a part of its path is another claim.
    pub(crate) fn issuer_template(&self) -> Option<String> {
        let issuer = self.claim_text("iss")?;
        let path = issuer.strip_prefix("https://").and_then(|rest| rest.find('/')).map(|at| at + "https://".len());
        let Some(path) = path else { return Some(issuer.to_owned()) };
        let (host, rest) = issuer.split_at(path);
        let claims = self.claims.as_object()?;
        let part = claims.iter().find_map(|(name, value)| {
            let value = value.as_str().filter(|value| name != "iss" && value.len() >= 6)?;
            rest.split('/').any(|part| part == value).then(|| (name.clone(), value.to_owned()))
        });
        Some(match part {
            Some((name, value)) if is_plain_key(&name) => {
                format!("{host}{}", rest.replace(&value, &format!("${{$.{name}}}")))
            }
            _ => issuer.to_owned(),
        })
    }
}

/// Whether these claims name a client in `aud`.
pub(crate) fn names_audience(claims: &Value, client: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == client,
        Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(client)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_issuer_that_is_a_claim_becomes_a_hole() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token = |claims: &str| format!("{}.{}.{}", part("{\"alg\":\"RS256\",\"kid\":\"k\"}"), part(claims), part("x"));

        let issuer = |claims: &str| RecordedJwt::read(&token(claims)).and_then(|token| token.issuer_template());

        assert_eq!(
            issuer(r#"{"iss":"https://idp.example/9188040d/v2","tid":"9188040d"}"#).as_deref(),
            Some("https://idp.example/${$.tid}/v2")
        );
        assert_eq!(issuer(r#"{"iss":"https://idp.example","tid":"idp.example"}"#).as_deref(), Some("https://idp.example"));
        assert!(RecordedJwt::read("e30.e30.e30").is_none() && RecordedJwt::read("a.b").is_none());
    }
}
