//! The present and the next version of a provider file, as the commands look at them.

use crate::commands::outcome::{CommandFailure, uses_colour};
use crate::directory::next_versions::{NextVersionKey, ReadNextVersions};
use crate::directory::{Directory, StorageUnavailable};
use crate::provider::{InstallationContext, Provider};
use crate::rollout::comparison::{ComparedPart, PartDifference, ReadDifference};
use crate::rollout::counts::NextVersionCounts;
use crate::rollout::standing::RolloutStanding;
use crate::stores::Store;
use crate::stores::catalogue::{self, CatalogueEntry, provider_names, version_from_text};
use crate::stores::next_version::{RolloutObstacle, next_path, obstacle_of_files};
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
        let version = version_from_text(&next.report.source.text);
        Ok(Self { key: NextVersionKey { store: store.name.clone(), provider: name.into(), version }, path, next_path, present, next })
    }

    /// The next version as a provider, or its mistakes.
    pub(crate) fn next_provider(&self) -> Result<&Provider, CommandFailure> {
        self.next.state.provider().ok_or_else(|| CommandFailure::No(self.next.report.draw(uses_colour())))
    }

    /// What was counted of the next version.
    pub(crate) async fn counts(&self, directory: &Directory) -> Result<NextVersionCounts, StorageUnavailable> {
        let (counts, returns) = directory.read(ReadNextVersions).await?;
        let mut found = NextVersionCounts::default();
        counts.iter().filter(|count| count.of == self.key).for_each(|count| found.apply_stored(count));
        found.returned = returns.iter().find(|one| one.of == self.key).map(|one| one.at);
        Ok(found)
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

/// What speaks against the next version: people would be others, or could not sign in.
pub(crate) fn reasons_against(pair: &VersionPair, counts: &NextVersionCounts) -> Vec<String> {
    let mut reasons = Vec::new();
    match pair.obstacle() {
        Some(obstacle @ (RolloutObstacle::Unusable | RolloutObstacle::OtherKey | RolloutObstacle::PointsElsewhere)) => {
            reasons.push(obstacle.to_string());
        }
        Some(RolloutObstacle::OtherCallback | RolloutObstacle::OtherInputs | RolloutObstacle::Simulated) | None => {}
    }
    for (difference, count, _) in counts.differences().into_iter().filter(|(difference, ..)| is_against(difference)) {
        reasons.push(format!("{difference} in {count} of the compared logins"));
    }
    if counts.returned.is_some() {
        reasons.push("its logins failed more often, so it was taken back".to_owned());
    }
    reasons
}

fn is_against(difference: &ReadDifference) -> bool {
    match (&difference.part, difference.how) {
        (ComparedPart::Id | ComparedPart::Evidence, _)
        | (ComparedPart::Address | ComparedPart::Login, PartDifference::Differs | PartDifference::Missing) => true,
        (ComparedPart::Address | ComparedPart::Login, PartDifference::Added) | (ComparedPart::Fact(_), _) => false,
    }
}
