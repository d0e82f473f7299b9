//! What changed since the last login that worked, as plain English text.

use crate::story::Story;
use crate::story::answer_changes::{AnswerChange, AnswerChangeKind};
use crate::story::file_changes::ChangedLines;
use crate::story::good_login::{CALLBACK, LIST, OBJECT};
use crate::story::looks::Looks;
use crate::story::since_good_login::SinceGoodLogin;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::no_answer::in_words;
use crate::vocabulary::utc_time::format_time;
use std::fmt::Write as _;

pub(crate) fn write_since(story: &Story, text: &mut String) {
    let Some(since) = &story.since else { return };
    let _ = writeln!(text, "\nthe last login that worked was {} ago ({})", in_words(since.seconds.unsigned_abs()), format_time(since.at));
    if since.is_unchanged() {
        since.answers.iter().for_each(|change| _ = writeln!(text, "  {}", printable(&change_sentence(change))));
        let _ = writeln!(text, "  {}", unchanged_sentence(story, since));
        return;
    }
    if since.file_changed {
        let _ = writeln!(text, "  the file has changed since then; its version was {}", printable(&since.version));
        since.file.iter().for_each(|change| write_lines(&story.file, change, text));
        if since.hides_change() {
            let _ = writeln!(text, "  no line that can be shown differs");
        }
        if since.lines_left_out > 0 {
            let _ = writeln!(text, "  {} more lines differ", since.lines_left_out);
        }
    }
    since.answers.iter().for_each(|change| _ = writeln!(text, "  {}", printable(&change_sentence(change))));
    if since.answers.is_empty() && since.compared {
        let _ = writeln!(text, "  the answers have the members that they had then");
    }
}

fn write_lines(file: &str, change: &ChangedLines, text: &mut String) {
    let _ = writeln!(text, "  {}:{}", printable(file), change.line);
    change.before.iter().for_each(|line| _ = writeln!(text, "  - {}", printable(line)));
    change.now.iter().for_each(|line| _ = writeln!(text, "  + {}", printable(line)));
}

/// What it means that nothing known has changed.
fn unchanged_sentence(story: &Story, since: &SinceGoodLogin) -> &'static str {
    match (story.by_provider, since.compared) {
        (true, _) => {
            "the file is as it was: the provider refuses now what it accepted then, so something outside of the file has changed, \
             such as a secret, a registered address or the person's account"
        }
        (false, true) => {
            "the file and the answers are as they were, as far as their members show: something else has changed, such as a value that \
             the provider sends or this person's account"
        }
        (false, false) => "the file is as it was, and no answer came that could be compared",
    }
}

fn change_sentence(change: &AnswerChange) -> String {
    let place = if change.step == CALLBACK { "the callback".to_owned() } else { format!("the answer of {}", change.step) };
    let path = &change.path;
    let looks = |word: &Option<String>| word.as_deref().map(kind_in_english).unwrap_or_default();
    let with = |word: &Option<String>| if word.is_none() { String::new() } else { format!(" ({})", looks(word)) };
    match change.kind() {
        Some(AnswerChangeKind::Gone) => format!("{place} has no `{path}` any more{}", with(&change.before)),
        Some(AnswerChangeKind::New) => format!("{place} has a new member `{path}`{}", with(&change.now)),
        Some(AnswerChangeKind::Moved) => {
            format!("in {place}, `{path}` is now at `{}`{}", change.to.as_deref().unwrap_or_default(), with(&change.now))
        }
        Some(AnswerChangeKind::Kind) => {
            format!("in {place}, `{path}` is of another kind: {} then, {} now", looks(&change.before), looks(&change.now))
        }
        Some(AnswerChangeKind::Status) => {
            let status = |status: &Option<String>| status.clone().unwrap_or_default();
            format!("{place} has the status {}, and had {}", status(&change.now), status(&change.before))
        }
        Some(AnswerChangeKind::Unreadable) => format!("{place} cannot be read any more"),
        None => format!("{place} has changed at `{path}`"),
    }
}

/// The kind of a value, by the word for what it looks like.
pub(crate) fn kind_in_english(word: &str) -> String {
    match word {
        OBJECT => "object".to_owned(),
        LIST => "list".to_owned(),
        "text" => "text".to_owned(),
        "digits" => "number".to_owned(),
        _ => Looks::from_word(word, None).map(|looks| looks.to_string()).unwrap_or_default(),
    }
}
