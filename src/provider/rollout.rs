//! The word `rollout`: how much the next version of a provider file, `NAME.next.yaml`, takes part in the logins of `NAME.yaml`.

use crate::vocabulary::place::Source;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use crate::words;
use std::fmt;

words! {
    /// How much the next version of a provider file takes part. A file with the name `NAME.next.yaml` beside `NAME.yaml` is the next
    /// version of the same provider. It is never offered by itself. After each login through the present version, what the next one would
    /// have read from the same answers is compared, and nothing is sent for that.
    pub(crate) struct RolloutSpec ("rollout") {
        /// The share of the new logins that go through the next version: a percentage with at most two decimals. A login ends with the
        /// version with which it began. Its logins go back to the present version by themselves when they fail clearly more often. No login
        /// goes through a version that points elsewhere than the present one (another issuer or other hosts), that has another `key`, other
        /// `inputs` or another kind of callback, or that has read another id.
        /// Default: `0%`
        /// Example: `share: 10%`
        share: Option<LoginShare> = "share",
        /// `true` says that the operator is sure that both versions read the same ids. Without it, logins go through the next version
        /// only when both versions have read the same id from the answers of five logins. It is needed where the request that gives the id is another
        /// one, so that no answer can be compared. Ids that were seen to differ still end the share.
        /// Default: `false`
        /// Example: `sameIds: true`
        same_ids: Option<bool> = "sameIds",
    }
}

/// How much a file takes part in new logins, as its next version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// The share of the new logins.
    pub share: LoginShare,
    /// Whether the operator is sure that the ids are the same.
    pub(crate) same_ids: bool,
}

impl Rollout {
    /// Compiles the word, which belongs into the next version of a file only.
    pub(crate) fn compile(spec: Option<&RolloutSpec>, source: &Source, reader: &mut Reader) -> Self {
        let Some(spec) = spec else { return Self::default() };
        if !source.is_next_version() {
            let message = "`rollout` is for the next version of a file, and this is the present one";
            reader.complain(spec.place, message, format!("take it out, or write the next version into `{}.next.yaml`", source.stem()));
        }
        Self { share: spec.share.unwrap_or_default(), same_ids: spec.same_ids.unwrap_or(false) }
    }
}

/// A share of logins, in hundredths of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoginShare(u16);

/// The share that is all logins.
const ALL: u16 = 10_000;

impl LoginShare {
    /// Whether there is a share at all.
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The share as a number from 0 to 1.
    pub(crate) fn as_fraction(self) -> f64 {
        f64::from(self.0) / f64::from(ALL)
    }

    /// Whether a login with this random number belongs to the share.
    pub(crate) fn includes(self, random: u32) -> bool {
        random.checked_rem(u32::from(ALL)).is_some_and(|rest| rest < u32::from(self.0))
    }

    /// The share of a text such as `10%`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.strip_suffix('%')?.trim_end().split_once('.').unwrap_or((text.strip_suffix('%')?.trim_end(), "0"));
        let are_digits = |digits: &str, most: usize| (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole, 3) || !are_digits(part, 2) {
            return None;
        }
        let part: u16 = format!("{part:0<2}").parse().ok()?;
        let hundredths = whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(part)?;
        (hundredths <= ALL).then_some(Self(hundredths))
    }
}

impl fmt::Display for LoginShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}%"),
            part if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            part => write!(f, "{whole}.{part:02}%"),
        }
    }
}

impl WordValue for LoginShare {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let share = Self::parse(&text);
        if share.is_none() {
            let help = "write a percentage from `0%` to `100%`, such as `10%` or `0.5%`";
            reader.complain(text.place, format!("`{}` is no share of the logins", text.value), help);
        }
        share
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a percentage")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage_with_two_decimals_at_most() {
        for (text, shown) in [
            ("0%", "0%"),
            ("10%", "10%"),
            ("100%", "100%"),
            ("0.5%", "0.5%"),
            ("12.34%", "12.34%"),
            ("7.05 %", "7.05%"),
            ("100.00%", "100%"),
        ] {
            assert_eq!(LoginShare::parse(text).map(|share| share.to_string()).as_deref(), Some(shown), "{text}");
        }
        for text in ["", "%", "10", "0.1", "101%", "100.01%", "-1%", "1.234%", ".5%", "5.%", "1e1%", "ten%", "+5%", "1 0%"] {
            assert_eq!(LoginShare::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_share_of_the_random_numbers_belongs_to_it() {
        let of = |text: &str| {
            let share = LoginShare::parse(text).unwrap();
            (0..20_000).filter(|random| share.includes(*random)).count()
        };

        assert_eq!((of("0%"), of("0.01%"), of("10%"), of("100%")), (0, 2, 2000, 20_000));
    }
}
