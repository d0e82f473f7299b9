//! The outcome of a command: what it prints, and its exit code.

use crate::stores::catalogue::io_error_message;
use crate::vocabulary::diagnostic::is_invisible;
use crate::world::{files, secrets};
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _};
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

    /// A file that could not be written.
    pub(crate) fn write_error(path: &Path, error: &std::io::Error) -> Self {
        let reason = match error.kind() {
            ErrorKind::NotFound => "there is no such folder".to_owned(),
            ErrorKind::PermissionDenied => format!("this user may not write there; {}", files::describe_rights(path)),
            ErrorKind::ReadOnlyFilesystem => "the file system may only be read".to_owned(),
            ErrorKind::StorageFull => "the disk is full".to_owned(),
            _ => io_error_message(error),
        };
        let help = "name a file in a folder in which this user may write".to_owned();
        Self::Environment(format!("{}: it cannot be written: {reason}", path.display()), help)
    }

    /// A folder that is not there and could not be made.
    pub(crate) fn folder_not_created(folder: &Path, error: &std::io::Error) -> Self {
        let reason = if files::is_file(folder) { "there is a file of this name".to_owned() } else { io_error_message(error) };
        let message = format!("the folder {} cannot be created: {reason}", folder.display());
        Self::Environment(message, "create it by hand, or name another place".to_owned())
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

/// The colours of the terminal: none in a pipe, and none with `NO_COLOR`.
#[derive(Clone, Copy)]
pub(crate) struct Colours(bool);

impl Colours {
    pub(crate) fn of_terminal() -> Self {
        Self(uses_colour())
    }

    pub(crate) fn heading(self, text: &str) -> String {
        self.marked("1", text)
    }

    pub(crate) fn word(self, text: &str) -> String {
        self.marked("36", text)
    }

    pub(crate) fn origin(self, text: &str) -> String {
        self.marked("2", text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.marked("32", text)
    }

    pub(crate) fn problem(self, text: &str) -> String {
        self.marked("31", text)
    }

    fn marked(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
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
