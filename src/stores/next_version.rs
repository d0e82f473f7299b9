//! The next version of a provider file: `NAME.next.yaml` beside `NAME.yaml`. It is checked and kept ready, and is no provider of its own.

use crate::provider::Provider;
use crate::stores::catalogue::ProviderFileReport;
use crate::stores::live::LiveProvider;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity};
use crate::vocabulary::place::NEXT_VERSION;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the name of a file ends that was replaced by its next version.
const PREVIOUS_VERSION: &str = ".previous.yaml";

/// The next version of a provider file as it was last read.
#[derive(Clone, Debug)]
pub struct NextVersion {
    /// What is to be said about it.
    pub(crate) file_report: Arc<ProviderFileReport>,
    /// The provider that it describes, if it can be used.
    pub(crate) live_provider: Option<Arc<LiveProvider>>,
}

/// Why no login goes through a next version, whatever its share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RolloutObstacle {
    /// It is broken, switched off, or waits for a variable.
    Unusable,
    /// The identities would be kept under another key.
    OtherKey,
    /// It points elsewhere: its ids may mean other people.
    PointsElsewhere,
    /// The browser would come back by another path or another method.
    OtherCallback,
    /// The login page asks for other values.
    OtherInputs,
    /// The present version leads to a simulation.
    Simulated,
}

impl RolloutObstacle {
    /// Its word in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unusable => "unusable",
            Self::OtherKey => "otherKey",
            Self::PointsElsewhere => "pointsElsewhere",
            Self::OtherCallback => "otherCallback",
            Self::OtherInputs => "otherInputs",
            Self::Simulated => "simulated",
        }
    }

    /// What an operator does about it.
    fn help(self) -> &'static str {
        match self {
            Self::Unusable => "mend it, set what is missing, and take `enabled: false` out",
            Self::OtherKey => "write the same `key` in both versions",
            Self::PointsElsewhere => {
                "if the provider itself has moved, promote the file and move the identities: `portaria providers move`"
            }
            Self::OtherCallback => "promote the file at once, because one address cannot serve both versions",
            Self::OtherInputs => "promote the file at once, because one login page cannot ask for the values of both versions",
            Self::Simulated => "start the broker without `--simulate`",
        }
    }
}

impl fmt::Display for RolloutObstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unusable => "it cannot be used",
            Self::OtherKey => "its `key` is another one, so its people would be other users",
            Self::PointsElsewhere => "it points elsewhere than the present version, so its ids may mean other people",
            Self::OtherCallback => "the browser would come back in another form (`redirectUri`, `callback` or `stateIn` differ)",
            Self::OtherInputs => "it asks shoppers for other values (`inputs` differ)",
            Self::Simulated => "the present version leads to a simulation",
        })
    }
}

impl NextVersion {
    /// The provider that it describes, if it can be used.
    pub fn live_provider(&self) -> Option<&Arc<LiveProvider>> {
        self.live_provider.as_ref()
    }

    /// Why no login can go through it beside the present version.
    pub(crate) fn obstacle(&self, present: &LiveProvider) -> Option<RolloutObstacle> {
        let Some(next) = &self.live_provider else { return Some(RolloutObstacle::Unusable) };
        if present.replaced.is_some() {
            return Some(RolloutObstacle::Simulated);
        }
        if next.fingerprint.pinned != present.fingerprint.pinned {
            return Some(RolloutObstacle::PointsElsewhere);
        }
        obstacle_between(&present.provider, &next.provider)
    }
}

/// Why no login could go through the next version beside the present one, as far as the files alone say.
pub(crate) fn obstacle_of_files(present: &Provider, next: &Provider) -> Option<RolloutObstacle> {
    let points_to = |provider: &Provider| provider.fingerprint(&provider.empty_facts()).pinned;
    let points_elsewhere = points_to(present) != points_to(next);
    points_elsewhere.then_some(RolloutObstacle::PointsElsewhere).or_else(|| obstacle_between(present, next))
}

