//! The counts of a store over a period, as the lab shows them.

use crate::counts::durations::DurationCounts;
use crate::counts::{ALL_CALLS, LoginCountKind, SLOT, slot_of};
use crate::directory::login_counts::{LoginSum, SumLoginCounts};
use crate::directory::{Directory, StorageUnavailable};
use crate::login::attempt::GOOD_FOR;
use std::collections::BTreeMap;

/// A period that ends now, in parts of the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedPeriod {
    /// The current time in seconds since 1970.
    pub now: i64,
    /// How many seconds a part has, a multiple of [`SLOT`].
    pub part: i64,
    /// How many parts there are.
    pub parts: usize,
}

impl CountedPeriod {
    /// The moment from which logins are counted.
    pub fn since(self) -> i64 {
        let length = self.part.saturating_mul(i64::try_from(self.parts).unwrap_or(i64::MAX));
        self.until().saturating_sub(length)
    }

    /// The end of the slot that has begun.
    fn until(self) -> i64 {
        slot_of(self.now).saturating_add(SLOT)
    }
}

/// Numbers, one for each part of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountSeries(pub Vec<i64>);

impl CountSeries {
    pub(crate) fn add(&mut self, part: usize, parts: usize, count: i64) {
        self.0.resize(parts.max(self.0.len()), 0);
        if let Some(sum) = self.0.get_mut(part) {
            *sum = sum.saturating_add(count);
        }
    }

    /// The sum over the period.
    pub fn total(&self) -> i64 {
        self.0.iter().fold(0, |all, one| all.saturating_add(*one))
    }

    fn add_all(&mut self, other: &Self) {
        for (part, count) in other.0.iter().enumerate() {
            self.add(part, other.0.len(), *count);
        }
    }
}

/// The counts of one provider, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginNumbers {
    /// The browser was sent to the provider, in logins that are ten minutes old.
    pub began: CountSeries,
    /// The provider sent the browser back, in the same logins.
    pub returned: CountSeries,
    /// The person was signed in.
    pub signed_in: CountSeries,
    /// The person cancelled.
    pub cancelled: CountSeries,
    /// It failed.
    pub failed: CountSeries,
    /// The durations of each step, and of all calls together.
    pub took: BTreeMap<Box<str>, DurationCounts>,
}

impl LoginNumbers {
    /// Logins that began and did not come back within ten minutes.
    pub fn not_returned(&self) -> i64 {
        self.began.total().saturating_sub(self.returned.total()).max(0)
    }

    /// How many of the logins that came to an end signed the person in, of a thousand; `None` if none came to an end.
    pub fn success_share(&self) -> Option<i64> {
        let (well, ended) = (self.signed_in.total(), self.ended());
        well.saturating_mul(1000).checked_div(ended)
    }

    /// Logins that signed a person in or failed.
    pub fn ended(&self) -> i64 {
        self.signed_in.total().saturating_add(self.failed.total())
    }

    /// The duration that 95 of a hundred logins do not exceed.
    pub fn p95(&self) -> Option<std::time::Duration> {
        self.took.get(ALL_CALLS).and_then(|took| took.percentile(95))
    }

    fn series(&mut self, kind: LoginCountKind) -> Option<&mut CountSeries> {
        match kind {
            LoginCountKind::Began => Some(&mut self.began),
            LoginCountKind::Returned => Some(&mut self.returned),
            LoginCountKind::SignedIn => Some(&mut self.signed_in),
            LoginCountKind::Cancelled => Some(&mut self.cancelled),
            LoginCountKind::Failed => Some(&mut self.failed),
            LoginCountKind::Took => None,
        }
    }

    fn add_all(&mut self, other: &Self) {
        for (sum, added) in [
            (&mut self.began, &other.began),
            (&mut self.returned, &other.returned),
            (&mut self.signed_in, &other.signed_in),
            (&mut self.cancelled, &other.cancelled),
            (&mut self.failed, &other.failed),
        ] {
            sum.add_all(added);
        }
    }
}

/// A cause of failed logins of a provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedCause {
    /// The name of the provider's file.
    pub provider: Box<str>,
    /// The step in which the logins failed.
    pub step: Box<str>,
    /// The code of the cause.
    pub code: Box<str>,
}

/// The counts of all providers of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeriodCounts {
    /// By provider and variant of its file.
    pub variants: BTreeMap<(Box<str>, Box<str>), LoginNumbers>,
    /// The failed logins of each cause.
    pub causes: BTreeMap<CountedCause, CountSeries>,
}

impl PeriodCounts {
    /// Reads the counts of a store.
    pub async fn read(directory: &Directory, store: &str, period: CountedPeriod) -> Result<Self, StorageUnavailable> {
        let sums = SumLoginCounts {
            store: store.into(),
            since: period.since(),
            until: period.until(),
            settled: slot_of(period.now.saturating_sub(GOOD_FOR)),
            part: period.part,
        };
        Ok(Self::from_sums(&directory.read(sums).await?, period.parts))
    }

    /// Reads the counts of a span of time as one part.
    pub async fn read_span(directory: &Directory, store: &str, (since, until): (i64, i64)) -> Result<Self, StorageUnavailable> {
        let sums = SumLoginCounts { store: store.into(), since: slot_of(since), until, settled: until, part: i64::MAX };
        Ok(Self::from_sums(&directory.read(sums).await?, 1))
    }

    /// The counts that these sums hold.
    pub fn from_sums(sums: &[LoginSum], parts: usize) -> Self {
        let mut counts = Self::default();
        for sum in sums {
            let part = usize::try_from(sum.part).unwrap_or(usize::MAX);
            // Another kind belongs to a later version.
            let Some(kind) = LoginCountKind::named(&sum.what) else { continue };
            let numbers = counts.variants.entry((sum.provider.clone(), sum.variant.clone())).or_default();
            match numbers.series(kind) {
                Some(series) => series.add(part, parts, sum.count),
                None => numbers.took.entry(sum.step.clone()).or_default().add(&sum.detail, sum.count),
            }
            if kind == LoginCountKind::Failed {
                let cause = CountedCause { provider: sum.provider.clone(), step: sum.step.clone(), code: sum.detail.clone() };
                counts.causes.entry(cause).or_default().add(part, parts, sum.count);
            }
        }
        counts
    }

    /// The names of the providers of which something was counted.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.variants.keys().map(|(name, _)| &**name).collect();
        names.dedup();
        names.into_iter()
    }

    /// The counts of a provider with all variants of its file.
    pub fn of_provider(&self, provider: &str) -> LoginNumbers {
        let mut numbers = LoginNumbers::default();
        for ((_, _), of_variant) in self.variants.iter().filter(|((name, _), _)| **name == *provider) {
            numbers.add_all(of_variant);
            for (step, took) in &of_variant.took {
                numbers.took.entry(step.clone()).or_default().add_all(took);
            }
        }
        numbers
    }

    /// The counts of all providers.
    pub fn of_store(&self) -> LoginNumbers {
        let mut numbers = LoginNumbers::default();
        self.variants.values().for_each(|of_variant| numbers.add_all(of_variant));
        numbers
    }
}
