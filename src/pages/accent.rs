//! The colour of a store, and whether black or white text is readable on it (WCAG 2.2, relative luminance and contrast).

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

    /// Black or white, whichever has more contrast.
    #[must_use]
    pub(crate) fn contrasting(self) -> Self {
        let black = Self { red: 0, green: 0, blue: 0 };
        let white = Self { red: 255, green: 255, blue: 255 };
        if contrast(black, self) >= contrast(white, self) { black } else { white }
    }

    fn luminance(self) -> f64 {
        let light = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * light(self.red) + 0.7152 * light(self.green) + 0.0722 * light(self.blue)
    }
}

impl Default for Accent {
    /// A slate blue, for a store that names no colour.
    fn default() -> Self {
        Self { red: 0x2f, green: 0x4b, blue: 0x6e }
    }
}

/// The contrast of two colours, from 1 to 21.
pub(crate) fn contrast(one: Accent, other: Accent) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_three_or_six_digits() {
        for (text, expected) in [
            ("#0a6", Some(("#00aa66", "#000000"))),
            ("#00AA66", Some(("#00aa66", "#000000"))),
            ("#123", Some(("#112233", "#ffffff"))),
            ("#fff", Some(("#ffffff", "#000000"))),
            ("0a6", None),
            ("#0a", None),
            ("#0a6f", None),
            ("#00aa6g", None),
            ("#éa", None),
            ("#0a6;}", None),
            ("", None),
        ] {
            let accent = Accent::parse(text).map(|accent| (accent.css(), accent.contrasting().css()));
            assert_eq!(accent.as_ref().map(|(css, on)| (css.as_str(), on.as_str())), expected, "{text}");
        }
    }

    #[test]
    fn text_can_be_read_on_every_colour() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let accent = Accent { red, green, blue };
                    assert!(contrast(accent, accent.contrasting()) >= 4.5, "{}", accent.css());
                }
            }
        }
    }
}
