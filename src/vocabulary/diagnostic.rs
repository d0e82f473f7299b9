//! A complaint about a file: what is wrong, where, and what to do about it; and how it is drawn beside the lines of the file.
//!
//! The sentences of complaints lie in the modules that make them, not here.

use crate::vocabulary::place::{Place, Source};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt::{self, Write as _};

/// How serious a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file works, and something in it is probably not meant.
    Warning,
}

impl Severity {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One complaint about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Whether the file can still be used.
    pub severity: Severity,
    /// The place in the file; `None` for the file as a whole.
    pub(crate) place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Whether another mistake of the file may be its only reason, as when something seems to be missing.
    pub(crate) may_follow: bool,
    /// The text that was probably meant in the place of the complaint.
    pub(crate) meant: Option<Box<str>>,
}

impl Complaint {
    /// A complaint that stands for itself.
    pub(crate) fn new(severity: Severity, place: Option<Place>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity, place, message: message.into(), help: help.into(), may_follow: false, meant: None }
    }
}

/// All complaints about one file.
#[derive(Clone, Debug)]
pub struct Report {
    /// The file whose lines are drawn beside the complaints.
    pub source: Source,
    /// The complaints, in the order of their places; those that may follow from others stand behind them.
    pub complaints: Vec<Complaint>,
}

impl Report {
    /// A report with its complaints in the order of their places, and none of them twice. What may follow from another mistake
    /// stands behind all others, and is left out where another complaint has its very place.
    pub fn new(source: Source, mut complaints: Vec<Complaint>) -> Self {
        complaints.sort_by_key(|complaint| (complaint.may_follow, complaint.place, complaint.severity));
        let causes: Vec<Option<Place>> =
            complaints.iter().filter(|complaint| !complaint.may_follow).map(|complaint| complaint.place).collect();
        complaints.retain(|complaint| !complaint.may_follow || !causes.contains(&complaint.place));
        complaints.dedup_by(|later, earlier| later.place == earlier.place && later.message == earlier.message);
        Self { source, complaints }
    }

    /// Whether a complaint keeps the file from being used.
    pub fn is_broken(&self) -> bool {
        self.complaints.iter().any(|complaint| complaint.severity == Severity::Error)
    }

    /// The complaints, drawn into the lines that they are about.
    pub fn draw(&self, colour: bool) -> String {
        let mut drawn = String::new();
        for complaint in &self.complaints {
            drawn.push_str(&self.draw_complaint(complaint, colour));
            drawn.push('\n');
        }
        drawn
    }

    fn draw_complaint(&self, complaint: &Complaint, colour: bool) -> String {
        let level = match complaint.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(printable(&complaint.message));
        let window = complaint.place.map(|place| Excerpt::around(&self.source.text, place));
        let group = if let (Some(place), Some(window)) = (complaint.place, &window) {
            title.element(
                Snippet::source(window.text.as_str())
                    .line_start(place.line.max(1) as usize)
                    .path(&*self.source.name)
                    .annotation(AnnotationKind::Primary.span(window.from..window.to)),
            )
        } else {
            title.element(annotate_snippets::Origin::path(&*self.source.name))
        };
        let group = group.element(Level::HELP.message(printable(&complaint.help)));
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut drawn = renderer.term_width(4096).render(&[group]);
        drawn.push('\n');
        drawn
    }
}

/// The line of a complaint, shortened and without control characters.
struct Excerpt {
    text: String,
    from: usize,
    to: usize,
}

impl Excerpt {
    const WIDEST: usize = 200;

    fn around(text: &str, place: Place) -> Self {
        let start = (place.start as usize).min(text.len());
        let line_start = text[..char_boundary_at_or_before(text, start)].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[line_start..].find(['\n', '\r']).map_or(text.len(), |at| line_start + at);
        let start = char_boundary_at_or_before(text, start.clamp(line_start, line_end));
        let end = char_boundary_at_or_before(text, (place.end as usize).clamp(start, line_end));
        // A long line is shown from shortly before the place.
        let shown_from = if start - line_start > Self::WIDEST { char_boundary_at_or_before(text, start - 40) } else { line_start };
        let shown_to = char_boundary_at_or_before(text, line_end.min(start + Self::WIDEST)).max(start);
        let end = end.min(shown_to);
        let line = without_password(&text[line_start..line_end]);
        let part = |from: usize, to: usize| printable(&line[from - line_start..to - line_start]);
        let (before, marked, after) = (part(shown_from, start), part(start, end), part(end, shown_to));
        let (from, to) = (before.len(), before.len() + marked.len());
        Self { text: before + &marked + &after, from, to: to.max(from) }
    }
}

/// A line with stars for the password in an address, `scheme://user:password@host`: as many as the password has bytes.
fn without_password(line: &str) -> String {
    let mut shown = line.to_owned();
    for (scheme, _) in line.match_indices("://") {
        let from = scheme + 3;
        let authority = line[from..].split(['/', '"', '\'', ' ']).next().unwrap_or_default();
        if let (Some(colon), Some(at)) = (authority.find(':'), authority.rfind('@'))
            && colon < at
        {
            shown.replace_range(from + colon + 1..from + at, &"*".repeat(at - colon - 1));
        }
    }
    shown
}

fn char_boundary_at_or_before(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Whether a terminal would take a character for a command, or show nothing for it.
pub(crate) fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Text without control characters, so that a file cannot control the terminal that shows it.
pub(crate) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\t' {
            clean.push(' ');
        } else if is_invisible(letter) {
            let _ = write!(clean, "\\u{{{:x}}}", u32::from(letter));
        } else {
            clean.push(letter);
        }
    }
    clean
}

/// The known word that was most likely meant.
pub(crate) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.chars().count() > 60 {
        return None;
    }
    let lower = written.to_lowercase().replace(['_', '-'], "");
    // The first letter is hardly ever wrong, and a wrong suggestion is worse than none.
    let near = known.into_iter().filter(|word| word.to_lowercase().chars().next() == lower.chars().next()).filter_map(|word| {
        let distance = strsim::damerau_levenshtein(&lower, &word.to_lowercase());
        let allowed = (word.len() / 4).clamp(1, 3);
        (distance <= allowed && distance < word.len()).then_some((distance, word))
    });
    near.min().map(|(_, word)| word)
}

/// Several words in quotes, with this between them.
pub(crate) fn quoted(words: impl IntoIterator<Item = impl fmt::Display>, between: &str) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(between)
}

/// A list of words for a sentence: `` `a`, `b` or `c` ``.
pub(crate) fn quoted_alternatives<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_recognised_and_a_far_one_is_not() {
        let known = ["read", "headers", "getUserInfo", "clientId"];

        for (written, meant) in [
            ("raed", Some("read")),
            ("header", Some("headers")),
            ("client_id", Some("clientId")),
            ("getUserinfo", Some("getUserInfo")),
            ("zebra", None),
        ] {
            assert_eq!(did_you_mean(written, known), meant, "{written}");
        }
    }

    #[test]
    fn escape_sequences_of_a_file_never_reach_the_terminal() {
        let source = Source::new("x.yaml", "name: a\u{1b}[31mb\u{202e}\n");
        let place = Place { start: 6, end: 9, line: 1, column: 7 };
        let complaint = Complaint::new(Severity::Error, Some(place), "m\u{7}", "h");

        let drawn = Report::new(source, vec![complaint]).draw(false);

        assert!(!drawn.contains('\u{1b}') && !drawn.contains('\u{7}') && !drawn.contains('\u{202e}'), "{drawn}");
    }
}
