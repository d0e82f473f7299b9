//! The refresh token: the id of a grant, how often it was renewed, and a code over both that only we can make. Storage holds the
//! number and no secret.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest token that is read.
const LONGEST: usize = 200;

/// What a refresh token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    /// The id of the grant.
    pub(crate) grant: Box<str>,
    /// How often the grant was renewed before this token was issued.
    pub(crate) rotation: i64,
}

impl RefreshToken {
    /// The token as the app gets it.
    pub(crate) fn issue(&self, key: &hmac::Key, issuer: &str) -> String {
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(key, self.bound_text(issuer).as_bytes()));
        format!("{}.{}.{tag}", self.grant, self.rotation)
    }

    /// Reads a token of this issuer; `None` if we did not issue it.
    pub(crate) fn read(key: &hmac::Key, issuer: &str, text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (rest, tag) = text.rsplit_once('.')?;
        let (grant, rotation) = rest.rsplit_once('.')?;
        let token = Self { grant: grant.into(), rotation: rotation.parse().ok()? };
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        // One number can be written in many forms, and only one of them was issued.
        let is_ours = token.rotation.to_string() == rotation && hmac::verify(key, token.bound_text(issuer).as_bytes(), &tag).is_ok();
        is_ours.then_some(token)
    }

    fn bound_text(&self, issuer: &str) -> String {
        format!("{issuer}\n{}\n{}", self.grant, self.rotation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_issued_here_is_read() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let issuer = "https://login.loja.example";
        let token = RefreshToken { grant: "a-b_c".into(), rotation: 12 };
        let text = token.issue(&key, issuer);

        assert_eq!(RefreshToken::read(&key, issuer, &text), Some(token));
        let tag = text.rsplit_once('.').expect("a tag").1;
        for other in [
            "",
            "a",
            "a-b_c.12",
            &format!("a-b_c.13.{tag}"),
            &format!("a-b_c.+12.{tag}"),
            &format!("a-b_c.012.{tag}"),
            &format!("a-b_d.12.{tag}"),
        ] {
            assert_eq!(RefreshToken::read(&key, issuer, other), None, "{other}");
        }
        assert_eq!(RefreshToken::read(&key, "https://login.atacado.example", &text), None);
        assert_eq!(RefreshToken::read(&hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]), issuer, &text), None);
    }
}
