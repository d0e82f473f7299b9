//! Whether the logins of the next version fail more often than those of the present one.
//!
//! Chance alone decides which version a login goes through: the next one with the probability of its share. If both are equally good, then
//! among the logins that succeed, and likewise among those that fail, each is one of the next version with that same probability, however
//! many logins fail, at whatever time, and also while a provider is down. So no other expectation has to be learned.
//!
//! **Evidence.** A login counts by how much likelier its version is if the next version fails more often than if both are alike: among
//! failures the odds of the next version are then higher by one of [`OF_FAILURES`], and among successes lower by one of [`OF_SUCCESSES`].
//! The product over all logins is a wager against chance, and the mean over all pairs of these numbers is one as well: by chance it reaches a
//! value of `v` for at most one of `v` next versions, however often it is looked at (Ville's inequality). At [`ENOUGH`] the next version is
//! taken back. Logins that never come back are noticed because successes of the next version are lacking.
//!
//! **Floor.** A next version with all logins has nothing beside it to compare with, and one whose first logins all fail needs no
//! comparison. Of [`FEW`] ended logins at least [`LEAST`] have to succeed, unless those of the present version fail as well.

/// By how much the odds of the next version may be higher among failures.
const OF_FAILURES: [f64; 5] = [1.0, 2.0, 5.0, 20.0, 100.0];
/// By how much they may be lower among successes.
const OF_SUCCESSES: [f64; 5] = [1.0, 0.9, 0.7, 0.4, 0.05];
/// The evidence at which the next version is taken back.
const ENOUGH: f64 = 1000.0;
/// The number of ended logins from which on the floor counts.
const FEW: i64 = 5;
/// The share of ended logins of the next version that has to succeed.
const LEAST: f64 = 0.2;
/// The share of ended logins of the present version that has to succeed for the floor to count.
const USUAL: f64 = 0.5;

/// The logins of one version that came to an end. What a shopper cancelled is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndedLogins {
    /// How many signed in.
    pub succeeded: i64,
    /// How many failed.
    pub failed: i64,
}

impl EndedLogins {
    /// All of them.
    pub(crate) fn all(self) -> i64 {
        self.succeeded.saturating_add(self.failed)
    }

    /// The share that succeeded; `None` without logins.
    pub(crate) fn success_share(self) -> Option<f64> {
        (self.all() > 0).then(|| to_f64(self.succeeded) / to_f64(self.all()))
    }
}

fn to_f64(number: i64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Whether the next version is to be taken back. `share` is the probability with which a login goes through it.
pub(crate) fn fails_more_often(present: EndedLogins, next: EndedLogins, share: f64) -> bool {
    let is_below_floor = next.all() >= FEW && next.success_share().is_some_and(|share| share < LEAST);
    let fails_anyway = present.all() >= FEW && present.success_share().is_some_and(|share| share < USUAL);
    is_below_floor && !fails_anyway || evidence(present, next, share) >= ENOUGH
}

/// How much speaks against chance.
fn evidence(present: EndedLogins, next: EndedLogins, share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    // The logarithm of the wager on one kind of outcome, with these odds of the next version.
    let wager = |odds: f64, of_next: i64, of_present: i64| {
        let expected = share * odds / (share * odds + 1.0 - share);
        to_f64(of_next) * (expected / share).ln() + to_f64(of_present) * ((1.0 - expected) / (1.0 - share)).ln()
    };
    let pairs = OF_FAILURES.iter().flat_map(|failures| OF_SUCCESSES.iter().map(move |successes| (*failures, *successes)));
    let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), (failures, successes)| {
        let wagers = wager(failures, next.failed, present.failed) + wager(successes, next.succeeded, present.succeeded);
        (sum + wagers.exp(), count + 1.0)
    });
    sum / count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(succeeded: i64, failed: i64) -> EndedLogins {
        EndedLogins { succeeded, failed }
    }

    #[test]
    fn a_version_that_fails_is_taken_back_after_few_logins() {
        let after = |share: f64, present_for_one: i64| {
            (1..100).find(|failed| fails_more_often(ended(present_for_one * failed, 0), ended(0, *failed), share))
        };

        assert_eq!(after(0.1, 9), Some(3), "a tenth of the logins");
        assert_eq!(after(0.5, 1), Some(5), "half of them");
        assert_eq!(after(1.0, 0), Some(5), "all of them: the floor");
    }

    #[test]
    fn a_version_that_fails_sometimes_is_taken_back_where_the_present_one_does_not() {
        assert!(!fails_more_often(ended(900, 18), ended(98, 2), 0.1), "as often as the present one");
        assert!(!fails_more_often(ended(900, 18), ended(94, 6), 0.1), "that may be chance");
        assert!(fails_more_often(ended(900, 18), ended(80, 20), 0.1));
        assert!(fails_more_often(ended(980, 20), ended(18, 2), 0.1), "most logins never come back");
    }

    #[test]
    fn a_provider_that_is_down_takes_no_version_back() {
        for (share, present, next) in [(0.1, 180, 20), (0.5, 100, 100)] {
            assert!(!fails_more_often(ended(0, present), ended(0, next), share), "{share}");
        }
        assert!(!fails_more_often(ended(5, 5), ended(0, 0), 0.5));
    }

    /// Three hundred times a thousand logins of which one in ten fails, whatever the version.
    #[test]
    fn chance_takes_a_version_back_once_in_a_thousand_times_at_most() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(state >> 33).expect("31 bits")) / f64::from(1_u32 << 31)
        };
        let taken_back = (0..300).filter(|_| {
            let (mut present, mut next) = (ended(0, 0), ended(0, 0));
            (0..1000).any(|_| {
                let version = if random() < 0.1 { &mut next } else { &mut present };
                if random() < 0.1 {
                    version.failed += 1;
                } else {
                    version.succeeded += 1;
                }
                evidence(present, next, 0.1) >= ENOUGH
            })
        });

        assert!(taken_back.count() <= 2);
    }
}
