//! Asks for confirmation before something that cannot be undone.

use crate::commands::outcome::CommandFailure;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Without a terminal the confirmation has to be given by a flag.
pub(crate) fn check_can_ask(yes: bool) -> Result<(), CommandFailure> {
    if yes || std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(CommandFailure::Usage(
        "this cannot be undone, and there is no terminal on which to ask".to_owned(),
        "say that it is meant: `--yes`".to_owned(),
    ))
}

/// Asks for a word to be typed again, unless it has been said that it is meant.
pub(crate) fn confirm(yes: bool, warning: &str, name: &str, word: &str) -> Result<(), CommandFailure> {
    if yes {
        return Ok(());
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{warning}\nType the {name} again to go on: ");
    let _ = stderr.flush();
    let mut typed = String::new();
    let heard = std::io::stdin().lock().read_line(&mut typed);
    if heard.is_ok() && typed.trim() == word {
        return Ok(());
    }
    Err(CommandFailure::No(format!("nothing was done: that is not the {name}")))
}
