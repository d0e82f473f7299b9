//! What only the playground could have written: a text with a code of authentication behind it. It hides nothing.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The key of a playground.
pub(super) struct PlaygroundSeal(hmac::Key);

/// Something that is handed out sealed. Two kinds never pass for one another.
pub(super) trait PlaygroundSealed: Serialize + DeserializeOwned {
    /// The name of the kind.
    const KIND: &'static str;
}

impl PlaygroundSeal {
    /// A seal with this key.
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// Writes and seals it.
    pub(super) fn seal<T: PlaygroundSealed>(&self, what: &T) -> String {
        let text = serde_json::to_vec(what).expect("texts and numbers are always JSON");
        let text = URL_SAFE_NO_PAD.encode(text);
        let mark = URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, signed_text::<T>(&text).as_bytes()));
        format!("{text}.{mark}")
    }

    /// Reads what was sealed here; nothing for everything else.
    pub(super) fn open<T: PlaygroundSealed>(&self, sealed: &str) -> Option<T> {
        let (text, mark) = sealed.split_once('.')?;
        let mark = URL_SAFE_NO_PAD.decode(mark).ok()?;
        hmac::verify(&self.0, signed_text::<T>(text).as_bytes(), &mark).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

fn signed_text<T: PlaygroundSealed>(text: &str) -> String {
    format!("{}.{text}", T::KIND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Coin(u32);
    impl PlaygroundSealed for Coin {
        const KIND: &'static str = "coin";
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Medal(u32);
    impl PlaygroundSealed for Medal {
        const KIND: &'static str = "medal";
    }

    #[test]
    fn only_what_was_sealed_here_and_as_this_kind_is_opened() {
        let seal = PlaygroundSeal::new([1; 32]);

        let sealed = seal.seal(&Coin(7));

        assert_eq!(seal.open::<Coin>(&sealed), Some(Coin(7)));
        assert_eq!(seal.open::<Medal>(&sealed), None);
        assert_eq!(PlaygroundSeal::new([2; 32]).open::<Coin>(&sealed), None);
        let (text, mark) = sealed.split_once('.').unwrap();
        for other in [String::new(), text.to_owned(), format!("{text}."), format!("x{sealed}"), format!("OA.{mark}"), format!("{sealed}A")]
        {
            assert_eq!(seal.open::<Coin>(&other), None, "{other}");
        }
    }
}
