//! Times: how `date` writes one and `moment` reads one, and how a file writes a duration (`5m`).

use crate::vocabulary::place::Located;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, FixedOffset, Utc};
use std::time::Duration;

/// A format and a time zone, both checked, in which `date` writes a time and `moment` reads one.
#[derive(Clone, Debug)]
pub(crate) struct DateFormat {
    source: Box<str>,
    format: Vec<Item<'static>>,
    zone: FixedOffset,
}

impl DateFormat {
    /// Reads a format of `strftime`, and a zone such as `+08:00` or `Z`.
    pub(crate) fn parse(format: &str, zone: &str) -> Result<Self, (String, String)> {
        let items: Vec<Item<'static>> = StrftimeItems::new(format).map(Item::to_owned).collect();
        if items.iter().any(|item| matches!(item, Item::Error)) {
            return Err((format!("`{format}` is not a format of a date"), "write it with `%Y %m %d %H %M %S` and the like".to_owned()));
        }
        let zone = if matches!(zone, "Z" | "UTC") { "+00:00" } else { zone };
        let Ok(zone) = zone.parse() else {
            return Err((format!("`{zone}` is not a zone"), "write it as `+08:00`, `-03:00` or `Z`".to_owned()));
        };
        Ok(Self { source: format.into(), format: items, zone })
    }

    /// The format as it was written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Reads a format in which a time is read, so that it has to hold a date and a time of day.
    pub(crate) fn parse_whole(format: &str, zone: &str) -> Result<Self, (String, String)> {
        let parsed = Self::parse(format, zone)?;
        let is_whole = parsed.write("1767323040").and_then(|written| parsed.read(&written)) == Some(1_767_323_040);
        let help = "write a date and a time of day, such as `%Y%m%d%H%M%S`";
        if is_whole { Ok(parsed) } else { Err((format!("`{format}` does not say all of a time"), help.to_owned())) }
    }

    /// The time that a text names, in seconds since 1970, from 1970 to the year 5138: of more digits [`parse_moment`] takes milliseconds.
    pub(crate) fn read(&self, text: &str) -> Option<i64> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, self.format.iter()).ok()?;
        let at = if parsed.offset().is_some() { parsed.to_datetime() } else { parsed.to_datetime_with_timezone(&self.zone) };
        let at = at.ok().filter(|at| (0..100_000_000_000).contains(&at.timestamp()))?;
        // Where nothing stands between two numbers, each has to have all its digits: with one less, the digits would shift.
        let numbers = self.format.iter().take_while(|item| !matches!(item, Item::Fixed(_)));
        let is_separated = |pair: &[Item<'_>]| !matches!(pair, [Item::Numeric(..), Item::Numeric(..)]);
        let is_whole = self.format.windows(2).all(is_separated) || text.starts_with(&at.format_with_items(numbers).to_string());
        is_whole.then(|| at.timestamp())
    }

    /// Writes the time that a text names.
    pub(crate) fn write(&self, moment: &str) -> Option<String> {
        let at = parse_moment(moment)?.with_timezone(&self.zone);
        Some(at.format_with_items(self.format.iter()).to_string())
    }
}

/// Parses a time: seconds since 1970, milliseconds from 13 digits on, or a date of RFC 3339.
pub(crate) fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(number) = text.parse::<i64>() {
        return if text.len() >= 13 { DateTime::from_timestamp_millis(number) } else { DateTime::from_timestamp(number, 0) };
    }
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

/// Why a value is no moment of the last while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MomentFault {
    /// There is no value.
    Missing,
    /// The value is no moment.
    NoMoment,
    /// The value is not written in this format.
    OtherFormat(Box<str>),
    /// It is so many seconds old.
    TooOld(i64),
    /// It lies so many seconds in the future.
    Future(i64),
}

impl std::fmt::Display for MomentFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("no moment is found there"),
            Self::NoMoment => f.write_str("what is found there is neither seconds nor milliseconds since 1970, nor a date of RFC 3339"),
            Self::OtherFormat(format) => write!(f, "what is found there is not written as `{format}`"),
            Self::TooOld(seconds) => write!(f, "that moment is {seconds} seconds old"),
            Self::Future(seconds) => write!(f, "that moment lies {seconds} seconds in the future"),
        }
    }
}

