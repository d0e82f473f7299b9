//! A change that may mend the file, before it is tried: the edits and the reason.

use crate::provider::step::Step;
use crate::story::proposal::{FileChange, Proposal};
use crate::story::repair_rule::RepairRule;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::path_move::PathMove;
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath};

#[derive(Clone, Debug)]
pub(crate) struct RepairDraft {
    pub(crate) edits: Vec<FileEdit>,
    /// The new text of the file, in a few words.
    pub(crate) title: String,
    /// Why it is proposed.
    pub(crate) rule: RepairRule,
    /// The path that it replaces, if it replaces one.
    pub(crate) path: Option<String>,
    /// How likely it is, from 0 to about 100.
    pub(crate) score: f32,
    /// The facts whose paths it changes.
    pub(crate) facts: Vec<String>,
    /// Whether all paths moved together, so that neighbouring values are still neighbours.
    pub(crate) together: bool,
    /// Whether the new key has the same words as the old one.
    pub(crate) same_words: bool,
}

impl RepairDraft {
    /// A draft that replaces no path.
    pub(crate) fn new(title: String, rule: RepairRule, edits: Vec<FileEdit>, score: f32) -> Self {
        Self { edits, title, rule, path: None, score, facts: Vec::new(), together: false, same_words: false }
    }

    /// Whether it changes a path of this fact.
    pub(crate) fn changes(&self, fact: &str) -> bool {
        self.facts.iter().any(|changed| changed == fact)
    }

    /// The proposal, with the lines that change.
    pub(crate) fn into_proposal(self, change: FileChange) -> Proposal {
        Proposal::new(self.title, &self.rule, Some(change))
    }
}

/// The draft that replaces one path.
pub(crate) fn path_draft(wanted: &UnresolvedPath, edits: Vec<FileEdit>, path: &[PathSegment], score: f32) -> RepairDraft {
    let new = write_path(path);
    let (fact, old) = (wanted.fact.clone(), wanted.source.clone());
    let title = format!("{fact}: {new}");
    let rule = match (wanted.part, wanted.written) {
        (LookupPart::Condition, _) => RepairRule::ConditionMoved { word: fact, new, old },
        // Whoever applies it looks at a second person first.
        (_, _) if fact == "id" => RepairRule::IdMoved { new, old, logins: "1".to_owned() },
        (_, true) => RepairRule::PathMoved { fact, new, old },
        (_, false) => RepairRule::PlaceNotStandard { fact, new, old },
    };
    RepairDraft { path: Some(wanted.source.clone()), facts: vec![wanted.fact.clone()], ..RepairDraft::new(title, rule, edits, score) }
}

/// The draft for paths that moved together.
pub(crate) fn move_draft(found: &PathMove, list: &[UnresolvedPath], step: &Step, edits: Vec<FileEdit>) -> RepairDraft {
    let (from, to) = (write_path(&found.from), write_path(&found.to));
    let title = format!("{from}.… → {to}.…");
    let rule = RepairRule::AnswerMoved { step: step.kind.word().to_owned(), to, from, paths: found.mended.len().to_string() };
    #[expect(clippy::cast_precision_loss, reason = "some twenty paths at most")]
    let score = 130.0 + 3.0 * found.mended.len() as f32;
    RepairDraft {
        facts: found.mended.iter().map(|(at, _)| list[*at].fact.clone()).collect(),
        together: true,
        ..RepairDraft::new(title, rule, edits, score)
    }
}
