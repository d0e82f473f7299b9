//! The next version of a provider file: `NAME.next.yaml` beside `NAME.yaml`. It is checked and kept ready, and is no provider of its own.

use crate::provider::Provider;
use crate::stores::catalogue::{ProviderFileReport, version_from_text};
use crate::stores::live::LiveProvider;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity};
use crate::vocabulary::place::{NEXT_VERSION, Source};
use crate::vocabulary::yaml::{self, YamlEntry, YamlKind, YamlNode};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the name of a file ends that was replaced by its next version.
const PREVIOUS_VERSION: &str = ".previous.yaml";

/// The word of the language that only a next version has.
const ROLLOUT: &str = "rollout";

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

/// The version of a file under which it is known what was compared: without its block `rollout`, so that a change of the share forgets nothing.
pub(crate) fn version_without_rollout(source: &Source) -> Box<str> {
    let cut = if source.is_next_version() { without_rollout(&source.text) } else { None };
    // A blank line before the block or a last line without an end is no change either.
    cut.map_or_else(|| version_from_text(&source.text), |text| version_from_text(text.trim_end()))
}

/// The text of a next version without its block `rollout`, as it takes the place of the present version. `None` where the block cannot be
/// taken out without a change of something else.
pub(crate) fn without_rollout(text: &str) -> Option<String> {
    let tree = parse(text)?;
    let YamlKind::Map(entries) = &tree.kind else { return None };
    let Some(at) = entries.iter().position(|entry| entry.key.value == ROLLOUT) else { return Some(text.to_owned()) };
    let start = usize::try_from(entries.get(at)?.key.place.start).ok()?;
    let next = entries.get(at.saturating_add(1)).and_then(|next| usize::try_from(next.key.place.start).ok());
    let is_in_brackets = text.get(usize::try_from(tree.place.start).ok()?..)?.starts_with('{');
    let rest = if is_in_brackets {
        let end = next.or_else(|| text.rfind('}'))?;
        format!("{}{}", text.get(..start)?, text.get(end..)?)
    } else {
        without_lines(text, start, next)?
    };
    let others = entries.iter().filter(|entry| entry.key.value != ROLLOUT);
    let YamlKind::Map(left) = parse(&rest)?.kind else { return None };
    (left.len() == entries.len().saturating_sub(1) && others.zip(&left).all(|(one, other)| is_same_entry(one, other))).then_some(rest)
}

/// The text without the lines of a block that begins at one place and ends before another. Blank lines and comments without indentation
/// that stand between it and what follows stay.
fn without_lines(text: &str, start: usize, next: Option<usize>) -> Option<String> {
    let line_start = |at: usize| Some(text.get(..at)?.rfind('\n').map_or(0, |end| end.saturating_add(1)));
    let (start, mut end) = (line_start(start)?, next.map_or(Some(text.len()), line_start)?);
    let first_line = text.get(start..end)?.find('\n').map_or(end, |at| start.saturating_add(at).saturating_add(1));
    while end > first_line {
        let last = line_start(end.saturating_sub(1))?;
        let line = text.get(last..end)?;
        if !(line.trim().is_empty() || line.starts_with(['#', '.'])) {
            break;
        }
        end = last;
    }
    Some(format!("{}{}", text.get(..start)?, text.get(end..)?))
}

fn parse(text: &str) -> Option<YamlNode> {
    let (tree, twice) = yaml::parse(&Source::new("", text)).ok()?;
    twice.is_empty().then_some(tree)
}

fn is_same_entry(one: &YamlEntry, other: &YamlEntry) -> bool {
    one.key.value == other.key.value && is_same_node(&one.value, &other.value)
}

fn is_same_node(one: &YamlNode, other: &YamlNode) -> bool {
    match (&one.kind, &other.kind) {
        (YamlKind::Scalar { text, plain, .. }, YamlKind::Scalar { text: other, plain: is_plain, .. }) => text == other && plain == is_plain,
        (YamlKind::List(one), YamlKind::List(other)) => one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same_node(a, b)),
        (YamlKind::Map(one), YamlKind::Map(other)) => one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same_entry(a, b)),
        (YamlKind::Scalar { .. } | YamlKind::List(_) | YamlKind::Map(_), _) => false,
    }
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
            assert_eq!(without_rollout(text).as_deref(), Some(rest));
        }
    }

    #[test]
    fn the_block_is_found_in_every_form_of_yaml() {
        for (text, rest) in [
            ("name: Acme\nrollout: { share: 10% }", "name: Acme\n"),
            ("name: Acme\r\nrollout:\r\n  share: 10%\r\npkce: off\r\n", "name: Acme\r\npkce: off\r\n"),
            ("name: Acme\r\nrollout:\r\n  share: 10%", "name: Acme\r\n"),
            ("\"rollout\": { share: 10% } # a tenth\nname: Acme\n", "name: Acme\n"),
            ("'rollout' : {\nshare: 10%\n}\nname: Acme\n", "name: Acme\n"),
            ("rollout:\n# a tenth\n  share: 10%\n# the name\nname: Acme\n", "# the name\nname: Acme\n"),
            ("rollout:\n  share: >-\n    10%\n\nname: Acme\n", "\nname: Acme\n"),
            ("---\nname: Acme\nrollout: { share: 10% }\n...\n", "---\nname: Acme\n...\n"),
            ("  name: Acme\n  rollout: { share: 10% }\n", "  name: Acme\n"),
            ("{ name: Acme, rollout: { share: 10% }, pkce: off }\n", "{ name: Acme, pkce: off }\n"),
            ("{ rollout: { share: 10% }, name: Acme }", "{ name: Acme }"),
            ("{\n  name: Acme,\n  rollout: { share: 10% } # a tenth\n}\n", "{\n  name: Acme,\n  }\n"),
            ("name: \"rollout: x\"\nrollout: { share: 10% }\nmore: [ rollout ]\n", "name: \"rollout: x\"\nmore: [ rollout ]\n"),
            ("name: Acme\nrollout:\n", "name: Acme\n"),
            ("name: Acme\n", "name: Acme\n"),
        ] {
            assert_eq!(without_rollout(text).as_deref(), Some(rest), "{text}");
        }
    }

    #[test]
    fn a_text_from_which_it_cannot_be_taken_stays_whole() {
        for text in [
            "name: [",
            "rollout: { share: 10% }\n",
            "name: Acme\nrollout: &share { share: 10% }\nlimits: *share\n",
            "name: Acme\nrollout: { share: 10% }\nrollout: { share: 20% }\n",
            "{ name: Acme, rollout: { share: 10% } } # } here\n",
            "? rollout\n: { share: 10% }\n",
            "- rollout\n",
            "",
        ] {
            assert_eq!(without_rollout(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_change_beside_the_share_makes_another_version_to_compare() {
        let of = |text: &str| version_without_rollout(&Source::new("providers.d/acme.next.yaml", text));
        let without = of("name: Acme\npkce: off\n");

        for same in [
            "rollout: { share: 10% }\nname: Acme\npkce: off\n",
            "name: Acme\npkce: off\n\nrollout:\n  share: 100%\n  sameIds: true\n",
            "name: Acme\npkce: off\nrollout: { share: 0.5% }",
            "name: Acme\npkce: off",
        ] {
            assert_eq!(of(same), without, "{same}");
        }
        assert_ne!(of("name: Acme\npkce: on\n"), without);
        assert_ne!(of("name: Acme\n# for good\npkce: off\n"), without);
        assert_ne!(of("name: ["), of("name: {"));
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