/// The longest duration, in days: about ten years.
const LONGEST: u64 = 3660;

/// A duration as files write it: `30s`, `5m`, `12h`, `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeSpan(pub(crate) Duration);

impl TimeSpan {
    fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().last()?;
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return None,
        };
        number.checked_mul(seconds).filter(|all| (1..=86400 * LONGEST).contains(all)).map(|all| Self(Duration::from_secs(all)))
    }
}

impl std::fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        let unit = [(86400, 'd'), (3600, 'h'), (60, 'm')].into_iter().find(|(long, _)| seconds.is_multiple_of(*long));
        let (long, letter) = unit.unwrap_or((1, 's'));
        write!(f, "{}{letter}", seconds.checked_div(long).unwrap_or(seconds))
    }
}

impl WordValue for Located<TimeSpan> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let span = TimeSpan::parse(&text);
        if span.is_none() {
            reader.complain(
                text.place,
                format!("`{}` is not a duration from `1s` to `{LONGEST}d`", text.value),
                "write a number and a unit: `30s`, `5m`, `12h` or `90d`",
            );
        }
        span.map(|span| Located::new(span, text.place))
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a duration: `30s`, `5m`, `12h`, `90d`; from `1s` to `3660d`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_its_zone() {
        let writing = DateFormat::parse("%Y-%m-%d %H:%M:%S", "+08:00").unwrap();

        for moment in ["1767323045", "1767323045000", "2026-01-02T03:04:05Z"] {
            assert_eq!(writing.write(moment).as_deref(), Some("2026-01-02 11:04:05"), "{moment}");
        }
        assert_eq!(writing.write("yesterday"), None);
        assert!(DateFormat::parse("%Q", "Z").is_err() && DateFormat::parse("%Y", "China").is_err());
    }

    #[test]
    fn a_moment_is_read_in_its_zone() {
        for (format, zone, text, expected) in [
            ("%Y%m%d%H%M%S", "+08:00", "20260102110405", Some(1_767_323_045)),
            ("%Y%m%d%H%M%S", "+08:00", "20261302110405", None),
            ("%Y%m%d%H%M%S", "+08:00", "202601021104051", None),
            ("%Y%m%d%H%M%S", "+08:00", "2026010211040", None),
            ("%Y%m%d%H%M%S%z", "Z", "20260102110405+0800", Some(1_767_323_045)),
            ("%Y%m%d%H%M%S%z", "Z", "2026010211040+0800", None),
            ("%Y-%m-%d %H:%M", "Z", "5138-11-16 09:46", Some(99_999_999_960)),
            ("%Y-%m-%d %H:%M", "Z", "5138-11-16 09:47", None),
            ("%Y-%m-%d %H:%M", "Z", "+57970-01-02 03:04", None),
            ("%Y-%m-%d %H:%M", "Z", "1969-12-31 23:59", None),
            ("%Y%m%d%H%M%S", "+08:00", "1767323045", None),
            ("%d/%m/%Y %H:%M", "-03:00", "02/01/2026 00:04", Some(1_767_323_040)),
            ("%Y-%m-%dT%H:%M:%S%z", "Z", "2026-01-02T11:04:05+0800", Some(1_767_323_045)),
        ] {
            assert_eq!(DateFormat::parse_whole(format, zone).unwrap().read(text), expected, "{text}");
        }
        assert!(["%Y%m%d", "%H%M%S", "x"].into_iter().all(|format| DateFormat::parse_whole(format, "Z").is_err()));
    }

    #[test]
    fn stretches_have_a_unit_and_an_end() {
        for (text, seconds) in [
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("12h", Some(43200)),
            ("90d", Some(7_776_000)),
            ("5", None),
            ("0s", None),
            ("3660d", Some(316_224_000)),
            ("3661d", None),
            ("-1m", None),
            ("9999999999999d", None),
        ] {
            assert_eq!(TimeSpan::parse(text).map(|span| span.0.as_secs()), seconds, "{text}");
        }
    }
}
