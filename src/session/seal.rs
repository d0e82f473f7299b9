//! Sealed texts: a browser carries them and can neither read nor change them.
//!
//! Every purpose has its own key, derived from the master key, and every sealed text is bound to its context.

use crate::vocabulary::hash::{hex, sha256};
use crate::vocabulary::text::Text;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use zeroize::Zeroizing;

/// The key from which all others are derived.
pub struct MasterKey(Zeroizing<Vec<u8>>);

/// Why a text is too weak for a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakKey {
    /// Fewer than 32 characters.
    TooShort,
    /// It repeats a few characters.
    TooUniform,
}

impl fmt::Display for WeakKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "the master key is shorter than 32 characters",
            Self::TooUniform => "the master key repeats the same few characters",
        })
    }
}

impl MasterKey {
    pub(crate) fn from_text(text: &Text, loopback: bool) -> Result<Self, WeakKey> {
        Self::new(text.expose(), loopback)
    }

    /// Accepts a text that looks random; on loopback only its length counts.
    pub fn new(text: &str, loopback: bool) -> Result<Self, WeakKey> {
        if text.len() < 32 {
            return Err(WeakKey::TooShort);
        }
        let mut kinds: Vec<u8> = text.bytes().collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() < 8 && !loopback {
            return Err(WeakKey::TooUniform);
        }
        Ok(Self(Zeroizing::new(text.as_bytes().to_vec())))
    }

    /// A text by which the key is recognized, and which says nothing of it.
    pub(crate) fn fingerprint(&self) -> String {
        hex(&sha256::<8>(&*self.derive("fingerprint")))
    }

    /// Derives 32 bytes for one purpose.
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        struct Bytes32;
        impl KeyType for Bytes32 {
            fn len(&self) -> usize {
                32
            }
        }
        let mut bytes = Zeroizing::new([0; 32]);
        let salt = Salt::new(HKDF_SHA256, b"portaria/v1");
        let extracted = salt.extract(&self.0);
        let info = [purpose.as_bytes()];
        let expanded = extracted.expand(&info, Bytes32);
        expanded.and_then(|expanded| expanded.fill(&mut *bytes)).expect("32 bytes are never too many");
        bytes
    }
}

/// Seals and opens texts for one purpose.
pub struct Seal {
    key: LessSafeKey,
}

impl Seal {
    /// A seal for one purpose.
    pub fn new(master: &MasterKey, purpose: &str) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, &*master.derive(purpose)).expect("the key is 32 bytes long");
        Self { key: LessSafeKey::new(key) }
    }

    /// Seals a text; it can only be opened with the same `bound` parts.
    pub fn seal(&self, bound: &[&str], text: &[u8], nonce: [u8; 12]) -> String {
        let mut sealed = text.to_vec();
        let tag = self.key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(binding(bound)), &mut sealed);
        sealed.extend_from_slice(tag.expect("texts are far below the limit of the cipher").as_ref());
        URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// Opens a text; `None` if it was not sealed with this key and these parts.
    pub fn open(&self, bound: &[&str], sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<12>()?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let length = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(binding(bound)), &mut rest).ok()?.len();
        rest.truncate(length);
        Some(rest)
    }
}

/// Each part with its length in front, so that the borders between parts cannot move.
fn binding(parts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(purpose: &str) -> Seal {
        Seal::new(&MasterKey::new(&"k".repeat(40), true).expect("long enough"), purpose)
    }

    /// Lessons 31, 92
    #[test]
    fn only_the_same_purpose_and_the_same_binding_open_a_seal() {
        let sealed = seal("attempt").seal(&["ab", "c"], b"text", [7; 12]);

        assert_eq!(seal("attempt").open(&["ab", "c"], &sealed).as_deref().map(Vec::as_slice), Some(&b"text"[..]));
        assert!(seal("attempt").open(&["a", "bc"], &sealed).is_none());
        assert!(seal("callback").open(&["ab", "c"], &sealed).is_none());
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_noticed() {
        let sealed = seal("attempt").seal(&[], b"text", [7; 12]);

        for at in 0..sealed.len() {
            let mut other = sealed.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert!(seal("attempt").open(&[], std::str::from_utf8(&other).unwrap()).is_none(), "byte {at}");
            assert!(seal("attempt").open(&[], &sealed[..at]).is_none(), "cut at {at}");
        }
        assert!(seal("attempt").open(&[], &format!("{sealed}=")).is_none());
    }

    /// Lesson 104
    #[test]
    fn a_weak_master_key_is_refused_away_from_loopback() {
        assert_eq!(MasterKey::new("short", true).err(), Some(WeakKey::TooShort));
        assert_eq!(MasterKey::new(&"0".repeat(64), false).err(), Some(WeakKey::TooUniform));
        assert!(MasterKey::new(&"0".repeat(64), true).is_ok());
        assert!(MasterKey::new("0123456789abcdef0123456789abcdef", false).is_ok());
    }
}
