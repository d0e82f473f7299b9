//! What changed between the last login that worked and one that failed: the provider's file, the answers, or neither.

use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::step::Step;
use crate::story::answer_changes::{AnswerChange, AnswerChangeKind, changes_of_answer};
use crate::story::file_changes::{ChangedLines, changed_lines_between};
use crate::story::good_login::{GoodAnswer, GoodLogin};
use serde::{Deserialize, Serialize};

/// What changed since the last login that worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SinceGoodLogin {
    /// When that login was, in seconds since 1970.
    pub at: i64,
    /// How many seconds before this login it was.
    pub seconds: i64,
    /// The version of the file with which it worked.
    pub version: String,
    /// Whether the file has changed.
    pub file_changed: bool,
    /// The lines of the file that differ. None are known of a file that is very long, and none differ where only what is masked does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub file: Vec<ChangedLines>,
    /// How many further lines differ.
    #[serde(skip_serializing_if = "is_zero")]
    pub lines_left_out: usize,
    /// How the answers differ, in the order of the steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerChange>,
    /// Whether any answer of this login could be compared.
    pub compared: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A login that failed, and the file as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailedLogin<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) trace: &'a Trace,
    /// The version of the file.
    pub(crate) version: &'a str,
    /// The file with masked secrets.
    pub(crate) file: &'a str,
    pub(crate) at: i64,
}

impl SinceGoodLogin {
    pub(crate) fn new(good: &GoodLogin, failed: FailedLogin<'_>) -> Self {
        let file_changed = good.version != failed.version;
        let (file, lines_left_out) = match &good.file {
            Some(before) if file_changed => changed_lines_between(before, failed.file),
            Some(_) | None => (Vec::new(), 0),
        };
        let now = GoodLogin::from_trace(failed.provider, failed.trace, failed.version, failed.at);
        let (answers, compared) = compare_answers(good, &now, failed);
        let seconds = failed.at.saturating_sub(good.at).max(0);
        Self { at: good.at, seconds, version: good.version.clone(), file_changed, file, lines_left_out, answers, compared }
    }

    /// Whether neither the file nor what was compared of the answers differs, but for the status of a refusal.
    pub(crate) fn is_unchanged(&self) -> bool {
        !self.file_changed && self.answers.iter().all(|change| change.kind() == Some(AnswerChangeKind::Status))
    }

    /// Whether the file has changed only in values that are masked, or is too long for its lines to be kept.
    pub(crate) fn hides_change(&self) -> bool {
        self.file_changed && self.file.is_empty() && self.lines_left_out == 0
    }
}

/// The changes of the callback and of each answer, and whether anything was compared.
fn compare_answers(good: &GoodLogin, now: &GoodLogin, failed: FailedLogin<'_>) -> (Vec<AnswerChange>, bool) {
    let mut changes = Vec::new();
    let mut compared = false;
    let came_back = !failed.trace.callback.pairs.is_empty();
    let was_answered = |answer: &&GoodAnswer| answer.call.is_some() || came_back;
    for answer in now.answers.iter().filter(was_answered) {
        // A call is the same one by its word and its number among those of its word, because calls before it may be new.
        let number = number_among(now, answer);
        let mut same = good.answers.iter().filter(|other| other.step == answer.step);
        let Some(before) = same.nth(number) else { continue };
        compared = true;
        let step = answer.call.and_then(|call| failed.provider.call(call)).unwrap_or(&failed.provider.authorization);
        let sources = read_paths(step);
        let reads: Vec<&str> = sources.iter().map(AsRef::as_ref).collect();
        changes.extend(changes_of_answer(before, answer, &reads));
    }
    (changes, compared)
}

fn number_among(login: &GoodLogin, answer: &GoodAnswer) -> usize {
    login.answers.iter().take_while(|other| !std::ptr::eq(*other, answer)).filter(|other| other.step == answer.step).count()
}

/// The paths at which a step reads its answer.
fn read_paths(step: &Step) -> Vec<Box<str>> {
    step.reads.iter().flat_map(|read| read.reading.paths()).map(|path| path.source.as_ref().into()).collect()
}
