//! The warning that a provider answers differently than before, and its cause.

use crate::story::proposal::Proposal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kind of a change, as it is stored and as pages name their sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DriftKind {
    /// A fact is no longer found.
    Lost,
    /// A value of another kind stands in its place.
    Type,
    /// A fact is no longer found, and a new path probably leads to it.
    Replaced,
    /// The answer is arranged differently, so that several facts are missing at once.
    Moved,
    /// The answer cannot be read at all.
    Unreadable,
    /// `accepted` takes good answers for refusals.
    Unaccepted,
    /// The callback has a parameter that it did not have before.
    Appeared,
}

impl DriftKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Type => "type",
            Self::Replaced => "replaced",
            Self::Moved => "moved",
            Self::Unreadable => "unreadable",
            Self::Unaccepted => "unaccepted",
            Self::Appeared => "appeared",
        }
    }
}

/// What has changed in the answers of a step, with the facts that it concerns. [`DriftKind`] explains each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriftCause<F> {
    /// The fact is no longer found anywhere in the answer.
    Lost(F),
    /// The fact has a value of another kind than before.
    Type(F),
    /// The fact is no longer found, and a new path probably leads to it.
    Replaced(F),
    /// All these facts went missing at once.
    Moved(Vec<F>),
    /// The answer as a whole cannot be parsed.
    Unreadable,
    /// The answer as a whole looks good, and the rules of the file refuse it.
    Unaccepted,
    /// The callback has the parameter of this name, which it did not have before.
    Appeared(Box<str>),
}

impl<F> DriftCause<F> {
    /// The kind of the change.
    pub fn kind(&self) -> DriftKind {
        match self {
            Self::Lost(_) => DriftKind::Lost,
            Self::Type(_) => DriftKind::Type,
            Self::Replaced(_) => DriftKind::Replaced,
            Self::Moved(_) => DriftKind::Moved,
            Self::Unreadable => DriftKind::Unreadable,
            Self::Unaccepted => DriftKind::Unaccepted,
            Self::Appeared(_) => DriftKind::Appeared,
        }
    }

    /// The facts that it concerns; none for the answer as a whole.
    pub fn facts(&self) -> &[F] {
        match self {
            Self::Lost(fact) | Self::Type(fact) | Self::Replaced(fact) => std::slice::from_ref(fact),
            Self::Moved(facts) => facts,
            Self::Unreadable | Self::Unaccepted | Self::Appeared(_) => &[],
        }
    }

    /// The one fact that it is about.
    pub(crate) fn fact(&self) -> Option<&F> {
        match self {
            Self::Lost(fact) | Self::Type(fact) | Self::Replaced(fact) => Some(fact),
            Self::Moved(_) | Self::Unreadable | Self::Unaccepted | Self::Appeared(_) => None,
        }
    }

    /// The name of the callback's parameter that is new.
    pub(crate) fn parameter(&self) -> Option<&str> {
        match self {
            Self::Appeared(name) => Some(name),
            Self::Lost(_) | Self::Type(_) | Self::Replaced(_) | Self::Moved(_) | Self::Unreadable | Self::Unaccepted => None,
        }
    }

    /// The same cause with its facts named in another way.
    pub(crate) fn map<G>(&self, name: impl Fn(&F) -> G) -> DriftCause<G> {
        match self {
            Self::Lost(fact) => DriftCause::Lost(name(fact)),
            Self::Type(fact) => DriftCause::Type(name(fact)),
            Self::Replaced(fact) => DriftCause::Replaced(name(fact)),
            Self::Moved(facts) => DriftCause::Moved(facts.iter().map(name).collect()),
            Self::Unreadable => DriftCause::Unreadable,
            Self::Unaccepted => DriftCause::Unaccepted,
            Self::Appeared(name) => DriftCause::Appeared(name.clone()),
        }
    }
}

/// A fact that is missed, and the path that used to find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissedFact {
    pub(crate) name: String,
    /// The path; a template has none.
    pub(crate) path: Option<String>,
}

