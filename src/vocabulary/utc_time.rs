//! Moments as text, in UTC.

use chrono::{DateTime, SecondsFormat};

/// A time as in RFC 3339.
pub(crate) fn format_time(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(|| seconds.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The day of a time, as in RFC 3339.
pub(crate) fn format_day(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%d").to_string())
}
