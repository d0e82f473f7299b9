//! `portaria completions SHELL`: the script that completes commands and options.

use crate::commands::CommandLine;
use crate::commands::outcome::CommandOutcome;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use std::io;
use std::io::Write as _;

/// Print a completion script.
#[derive(Debug, Args)]
pub(crate) struct CompletionsCommand {
    /// The shell
    shell: Shell,
}

impl CompletionsCommand {
    pub(crate) fn run(&self) -> CommandOutcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut CommandLine::command(), "portaria", &mut script);
        // A closed pipe is no error.
        let _ = io::stdout().write_all(&script);
        CommandOutcome::Fine
    }
}
