//! How a command ends: what it prints, and its exit code.

use crate::world::secrets;
use chrono::{DateTime, SecondsFormat};
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;

/// A command that did its work.
#[derive(Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// All is well.
    Fine,
    /// The answer is no; it has been said.
    No,
}

/// A command that could not do its work, or whose answer is a text about what is wrong.
#[derive(Debug)]
pub enum CommandFailure {
    /// The answer is no, and this is why.
    No(String),
    /// It was called wrongly: what is so, and what to do.
    Usage(String, String),
    /// The machine did not play along: what is so, and what to do.
    Environment(String, String),
}

impl CommandFailure {
    /// A file could not be read.
    pub(crate) fn file_error(path: &Path, error: &std::io::Error) -> Self {
        Self::Environment(
            format!("{}: {}", path.display(), crate::stores::catalogue::io_error_message(error)),
            "check the path and its rights".to_owned(),
        )
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::No(_) => 1,
            Self::Usage(..) => 2,
            Self::Environment(..) => 3,
        }
    }

    /// What is printed.
    pub fn message(&self) -> String {
        match self {
            Self::No(text) => text.trim_end().to_owned(),
            Self::Usage(message, help) | Self::Environment(message, help) => format!("error: {message}\n  help: {help}"),
        }
    }
}

/// Whether colours are shown: on a terminal, unless `NO_COLOR` is set.
pub(crate) fn uses_colour() -> bool {
    std::io::stdout().is_terminal() && secrets::read_variable("NO_COLOR").is_none()
}

/// A moment as it is printed, in UTC.
pub(crate) fn format_time(at: i64) -> String {
    DateTime::from_timestamp(at, 0).map_or_else(|| at.to_string(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// How many there are, in words.
pub(crate) fn count_in_words(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// As many as wanted, and whether there are more; one more than that was asked for.
pub(crate) fn limit_to<T>(mut found: Vec<T>, most: i64) -> (Vec<T>, bool) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    (found, more)
}

/// Prints JSON; what a terminal would obey is written as JSON can write it.
pub(crate) fn print_json(json: &str) {
    let mut safe = String::new();
    for letter in json.chars() {
        // A line end is never within a text.
        if letter != '\n' && crate::vocabulary::diagnostic::is_invisible(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(letter);
        }
    }
    print_line(&safe);
}

/// Prints; that nobody reads any more is no error.
pub(crate) fn print_line(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{text}");
}
