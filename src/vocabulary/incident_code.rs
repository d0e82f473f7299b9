//! The code on an error page, short enough for the telephone, such as `K7Q-2MD`.
//!
//! The alphabet has no vowels (so no words), and of each pair that is easily confused (`0 O`, `1 I`, `8 B`, `5 S`, `2 Z`, `6 G`,
//! `U V`) at most one character: when the other one is typed, it is read as the one that is in use.

use serde::{Deserialize, Serialize};

/// The 25 characters of a code; six of them give 244 million codes.
pub(crate) const ALPHABET: &str = "23456789CDFHJKLMNPQRTVWXY";

/// An incident code in its one form: three characters, a dash, three characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IncidentCode(String);

impl IncidentCode {
    /// A code from random bytes.
    pub(crate) fn new(chance: [u8; 8]) -> Self {
        let letters = ALPHABET.as_bytes();
        let mut rest = u64::from_be_bytes(chance);
        let mut code = String::with_capacity(7);
        for at in 0..6 {
            if at == 3 {
                code.push('-');
            }
            let place = usize::try_from(rest % 25).unwrap_or_default();
            code.push(letters.get(place).copied().map(char::from).expect("there are 25 letters"));
            rest /= 25;
        }
        Self(code)
    }

    /// Reads what a person typed: in any case, with or without dash and blanks.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 64 {
            return None;
        }
        let mut code = String::with_capacity(7);
        for letter in typed.chars().filter(|letter| !letter.is_whitespace() && !is_dash(*letter)) {
            let letter = correct_lookalike(letter.to_ascii_uppercase());
            if !ALPHABET.contains(letter) || code.len() == 7 {
                return None;
            }
            if code.len() == 3 {
                code.push('-');
            }
            code.push(letter);
        }
        (code.len() == 7).then_some(Self(code))
    }

    /// The code as it is shown and stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for IncidentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Phones and word processors replace the hyphen by other dashes.
fn is_dash(letter: char) -> bool {
    matches!(letter, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn correct_lookalike(letter: char) -> char {
    match letter {
        'B' => '8',
        'S' => '5',
        'Z' => '2',
        'G' => '6',
        'U' => 'V',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_characters_that_cannot_be_confused() {
        for (chance, expected) in
            [([0; 8], "222-222"), ([255; 8], "ML9-HVW"), ([0, 0, 0, 0, 0, 0, 0, 1], "322-222"), (*b"portaria", "8Y7-36V")]
        {
            let code = IncidentCode::new(chance);

            assert_eq!(code.as_str(), expected);
            assert_eq!(IncidentCode::parse(code.as_str()), Some(code));
        }
        assert!("01AEIOUBSZG".chars().all(|letter| !ALPHABET.contains(letter)));
    }

    #[test]
    fn what_a_person_types_is_understood() {
        for (typed, expected) in [
            ("K7Q-2MD", Some("K7Q-2MD")),
            ("k7q2md", Some("K7Q-2MD")),
            ("  k7q 2md\n", Some("K7Q-2MD")),
            ("K7Q–2MD", Some("K7Q-2MD")),
            ("k-7-q-2-m-d", Some("K7Q-2MD")),
            ("K7QZMD", Some("K7Q-2MD")),
            ("bsgu22", Some("856-V22")),
            ("K7Q-2M", None),
            ("K7Q-2MDD", None),
            ("K7Q-2M0", None),
            ("K7Q-2ME", None),
            ("", None),
            ("К7Q-2MD", None), // a Cyrillic К
        ] {
            assert_eq!(IncidentCode::parse(typed).as_ref().map(IncidentCode::as_str), expected, "{typed:?}");
        }
        assert_eq!(IncidentCode::parse(&"-".repeat(1 << 20)), None);
    }
}
