//! Whether new logins go through the next version of a file, and if not, why.

use crate::provider::rollout::{LoginShare, Rollout};
use crate::rollout::counts::NextVersionCounts;
use crate::stores::live::LiveProvider;
use crate::stores::next_version::{NextVersion, RolloutObstacle};

/// In how many logins both versions must have read the same id before one goes through the next version.
pub(crate) const SAME_IDS_NEEDED: i64 = 5;

/// How a next version takes part in new logins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RolloutStanding {
    /// Its file asks for no share: what it reads is compared.
    ReadsAlong,
    /// A share of the new logins goes through it.
    Runs(LoginShare),
    /// Too few logins have shown that it reads the same ids: how many have, of those that are needed.
    IdsUnknown(i64),
    /// It has read another id than the present version.
    IdsDiffer,
    /// Its logins failed more often, so it was taken back at this moment.
    Returned(i64),
    /// Its logins failed, and the present version has to show first that the provider is not down.
    Paused,
    /// No login can go through it beside the present version.
    Prevented(RolloutObstacle),
}

impl RolloutStanding {
    /// How a next version takes part beside the present one.
    pub(crate) fn of(present: &LiveProvider, next: &NextVersion, counts: Option<&NextVersionCounts>) -> Self {
        let obstacle = next.obstacle(present);
        let Some(live) = &next.live_provider else { return Self::Prevented(obstacle.unwrap_or(RolloutObstacle::Unusable)) };
        if obstacle.is_none() && !counts.is_some_and(|counts| counts.is_read) {
            // Whether it may have logins is known when the storage has been read, within seconds.
            return Self::ReadsAlong;
        }
        Self::judge(live.provider.rollout, obstacle, counts)
    }

    /// How a version takes part whose file says this.
    pub(crate) fn judge(rollout: Rollout, obstacle: Option<RolloutObstacle>, counts: Option<&NextVersionCounts>) -> Self {
        if rollout.share.is_none() {
            return Self::ReadsAlong;
        }
        if let Some(obstacle) = obstacle {
            return Self::Prevented(obstacle);
        }
        if counts.is_some_and(NextVersionCounts::has_other_ids) {
            return Self::IdsDiffer;
        }
        if let Some(at) = counts.and_then(|counts| counts.returned) {
            return Self::Returned(at);
        }
        if counts.is_some_and(|counts| counts.phase(rollout.share).is_paused) {
            return Self::Paused;
        }
        let same = counts.map_or(0, NextVersionCounts::same_ids);
        if !rollout.same_ids && same < SAME_IDS_NEEDED {
            return Self::IdsUnknown(same);
        }
        Self::Runs(rollout.share)
    }

    /// The share of the new logins that goes through the next version, from 0 to 1.
    pub(crate) fn share(self) -> f64 {
        match self {
            Self::Runs(share) => share.as_fraction(),
            Self::ReadsAlong | Self::IdsUnknown(_) | Self::IdsDiffer | Self::Returned(_) | Self::Paused | Self::Prevented(_) => 0.0,
        }
    }

    /// Its word in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ReadsAlong => "readsAlong",
            Self::Runs(_) => "runs",
            Self::IdsUnknown(_) => "idsUnknown",
            Self::IdsDiffer => "idsDiffer",
            Self::Returned(_) => "returned",
            Self::Paused => "paused",
            Self::Prevented(obstacle) => obstacle.word(),
        }
    }
}
