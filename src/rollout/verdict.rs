//! Whether the logins of the next version fail more often than those of the present one.
//!
//! Chance alone decides which version a login goes through: the next one with the probability of its share. If both are equally good, then
//! among the logins that succeed, and likewise among those that fail, each is one of the next version with that same probability, however
//! many logins fail, at whatever time, and also while a provider is down. So no other expectation has to be learned. The draw of a login
//! depends on no earlier one: a person who begins again is drawn again, so a second attempt is as unbiased as a first one. A draw that
//! stays the same for a browser would not be: then all attempts of a person whose logins fail anyway were those of one version.
//!
//! **Evidence.** A login counts by how much likelier its version is if the next version fails more often than if both are alike: among
//! failures the odds of the next version are then higher by one of [`OF_FAILURES`], and among successes lower by one of [`OF_SUCCESSES`].
//! The product over all logins is a wager against chance, and the mean over all pairs of these numbers is one as well: by chance it reaches a
//! value of `v` for at most one of `v` next versions, however often it is looked at (Ville's inequality). At [`ENOUGH`] the next version is
//! taken back. Logins that never come back are noticed because successes of the next version are lacking. Each login is judged by the share
//! with which it was drawn, so the product stays a wager when the operator changes the share.
//!
//! **Floor.** A next version with all logins has nothing beside it to compare with, and one whose first logins all fail needs no
//! comparison. Of [`FEW`] ended logins at least [`LEAST`] have to succeed, unless those of the present version fail as well. Where fewer than
//! [`FEW`] logins of the present version stand beside them, the provider may be down: the share pauses until [`FEW`] logins of the present
//! version have signed people in, and then begins anew. If its first logins fail once more, the next version is taken back.

/// By how much the odds of the next version may be higher among failures.
const OF_FAILURES: [f64; 5] = [1.0, 2.0, 5.0, 20.0, 100.0];
/// By how much they may be lower among successes.
const OF_SUCCESSES: [f64; 5] = [1.0, 0.9, 0.7, 0.4, 0.05];
/// The evidence at which the next version is taken back.
const ENOUGH: f64 = 1000.0;
/// The number of ended logins from which on the floor counts.
pub(crate) const FEW: i64 = 5;
/// The share of ended logins of the next version that has to succeed.
const LEAST: f64 = 0.2;
/// The share of ended logins of the present version that has to succeed for the floor to count.
const USUAL: f64 = 0.5;
/// How often the share of a version pauses at most. After that the floor takes it back.
const MOST_PAUSES: u8 = 8;

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

/// The logins of both versions that were drawn with one share, since that share began or went on after a pause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DrawnLogins {
    /// The probability with which a login goes through the next version.
    pub(crate) share: f64,
    pub(crate) present: EndedLogins,
    pub(crate) next: EndedLogins,
}

impl DrawnLogins {
    /// The same without the failures, where these say too little.
    fn without_failures(self) -> Self {
        let only_successes = |ended: EndedLogins| EndedLogins { failed: 0, ..ended };
        Self { present: only_successes(self.present), next: only_successes(self.next), ..self }
    }
}

/// What the ended logins mean for the share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShareVerdict {
    GoesOn,
    /// The logins of the next version fail, and there is nothing to compare them with.
    Pauses,
    TakenBack,
}

/// Judges a share. `all` are all logins that were ever drawn for this version, the last of them those since the share began or went on for
/// the last time, after so many `pauses`. `fails_widely` says whether the failures are those of more than a few visitors.
pub(crate) fn verdict(all: &[DrawnLogins], pauses: u8, fails_widely: bool) -> ShareVerdict {
    if !fails_widely {
        let successes: Vec<DrawnLogins> = all.iter().map(|drawn| drawn.without_failures()).collect();
        return if evidence(&successes) >= ENOUGH { ShareVerdict::TakenBack } else { ShareVerdict::GoesOn };
    }
    let floor = all.last().map_or(ShareVerdict::GoesOn, |last| verdict_of_floor(last, pauses));
    if floor == ShareVerdict::GoesOn && evidence(all) >= ENOUGH { ShareVerdict::TakenBack } else { floor }
}

