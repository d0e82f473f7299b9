//! What changed since the last login that worked, as pages draw it.

use crate::lab::pages::proposal_view::{DiffLine, numbered_lines};
use crate::lab::pages::words::incident::SinceWords;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use crate::story::Story;
use crate::story::answer_changes::{AnswerChange, AnswerChangeKind};
use crate::story::good_login::{CALLBACK, LIST, OBJECT};
use crate::vocabulary::diagnostic::printable;

#[derive(Clone, Debug)]
pub(crate) struct SinceView {
    /// How long before this login the last one that worked was, and when.
    pub(crate) ago: String,
    /// What is to be said of the file.
    pub(crate) file: String,
    /// The lines that differ.
    pub(crate) lines: Vec<DiffLine>,
    /// What is to be said of the answers; `None` where `changes` says it.
    pub(crate) answers: Option<String>,
    pub(crate) changes: Vec<AnswerChangeView>,
    /// What it means that nothing known has changed.
    pub(crate) verdict: Option<String>,
}

/// A change of an answer.
#[derive(Clone, Debug)]
pub(crate) struct AnswerChangeView {
    /// The step, by its word or by that of the page for the callback.
    pub(crate) step: String,
    pub(crate) path: String,
    pub(crate) text: String,
    /// Whether the file reads the member.
    pub(crate) is_read: bool,
}

impl SinceView {
    pub(crate) fn from_story(story: &Story, moment: impl Fn(i64) -> String, words: &LabWords) -> Option<Self> {
        let (since, text) = (story.since.as_ref()?, &words.since);
        let lines = since
            .file
            .iter()
            .flat_map(|change| numbered_lines(change.line, &change.before, false).chain(numbered_lines(change.line, &change.now, true)));
        let mut file =
            if since.file_changed { fill(&text.file_changed, &[("version", &printable(&since.version))]) } else { text.file_same.clone() };
        if since.hides_change() {
            file = format!("{file} {}", text.hidden);
        }
        if since.lines_left_out > 0 {
            file = format!("{file} {}", fill(&text.lines_left_out, &[("count", &since.lines_left_out.to_string())]));
        }
        let answers = match (since.answers.is_empty(), since.compared) {
            (true, true) => Some(text.answers_same.clone()),
            (true, false) => Some(text.not_compared.clone()),
            (false, _) => None,
        };
        let verdict = since.is_unchanged().then(|| if story.by_provider { text.refuses.clone() } else { text.outside.clone() });
        Some(Self {
            ago: fill(&text.ago, &[("ago", &describe_span(since.seconds, text)), ("when", &moment(since.at))]),
            file,
            lines: lines.collect(),
            answers,
            changes: since.answers.iter().map(|change| AnswerChangeView::new(change, words)).collect(),
            verdict,
        })
    }
}

impl AnswerChangeView {
    fn new(change: &AnswerChange, words: &LabWords) -> Self {
        let text = &words.since;
        let kind = |word: &Option<String>| word.as_deref().map(|word| describe_kind(word, words)).unwrap_or_default();
        let with = |sentence: &str, word: &Option<String>| {
            let kind = kind(word);
            if kind.is_empty() { sentence.to_owned() } else { format!("{sentence} ({kind})") }
        };
        let what = match change.kind() {
            Some(AnswerChangeKind::Gone) => with(&text.gone, &change.before),
            Some(AnswerChangeKind::New) => with(&text.new, &change.now),
            Some(AnswerChangeKind::Moved) => {
                with(&fill(&text.moved, &[("to", &printable(change.to.as_deref().unwrap_or_default()))]), &change.now)
            }
            Some(AnswerChangeKind::Kind) => fill(&text.kind, &[("before", &kind(&change.before)), ("now", &kind(&change.now))]),
            Some(AnswerChangeKind::Status) => {
                let status = |status: &Option<String>| printable(status.as_deref().unwrap_or_default());
                fill(&text.status, &[("before", &status(&change.before)), ("now", &status(&change.now))])
            }
            Some(AnswerChangeKind::Unreadable) => text.unreadable.clone(),
            None => String::new(),
        };
        let step = if change.step == CALLBACK { words.test.callback.clone() } else { printable(&change.step) };
        Self { step, path: printable(&change.path), text: what, is_read: change.read }
    }
}

/// The kind of a value, by the word for what it looks like.
fn describe_kind(word: &str, words: &LabWords) -> String {
    match word {
        OBJECT => words.since.object.clone(),
        LIST => words.since.list.clone(),
        "text" => words.since.text.clone(),
        "digits" => words.looks.number.clone(),
        _ => words.describe_looks(word, None),
    }
}

/// A span of time in its largest unit.
fn describe_span(seconds: i64, words: &SinceWords) -> String {
    let (phrase, count) = match seconds {
        ..60 => (&words.seconds, seconds),
        60..3600 => (&words.minutes, seconds / 60),
        3600..172_800 => (&words.hours, seconds / 3600),
        _ => (&words.days, seconds / 86_400),
    };
    fill(phrase, &[("count", &count.to_string())])
}
