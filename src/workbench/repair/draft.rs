//! A change that may mend the file: the edits, and what is said about them.

use crate::provider::step::Step;
use crate::workbench::repair::edit::Edit;
use crate::workbench::repair::moved::Move;
use crate::workbench::repair::path::{Hop, written};
use crate::workbench::repair::wanted::{Part, Wanted};

/// What may be proposed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The edits.
    pub edits: Vec<Edit>,
    /// What would stand there.
    pub title: String,
    /// The name of the sentence.
    pub because: &'static str,
    /// What fills its holes.
    pub about: Vec<String>,
    /// The sentence.
    pub sentence: String,
    /// How likely it is, from 0 to about 100.
    pub score: f32,
    /// The facts whose paths it changes.
    pub facts: Vec<String>,
    /// Whether all of it moved as it was, so that what stood side by side still does.
    pub together: bool,
    /// Whether the key says the same words as before.
    pub same_words: bool,
}

/// The draft for one path and its new place.
pub fn of_path(wanted: &Wanted, edits: Vec<Edit>, path: &[Hop], score: f32) -> Draft {
    let new = written(path, '\'');
    let (because, sentence) = match (wanted.part, wanted.written) {
        (Part::Condition, _) => {
            ("conditionMoved", format!("what `{}` looks at stands at `{new}`, not at `{}`", wanted.fact, wanted.source))
        }
        (_, true) => ("pathMoved", format!("`{}` stands at `{new}` in this answer, not at `{}`", wanted.fact, wanted.source)),
        (_, false) => (
            "placeNotStandard",
            format!("`{}` stands at `{new}` in this answer, not at the standard place `{}`", wanted.fact, wanted.source),
        ),
    };
    Draft {
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
pub fn of_move(found: &Move, list: &[Wanted], step: &Step, edits: Vec<Edit>) -> Draft {
    let (from, to) = (written(&found.from, '\''), written(&found.to, '\''));
    let count = found.mended.len().to_string();
    Draft {
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
