//! The present and the next version of a provider file, as the commands look at them.

use crate::commands::outcome::{CommandFailure, uses_colour};
use crate::directory::next_versions::{NextVersionKey, ReadNextVersions};
use crate::directory::{Directory, StorageUnavailable};
use crate::provider::{InstallationContext, Provider};
use crate::rollout::comparison::{ComparedPart, LoginVersion, PartDifference, ReadDifference};
use crate::rollout::counts::NextVersionCounts;
use crate::rollout::standing::{RolloutStanding, SAME_IDS_NEEDED};
use crate::stores::Store;
use crate::stores::catalogue::{self, CatalogueEntry, ProviderFileState, provider_names};
use crate::stores::next_version::{RolloutObstacle, next_path, obstacle_of_files, version_without_rollout};
use crate::stores::read_policy::ReadPolicy;
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use crate::world::files;
use std::path::PathBuf;

/// Both versions of a file.
pub(crate) struct VersionPair {
    /// The paths of the present and of the next version.
    pub(crate) path: PathBuf,
    pub(crate) next_path: PathBuf,
    pub(crate) present: CatalogueEntry,
    pub(crate) next: CatalogueEntry,
    key: NextVersionKey,
}

impl VersionPair {
    /// Both versions of the file with this name at a store.
    pub(crate) fn find(name: &str, store: &Store, policy: &ReadPolicy) -> Result<Self, CommandFailure> {
        let known = provider_names(&store.providers).unwrap_or_default();
        if !known.iter().any(|known| known == name) {
            let help = match did_you_mean(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("name a file in {} without its ending", store.providers.display()),
            };
            return Err(CommandFailure::Usage(format!("there is no provider file `{}`", printable(name)), help));
        }
        let path = store.providers.join(format!("{name}.yaml"));
        let next_path = next_path(&path);
        if !files::is_file(&next_path) {
            let help = format!("write the next version of the file into {}", next_path.display());
            return Err(CommandFailure::Usage(format!("`{name}` has no next version"), help));
        }
        let load = |path: &PathBuf| catalogue::load(path, InstallationContext { loopback: store.loopback }, policy);
        let (present, next) = (load(&path), load(&next_path));
        let version = version_without_rollout(&next.report.source);
        Ok(Self { key: NextVersionKey { store: store.name.clone(), provider: name.into(), version }, path, next_path, present, next })
    }

    /// The next version as a provider, or its mistakes.
    pub(crate) fn next_provider(&self) -> Result<&Provider, CommandFailure> {
        self.next.state.provider().ok_or_else(|| CommandFailure::No(self.next.report.draw(uses_colour())))
    }

    /// What was counted of the next version.
    pub(crate) async fn counts(&self, directory: &Directory) -> Result<NextVersionCounts, StorageUnavailable> {
        let stored = directory.read(ReadNextVersions { of: vec![self.key.clone()], changed_since: None }).await?;
        let mut found = NextVersionCounts::default();
        stored.counts.iter().for_each(|count| found.apply_stored(count));
        stored.returns.iter().for_each(|one| found.apply_return(one.at));
        Ok(found)
    }

    /// The name of the provider's file.
    pub(crate) fn name(&self) -> &str {
        &self.key.provider
    }

    /// Why no login can go through the next version beside the present one, as far as the files say.
    pub(crate) fn obstacle(&self) -> Option<RolloutObstacle> {
        let Some(next) = self.next.state.provider() else { return Some(RolloutObstacle::Unusable) };
        obstacle_of_files(self.present.state.provider()?, next)
    }

    /// How the next version takes part.
    pub(crate) fn standing(&self, counts: &NextVersionCounts) -> RolloutStanding {
        let rollout = self.next.state.provider().map(|provider| provider.rollout).unwrap_or_default();
        RolloutStanding::judge(rollout, self.obstacle(), Some(counts))
    }
}

/// Whether the next version can take the place of the present one, as far as is known.
pub(crate) enum PromotionAdvice {
    /// Both were compared enough, and nothing speaks against it.
    Promote,
    /// Nothing speaks against it yet, but this is not known.
    Wait(String),
    /// What speaks against it.
    Against(Vec<String>),
}

impl PromotionAdvice {
    /// The advice for both versions of a file.
    pub(crate) fn of(pair: &VersionPair, counts: &NextVersionCounts) -> Self {
        let against = reasons_against(pair, counts);
        if !against.is_empty() {
            return Self::Against(against);
        }
        what_is_unknown(pair, counts).map_or(Self::Promote, Self::Wait)
    }

