//! The editor: the text of a provider's file beside what is wrong with it and what it would send.

use crate::lab::pages::exchange_view::{MaskedPart, RequestView};
use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::masked_file::DOTS;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::frame::address;
use crate::pages::phrases::fill;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity, printable};
use askama::Template;
use std::fmt;

/// The page on which an editor is opened.
#[derive(Clone, Debug, Template)]
#[template(path = "editor_start.html")]
pub(crate) struct EditorStartPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    pub(crate) folder: &'a str,
    /// The providers that can be opened: names and titles.
    pub(crate) providers: Vec<(String, String)>,
    /// The files of the catalogue by kind: names and titles.
    pub(crate) catalogue: Vec<(&'static str, Vec<(&'static str, &'static str)>)>,
    /// What was typed as a name, if it is none.
    pub(crate) bad_name: Option<String>,
}

/// Why a button of the editor could not do its work.
#[derive(Clone, Debug)]
pub(crate) struct EditorRefusal {
    pub(crate) reason: String,
    /// Whether the button is the one that begins a test.
    pub(crate) is_of_a_try: bool,
}

#[derive(Clone, Debug, Template)]
#[template(path = "editor.html")]
pub(crate) struct EditorPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    pub(crate) name: &'a str,
    /// The text of its button.
    pub(crate) title: &'a str,
    /// The path that the file has, or would have.
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    /// The token that protects the form against other sites.
    pub(crate) csrf_token: &'a str,
    pub(crate) result: EditorResult,
    /// Whether the saved file is not YAML, so that no value of it is shown.
    pub(crate) is_unparsed: bool,
    pub(crate) refusal: Option<EditorRefusal>,
    /// What the shopper is asked for before the login: name, label, and what was typed.
    pub(crate) inputs: Vec<(String, String, String)>,
}

/// A typed text, where the editor cannot be shown.
#[derive(Clone, Debug, Template)]
#[template(path = "editor_kept.html")]
pub(crate) struct KeptTextPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) csrf_token: &'a str,
    /// What happened.
    pub(crate) message: String,
    /// The address of the login, where the person is not signed in any more.
    pub(crate) sign_in: Option<String>,
}

impl KeptTextPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> String {
        format!("{}: {}", self.words().editor.title, self.name)
    }

    fn address(&self) -> String {
        address(&["lab", "editor", self.name], &[])
    }

    fn rows(&self) -> usize {
        self.text.lines().count().saturating_add(2)
    }
}

/// What the program finds in a text. It is a part of the page, and the answer to its script.
#[derive(Clone, Debug, Template)]
#[template(path = "editor_result.html")]
pub(crate) struct EditorResult {
    pub(crate) words: &'static LabWords,
    /// The time of the check.
    pub(crate) time: String,
    pub(crate) complaints: Vec<EditorComplaint>,
    /// The requests; `None` while there are mistakes.
    pub(crate) requests: Option<Vec<EditorRequest>>,
    /// Why the requests cannot be shown although there is no mistake.
    pub(crate) preview_error: Option<String>,
}

/// A complaint about the text.
#[derive(Clone, Debug)]
pub(crate) struct EditorComplaint {
    /// The line; 0 for a complaint about the text as a whole.
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// How many characters it is about.
    pub(crate) width: u32,
    pub(crate) is_error: bool,
    pub(crate) message: String,
    pub(crate) help: String,
    pub(crate) fix: Option<EditorFix>,
}

/// The text that was probably meant.
#[derive(Clone, Debug)]
pub(crate) struct EditorFix {
    /// Its number among the fixes, from 1.
    pub(crate) number: usize,
    /// The bytes that it replaces.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) meant: String,
}

/// A request as it would be sent.
#[derive(Clone, Debug)]
pub(crate) struct EditorRequest {
    pub(crate) number: usize,
    pub(crate) step: String,
    pub(crate) request: RequestView,
    /// The facts that are read from its answer.
    pub(crate) reads: Vec<String>,
}

/// A line of the text below the field, with the word that is complained about.
pub(crate) struct EditorLine<'a> {
    pub(crate) number: u32,
    pub(crate) before: &'a str,
    pub(crate) marked: &'a str,
    pub(crate) after: &'a str,
    pub(crate) class: &'static str,
}

/// The complaints of a report about the text that is edited. Nothing of it is masked: the reader has typed it.
pub(crate) fn editor_complaints(report: &Report) -> Vec<EditorComplaint> {
    let mut fixes = 0;
    report
        .complaints
        .iter()
        .map(|complaint| {
            let fix = fix_of(complaint, &mut fixes);
            let place = complaint.place.unwrap_or_default();
            EditorComplaint {
                line: place.line,
                column: place.column,
                width: report.source.end_column(place).saturating_sub(place.column),
                is_error: complaint.severity == Severity::Error,
                message: printable(&complaint.message),
                help: printable(&complaint.help),
                fix,
            }
        })
        .collect()
}

