//! `portaria backup`: everything that the storage holds, in one file.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::commands::{GlobalOptions, master_key, storage, version};
use crate::directory::StorageLocation;
use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::file_target::BackupWriter;
use crate::directory::backup::head::BackupHead;
use crate::directory::backup::{BackupSource, BackupTarget, CopiedTables, copy, sealed_keys};
use crate::stores::Stores;
use crate::stores::settings::Settings;
use crate::world::clock;
use crate::world::signals::{ProcessSignal, ProcessSignals};
use crate::world::whole_file::{FileAbandonment, WholeFile};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Write everything that the storage holds into one file.
#[derive(Debug, Args)]
pub(crate) struct BackupCommand {
    /// The file, which must not exist yet; `-` is the standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    overwrite: bool,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
}

impl BackupCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let place = storage::location(self.storage.as_deref(), &settings)?;
        storage::check_exists(&place)?;
        storage::run(async {
            let (head, copied) = write(&settings, &place, self.writer()?, &self.file).await?;
            self.report(global.json, &settings, &place, &head, &copied);
            Ok(CommandOutcome::Fine)
        })
    }

    fn is_output(&self) -> bool {
        self.file == Path::new("-")
    }

    fn writer(&self) -> Result<BackupWriter, CommandFailure> {
        if self.is_output() {
            return Ok(BackupWriter::Output);
        }
        begin_file(&self.file, self.overwrite)
    }

    fn report(&self, as_json: bool, settings: &Settings, place: &StorageLocation, head: &BackupHead, copied: &CopiedTables) {
        let key_place = master_key::describe(&master_key::place(settings, place));
        if as_json {
            let report = json!({
                "file": self.file.display().to_string(), "schema": copied.schema, "tables": copied.rows,
                "masterKey": { "keptAt": key_place, "fingerprint": head.master_key },
            });
            // The standard output may be the backup itself.
            if self.is_output() {
                eprintln!("{report}");
            } else {
                print_json(&report.to_string());
            }
            return;
        }
        let mut lines = vec![format!("{}: {}", self.file.display(), summary(copied))];
        if head.sealed_keys > 0 {
            lines.push("the master key is not in it, and without that key every person has to sign in again after a restore".to_owned());
            lines.push(match &head.master_key {
                Some(fingerprint) => format!("keep a copy of the key apart from the backup: {key_place} (fingerprint: {fingerprint})"),
                None => format!("keep a copy of the broker's key apart from the backup; it is not where this command looked: {key_place}"),
            });
        }
        lines.push("settings and provider files are not in it: keep them as the files that they are".to_owned());
        lines.iter().for_each(|line| if self.is_output() { eprintln!("{line}") } else { print_line(line) });
    }
}

/// Begins the file of a backup.
pub(crate) fn begin_file(path: &Path, may_replace: bool) -> Result<BackupWriter, CommandFailure> {
    WholeFile::begin(path, may_replace).map(BackupWriter::File).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            let help = "name another file, or replace this one: `--overwrite`";
            return CommandFailure::Environment(format!("{}: there is a file of this name", path.display()), help.to_owned());
        }
        CommandFailure::write_error(path, &error)
    })
}

/// Writes a backup of a storage.
pub(crate) async fn write(
    settings: &Settings,
    place: &StorageLocation,
    writer: BackupWriter,
    file: &Path,
) -> Result<(BackupHead, CopiedTables), CommandFailure> {
    let keys = sealed_keys::read(place).await.map_err(|fault| failure(&place.to_string(), &fault))?;
    let master = master_key::load_existing(settings, place).ok().filter(|master| master_key::opens(master, &keys));
    if master.is_none() && !keys.is_empty() {
        eprintln!("warning: the master key that opens the signing keys is not here, so the backup does not say which one it is");
    }
    let head = BackupHead {
        program: version::VERSION.to_owned(),
        made: clock::now(),
        engine: if place.file().is_some() { "sqlite" } else { "postgres" }.to_owned(),
        stores: Stores::new(settings).all().iter().map(|store| store.name.to_string()).collect(),
        sealed_keys: keys.len() as u64,
        master_key: master.map(|master| master.fingerprint()),
        schema: 0,
    };
    let abandonment = writer.abandonment();
    let target = BackupTarget::File(writer, Box::new(head.clone()));
    let copying = copy(BackupSource::Storage(place.clone()), target);
    let copied = tokio::select! {
        copied = copying => copied,
        () = asked_to_end(abandonment.is_some()) => {
            // The file is removed before the process ends, which waits for its threads.
            abandonment.iter().for_each(FileAbandonment::abandon);
            let help = "nothing was kept of it; make the backup again".to_owned();
            return Err(CommandFailure::Environment("the backup was interrupted".to_owned(), help));
        }
    };
    let copied = copied.map_err(|fault| match fault {
        BackupFault::File(error) => CommandFailure::write_error(file, &error),
        other => failure(&place.to_string(), &other),
    })?;
    Ok((head, copied))
}

/// Waits for a signal: a closed terminal ends a backup as well. Where there is no file to remove, a signal ends the process at once.
async fn asked_to_end(is_file: bool) {
    let signals = if is_file { ProcessSignals::new(None).ok() } else { None };
    let Some(mut signals) = signals else { return std::future::pending().await };
    let _: ProcessSignal = signals.next().await;
}

/// A fault as a failure of the command; `what` is the file or the storage that it is about.
pub(crate) fn failure(what: &str, fault: &BackupFault) -> CommandFailure {
    if let BackupFault::File(error) = fault {
        return CommandFailure::file_error(Path::new(what), error);
    }
    CommandFailure::Environment(format!("{what}: {fault}"), fault.help().to_owned())
}

/// How much was copied, in words.
pub(crate) fn summary(copied: &CopiedTables) -> String {
    let rows: u64 = copied.rows.values().sum();
    let count = |name| copied.count(name);
    format!(
        "{rows} rows in {} tables; people: {}, linked identities: {}, sessions: {}",
        copied.rows.len(),
        count("users"),
        count("identities"),
        count("sessions")
    )
}
