//! What is said of a provider that answers otherwise than before.

use crate::story::proposal::Proposal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DriftKind {
    /// What was found is found no more.
    Lost,
    /// Something of another kind stands there.
    Type,
    /// It is gone, and something new probably takes its place.
    Replaced,
    /// The answer is arranged otherwise, so that several facts are gone at once.
    Moved,
    /// The answer cannot be read at all.
    Unreadable,
    /// The file takes good answers for refusals.
    Unaccepted,
}

impl DriftKind {
    /// Its name: pages have their sentences by it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Type => "type",
            Self::Replaced => "replaced",
            Self::Moved => "moved",
            Self::Unreadable => "unreadable",
            Self::Unaccepted => "unaccepted",
        }
    }
}

/// A provider answers otherwise than before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftWarning {
    /// The step: `callback`, or the word of its step, with a number where there are several.
    pub step: String,
    /// The fact; nothing where it is about the answer as a whole.
    pub fact: Option<String>,
    /// The facts that an answer as a whole takes along, where these are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// The line of the file that reads it; a standard place has none. For an answer as a whole the line of its step.
    pub line: Option<u32>,
    /// What has changed.
    pub kind: DriftKind,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// When it was first told: with few logins that is days later.
    #[serde(default)]
    pub(crate) told: i64,
    /// The share of answers in which it was found, between 0 and 1.
    pub share_before: f64,
    /// The share in which it is found now.
    pub share_now: f64,
    /// The path that it is about, if it is about one.
    #[serde(default)]
    pub(crate) path: Option<String>,
    /// What would mend the file.
    #[serde(default)]
    pub proposal: Option<Proposal>,
    /// What has changed, in English.
    pub sentence: String,
}

impl DriftWarning {
    /// Since when it stands there to be read.
    pub(crate) fn reported_since(&self) -> i64 {
        self.since.max(self.told)
    }

    pub(crate) fn describe(&self) -> String {
        let (before, now) = (percent(self.share_before), percent(self.share_now));
        let fact = self.fact.as_deref().unwrap_or("the answer");
        let at = self.path.as_ref().map_or_else(String::new, |path| format!(" at `{path}`"));
        let text = match self.kind {
            DriftKind::Lost | DriftKind::Replaced => format!("`{fact}`{at} was found in {before} of answers and is found in {now} now"),
            DriftKind::Type => {
                format!("`{fact}`{at} was of its usual kind in {before} of answers and is in {now} now: something else stands there")
            }
            DriftKind::Moved => {
                let facts: Vec<String> = self.facts.iter().map(|fact| format!("`{fact}`")).collect();
                format!("the answer is arranged otherwise: {} found in {before} of answers, and in {now} now", facts.join(", "))
            }
            DriftKind::Unreadable => format!("{before} of answers could be read, and {now} can now"),
            DriftKind::Unaccepted => format!("`accepted` let {before} of good answers pass, and lets {now} pass now"),
        };
        let proposal = self.proposal.as_ref().map_or_else(String::new, |proposal| format!("; {}", proposal.sentence));
        format!("{text}{proposal}")
    }
}

/// One warning for each cause: facts that an answer took along are told together.
pub(crate) fn merge_by_cause(all: Vec<DriftWarning>) -> Vec<DriftWarning> {
    let (moved, mut list): (Vec<DriftWarning>, Vec<DriftWarning>) = all.into_iter().partition(|warning| warning.kind == DriftKind::Moved);
    let mut steps: BTreeMap<String, DriftWarning> = BTreeMap::new();
    for warning in moved {
        let step = warning.step.clone();
        let one = match steps.remove(&step) {
            Some(known) => merge(known, warning),
            None => DriftWarning { facts: warning.fact.iter().cloned().collect(), fact: None, path: None, ..warning },
        };
        steps.insert(step, one);
    }
    list.extend(steps.into_values().map(|warning| DriftWarning { sentence: warning.describe(), ..warning }));
    list
}

fn merge(mut one: DriftWarning, other: DriftWarning) -> DriftWarning {
    one.facts.extend(other.fact.filter(|fact| !one.facts.contains(fact)));
    let lines = |proposal: &Proposal| proposal.change.as_ref().map_or(0, |change| change.removed.len() + change.added.len());
    DriftWarning {
        line: one.line.into_iter().chain(other.line).min(),
        since: one.since.min(other.since),
        told: one.told.min(other.told),
        share_before: one.share_before.min(other.share_before),
        share_now: one.share_now.max(other.share_now),
        // Whichever came last saw most of it.
        proposal: one.proposal.into_iter().chain(other.proposal).max_by_key(lines),
        ..one
    }
}

/// A share as people say it; what is nearly all is not told as all.
pub(crate) fn percent(share: f64) -> String {
    match share {
        share if share >= 1.0 => "100 %".to_owned(),
        share if share > 0.999 => "more than 99.9 %".to_owned(),
        share if share > 0.99 => format!("{:.1} %", share * 100.0),
        share => format!("{:.0} %", share * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(fact: &str, line: u32, kind: DriftKind) -> DriftWarning {
        DriftWarning {
            step: "getUserInfo".to_owned(),
            fact: Some(fact.to_owned()),
            facts: Vec::new(),
            line: Some(line),
            kind,
            since: 100 + i64::from(line),
            told: 0,
            share_before: 0.9996,
            share_now: 0.0,
            path: Some(format!("$.{fact}")),
            proposal: None,
            sentence: String::new(),
        }
    }

    #[test]
    fn a_warning_says_what_was_and_what_is() {
        let warning = warning("email", 7, DriftKind::Lost);

        assert_eq!(warning.describe(), "`email` at `$.email` was found in more than 99.9 % of answers and is found in 0 % now");
        let json = serde_json::to_value(&warning).unwrap();
        assert_eq!((json["kind"].as_str(), json["shareBefore"].as_f64()), (Some("lost"), Some(0.9996)));
        assert_eq!(serde_json::from_value::<DriftWarning>(json).unwrap(), warning);
    }

    #[test]
    fn what_moved_together_is_one_warning() {
        let all = vec![warning("id", 7, DriftKind::Moved), warning("name", 9, DriftKind::Lost), warning("email", 8, DriftKind::Moved)];

        let told = merge_by_cause(all);

        assert_eq!((told.len(), told[0].fact.as_deref()), (2, Some("name")));
        let moved = &told[1];
        assert_eq!((moved.facts.join(" "), moved.fact.as_deref(), moved.line, moved.since), ("id email".to_owned(), None, Some(7), 107));
        assert_eq!(moved.sentence, "the answer is arranged otherwise: `id`, `email` found in more than 99.9 % of answers, and in 0 % now");
    }
}