fn verdict_of_floor(DrawnLogins { present, next, .. }: &DrawnLogins, pauses: u8) -> ShareVerdict {
    let is_below = next.all() >= FEW && next.success_share().is_some_and(|share| share < LEAST);
    if !is_below {
        return ShareVerdict::GoesOn;
    }
    if present.all() >= FEW {
        let fails_anyway = present.success_share().is_some_and(|share| share < USUAL);
        return if fails_anyway { ShareVerdict::GoesOn } else { ShareVerdict::TakenBack };
    }
    // At the end of a pause the present version signs people in, so a next version whose first logins fail after it is the reason itself.
    let fails_after_pause = pauses > 0 && next.succeeded < FEW;
    if fails_after_pause || pauses >= MOST_PAUSES { ShareVerdict::TakenBack } else { ShareVerdict::Pauses }
}

/// How much speaks against chance.
fn evidence(all: &[DrawnLogins]) -> f64 {
    let pairs = OF_FAILURES.iter().flat_map(|failures| OF_SUCCESSES.iter().map(move |successes| (*failures, *successes)));
    let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), pair| {
        let wagers: f64 = all.iter().map(|drawn| wager(drawn, pair)).sum();
        (sum + wagers.exp(), count + 1.0)
    });
    sum / count
}

/// The logarithm of the wager on logins, with these odds of the next version among failures and among successes.
fn wager(DrawnLogins { share, present, next }: &DrawnLogins, (failures, successes): (f64, f64)) -> f64 {
    // Where one version has all logins, there is nothing to wager on.
    if *share <= 0.0 || *share >= 1.0 {
        return 0.0;
    }
    let of_one_kind = |odds: f64, of_next: i64, of_present: i64| {
        let expected = share * odds / (share * odds + 1.0 - share);
        to_f64(of_next) * (expected / share).ln() + to_f64(of_present) * ((1.0 - expected) / (1.0 - share)).ln()
    };
    of_one_kind(failures, next.failed, present.failed) + of_one_kind(successes, next.succeeded, present.succeeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(succeeded: i64, failed: i64) -> EndedLogins {
        EndedLogins { succeeded, failed }
    }

    fn drawn(share: f64, present: EndedLogins, next: EndedLogins) -> DrawnLogins {
        DrawnLogins { share, present, next }
    }

    fn judge(present: EndedLogins, next: EndedLogins, share: f64) -> ShareVerdict {
        verdict(&[drawn(share, present, next)], 0, true)
    }

    #[test]
    fn a_version_that_fails_is_taken_back_after_few_logins() {
        let after = |share: f64, present_for_one: i64| {
            (1..100).find(|failed| judge(ended(present_for_one * failed, 0), ended(0, *failed), share) == ShareVerdict::TakenBack)
        };

        assert_eq!(after(0.1, 9), Some(3), "a tenth of the logins");
        assert_eq!(after(0.5, 1), Some(5), "half of them");
        assert_eq!(after(1.0, 0), None, "all of them: there is nothing to compare with, so the share pauses");
    }

    #[test]
    fn a_version_that_fails_sometimes_is_taken_back_where_the_present_one_does_not() {
        let present = ended(900, 18);

        for (present, next, expected, why) in [
            (present, ended(98, 2), ShareVerdict::GoesOn, "as often as the present one"),
            (present, ended(94, 6), ShareVerdict::GoesOn, "that may be chance"),
            (present, ended(80, 20), ShareVerdict::TakenBack, "clearly more often"),
            (ended(980, 20), ended(18, 2), ShareVerdict::TakenBack, "most logins never come back"),
        ] {
            assert_eq!(judge(present, next, 0.1), expected, "{why}");
        }
    }

    #[test]
    fn without_logins_of_the_present_version_a_share_pauses_and_only_after_that_it_ends() {
        for (pauses, present, next, expected, why) in [
            (0, ended(0, 0), ended(0, 4), ShareVerdict::GoesOn, "too few"),
            (0, ended(0, 0), ended(0, 5), ShareVerdict::Pauses, "all logins are those of the next version"),
            (0, ended(0, 4), ended(0, 5), ShareVerdict::Pauses, "the provider is down"),
            (0, ended(4, 0), ended(1, 5), ShareVerdict::Pauses, "four logins of the present version are too few"),
            (0, ended(0, 5), ended(0, 5), ShareVerdict::GoesOn, "the logins of both versions fail"),
            (0, ended(5, 0), ended(0, 5), ShareVerdict::TakenBack, "those of the present version do not fail"),
            (0, ended(0, 0), ended(500, 2000), ShareVerdict::GoesOn, "one in five succeeds"),
            (0, ended(0, 0), ended(100, 500), ShareVerdict::Pauses, "the provider has gone down"),
            (1, ended(0, 0), ended(0, 4), ShareVerdict::GoesOn, "too few since the pause"),
            (1, ended(0, 0), ended(0, 5), ShareVerdict::TakenBack, "the present version has just signed people in"),
            (1, ended(0, 0), ended(100, 500), ShareVerdict::Pauses, "after the pause it worked, and then the provider went down again"),
            (8, ended(0, 0), ended(100, 500), ShareVerdict::TakenBack, "it has paused often enough"),
        ] {
            assert_eq!(verdict(&[drawn(1.0, ended(0, 0), ended(0, 5)), drawn(1.0, present, next)], pauses, true), expected, "{why}");
        }
    }

    #[test]
    fn a_provider_that_is_down_takes_no_version_back() {
        for (share, present, next) in [(0.1, 180, 20), (0.5, 100, 100)] {
            assert_eq!(judge(ended(0, present), ended(0, next), share), ShareVerdict::GoesOn, "{share}");
        }
        assert_eq!(judge(ended(5, 5), ended(0, 0), 0.5), ShareVerdict::GoesOn);
        for (share, failed_by_present) in [(0.5, 4), (0.9, 1), (1.0, 0)] {
            for next in 0..200 {
                let found = judge(ended(0, failed_by_present), ended(0, next), share);
                assert_ne!(found, ShareVerdict::TakenBack, "{share}: {next}");
            }
        }
    }

    /// Attack Y-15
    #[test]
    fn failures_of_a_few_visitors_take_no_version_back() {
        let failing = drawn(0.1, ended(900, 0), ended(100, 50));

        assert_eq!(verdict(&[failing], 0, false), ShareVerdict::GoesOn);
        assert_eq!(verdict(&[failing], 0, true), ShareVerdict::TakenBack);
        let never_back = drawn(0.1, ended(980, 0), ended(18, 0));
        assert_eq!(verdict(&[never_back], 0, false), ShareVerdict::TakenBack, "for that no failures are needed");
    }

    #[test]
    fn a_share_that_is_changed_is_judged_by_what_was_drawn_with_each() {
        let (small, large) = (drawn(0.1, ended(900, 9), ended(100, 1)), drawn(0.5, ended(50, 1), ended(50, 1)));

        assert_eq!(verdict(&[small, large], 0, true), ShareVerdict::GoesOn);
        let mistaken = drawn(0.5, ended(950, 10), ended(150, 2));
        assert_eq!(verdict(&[mistaken], 0, true), ShareVerdict::TakenBack, "as if all of them had been drawn with the new share");
    }

    /// A number from 0 to 1 at each call.
    fn random_numbers() -> impl FnMut() -> f64 {
        let mut state = 1_u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(state >> 33).expect("31 bits")) / f64::from(1_u32 << 31)
        }
    }

    /// How many of 300 equally good next versions are taken back within a thousand attempts. A person whose login fails begins again up to `retries`
    /// times, and fails again; `is_sticky` says whether the version stays the same then.
    fn taken_back_by_chance(retries: usize, is_sticky: bool) -> usize {
        let mut random = random_numbers();
        let one_version = |_: &usize| {
            let mut logins = drawn(0.1, ended(0, 0), ended(0, 0));
            let mut is_taken_back = false;
            let mut attempts = 0;
            while attempts < 1000 {
                let fails = random() < 0.1;
                let mut is_next = random() < 0.1;
                for _ in 0..if fails { retries + 1 } else { 1 } {
                    let version = if is_next { &mut logins.next } else { &mut logins.present };
                    *(if fails { &mut version.failed } else { &mut version.succeeded }) += 1;
                    is_taken_back |= evidence(&[logins]) >= ENOUGH;
                    attempts += 1;
                    is_next = if is_sticky { is_next } else { random() < 0.1 };
                }
            }
            is_taken_back
        };
        (0..300).filter(one_version).count()
    }

    #[test]
    fn chance_takes_a_version_back_once_in_a_thousand_times_at_most() {
        assert!(taken_back_by_chance(0, false) <= 2);
    }

    #[test]
    fn people_who_begin_again_bias_nothing_because_each_attempt_is_drawn_anew() {
        assert!(taken_back_by_chance(4, false) <= 2);
        assert!(taken_back_by_chance(4, true) > 20, "a draw that stays the same for a person would");
    }
}
