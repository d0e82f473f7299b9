//! A proposed change of a provider file: the reason, the old lines and the new ones.

use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::identity::Identity;
use crate::story::file_changes::ChangedLines;
use crate::story::recent_logins::LoginsAtHand;
use crate::story::repair_rule::RepairRule;
use serde::{Deserialize, Serialize};

/// Finds the changes that would mend a provider's file after a login. The workbench has it; the broker receives it from the
/// command line. Other logins of the provider show which values are no ids.
pub type ProposalMaker = fn(&Provider, Result<&Identity, &LoginError>, &Trace, &LoginsAtHand) -> Vec<Proposal>;

/// Adds the lines of a file as they were when a login worked to the proposals after one that failed; the best first. The changed lines
/// have masked secrets.
pub type FormerLinesProposer = fn(&Provider, &LoginError, (&Trace, &LoginsAtHand), &[ChangedLines], Vec<Proposal>) -> Vec<Proposal>;

/// A change of a provider's file that a person may accept, with the reason for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The new text in a few words: a path, or a word with its value.
    pub title: String,
    /// Why it is proposed: the word of a [`RepairRule`].
    pub because: String,
    /// What fills the holes of the sentence of the rule: words and paths of the file, keys of answers, and of their values only what a file would
    /// hold, such as an issuer, the name of an algorithm, or the address to which a call is redirected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// The same sentence in English, for terminals and logs.
    pub sentence: String,
    /// The change; `None` if only a place outside of the file can be mended, such as the provider's console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<FileChange>,
}

/// Lines and their replacement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// The first line that changes, from 1. Where nothing is removed, the lines are put in front of it.
    pub line: usize,
    /// The lines as they are.
    pub removed: Vec<String>,
    /// The lines as they would be.
    pub added: Vec<String>,
}

impl Proposal {
    /// A proposal by a rule. `title` is the new text in a few words.
    pub(crate) fn new(title: impl Into<String>, rule: &RepairRule, change: Option<FileChange>) -> Self {
        Self { title: title.into(), because: rule.word().to_owned(), about: rule.values(), sentence: rule.to_string(), change }
    }

    /// The rule by which it was made; `None` for what another version has written.
    pub(crate) fn rule(&self) -> Option<RepairRule> {
        RepairRule::from_parts(&self.because, &self.about)
    }
}

impl FileChange {
    /// The text with the change, if it still has the lines that the change removes.
    pub fn apply(&self, text: &str) -> Option<String> {
        let lines: Vec<&str> = text.lines().collect();
        let from = self.line.checked_sub(1)?;
        let to = from.checked_add(self.removed.len())?;
        let (before, after) = (lines.get(..from)?, lines.get(to..)?);
        if lines.get(from..to)? != self.removed.as_slice() {
            return None;
        }
        let added = self.added.iter().map(String::as_str);
        let changed: Vec<&str> = before.iter().copied().chain(added).chain(after.iter().copied()).collect();
        Some(changed.join("\n") + "\n")
    }

    /// The lines of the change, as in a patch.
    pub fn diff(&self) -> String {
        let removed = self.removed.iter().map(|line| format!("- {line}\n"));
        removed.chain(self.added.iter().map(|line| format!("+ {line}\n"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_only_where_the_lines_are_still_the_same() {
        let change = FileChange { line: 2, removed: vec!["  id: $.a".to_owned()], added: vec!["  id: $.b".to_owned()] };

        assert_eq!(change.apply("read:\n  id: $.a\n  name: $.n\n").as_deref(), Some("read:\n  id: $.b\n  name: $.n\n"));
        assert_eq!(change.apply("read:\n  id: $.c\n"), None);
        assert_eq!(change.apply("read:\n"), None);
        assert_eq!(change.diff(), "-   id: $.a\n+   id: $.b\n");
    }

    #[test]
    fn what_only_adds_lines_takes_none_away() {
        let change = FileChange { line: 2, removed: Vec::new(), added: vec!["pkce: off".to_owned()] };

        assert_eq!(change.apply("name: Acme\nclientSecret: none\n").as_deref(), Some("name: Acme\npkce: off\nclientSecret: none\n"));
    }
}
