//! The colour of a store. The style derives all others from it, so that text is readable on each.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accent {
    red: u8,
    green: u8,
    blue: u8,
}

impl Accent {
    /// Reads `#0a6` or `#00aa66`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let doubled = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            6 => digits.to_owned(),
            _ => return None,
        };
        let part = |from: usize| u8::from_str_radix(doubled.get(from..)?.get(..2)?, 16).ok();
        Some(Self { red: part(0)?, green: part(2)?, blue: part(4)? })
    }

    /// The colour in CSS.
    pub(crate) fn css(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Default for Accent {
    /// A slate blue, for a store that names no colour.
    fn default() -> Self {
        Self { red: 0x2f, green: 0x4b, blue: 0x6e }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_three_or_six_digits() {
        for (text, expected) in [
            ("#0a6", Some("#00aa66")),
            ("#00AA66", Some("#00aa66")),
            ("#fff", Some("#ffffff")),
            ("0a6", None),
            ("#0a", None),
            ("#0a6f", None),
            ("#00aa6g", None),
            ("#éa", None),
            ("#0a6;}", None),
            ("", None),
        ] {
            assert_eq!(Accent::parse(text).map(Accent::css).as_deref(), expected, "{text}");
        }
    }
}
