//! PKCE (RFC 7636): the proof that the party that redeems the code also asked for it.

use crate::choice;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

choice! {
    /// Whether and how PKCE is used.
    pub enum Pkce {
        /// The challenge is a hash of the verifier.
        S256 = "S256",
        /// The challenge is the verifier itself.
        Plain = "plain",
        /// The provider does not know it.
        Off = "off",
    }
}

impl Pkce {
    /// The challenge for a verifier.
    pub(crate) fn challenge(self, verifier: &str) -> Option<String> {
        match self {
            Self::S256 => Some(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))),
            Self::Plain => Some(verifier.to_owned()),
            Self::Off => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

        assert_eq!(Pkce::S256.challenge(verifier).as_deref(), Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert_eq!(Pkce::Plain.challenge(verifier).as_deref(), Some(verifier));
        assert_eq!(Pkce::Off.challenge(verifier), None);
    }
}
