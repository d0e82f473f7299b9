//! The random texts of an attempt that a provider sees: its state and its nonce. They can be recognized wherever they come back, so that a
//! token of a login is good at the callback of that login and nowhere else.

use crate::vocabulary::hash::sha256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many bytes of such a text are random.
pub(crate) const RANDOM: usize = 18;
/// How many bytes say that it is one. Another text has the right ones by chance once in 2^48.
const MARK: usize = 6;

/// The text of these random bytes. A program that copies the mark gains nothing: it makes a token good in fewer places.
pub(crate) fn attempt_text(random: &[u8]) -> Box<str> {
    URL_SAFE_NO_PAD.encode([random, &mark(random)].concat()).into()
}

/// Whether a text was made for an attempt, here or at another broker.
pub(crate) fn is_attempt_text(text: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else { return false };
    bytes.split_at_checked(RANDOM).is_some_and(|(random, rest)| rest == mark(random))
}

fn mark(random: &[u8]) -> [u8; MARK] {
    sha256(&[b"text of a login attempt ", random].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_an_attempt_is_recognized_and_no_other_text_is() {
        let text = attempt_text(&[7; RANDOM]);

        assert!(is_attempt_text(&text));
        assert_eq!(text.len(), 32);
        for other in [
            String::new(),
            "n-0S6_WzA2Mj".to_owned(),
            URL_SAFE_NO_PAD.encode([7; 24]),
            URL_SAFE_NO_PAD.encode([7; RANDOM]),
            URL_SAFE_NO_PAD.encode([7; 32]),
            format!("{text}AA"),
            text.to_lowercase(),
            text.replacen('B', "C", 1),
        ] {
            assert!(!is_attempt_text(&other), "{other}");
        }
    }
}