fn fix_of(complaint: &Complaint, fixes: &mut usize) -> Option<EditorFix> {
    let (place, meant) = (complaint.place?, complaint.meant.as_deref()?);
    *fixes += 1;
    Some(EditorFix { number: *fixes, start: place.start as usize, end: place.end as usize, meant: meant.to_owned() })
}

impl EditorFix {
    /// The text with the fix.
    pub(crate) fn apply(&self, text: &str) -> Option<String> {
        Some(format!("{}{}{}", text.get(..self.start)?, self.meant, text.get(self.end..)?))
    }
}

impl EditorResult {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn count(&self, is_error: bool) -> usize {
        self.complaints.iter().filter(|complaint| complaint.is_error == is_error).count()
    }

    /// How many mistakes and warnings there are.
    fn summary(&self) -> String {
        let words = &self.words.list;
        let number = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(one.to_owned()),
            _ => Some(fill(many, &[("count", &count.to_string())])),
        };
        let counted =
            [number(self.count(true), &words.mistake, &words.mistakes), number(self.count(false), &words.warning, &words.warnings)];
        let counted: Vec<String> = counted.into_iter().flatten().collect();
        if counted.is_empty() { self.words.editor.fine.clone() } else { counted.join(", ") }
    }

    /// The first lines with mistakes, for which the requests wait.
    fn waits_sentence(&self) -> String {
        let mut lines: Vec<u32> = self.complaints.iter().filter(|one| one.is_error && one.line > 0).map(|one| one.line).collect();
        lines.sort_unstable();
        lines.dedup();
        let words = &self.words.editor;
        match lines.as_slice() {
            [] => words.waits.clone(),
            [line] => fill(&words.waits_line, &[("line", &line.to_string())]),
            lines => {
                let named: Vec<String> = lines.iter().take(5).map(u32::to_string).collect();
                fill(&words.waits_lines, &[("lines", &named.join(", "))])
            }
        }
    }

    fn line_label(&self, line: impl fmt::Display) -> String {
        fill(&self.words.editor.line, &[("line", &line.to_string())])
    }

    fn apply_label(&self, meant: &str) -> String {
        fill(&self.words.editor.apply_to, &[("word", meant)])
    }
}

impl EditorPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> String {
        format!("{}: {}", self.words().editor.title, self.title)
    }

    fn address(&self) -> String {
        address(&["lab", "editor", self.name], &[])
    }

    fn checked_sentence(&self) -> String {
        fill(&self.words().editor.checked, &[("time", &self.result.time)])
    }

    fn has_masks(&self) -> bool {
        self.text.contains(DOTS)
    }

    /// The lines of the text, each with the worst complaint about it.
    fn lines(&self) -> Vec<EditorLine<'_>> {
        self.text.split('\n').zip(1..).map(|(text, number)| self.line(text, number)).collect()
    }

    fn line<'t>(&self, text: &'t str, number: u32) -> EditorLine<'t> {
        let about = self.result.complaints.iter().filter(|complaint| complaint.line == number);
        let Some(worst) = about.min_by_key(|complaint| !complaint.is_error) else {
            return EditorLine { number, before: text, marked: "", after: "", class: "" };
        };
        let at = |column: u32| text.char_indices().nth(column.saturating_sub(1) as usize).map_or(text.len(), |(at, _)| at);
        let (from, to) = (at(worst.column), at(worst.column.saturating_add(worst.width)));
        let class = if worst.is_error { "bad" } else { "warn" };
        EditorLine { number, before: &text[..from], marked: &text[from..to], after: &text[to..], class }
    }

    fn rows(&self) -> usize {
        self.text.split('\n').count() + 2
    }
}

impl EditorStartPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> &str {
        &self.words().editor.title
    }

    fn editor_address(name: &str) -> String {
        address(&["lab", "editor", name], &[])
    }

    fn copy_label(&self, title: &str) -> String {
        fill(&self.words().editor.from_copy, &[("name", title)])
    }

    fn bad_name_sentence(&self, name: &str) -> String {
        fill(&self.words().editor.bad_name, &[("name", name)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;

    #[test]
    fn a_word_with_a_slip_has_a_fix_and_nothing_else_has() {
        let text = "name: Acmé\ngetUserInfo:\n  get: https://a.example/me\n  raed: { id: $.id }\ntrustEmail: alwas\nzebra: 1\n";
        let (_, report) = compile(&Source::new("acme.yaml", text), InstallationContext { loopback: false });

        let complaints = editor_complaints(&report);

        let fixes: Vec<(u32, &EditorFix)> = complaints.iter().filter_map(|one| Some((one.line, one.fix.as_ref()?))).collect();
        let fixed: Vec<(u32, usize, &str)> = fixes.iter().map(|(line, fix)| (*line, fix.number, &*fix.meant)).collect();
        assert_eq!(fixed, [(4, 1, "read"), (5, 2, "always")]);
        assert_eq!(fixes[0].1.apply(text), Some(text.replace("raed", "read")));
        assert_eq!(fixes[1].1.apply(text), Some(text.replace("alwas", "always")));
        assert_eq!(fixes[1].1.apply("short"), None);
    }
}