/// The same, where both point to the same place.
fn obstacle_between(present: &Provider, next: &Provider) -> Option<RolloutObstacle> {
    if next.key != present.key {
        return Some(RolloutObstacle::OtherKey);
    }
    let callback = |provider: &Provider| {
        let address = provider.redirect_address.of("https://broker.example", &provider.name);
        (address, provider.callback, provider.state_in, provider.is_callback_tied)
    };
    if callback(next) != callback(present) {
        return Some(RolloutObstacle::OtherCallback);
    }
    let inputs = |provider: &Provider| {
        provider.inputs.iter().map(|input| (input.name.clone(), input.pattern_text().map(str::to_owned))).collect::<Vec<_>>()
    };
    if inputs(next) != inputs(present) {
        return Some(RolloutObstacle::OtherInputs);
    }
    None
}

/// What is to be said of the next version beside the present one, as far as the files alone say.
pub(crate) fn complaints_beside(present: Option<&Provider>, next: &Provider) -> Vec<Complaint> {
    let Some(present) = present else { return Vec::new() };
    let Some(obstacle) = obstacle_of_files(present, next) else { return Vec::new() };
    let message = if next.rollout.share.is_none() {
        format!("no login could go through this version beside `{}.yaml`: {obstacle}", present.name)
    } else {
        format!("no login goes through this version, although `rollout` says {}: {obstacle}", next.rollout.share)
    };
    vec![Complaint::new(Severity::Warning, None, message, obstacle.help())]
}

/// Whether a path is the next version of a provider file.
pub(crate) fn is_next_version(path: &Path) -> bool {
    ends_in(path, NEXT_VERSION)
}

/// Whether a path is a provider file that was replaced by its next version, and is kept in case it is needed again.
pub(crate) fn is_previous_version(path: &Path) -> bool {
    ends_in(path, PREVIOUS_VERSION)
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(ending))
}

/// The path of the next version beside a provider file.
pub(crate) fn next_path(path: &Path) -> PathBuf {
    path.with_extension("next.yaml")
}

/// The path under which a provider file is kept when its next version replaces it.
pub(crate) fn previous_path(path: &Path) -> PathBuf {
    path.with_extension("previous.yaml")
}

/// The path of the present version beside the next one.
pub(crate) fn present_path(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.with_file_name(format!("{}.yaml", name.strip_suffix(NEXT_VERSION).unwrap_or(name)))
}

/// The text of a next version without its block `rollout`, as it takes the place of the present version. A block that does not begin a line
/// stays, and is then complained about.
pub(crate) fn without_rollout(text: &str) -> String {
    let is_word = |line: &str| line.strip_prefix("rollout").is_some_and(|rest| rest.trim_start().starts_with(':'));
    let is_inside = |line: &str| line.starts_with([' ', '\t', '}']) && !line.trim().is_empty();
    let mut is_in_block = false;
    let mut rest = String::new();
    for line in text.split_inclusive('\n') {
        is_in_block = is_word(line) || is_in_block && is_inside(line);
        if !is_in_block {
            rest.push_str(line);
        }
    }
    rest
}

/// Adds a complaint to the report of a file.
pub(crate) fn with_complaints(report: Report, more: Vec<Complaint>) -> Report {
    if more.is_empty() { report } else { Report::new(report.source, report.complaints.into_iter().chain(more).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_block_of_the_share_is_taken_out() {
        for (text, rest) in [
            ("name: Acme\nrollout: { share: 10% }\npkce: off\n", "name: Acme\npkce: off\n"),
            ("# first\nrollout:\n  # a tenth\n  share: 10%\n\n# then\nname: Acme\n", "# first\n\n# then\nname: Acme\n"),
            ("name: Acme\nrollout: {\n  share: 10%\n}\n", "name: Acme\n"),
            (
                "name: Acme\nrolloutName: x\nlogo: |\n  rollout: { share: 10% }\n",
                "name: Acme\nrolloutName: x\nlogo: |\n  rollout: { share: 10% }\n",
            ),
        ] {
            assert_eq!(without_rollout(text), rest);
        }
    }

    #[test]
    fn the_three_versions_of_a_file_find_each_other() {
        let present = Path::new("providers.d/acme.yaml");

        assert_eq!(next_path(present), Path::new("providers.d/acme.next.yaml"));
        assert_eq!(previous_path(present), Path::new("providers.d/acme.previous.yaml"));
        assert_eq!(present_path(&next_path(present)), present);
        assert!(is_next_version(&next_path(present)) && !is_next_version(present));
        assert!(is_previous_version(&previous_path(present)) && !is_previous_version(present));
    }
}
