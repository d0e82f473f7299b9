//! The complaint about the step in which a login failed, with the lines of the file that it is about.

use crate::lab::pages::exchange_view::{PathDeparture, path_departure};
use crate::lab::pages::login_steps::CurrentFile;
use crate::lab::pages::masked_file::{MaskedSpan, caret_line};
use crate::lab::pages::words::LabLanguage;
use crate::pages::languages::FALLBACK;
use crate::story::{Story, StoryExchange, StoryFact};
use crate::vocabulary::diagnostic::printable;

/// A complaint as it is drawn under its step.
#[derive(Clone, Debug)]
pub(crate) struct StepComplaint {
    /// What happened, in the language of the page.
    pub(crate) message: String,
    /// The exact words for it, and the rule of the file that refuses, on a page in English. The report has them in any language.
    pub(crate) detail: Vec<String>,
    /// The file, line and column.
    pub(crate) place: String,
    pub(crate) lines: Vec<ExcerptLine>,
    /// Where the path of a missing fact leaves the answer.
    pub(crate) departure: Option<PathDeparture>,
    /// Whether the file has changed since the login, so that its lines are not shown.
    pub(crate) is_file_changed: bool,
}

/// A line of the file around a complaint.
#[derive(Clone, Debug)]
pub(crate) struct ExcerptLine {
    pub(crate) number: usize,
    pub(crate) spans: Vec<MaskedSpan>,
    /// The carets under the line that the complaint is about.
    pub(crate) caret: Option<String>,
}

impl StepComplaint {
    /// The complaint of a story; `exchange` is the one in which the login failed.
    pub(crate) fn from_story(
        story: &Story,
        current: CurrentFile<'_>,
        exchange: Option<&StoryExchange>,
        (provider, language): (&str, &LabLanguage),
    ) -> Self {
        let line = story.line.unwrap_or_default();
        let column = story.column.unwrap_or(1);
        let file = printable(&story.file);
        let exact = [&story.message, &story.rule].into_iter().flatten().filter(|_| language.code == FALLBACK);
        Self {
            message: language.words.what_happened(story, provider),
            detail: exact.map(|sentence| printable(sentence)).collect(),
            place: if line > 0 { format!("{file}:{line}:{column}") } else { file },
            lines: excerpt(current, line as usize, column as usize),
            departure: exchange.and_then(|exchange| departure(story, current, exchange)),
            is_file_changed: current.file.is_none() && line > 0,
        }
    }
}

/// The line with this number and two lines on each side of it.
fn excerpt(current: CurrentFile<'_>, number: usize, column: usize) -> Vec<ExcerptLine> {
    let Some(file) = current.file.filter(|file| file.lines.iter().any(|line| line.number == number)) else { return Vec::new() };
    let near = file.lines.iter().filter(|line| line.number.abs_diff(number) <= 2);
    near.map(|line| {
        let caret = (line.number == number).then(|| caret_line(column, word_width(&line.text(), column)));
        ExcerptLine { number: line.number, spans: line.spans.clone(), caret }
    })
    .collect()
}

/// Where the path of the fact that was not found leaves the answer.
fn departure(story: &Story, current: CurrentFile<'_>, exchange: &StoryExchange) -> Option<PathDeparture> {
    let is_missing = |fact: &&StoryFact| fact.looks.is_none() && fact.line == story.line;
    let missing = exchange.facts.iter().find(is_missing)?;
    let source = current.reads.iter().find(|read| read.fact == missing.name && Some(read.line) == story.line)?;
    path_departure(exchange.answer.as_ref()?.shape.as_deref()?, &source.from)
}

/// The width of the word that begins in a column.
fn word_width(line: &str, column: usize) -> usize {
    let rest: Vec<char> = line.chars().skip(column.saturating_sub(1)).collect();
    let is_nested = line.chars().take(column.saturating_sub(1)).any(|letter| matches!(letter, '{' | '['));
    let mut depth = 0_usize;
    let mut end = rest.len();
    for (at, letter) in rest.iter().enumerate() {
        let is_next = is_nested && depth == 0 && matches!(letter, '}' | ']' | ')' | ',');
        if is_next || (*letter == '#' && at > 0 && rest[at - 1] == ' ') {
            end = at;
            break;
        }
        match letter {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    rest[..end].iter().collect::<String>().trim_end().chars().count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carets_end_with_the_word() {
        for (line, column, expected) in [
            ("    email: $.data.email", 12, 12),
            ("    email: $.data.email   # why", 12, 12),
            ("  read: { id: $.id, email: $.e[0] }", 28, 6),
            ("x", 9, 1),
        ] {
            assert_eq!(word_width(line, column), expected, "{line}");
        }
    }
}
