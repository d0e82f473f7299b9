//! `portaria version`: what this program is.

use crate::commands::GlobalOptions;
use crate::commands::outcome::{CommandOutcome, print_line};
use crate::provider::LANGUAGE_EDITION;
use clap::Args;
use serde_json::json;
use std::sync::LazyLock;

/// The version of the package.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that a release is made from. A build for development has none.
const COMMIT: Option<&str> = option_env!("PORTARIA_COMMIT");

/// The version in one line, for `--version`.
pub(crate) static LINE: LazyLock<String> = LazyLock::new(|| {
    let commit = COMMIT.map_or_else(|| "a build for development".to_owned(), |commit| format!("commit {commit}"));
    format!("{VERSION} ({commit}; language edition {LANGUAGE_EDITION})")
});

/// Show the version.
#[derive(Debug, Args)]
pub(crate) struct VersionCommand {}

impl VersionCommand {
    #[expect(clippy::unused_self, reason = "a command runs")]
    pub(crate) fn run(&self, global: &GlobalOptions) -> CommandOutcome {
        if global.json {
            print_line(&json!({ "version": VERSION, "commit": COMMIT, "languageEdition": LANGUAGE_EDITION }).to_string());
        } else {
            print_line(&format!("portaria {}", *LINE));
        }
        CommandOutcome::Fine
    }
}
