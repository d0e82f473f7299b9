//! `portaria restore`: a backup becomes the storage.

use crate::commands::backup::{failure, summary};
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::commands::{GlobalOptions, confirmation, master_key, storage, storage_use};
use crate::directory::StorageLocation;
use crate::directory::backup::file_source::BackupReader;
use crate::directory::backup::head::BackupHead;
use crate::directory::backup::{BackupSource, BackupTarget, CopiedTables, copy};
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::utc_time::format_time;
use crate::world::{clock, files};
use clap::Args;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Restore a backup into a storage that holds no people.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each flag of the command line is one")]
pub(crate) struct RestoreCommand {
    /// The file that `portaria backup` has written; `-` is the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace everything that the storage holds
    #[arg(long)]
    replace: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
    /// Restore although the master key that sealed the backup is not here, because it is lost
    #[arg(long)]
    key_is_lost: bool,
    /// Restore a backup that was made where the master key was not, if the key that is here opens it
    #[arg(long, conflicts_with = "key_is_lost")]
    key_not_named: bool,
    #[arg(long, help = storage_use::HELP)]
    although_in_use: bool,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
}

impl RestoreCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let place = storage::location(self.storage.as_deref(), &settings)?;
        let file = self.file.display().to_string();
        let mut reader = BackupReader::open(self.open()?).map_err(|fault| failure(&file, &fault))?;
        let head = reader.head.clone();
        if !self.key_is_lost {
            check_key(&head, self.key_not_named, &settings, &place)?;
        }
        let is_tried = self.key_not_named && head.sealed_keys > 0 && head.master_key.is_none();
        if is_tried {
            let master = master_key::load_existing(&settings, &place)?;
            reader.try_keys(Box::new(move |key| master_key::opens(&master, std::slice::from_ref(key))));
        }
        storage::run(storage_use::check_unused(&place, self.although_in_use, storage_use::STOP_HELP))?;
        confirm_replacement(self.replace, self.yes, &place)?;
        storage::make_folder(&place)?;
        storage::run(async {
            let target = BackupTarget::Storage { place: place.clone(), may_replace: self.replace, now: clock::now() };
            let copied = copy(BackupSource::File(Box::new(reader)), target).await;
            let copied = copied.map_err(|fault| failure(if fault.is_about_file() { file } else { place.to_string() }.as_str(), &fault))?;
            self.report(global.json, &place, &head, &copied, is_tried);
            Ok(CommandOutcome::Fine)
        })
    }

    fn open(&self) -> Result<Box<dyn BufRead + Send>, CommandFailure> {
        if self.file == Path::new("-") {
            if self.replace && !self.yes {
                let help = "the standard input is the backup, so nothing can be asked there; say that it is meant: `--yes`";
                return Err(CommandFailure::Usage("`--replace` cannot be undone".to_owned(), help.to_owned()));
            }
            return Ok(Box::new(BufReader::new(std::io::stdin())));
        }
        let file = files::open_to_read(&self.file).map_err(|error| CommandFailure::file_error(&self.file, &error))?;
        Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
    }

    fn report(&self, as_json: bool, place: &StorageLocation, head: &BackupHead, copied: &CopiedTables, is_tried: bool) {
        if as_json {
            let storage = place.to_string();
            let report = json!({ "storage": storage, "schema": copied.schema, "tables": copied.rows, "made": format_time(head.made) });
            return print_json(&report.to_string());
        }
        print_line(&format!("{place}: {}, as they were at {}", summary(copied), format_time(head.made)));
        if is_tried {
            print_line("the master key that is here opens its signing keys");
        }
        print_line("the access of apps is not restored: each of them has to send its people to sign in again");
        if self.key_is_lost && head.sealed_keys > 0 {
            print_line("its signing keys are sealed with a master key that is lost: run `portaria keys recover` before a broker starts");
        } else {
            print_line("what was ended, blocked, removed or erased after that moment is as it was before:");
            print_line("  sessions: `portaria keys replace-all` ends every one");
            print_line("  blocks, erasures and removed identities and passkeys: repeat them by hand");
        }
    }
}

/// Refuses a master key that did not seal the backup, before anything is written.
fn check_key(head: &BackupHead, may_be_unnamed: bool, settings: &Settings, place: &StorageLocation) -> Result<(), CommandFailure> {
    if head.sealed_keys == 0 {
        return Ok(());
    }
    let remedies = "give the master key that the broker had when the backup was made: `masterKey` in the settings goes before \
                    $PORTARIA_MASTER_KEY, and that before master.key beside the storage; if it is lost: `--key-is-lost`";
    let refuse = |why: String| CommandFailure::Environment(why, remedies.to_owned());
    master_key::check_readable(settings, place)?;
    let wanted = head.master_key.as_deref().map(printable);
    let master = master_key::load_existing(settings, place).map_err(|failure| {
        let fingerprint = wanted.clone().map_or_else(String::new, |fingerprint| format!(" with the fingerprint {fingerprint}"));
        let missing = failure.message();
        let missing = missing.lines().next().unwrap_or_default().trim_start_matches("error: ");
        refuse(format!("the backup is sealed by a master key{fingerprint}, and here {missing}"))
    })?;
    match wanted {
        Some(fingerprint) if fingerprint == master.fingerprint() => Ok(()),
        Some(fingerprint) => Err(refuse(format!(
            "this is not the master key that sealed the backup: its fingerprint is {}, and that of the backup {fingerprint}",
            master.fingerprint()
        ))),
        None if may_be_unnamed => Ok(()),
        None => {
            let why = "the backup does not say which master key sealed it, because that key was not there when it was made";
            let help = "if the key that is here is the one that the broker had, restore with `--key-not-named`, which changes nothing unless \
                        it opens the backup; if that key is lost: `--key-is-lost`";
            Err(CommandFailure::Environment(why.to_owned(), help.to_owned()))
        }
    }
}

/// Asks before a storage is replaced.
pub(crate) fn confirm_replacement(replace: bool, yes: bool, place: &StorageLocation) -> Result<(), CommandFailure> {
    if !replace {
        return Ok(());
    }
    confirmation::check_can_ask(yes)?;
    let warning = format!("This replaces everything in {place}. Stop every broker first, and make a backup of it.");
    confirmation::confirm(yes, &warning, "word `replace`", "replace")
}
