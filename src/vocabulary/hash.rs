//! Hashes that stand in names, and hexadecimal digits.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// The first bytes of the SHA-256 of a text.
pub(crate) fn sha256<const N: usize>(text: &[u8]) -> [u8; N] {
    const { assert!(N <= 32) };
    let hash = digest(&SHA256, text);
    std::array::from_fn(|at| hash.as_ref().get(at).copied().unwrap_or_default())
}

/// Bytes as hexadecimal digits in small letters.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The SHA-256 of what was added so far.
#[derive(Clone)]
pub(crate) struct RunningHash(Context);

impl RunningHash {
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn hex(&self) -> String {
        hex(self.0.clone().finish().as_ref())
    }
}