/// A provider answers differently than before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DriftWarningRecord", into = "DriftWarningRecord")]
pub struct DriftWarning {
    /// The step: `callback`, or the word of its step, with a number where there are several.
    pub step: String,
    /// The line of the file that reads the fact; a standard place has none. For the answer as a whole the line of its step.
    pub line: Option<u32>,
    /// What has changed, with the names of the facts that are missed.
    pub cause: DriftCause<MissedFact>,
    /// When it began, in seconds since 1970.
    pub since: i64,
    /// When it was detected: with few logins that is days later.
    pub(crate) detected: i64,
    /// The share of answers in which it was found, between 0 and 1.
    pub share_before: f64,
    /// The share in which it is found now.
    pub share_now: f64,
    /// The change that would mend the file.
    pub proposal: Option<Proposal>,
    /// What has changed, in English.
    pub sentence: String,
}

/// A warning as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DriftWarningRecord {
    step: String,
    fact: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    facts: Vec<String>,
    line: Option<u32>,
    kind: DriftKind,
    since: i64,
    #[serde(default, rename = "told")]
    detected: i64,
    share_before: f64,
    share_now: f64,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    proposal: Option<Proposal>,
    sentence: String,
}

impl From<DriftWarning> for DriftWarningRecord {
    fn from(warning: DriftWarning) -> Self {
        let DriftWarning { step, line, cause, since, detected, share_before, share_now, proposal, sentence } = warning;
        let kind = cause.kind();
        let (fact, path, facts) = match cause.facts() {
            [] if matches!(cause, DriftCause::Appeared(_)) => (cause.parameter().map(str::to_owned), None, Vec::new()),
            [] => (None, None, Vec::new()),
            [fact] => (Some(fact.name.clone()), fact.path.clone(), Vec::new()),
            facts => (None, None, facts.iter().map(|fact| fact.name.clone()).collect()),
        };
        Self { step, fact, facts, line, kind, since, detected, share_before, share_now, path, proposal, sentence }
    }
}

impl TryFrom<DriftWarningRecord> for DriftWarning {
    type Error = &'static str;

    fn try_from(record: DriftWarningRecord) -> Result<Self, Self::Error> {
        let DriftWarningRecord { step, fact, facts, line, kind, since, detected, share_before, share_now, path, proposal, sentence } =
            record;
        let fact = fact.map(|name| MissedFact { name, path }).ok_or("a warning of this kind names a fact");
        let cause = match kind {
            DriftKind::Lost => DriftCause::Lost(fact?),
            DriftKind::Type => DriftCause::Type(fact?),
            DriftKind::Replaced => DriftCause::Replaced(fact?),
            DriftKind::Moved => {
                let others = facts.into_iter().map(|name| MissedFact { name, path: None });
                DriftCause::Moved(fact.into_iter().chain(others).collect())
            }
            DriftKind::Unreadable => DriftCause::Unreadable,
            DriftKind::Unaccepted => DriftCause::Unaccepted,
            DriftKind::Appeared => DriftCause::Appeared(fact?.name.into()),
        };
        Ok(Self { step, line, cause, since, detected, share_before, share_now, proposal, sentence })
    }
}

impl DriftWarning {
    /// The name of the one fact that it is about.
    pub fn fact(&self) -> Option<&str> {
        self.cause.fact().map(|fact| fact.name.as_str())
    }

    /// The names of all facts that it is about.
    pub fn fact_names(&self) -> Vec<&str> {
        self.cause.facts().iter().map(|fact| fact.name.as_str()).collect()
    }

    /// The moment from which the warning could be read.
    pub(crate) fn reported_since(&self) -> i64 {
        self.since.max(self.detected)
    }

    pub(crate) fn describe(&self) -> String {
        let (before, now) = (percent(self.share_before), percent(self.share_now));
        let place = |fact: &MissedFact| {
            let path = fact.path.as_ref().map_or_else(String::new, |path| format!(" at `{path}`"));
            format!("`{}`{path}", fact.name)
        };
        let text = match &self.cause {
            DriftCause::Lost(fact) | DriftCause::Replaced(fact) => {
                format!("{} was found in {before} of answers and is found in {now} now", place(fact))
            }
            DriftCause::Type(fact) => {
                format!("{} was of its usual kind in {before} of answers and is in {now} now: something else stands there", place(fact))
            }
            DriftCause::Moved(facts) => {
                let facts: Vec<String> = facts.iter().map(|fact| format!("`{}`", fact.name)).collect();
                format!("the answer is arranged otherwise: {} found in {before} of answers, and in {now} now", facts.join(", "))
            }
            DriftCause::Unreadable => format!("{before} of answers could be read, and {now} can now"),
            DriftCause::Appeared(name) => {
                let (before, now) = (percent(1.0 - self.share_before), percent(1.0 - self.share_now));
                format!("the callback had the parameter `{name}` in {before} of logins and has it in {now} now: see the provider's manual")
            }
            DriftCause::Unaccepted => format!("`accepted` let {before} of good answers pass, and lets {now} pass now"),
        };
        let proposal = self.proposal.as_ref().map_or_else(String::new, |proposal| format!("; {}", proposal.sentence));
        format!("{text}{proposal}")
    }
}

