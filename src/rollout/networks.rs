//! From which networks the logins came whose ends count, so that no visitor can end a share alone. Addresses stay in memory, for a minute
//! or while they are among the first few.

use crate::rollout::comparison::LoginVersion;
use crate::rollout::counts::LoginEnd;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::net::IpAddr;

/// The failures of how many networks are evidence.
const NEEDED: usize = 3;
/// After how many counted ends it is taken for granted that logins come from fewer networks, such as behind one proxy.
const KNOWN_AFTER: usize = 5;
/// The most ends that count within a minute.
const MOST_IN_A_MINUTE: usize = 2000;

/// The networks of the logins of one next version and of the present one beside it, as this broker has seen them.
#[derive(Clone, Default)]
pub(crate) struct CountedNetworks {
    minute: i64,
    /// What has counted in this minute.
    in_minute: HashSet<(IpAddr, LoginEnd)>,
    ends: usize,
    /// The first networks of all ends that counted.
    first: BTreeSet<IpAddr>,
    /// The first networks of failures of the next version.
    first_failed: BTreeSet<IpAddr>,
}

impl CountedNetworks {
    /// Whether the end of a login counts: one success and one failure of each network and minute do. Which version the login went through
    /// makes no difference for that, so what counts is as unbiased as the draw.
    pub(crate) fn admits(&mut self, network: IpAddr, version: LoginVersion, end: LoginEnd, now: i64) -> bool {
        let minute = now.div_euclid(60);
        if self.minute != minute {
            self.minute = minute;
            self.in_minute.clear();
        }
        if self.in_minute.len() >= MOST_IN_A_MINUTE || !self.in_minute.insert((network, end)) {
            return false;
        }
        self.ends = self.ends.saturating_add(1);
        let note = |networks: &mut BTreeSet<IpAddr>| {
            if networks.len() < NEEDED {
                networks.insert(network);
            }
        };
        note(&mut self.first);
        if (version, end) == (LoginVersion::Next, LoginEnd::Failed) {
            note(&mut self.first_failed);
        }
        true
    }

    /// Whether the failures of the next version come from several networks, as far as logins do.
    pub(crate) fn fails_widely(&self) -> bool {
        let there_are = if self.ends < KNOWN_AFTER { NEEDED } else { self.first.len().min(NEEDED) };
        self.first_failed.len() >= there_are
    }
}

/// An address is personal data, so none is shown.
impl fmt::Debug for CountedNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedNetworks").field("ends", &self.ends).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> IpAddr {
        [192, 0, number, 0].into()
    }

    #[test]
    fn one_success_and_one_failure_of_a_network_and_minute_count_whatever_the_version() {
        let mut networks = CountedNetworks::default();
        let (present, next) = (LoginVersion::Present, LoginVersion::Next);

        for (number, version, end, now, counts) in [
            (1, next, LoginEnd::Failed, 59, true),
            (1, next, LoginEnd::Failed, 59, false),
            (1, present, LoginEnd::Failed, 59, false),
            (1, next, LoginEnd::SignedIn, 59, true),
            (1, present, LoginEnd::SignedIn, 59, false),
            (2, next, LoginEnd::Failed, 59, true),
            (1, next, LoginEnd::Failed, 60, true),
            (1, next, LoginEnd::Failed, 119, false),
            (1, next, LoginEnd::Failed, 5, true),
        ] {
            assert_eq!(networks.admits(network(number), version, end, now), counts, "{number} {version:?} {end:?} {now}");
        }
    }

    #[test]
    fn what_is_remembered_of_a_minute_is_bounded() {
        let mut networks = CountedNetworks::default();

        let counted = (0..70_000_u32).filter(|at| networks.admits(IpAddr::V4((*at).into()), LoginVersion::Present, LoginEnd::Failed, 0));

        assert_eq!(counted.count(), MOST_IN_A_MINUTE);
        assert!(networks.first.len() <= NEEDED && networks.first_failed.is_empty());
    }

    /// Attack Y-15
    #[test]
    fn failures_are_evidence_when_they_come_from_several_networks_or_from_all_there_are() {
        let after = |ends: &[(u8, LoginEnd)]| {
            let mut networks = CountedNetworks::default();
            for (at, (number, end)) in ends.iter().enumerate() {
                networks.admits(network(*number), LoginVersion::Next, *end, 60 * i64::try_from(at).expect("small"));
            }
            networks.fails_widely()
        };
        let (failed, well) = (LoginEnd::Failed, LoginEnd::SignedIn);

        for (ends, expected) in [
            (vec![(1, failed), (2, failed), (3, failed)], true),
            (vec![(1, failed), (2, failed)], false),
            (vec![(1, failed); 4], false),
            (vec![(1, failed); 5], true),
            (vec![(1, failed), (1, failed), (1, failed), (1, failed), (1, failed), (2, well)], false),
            (vec![(1, failed), (2, well), (3, well), (4, well), (5, well), (1, failed)], false),
            (vec![(1, failed), (2, well), (3, well), (4, well), (5, failed), (4, failed)], true),
        ] {
            assert_eq!(after(&ends), expected, "{ends:?}");
        }
    }
}
