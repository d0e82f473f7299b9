//! `portaria man FOLDER`: the man pages.

use crate::commands::CommandLine;
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line};
use crate::world::files;
use clap::{Args, CommandFactory as _};
use std::path::PathBuf;

/// Write man pages.
#[derive(Debug, Args)]
pub(crate) struct ManCommand {
    /// The folder; it is created if it is not there
    folder: PathBuf,
}

impl ManCommand {
    pub(crate) fn run(&self) -> Result<CommandOutcome, CommandFailure> {
        files::make_folder(&self.folder).map_err(|error| CommandFailure::folder_not_created(&self.folder, &error))?;
        clap_mangen::generate_to(CommandLine::command(), &self.folder).map_err(|error| CommandFailure::file_error(&self.folder, &error))?;
        print_line(&format!("the man pages are in {}; read one: `man {}/portaria.1`", self.folder.display(), self.folder.display()));
        Ok(CommandOutcome::Fine)
    }
}
