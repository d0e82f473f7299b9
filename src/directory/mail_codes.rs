//! The codes of mails: how they are hashed in storage, and the long ones, which are derived from the mail and are not stored.

use crate::vocabulary::hash::hex;
use aws_lc_rs::hmac;

/// The keyed hash of a code or an address in storage. Without the key, guesses cannot be tested against it.
pub fn keyed_hash(key: &hmac::Key, parts: &[&str]) -> Box<str> {
    hex(hmac::sign(key, parts.join("\n").as_bytes()).as_ref()).into()
}

/// The hash of a code that belongs to a proof, or to an address.
pub fn hashed_code(key: &hmac::Key, bound: &str, code: &str) -> Box<str> {
    keyed_hash(key, &["code", bound, code])
}

/// The long codes of an address, one for each of its mails.
#[derive(Clone, Debug)]
pub struct LongCodes {
    key: hmac::Key,
    recipient: Box<str>,
}

impl LongCodes {
    /// Those of an address, by its hash.
    pub fn new(key: &hmac::Key, recipient: &str) -> Self {
        Self { key: key.clone(), recipient: recipient.into() }
    }

    /// Sixteen digits that cannot be guessed: those of the mail of this moment.
    pub fn of_mail(&self, at: i64) -> String {
        let hash = keyed_hash(&self.key, &["long code", &self.recipient, &at.to_string()]);
        let digits = hash.chars().take(16).filter_map(|digit| digit.to_digit(16));
        let number = digits.fold(0_u64, |number, digit| (number << 4) | u64::from(digit));
        format!("{:016}", number % 10_000_000_000_000_000)
    }

    /// The hash of that code.
    pub(crate) fn hash_of_mail(&self, at: i64) -> Box<str> {
        hashed_code(&self.key, &self.recipient, &self.of_mail(at))
    }
}