/// One warning for each cause: the facts of an answer that is arranged differently become one warning.
pub(crate) fn merge_by_cause(all: Vec<DriftWarning>) -> Vec<DriftWarning> {
    let (moved, mut merged): (Vec<DriftWarning>, Vec<DriftWarning>) =
        all.into_iter().partition(|warning| warning.cause.kind() == DriftKind::Moved);
    let mut by_step: BTreeMap<String, DriftWarning> = BTreeMap::new();
    for warning in moved {
        let step = warning.step.clone();
        let joined = match by_step.remove(&step) {
            Some(known) => merge(known, warning),
            None => warning,
        };
        by_step.insert(step, joined);
    }
    merged.extend(by_step.into_values().map(|warning| DriftWarning { sentence: warning.describe(), ..warning }));
    merged
}

fn merge(one: DriftWarning, other: DriftWarning) -> DriftWarning {
    let mut facts = one.cause.facts().to_vec();
    let new = other.cause.facts().iter().filter(|fact| one.cause.facts().iter().all(|known| known.name != fact.name));
    facts.extend(new.cloned());
    let changed_lines = |proposal: &Proposal| proposal.change.as_ref().map_or(0, |change| change.removed.len() + change.added.len());
    DriftWarning {
        cause: DriftCause::Moved(facts),
        line: one.line.into_iter().chain(other.line).min(),
        since: one.since.min(other.since),
        detected: one.detected.min(other.detected),
        share_before: one.share_before.min(other.share_before),
        share_now: one.share_now.max(other.share_now),
        // The proposal that was made last saw most of the change.
        proposal: one.proposal.into_iter().chain(other.proposal).max_by_key(changed_lines),
        ..one
    }
}

/// A share for people. A share that is nearly 1 is not shown as 100 %.
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

    fn warning(fact: &str, line: u32, cause: fn(MissedFact) -> DriftCause<MissedFact>) -> DriftWarning {
        DriftWarning {
            step: "getUserInfo".to_owned(),
            line: Some(line),
            cause: cause(MissedFact { name: fact.to_owned(), path: Some(format!("$.{fact}")) }),
            since: 100 + i64::from(line),
            detected: 0,
            share_before: 0.9996,
            share_now: 0.0,
            proposal: None,
            sentence: String::new(),
        }
    }

    #[test]
    fn a_warning_says_what_was_and_what_is() {
        let warning = warning("email", 7, DriftCause::Lost);

        assert_eq!(warning.describe(), "`email` at `$.email` was found in more than 99.9 % of answers and is found in 0 % now");
    }

    #[test]
    fn the_stored_form_keeps_its_names() {
        let warnings = [warning("email", 7, DriftCause::Lost), warning("id", 8, |fact| DriftCause::Moved(vec![fact]))];
        for (warning, kind) in warnings.into_iter().zip(["lost", "moved"]) {
            let json = serde_json::to_value(&warning).unwrap();

            assert_eq!((json["kind"].as_str(), json["fact"].as_str()), (Some(kind), warning.cause.facts().first().map(|fact| &*fact.name)));
            assert_eq!((json["shareBefore"].as_f64(), json["told"].as_i64()), (Some(0.9996), Some(0)));
            assert_eq!(serde_json::from_value::<DriftWarning>(json).unwrap(), warning);
        }
    }

    #[test]
    fn what_moved_together_is_one_warning() {
        let moved = |fact: MissedFact| DriftCause::Moved(vec![fact]);
        let all = vec![warning("id", 7, moved), warning("name", 9, DriftCause::Lost), warning("email", 8, moved)];

        let merged = merge_by_cause(all);

        assert_eq!((merged.len(), merged[0].fact()), (2, Some("name")));
        let moved = &merged[1];
        assert_eq!((moved.fact_names(), moved.fact(), moved.line, moved.since), (vec!["id", "email"], None, Some(7), 107));
        assert_eq!(moved.sentence, "the answer is arranged otherwise: `id`, `email` found in more than 99.9 % of answers, and in 0 % now");
    }
}
