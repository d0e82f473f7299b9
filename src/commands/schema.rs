//! `portaria schema`: writes the generated pages.

use crate::commands::outcome::{Failure, Outcome, say};
use crate::reference::pages;
use crate::world::files;
use clap::Args;
use std::path::{Path, PathBuf};

/// Write the schemas.
#[derive(Debug, Args)]
pub struct Schema {
    /// The folder to write into
    #[arg(default_value = "schemas")]
    folder: PathBuf,
    /// Write nothing; the answer is no when a file is stale
    #[arg(long)]
    check: bool,
}

impl Schema {
    /// Runs the command.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let mut stale = Vec::new();
        for (name, text) in pages() {
            let path = self.folder.join(name);
            if is_stale(&path, &text) {
                stale.push(path.display().to_string());
                if !self.check {
                    files::write(&path, &text).map_err(|error| Failure::file(&path, &error))?;
                }
            }
        }
        match (self.check, stale.as_slice()) {
            (_, []) => say("schemas are up to date"),
            (true, stale) => {
                say(&format!("stale: {}; run `cargo run -- schema`", stale.join(", ")));
                return Ok(Outcome::No);
            }
            (false, written) => say(&format!("written: {}", written.join(", "))),
        }
        Ok(Outcome::Fine)
    }
}

fn is_stale(path: &Path, text: &str) -> bool {
    !files::bytes(path, text.len() + 1).is_ok_and(|bytes| bytes == text.as_bytes())
}
