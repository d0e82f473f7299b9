//! A change that may mend the file: the edits, and what is said about them.

use crate::provider::step::Step;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::path_move::PathMove;
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath};

/// What may be proposed.
#[derive(Clone, Debug)]
pub(crate) struct RepairDraft {
    pub(crate) edits: Vec<FileEdit>,
    /// What would stand there.
    pub(crate) title: String,
    /// The name of the sentence.
    pub(crate) because: &'static str,
    /// What fills its holes.
    pub(crate) about: Vec<String>,
    pub(crate) sentence: String,
    /// How likely it is, from 0 to about 100.
    pub(crate) score: f32,
    /// The facts whose paths it changes.
    pub(crate) facts: Vec<String>,
    /// Whether all of it moved as it was, so that what stood side by side still does.
    pub(crate) together: bool,
    /// Whether the key says the same words as before.
    pub(crate) same_words: bool,
}

/// The draft for one path and its new place.
pub(crate) fn path_draft(wanted: &UnresolvedPath, edits: Vec<FileEdit>, path: &[PathSegment], score: f32) -> RepairDraft {
    let new = write_path(path);
    let (because, sentence) = match (wanted.part, wanted.written) {
        (LookupPart::Condition, _) => {
            ("conditionMoved", format!("what `{}` looks at stands at `{new}`, not at `{}`", wanted.fact, wanted.source))
        }
        (_, true) => ("pathMoved", format!("`{}` stands at `{new}` in this answer, not at `{}`", wanted.fact, wanted.source)),
        (_, false) => (
            "placeNotStandard",
            format!("`{}` stands at `{new}` in this answer, not at the standard place `{}`", wanted.fact, wanted.source),
        ),
    };
    RepairDraft {
        edits,
        because,
        about: vec![wanted.fact.clone(), new.clone(), wanted.source.clone()],
        sentence,
        title: format!("{}: {new}", wanted.fact),
        score,
        facts: vec![wanted.fact.clone()],
        together: false,
        same_words: false,
    }
}

/// The draft for what moved together.
pub(crate) fn move_draft(found: &PathMove, list: &[UnresolvedPath], step: &Step, edits: Vec<FileEdit>) -> RepairDraft {
    let (from, to) = (write_path(&found.from), write_path(&found.to));
    let count = found.mended.len().to_string();
    RepairDraft {
        edits,
        title: format!("{from}.… → {to}.…"),
        because: "answerMoved",
        sentence: format!("what {} reads stands below `{to}` in this answer, not below `{from}` ({count} paths)", step.kind.word()),
        about: vec![step.kind.word().to_owned(), to, from, count],
        #[expect(clippy::cast_precision_loss, reason = "some twenty paths at most")]
        score: 130.0 + 3.0 * found.mended.len() as f32,
        facts: found.mended.iter().map(|(at, _)| list[*at].fact.clone()).collect(),
        together: true,
        same_words: false,
    }
}
