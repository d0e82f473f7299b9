//! The parts of a page about a provider, and how they are written as Markdown and for a terminal. The lab has a template of its own.

use crate::vocabulary::diagnostic::printable;
use std::fmt::Write as _;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageSpan {
    Text(String),
    /// A text in English on a page in another language.
    English(String),
    /// What is written exactly so: a command, a variable, an address to register.
    Code(String),
    Link {
        text: String,
        to: String,
    },
}

impl PageSpan {
    pub(crate) fn link(text: &str, to: impl Into<String>) -> Self {
        Self::Link { text: text.to_owned(), to: to.into() }
    }
}

/// Spans with a text between them.
pub(crate) fn joined(spans: impl IntoIterator<Item = PageSpan>, between: &str) -> Vec<PageSpan> {
    let mut line = Vec::new();
    for span in spans {
        if !line.is_empty() {
            line.push(PageSpan::Text(between.to_owned()));
        }
        line.push(span);
    }
    line
}

/// A part of a page.
#[derive(Clone, Debug)]
pub(crate) enum PageBlock {
    Heading(String),
    Paragraph(Vec<PageSpan>),
    Items(Vec<Vec<PageSpan>>),
    /// What is done one after another.
    Steps(Vec<Vec<PageSpan>>),
    Table {
        heads: Vec<String>,
        rows: Vec<Vec<Vec<PageSpan>>>,
    },
}

/// A text in which code stands between backticks.
pub(crate) fn spans(text: &str) -> Vec<PageSpan> {
    let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(at, part)| if at % 2 == 0 { PageSpan::Text(part.to_owned()) } else { PageSpan::Code(part.to_owned()) }).collect()
}

/// The page as Markdown.
pub(crate) fn as_markdown(title: &str, blocks: &[PageBlock]) -> String {
    let mut page = format!("# {}\n", escaped(title));
    for block in blocks {
        page.push('\n');
        match block {
            PageBlock::Heading(text) => _ = writeln!(page, "## {}", escaped(text)),
            PageBlock::Paragraph(line) => _ = writeln!(page, "{}", markdown_line(line)),
            PageBlock::Items(lines) => lines.iter().for_each(|line| _ = writeln!(page, "- {}", markdown_line(line))),
            PageBlock::Steps(lines) => {
                lines.iter().enumerate().for_each(|(at, line)| _ = writeln!(page, "{}. {}", at + 1, markdown_line(line)));
            }
            PageBlock::Table { heads, rows } => {
                let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
                page.push_str(&row(heads.iter().map(|head| escaped(head)).collect()));
                _ = writeln!(page, "|{}", "---|".repeat(heads.len()));
                rows.iter()
                    .for_each(|cells| page.push_str(&row(cells.iter().map(|cell| markdown_line(cell).replace('|', "\\|")).collect())));
            }
        }
    }
    page
}

fn markdown_line(line: &[PageSpan]) -> String {
    let span = |span: &PageSpan| match span {
        PageSpan::Text(text) | PageSpan::English(text) => escaped(text),
        PageSpan::Code(code) if code.contains('`') => format!("`` {code} ``"),
        PageSpan::Code(code) => format!("`{code}`"),
        PageSpan::Link { text, to } => format!("[{}]({})", escaped(text), to.replace(' ', "%20").replace('(', "%28").replace(')', "%29")),
    };
    line.iter().map(span).collect()
}

/// A text without marks of Markdown.
fn escaped(text: &str) -> String {
    let mut written = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // Inside of a word an underscore is a letter.
        let is_inside = written.ends_with(char::is_alphanumeric) && letters.peek().is_some_and(|next| next.is_alphanumeric());
        if matches!(letter, '*' | '<' | '&' | '[' | ']' | '\\' | '#') || letter == '_' && !is_inside {
            written.push('\\');
        }
        written.push(letter);
    }
    written
}

/// The page for a terminal of this width.
pub(crate) fn as_terminal_text(blocks: &[PageBlock], width: usize, heading: impl Fn(&str) -> String) -> String {
    let mut page = String::new();
    for block in blocks {
        match block {
            PageBlock::Heading(text) => _ = writeln!(page, "\n{}", heading(text)),
            PageBlock::Paragraph(line) => write_wrapped(&plain_line(line), "  ", "  ", width, &mut page),
            PageBlock::Items(lines) => lines.iter().for_each(|line| write_wrapped(&plain_line(line), "  - ", "    ", width, &mut page)),
            PageBlock::Steps(lines) => {
                for (at, line) in lines.iter().enumerate() {
                    write_wrapped(&plain_line(line), &format!("  {}. ", at + 1), "     ", width, &mut page);
                }
            }
            PageBlock::Table { rows, .. } => {
                let rows: Vec<Vec<String>> = rows.iter().map(|cells| cells.iter().map(|cell| plain_line(cell)).collect()).collect();
                let first = rows.iter().filter_map(|cells| cells.first()).map(|cell| cell.chars().count()).max().unwrap_or_default();
                for cells in &rows {
                    let (name, rest) = cells.split_first().map_or(("", String::new()), |(name, rest)| (name.as_str(), rest.join("  ")));
                    write_wrapped(&rest, &format!("  {name:<first$}  "), &" ".repeat(first + 4), width, &mut page);
                }
            }
        }
    }
    page
}

fn plain_line(line: &[PageSpan]) -> String {
    let span = |span: &PageSpan| match span {
        PageSpan::Text(text) | PageSpan::English(text) | PageSpan::Code(text) => printable(text),
        PageSpan::Link { text, to } => format!("{}: {}", printable(text), printable(to)),
    };
    line.iter().map(span).collect()
}

/// Writes words into lines of a width; a word that is longer has a line of its own.
fn write_wrapped(text: &str, first: &str, further: &str, width: usize, page: &mut String) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            page.push_str(line.trim_end());
            page.push('\n');
            further.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    page.push_str(line.trim_end());
    page.push('\n');
}