    /// What keeps the next version from its place.
    pub(crate) fn reasons(&self) -> Vec<String> {
        match self {
            Self::Promote => Vec::new(),
            Self::Wait(unknown) => vec![unknown.clone()],
            Self::Against(reasons) => reasons.clone(),
        }
    }

    /// Its word in JSON.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Wait(_) => "wait",
            Self::Against(_) => "against",
        }
    }
}

/// What has to be known before the next version takes its place: that people keep their ids.
fn what_is_unknown(pair: &VersionPair, counts: &NextVersionCounts) -> Option<String> {
    let same = counts.same_ids();
    if same >= SAME_IDS_NEEDED {
        return None;
    }
    let is_sure = pair.next.state.provider().is_some_and(|next| next.rollout.same_ids);
    let signed_in = counts.ended(LoginVersion::Next).succeeded;
    if is_sure {
        let unknown = format!("{signed_in} of {SAME_IDS_NEEDED} logins through it have signed people in (the file says `sameIds: true`)");
        return (signed_in < SAME_IDS_NEEDED).then_some(unknown);
    }
    let hint = if counts.incomparable() > 0 && same == 0 {
        "; its requests differ, so its ids cannot be compared before a share of the logins goes through it with `sameIds: true`"
    } else {
        ""
    };
    Some(format!("{same} of {SAME_IDS_NEEDED} logins have shown that both versions read the same id{hint}"))
}

/// What speaks against the next version: people would be others, could not sign in, or could sign in although a check refuses them.
fn reasons_against(pair: &VersionPair, counts: &NextVersionCounts) -> Vec<String> {
    let mut reasons = Vec::new();
    match &pair.next.state {
        ProviderFileState::Off(_) => reasons.push("it is switched off (`enabled: false`), so no one could sign in".to_owned()),
        ProviderFileState::Offered(_) | ProviderFileState::Dormant(..) | ProviderFileState::Broken => {}
    }
    match &pair.present.state {
        ProviderFileState::Broken => {
            reasons.push("the present version cannot be read, so nothing shows that people keep their ids".to_owned());
        }
        ProviderFileState::Offered(_) | ProviderFileState::Dormant(..) | ProviderFileState::Off(_) => {}
    }
    match pair.obstacle() {
        Some(obstacle @ (RolloutObstacle::Unusable | RolloutObstacle::OtherKey | RolloutObstacle::PointsElsewhere)) => {
            reasons.push(obstacle.to_string());
        }
        Some(RolloutObstacle::OtherCallback | RolloutObstacle::OtherInputs | RolloutObstacle::Simulated) | None => {}
    }
    for (difference, count, story) in counts.differences().into_iter().filter(|(difference, ..)| is_against(difference)) {
        let why = story.code.filter(|_| difference.part == ComparedPart::Login).map(|code| format!(" ({})", printable(&code)));
        reasons.push(format!("{difference} in {count} of the compared logins{}", why.unwrap_or_default()));
    }
    if let Some((count, code)) = counts.passed_checks() {
        let code = code.map(|code| format!(" ({})", printable(&code))).unwrap_or_default();
        reasons.push(format!("it signs people in whom the present version refuses, in {count} of the compared logins{code}"));
    }
    if counts.returned.is_some() {
        reasons.push("its logins failed more often, so it was taken back".to_owned());
    }
    match pair.standing(counts) {
        RolloutStanding::Paused => reasons.push("its logins failed, so its share pauses".to_owned()),
        RolloutStanding::ReadsAlong
        | RolloutStanding::Runs(_)
        | RolloutStanding::IdsUnknown(_)
        | RolloutStanding::IdsDiffer
        | RolloutStanding::Returned(_)
        | RolloutStanding::Prevented(_) => {}
    }
    reasons
}

fn is_against(difference: &ReadDifference) -> bool {
    match (&difference.part, difference.how) {
        (ComparedPart::Id | ComparedPart::Evidence, _)
        | (ComparedPart::Address | ComparedPart::Login, PartDifference::Differs | PartDifference::Missing) => true,
        // Whether a check of the present version refuses the person is counted by itself.
        (ComparedPart::Login | ComparedPart::Address, PartDifference::Added) | (ComparedPart::Fact(_), _) => false,
    }
}
