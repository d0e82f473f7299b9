//! Durations in classes, so that a percentile of many brokers and days can be said from a few numbers.

use std::collections::BTreeMap;
use std::time::Duration;

/// The longest duration of each class, in milliseconds, each about a third longer than the one before.
const CLASSES: [(u32, &str); 18] = [
    (50, "50"),
    (75, "75"),
    (100, "100"),
    (150, "150"),
    (200, "200"),
    (300, "300"),
    (400, "400"),
    (600, "600"),
    (800, "800"),
    (1_200, "1200"),
    (1_600, "1600"),
    (2_400, "2400"),
    (3_200, "3200"),
    (4_800, "4800"),
    (6_400, "6400"),
    (9_600, "9600"),
    (20_000, "20000"),
    (60_000, "60000"),
];

/// The name of the class of a duration. What is longer than all classes is in the last one.
pub(crate) fn class_of(took: Duration) -> &'static str {
    let millis = took.as_millis();
    let class = CLASSES.iter().find(|(longest, _)| millis <= u128::from(*longest)).or(CLASSES.last());
    class.map_or("", |(_, name)| name)
}

/// How many durations of each class there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DurationCounts(BTreeMap<u32, i64>);

impl DurationCounts {
    /// Adds durations of a stored class. The name of a class that is no number belongs to a later version.
    pub(crate) fn add(&mut self, class: &str, count: i64) {
        if let Ok(longest) = class.parse() {
            let sum = self.0.entry(longest).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        for (longest, count) in &other.0 {
            let sum = self.0.entry(*longest).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// The duration that so many of a hundred do not exceed, as far as the classes say it.
    pub fn percentile(&self, of_hundred: i64) -> Option<Duration> {
        let all = self.0.values().fold(0, |all: i64, count| all.saturating_add(*count));
        let wanted = all.saturating_mul(of_hundred).saturating_add(99).checked_div(100)?;
        let mut seen: i64 = 0;
        let (longest, _) = self.0.iter().find(|(_, count)| {
            seen = seen.saturating_add(**count);
            seen >= wanted && **count > 0
        })?;
        Some(Duration::from_millis(u64::from(*longest)))
    }
}
