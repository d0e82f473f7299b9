//! The storage and the master key, as they are before a broker starts. Only a storage whose tables are of this version is opened.

use crate::commands::doctor::Finding;
use crate::commands::{backup, master_key, storage};
use crate::directory::StorageLocation;
use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::sealed_keys::{self, FoundKey};
use crate::directory::migrations::latest_schema;
use crate::directory::probe::{ProbeStorage, ReadStorageClock};
use crate::stores::settings::Settings;
use crate::world::{clock, disk_space, files};
use std::path::Path;

/// Below this much free room a disk is nearly full.
const LITTLE_ROOM: u64 = 1 << 30;
/// A clock that differs by more makes tokens invalid.
pub(crate) const MOST_DIFFERENCE: i64 = 30;

/// Looks at both. The answer is the ids of the keys that sign.
pub(crate) async fn examine(settings: &Settings, place: &StorageLocation, findings: &mut Vec<Finding>) -> Vec<Box<str>> {
    if let Some(file) = place.file() {
        examine_disk(file, findings);
        if !files::is_file(file) {
            let help = "the first start of the broker makes it; if it was there before: `portaria restore`";
            findings.push(Finding::warning("storage", format!("{place} does not exist"), help));
            return Vec::new();
        }
    }
    let keys = match sealed_keys::read_with_schema(place).await {
        Ok((schema, keys)) => {
            examine_tables(place, schema, findings).await;
            keys
        }
        Err(BackupFault::NoTables) => {
            findings.push(if let Ok(false) = place.may_create_tables().await {
                let help = "let it: `GRANT CREATE ON SCHEMA public TO portaria`, with the name of the user in the address";
                Finding::wrong("storage", format!("{place} has no tables yet, and this user may not create them"), help)
            } else {
                Finding::warning("storage", format!("{place} has no tables yet"), "the first start of the broker makes them")
            });
            return Vec::new();
        }
        Err(fault) => {
            findings.push(Finding::of_failure("storage", &backup::failure(&place.to_string(), &fault)));
            return Vec::new();
        }
    };
    findings.push(examine_key(settings, place, &keys));
    keys.into_iter().map(|key| key.id.into()).collect()
}

async fn examine_tables(place: &StorageLocation, schema: i64, findings: &mut Vec<Finding>) {
    if schema < latest_schema() {
        let said = format!("{place} has schema {schema}, and this version has {}", latest_schema());
        findings.push(Finding::warning("storage", said, "make a backup; the next start brings the tables up to date"));
        return;
    }
    let directory = match storage::open(place).await {
        Ok(directory) => directory,
        Err(failure) => return findings.push(Finding::of_failure("storage", &failure)),
    };
    if directory.write(ProbeStorage).await.is_err() {
        let help = "check the rights of the file and of its folder, the room on the disk, and whether the server accepts writes";
        return findings.push(Finding::wrong("storage", format!("{place} cannot be written"), help));
    }
    findings.push(Finding::fine("storage", format!("{place} can be written; schema {schema}")));
    if let Ok(Some(theirs)) = directory.read(ReadStorageClock).await {
        findings.push(compare_clocks("the server of the storage", theirs, clock::now()));
    }
}

/// Compares the clock of another machine with ours.
pub(crate) fn compare_clocks(whose: &str, theirs: i64, ours: i64) -> Finding {
    let difference = ours.saturating_sub(theirs);
    if difference.abs() <= MOST_DIFFERENCE {
        return Finding::fine("clock", format!("it agrees with the clock of {whose}"));
    }
    let direction = if difference > 0 { "ahead of" } else { "behind" };
    let said = format!("the clock of this machine is {} seconds {direction} the clock of {whose}", difference.abs());
    Finding::wrong("clock", said, "let the machine keep its clock by NTP: tokens of providers are refused before and after their time")
}

fn examine_disk(file: &Path, findings: &mut Vec<Finding>) {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(free) = disk_space::free_bytes(folder) else { return };
    let mib = free / (1 << 20);
    findings.push(if free < LITTLE_ROOM {
        Finding::warning(
            "disk",
            format!("{} has only {mib} MiB left", folder.display()),
            "make room: a login cannot be stored on a full disk",
        )
    } else {
        Finding::fine("disk", format!("{} has {mib} MiB left", folder.display()))
    });
}

fn examine_key(settings: &Settings, place: &StorageLocation, keys: &[FoundKey]) -> Finding {
    let kept_at = master_key::place(settings, place);
    let described = master_key::describe(&kept_at);
    // A key that is there is not lost.
    if let Err(failure) = master_key::check_readable(settings, place) {
        return Finding::of_failure("master key", &failure);
    }
    match master_key::load_existing(settings, place) {
        Err(failure) if keys.is_empty() => Finding::of_failure("master key", &failure),
        Err(failure) => {
            let Finding { said, .. } = Finding::of_failure("master key", &failure);
            Finding::wrong("master key", said, master_key::REMEDIES)
        }
        Ok(master) if !master_key::opens(&master, keys) => {
            Finding::wrong("master key", format!("the one in {described} opens no signing key of the storage"), master_key::REMEDIES)
        }
        Ok(_) if kept_at.file().is_some_and(|file| files::is_open_to_everyone(&file)) => {
            let help = "`chmod 600` it, and give it to the user of the broker";
            Finding::warning("master key", format!("every user of this machine may read {described}"), help)
        }
        Ok(master) => Finding::fine("master key", format!("it is in {described}; fingerprint {}", master.fingerprint())),
    }
}
