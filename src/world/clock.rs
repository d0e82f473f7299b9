//! The clock. No other module reads it.

/// The time in seconds since 1970.
pub fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// A moment to measure from.
pub fn instant() -> std::time::Instant {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    std::time::Instant::now()
}
