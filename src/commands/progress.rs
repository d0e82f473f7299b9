//! One line on stderr that says how far a long command is, rewritten in place. It is shown on a terminal only, and never beside `--json`.

use std::io::{IsTerminal as _, Write as _};

/// How often a line with a count is written at most.
const MOST_UPDATES: usize = 100;

/// The line of a command that takes long.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    is_shown: bool,
    /// Whether a line stands there, which has to be cleared.
    is_written: bool,
}

impl ProgressLine {
    /// A line that is shown if stderr is a terminal, and nothing but a program reads along.
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_shown: !is_json && std::io::stderr().is_terminal(), is_written: false }
    }

    /// Says what is being done.
    pub(crate) fn say(&mut self, what: &str) {
        self.write(what);
    }

    /// Says how many of all are done. Of many counts only some are written.
    pub(crate) fn count(&mut self, what: &str, done: usize, all: usize) {
        if is_due(done, all) {
            self.write(&format!("{what} {} of {all}", done + 1));
        }
    }

    fn write(&mut self, text: &str) {
        if self.is_shown {
            let mut stderr = std::io::stderr();
            let _ = write!(stderr, "\r\x1b[K{text}");
            let _ = stderr.flush();
            self.is_written = true;
        }
    }
}

/// Whether this count is written.
fn is_due(done: usize, all: usize) -> bool {
    done.is_multiple_of(all.div_ceil(MOST_UPDATES).max(1))
}

/// The line is gone before anything else is printed.
impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_written {
            let mut stderr = std::io::stderr();
            let _ = write!(stderr, "\r\x1b[K");
            let _ = stderr.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_counts_only_some_are_written() {
        assert_eq!((0..7).filter(|done| is_due(*done, 7)).count(), 7);
        assert_eq!((0..10_000).filter(|done| is_due(*done, 10_000)).count(), MOST_UPDATES);
    }
}
