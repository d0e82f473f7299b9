//! The outcome of a command: what it prints, and its exit code.

use crate::stores::catalogue::io_error_message;
use crate::vocabulary::diagnostic::is_invisible;
use crate::world::secrets;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;

/// The outcome of a command that did its work.
#[derive(Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// The answer is yes, or there was nothing to decide.
    Fine,
    /// The answer is no, and has been printed.
    No,
}

/// Why a command could not do its work, or what is wrong.
#[derive(Debug)]
pub enum CommandFailure {
    /// The answer is no, for this reason.
    No(String),
    /// Wrong usage: the message and the help.
    Usage(String, String),
    /// The environment failed: the message and the help.
    Environment(String, String),
}

impl CommandFailure {
    /// A file that could not be read or written.
    pub(crate) fn file_error(path: &Path, error: &std::io::Error) -> Self {
        Self::Environment(format!("{}: {}", path.display(), io_error_message(error)), "check the path and its permissions".to_owned())
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::No(_) => 1,
            Self::Usage(..) => 2,
            Self::Environment(..) => 3,
        }
    }

    /// The text for stderr.
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

pub(crate) fn count_in_words(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// The first `most` values, and whether there are more.
pub(crate) fn limit_to<T>(mut found: Vec<T>, most: i64) -> (Vec<T>, bool) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    (found, more)
}

/// Prints JSON with control characters escaped, so that a terminal does not obey them.
pub(crate) fn print_json(json: &str) {
    let mut safe = String::new();
    for letter in json.chars() {
        // A line break is never part of a JSON text.
        if letter != '\n' && is_invisible(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(letter);
        }
    }
    print_line(&safe);
}

/// Prints a line. A closed pipe is no error.
pub(crate) fn print_line(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{text}");
}
