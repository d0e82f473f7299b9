//! `portaria providers promote`: the next version of a provider file takes the place of the present one.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line, uses_colour};
use crate::commands::providers::versions::{VersionPair, reasons_against};
use crate::provider::InstallationContext;
use crate::rollout::counts::NextVersionCounts;
use crate::stores::catalogue::compile_allowed;
use crate::stores::next_version::{previous_path, without_rollout};
use crate::stores::read_policy::ReadPolicy;
use crate::vocabulary::place::Source;
use crate::world::files;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(crate) struct PromoteArguments {
    /// The name of the provider file
    pub(crate) name: String,
    /// Promote it although something speaks against it
    #[arg(long)]
    even_so: bool,
}

impl PromoteArguments {
    /// Replaces the present version, unless something speaks against the next one.
    pub(crate) fn run(
        &self,
        pair: &VersionPair,
        counts: &NextVersionCounts,
        (context, policy): &(InstallationContext, ReadPolicy),
        json: bool,
    ) -> Result<CommandOutcome, CommandFailure> {
        pair.next_provider()?;
        let text = without_rollout(&pair.next.report.source.text);
        let source = Source::new(pair.path.display().to_string(), text);
        let (compiled, report) = compile_allowed(&source, *context, &policy.with_files_of_others());
        if compiled.is_none() {
            return Err(CommandFailure::No(report.draw(uses_colour())));
        }
        let against = reasons_against(pair, counts);
        if !against.is_empty() && !self.even_so {
            let reasons = against.join("; ");
            return Err(CommandFailure::No(format!(
                "error: the next version of `{}` is not promoted: {reasons}\n  help: `portaria providers compare {}` shows it; `--even-so` promotes it",
                self.name, self.name
            )));
        }
        let (path, previous) = (&pair.path, previous_path(&pair.path));
        let failed = |path: &std::path::Path| {
            let path = path.to_owned();
            move |error: std::io::Error| CommandFailure::file_error(&path, &error)
        };
        files::replace(&previous, &pair.present.report.source.text).map_err(failed(&previous))?;
        files::replace(path, &source.text).map_err(failed(path))?;
        files::remove(&pair.next_path).map_err(failed(&pair.next_path))?;
        if json {
            let answer = json!({
                "promoted": path.display().to_string(),
                "previous": previous.display().to_string(),
                "against": against,
            });
            print_json(&answer.to_string());
        } else {
            against.iter().for_each(|reason| print_line(&format!("although {reason}")));
            print_line(&format!("{} was kept as {}", path.display(), previous.display()));
            print_line(&format!("{} is now {}", pair.next_path.display(), path.display()));
            print_line(&format!("to go back: mv {} {}", previous.display(), path.display()));
        }
        Ok(CommandOutcome::Fine)
    }
}
