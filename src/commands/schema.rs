//! `portaria schema`: writes the generated schemas and the reference.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line};
use crate::workbench::reference::generated_files;
use crate::world::files;
use clap::Args;
use std::path::{Path, PathBuf};

/// Write the schemas.
#[derive(Debug, Args)]
pub(crate) struct SchemaCommand {
    /// The folder to write into
    #[arg(default_value = "schemas")]
    folder: PathBuf,
    /// Write nothing; exit with 1 if a file is out of date
    #[arg(long)]
    check: bool,
}

impl SchemaCommand {
    pub(crate) fn run(&self) -> Result<CommandOutcome, CommandFailure> {
        let mut stale = Vec::new();
        for (name, text) in generated_files() {
            let path = self.folder.join(name);
            if is_stale(&path, &text) {
                stale.push(path.display().to_string());
                if !self.check {
                    files::write(&path, &text).map_err(|error| CommandFailure::file_error(&path, &error))?;
                }
            }
        }
        match (self.check, stale.as_slice()) {
            (_, []) => print_line("schemas are up to date"),
            (true, stale) => {
                print_line(&format!("out of date: {}; run `cargo run -- schema`", stale.join(", ")));
                return Ok(CommandOutcome::No);
            }
            (false, written) => print_line(&format!("written: {}", written.join(", "))),
        }
        Ok(CommandOutcome::Fine)
    }
}

fn is_stale(path: &Path, text: &str) -> bool {
    !files::read_bytes(path, text.len() + 1).is_ok_and(|bytes| bytes == text.as_bytes())
}
