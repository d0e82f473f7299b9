//! `portaria storage move`: everything from one storage into another, between the engines as well.

use crate::commands::backup::{failure, summary};
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::commands::restore::confirm_replacement;
use crate::commands::{GlobalOptions, master_key, storage, storage_use};
use crate::directory::StorageLocation;
use crate::directory::backup::{BackupSource, BackupTarget, copy};
use crate::stores::settings::Settings;
use crate::world::clock;
use clap::{Args, Subcommand};
use serde_json::json;

/// Move the storage.
#[derive(Debug, Args)]
pub(crate) struct StorageCommand {
    #[command(subcommand)]
    what: StorageSubcommand,
}

#[derive(Debug, Subcommand)]
enum StorageSubcommand {
    /// Copy everything into another storage, which may be of the other engine; the old one stays as it is
    #[command(
        after_help = "Example: portaria storage move --from sqlite:data/portaria.db --to postgres://portaria@db.loja.example/portaria

Stop every broker first: what is written into the old storage after the copy is not in the new one."
    )]
    Move(MoveStorageArguments),
}

#[derive(Debug, Args)]
struct MoveStorageArguments {
    /// The storage that is copied [default: that of the settings, or sqlite:data/portaria.db]
    #[arg(long, value_name = "STORAGE", env = "PORTARIA_STORAGE", hide_env_values = true)]
    from: Option<String>,
    /// The storage into which it is copied; it must hold no people
    #[arg(long, value_name = "STORAGE")]
    to: String,
    /// Replace everything that the new storage holds
    #[arg(long)]
    replace: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
    #[arg(long, help = storage_use::HELP)]
    although_in_use: bool,
}

impl StorageCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        match &self.what {
            StorageSubcommand::Move(arguments) => arguments.run(&settings, global.json),
        }
    }
}

impl MoveStorageArguments {
    fn run(&self, settings: &Settings, as_json: bool) -> Result<CommandOutcome, CommandFailure> {
        let from = storage::location(self.from.as_deref(), settings)?;
        let to = storage::location(Some(&self.to), settings)?;
        if from == to {
            let help = "name another storage: `--to postgres://portaria@db.loja.example/portaria`";
            return Err(CommandFailure::Usage("both are the same storage".to_owned(), help.to_owned()));
        }
        storage::check_exists(&from)?;
        storage::run(async {
            storage_use::check_unused(&from, self.although_in_use, storage_use::STOP_HELP).await?;
            storage_use::check_unused(&to, self.although_in_use, storage_use::STOP_HELP).await
        })?;
        confirm_replacement(self.replace, self.yes, &to)?;
        storage::make_folder(&to)?;
        storage::run(async {
            let target = BackupTarget::Storage { place: to.clone(), may_replace: self.replace, now: clock::now() };
            let copied = copy(BackupSource::Storage(from.clone()), target).await;
            let copied = copied.map_err(|fault| {
                let what = if fault.is_about_target() { to.to_string() } else { format!("from {from} to {to}") };
                failure(&what, &fault)
            })?;
            if as_json {
                let report = json!({ "from": from.to_string(), "to": to.to_string(), "schema": copied.schema, "tables": copied.rows });
                print_json(&report.to_string());
            } else {
                print_line(&format!("{to}: {}", summary(&copied)));
                advise(settings, &from, &to);
            }
            Ok(CommandOutcome::Fine)
        })
    }
}

/// What is left to do.
fn advise(settings: &Settings, from: &StorageLocation, to: &StorageLocation) {
    let [before, after] = [from, to].map(|place| master_key::place(settings, place));
    if before != after {
        let (before, after) = (master_key::describe(&before), master_key::describe(&after));
        print_line(&format!(
            "the master key stays the same, and has to be where the brokers look for it: it is in {before}, and with the new storage they read {after}"
        ));
    }
    let written = if to.file().is_some() { format!("sqlite:{to}") } else { "its address".to_owned() };
    print_line(&format!("write {written} as `storage` into the settings, and start the brokers; {from} was not changed"));
}
