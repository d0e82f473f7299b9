//! What is said of a provider that answers otherwise than before.

use crate::workbench::proposal::Proposal;
use serde::{Deserialize, Serialize};

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// What was found is found no more.
    Lost,
    /// Something of another kind stands there.
    Type,
    /// It is gone, and something new probably takes its place.
    Replaced,
    /// The answer cannot be read at all.
    Unreadable,
    /// The file takes good answers for refusals.
    Unaccepted,
}

impl Change {
    /// Its name: pages have their sentences by it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Type => "type",
            Self::Replaced => "replaced",
            Self::Unreadable => "unreadable",
            Self::Unaccepted => "unaccepted",
        }
    }
}

/// A provider answers otherwise than before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// The step: `callback`, or the word of its step, with a number where there are several.
    pub step: String,
    /// The fact; nothing where it is about the answer as a whole.
    pub fact: Option<String>,
    /// The line of the file that reads it; a standard place has none. For an answer as a whole the line of its step.
    pub line: Option<u32>,
    /// What has changed.
    pub kind: Change,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// The share of answers in which it was found, between 0 and 1.
    pub share_before: f64,
    /// The share in which it is found now.
    pub share_now: f64,
    /// The path that it is about, if it is about one.
    #[serde(default)]
    pub path: Option<String>,
    /// What would mend the file.
    #[serde(default)]
    pub proposal: Option<Proposal>,
    /// What has changed, in English.
    pub sentence: String,
}

impl Warning {
    /// The sentence.
    pub fn told(&self) -> String {
        let (before, now) = (percent(self.share_before), percent(self.share_now));
        let fact = self.fact.as_deref().unwrap_or("the answer");
        let at = self.path.as_ref().map_or_else(String::new, |path| format!(" at `{path}`"));
        let text = match self.kind {
            Change::Lost | Change::Replaced => format!("`{fact}`{at} was found in {before} of answers and is found in {now} now"),
            Change::Type => {
                format!("`{fact}`{at} was of its usual kind in {before} of answers and is in {now} now: something else stands there")
            }
            Change::Unreadable => format!("{before} of answers could be read, and {now} can now"),
            Change::Unaccepted => format!("`accepted` let {before} of good answers pass, and lets {now} pass now"),
        };
        let proposal = self.proposal.as_ref().map_or_else(String::new, |proposal| format!("; {}", proposal.sentence));
        format!("{text}{proposal}")
    }
}

/// A share as people say it; what is nearly all is not told as all.
pub fn percent(share: f64) -> String {
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

    #[test]
    fn a_warning_says_what_was_and_what_is() {
        let warning = Warning {
            step: "getUserInfo".to_owned(),
            fact: Some("email".to_owned()),
            line: Some(7),
            kind: Change::Lost,
            since: 100,
            share_before: 0.9996,
            share_now: 0.0,
            path: Some("$.email".to_owned()),
            proposal: None,
            sentence: String::new(),
        };

        assert_eq!(warning.told(), "`email` at `$.email` was found in more than 99.9 % of answers and is found in 0 % now");
        let json = serde_json::to_value(&warning).unwrap();
        assert_eq!((json["kind"].as_str(), json["shareBefore"].as_f64()), (Some("lost"), Some(0.9996)));
        assert_eq!(serde_json::from_value::<Warning>(json).unwrap(), warning);
    }
}
