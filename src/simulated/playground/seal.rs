//! Texts that only this playground can have written: each carries a message authentication code. The text itself can be read by everyone.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) struct PlaygroundSeal(hmac::Key);

/// A value that is handed out sealed. A value of one kind is never accepted as one of another.
pub(super) trait PlaygroundSealed: Serialize + DeserializeOwned {
    /// The name of the kind.
    const KIND: &'static str;
}

impl PlaygroundSeal {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    pub(super) fn seal<T: PlaygroundSealed>(&self, value: &T) -> String {
        let text = serde_json::to_vec(value).expect("texts and numbers are always JSON");
        let text = URL_SAFE_NO_PAD.encode(text);
        let code = URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, signed_text::<T>(&text).as_bytes()));
        format!("{text}.{code}")
    }

    /// The value that was sealed with this key as this kind.
    pub(super) fn open<T: PlaygroundSealed>(&self, sealed: &str) -> Option<T> {
        let (text, code) = sealed.split_once('.')?;
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        hmac::verify(&self.0, signed_text::<T>(text).as_bytes(), &code).ok()?;
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
    fn a_value_is_opened_only_with_the_key_and_as_the_kind_it_was_sealed_with() {
        let seal = PlaygroundSeal::new([1; 32]);

        let sealed = seal.seal(&Coin(7));

        assert_eq!(seal.open::<Coin>(&sealed), Some(Coin(7)));
        assert_eq!(seal.open::<Medal>(&sealed), None);
        assert_eq!(PlaygroundSeal::new([2; 32]).open::<Coin>(&sealed), None);
        let (text, code) = sealed.split_once('.').unwrap();
        for other in [String::new(), text.to_owned(), format!("{text}."), format!("x{sealed}"), format!("OA.{code}"), format!("{sealed}A")]
        {
            assert_eq!(seal.open::<Coin>(&other), None, "{other}");
        }
    }
}
