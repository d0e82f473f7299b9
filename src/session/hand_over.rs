//! The code by which a session is handed over to a store on another site. The browser carries it in an address, and the store exchanges it
//! for the token of the session, once. It holds all that the exchange needs, sealed.

use crate::session::seal::Seal;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// How long a code is valid, in seconds.
pub(crate) const GOOD_FOR: i64 = 60;
/// The longest text that is opened.
const LONGEST: usize = 8192;

/// A challenge of the store: the hash of a secret that it keeps until the browser comes back (S256 of RFC 7636).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HandOverChallenge(Box<str>);

impl HandOverChallenge {
    /// A challenge as it is written; `None` if it is not the hash of anything.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let hash = URL_SAFE_NO_PAD.decode(text).ok()?;
        (hash.len() == 32).then(|| Self(text.into()))
    }

    /// Whether it is the hash of this secret, which is as long as RFC 7636 demands.
    pub(crate) fn is_of(&self, verifier: &str) -> bool {
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        (43..=128).contains(&verifier.len()) && verify_slices_are_equal(hash.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HandOver {
    /// Its random id, by which it is used once.
    pub(crate) id: Box<str>,
    /// The page to which the browser returned.
    pub(crate) page: Box<str>,
    pub(crate) challenge: HandOverChallenge,
    /// The token of the session.
    pub(crate) token: Box<str>,
    /// When the code expires.
    pub(crate) until: i64,
}

impl HandOver {
    /// The code as the address carries it.
    pub(crate) fn seal(&self, seal: &Seal, issuer: &str, nonce: [u8; 12]) -> String {
        let text = serde_json::to_vec(self).expect("texts and numbers can be written");
        seal.seal(&[issuer, "hand-over"], &text, nonce)
    }

    /// Opens a code of this issuer that has not expired.
    pub(crate) fn open(seal: &Seal, issuer: &str, sealed: &str, now: i64) -> Option<Self> {
        if sealed.len() > LONGEST {
            return None;
        }
        let code: Self = serde_json::from_slice(&seal.open(&[issuer, "hand-over"], sealed)?).ok()?;
        (now < code.until).then_some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::seal::MasterKey;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn a_challenge_belongs_to_one_secret() {
        let challenge = HandOverChallenge::parse(CHALLENGE).expect("a challenge");

        assert!(challenge.is_of(VERIFIER), "the example of RFC 7636");
        for other in ["", "x", CHALLENGE, &VERIFIER[1..], &format!("{VERIFIER}x")] {
            assert!(!challenge.is_of(other), "{other}");
        }
        for text in ["", "x", &CHALLENGE[1..], &format!("{CHALLENGE}="), &format!("{CHALLENGE}AA"), &CHALLENGE.replace('-', "+")] {
            assert_eq!(HandOverChallenge::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_code_is_opened_by_its_issuer_for_a_minute() {
        let seal = Seal::new(&MasterKey::new("0123456789abcdef0123456789abcdef", true).expect("a key"), "codes");
        let challenge = HandOverChallenge::parse(CHALLENGE).expect("a challenge");
        let code = HandOver {
            id: "c".into(),
            page: "https://loja.outra.example/volta".into(),
            challenge,
            token: "t".into(),
            until: 1000 + GOOD_FOR,
        };
        let sealed = code.seal(&seal, "https://login.loja.example", [1; 12]);
        let open = |issuer: &str, sealed: &str, now: i64| HandOver::open(&seal, issuer, sealed, now);

        assert_eq!(open("https://login.loja.example", &sealed, 1059), Some(code));
        assert_eq!(open("https://login.loja.example", &sealed, 1060), None);
        assert_eq!(open("https://login.atacado.example", &sealed, 1000), None);
        assert_eq!(open("https://login.loja.example", &sealed[1..], 1000), None);
        assert!(
            sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')),
            "it may stand in an address: {sealed}"
        );
    }
}
