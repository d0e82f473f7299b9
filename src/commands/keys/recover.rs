//! `portaria keys recover`: the storage goes on without the master key that is lost.

use crate::commands::outcome::{CommandFailure, print_json, print_line};
use crate::commands::{backup, confirmation, master_key, storage, storage_use};
use crate::directory::StorageLocation;
use crate::directory::backup::sealed_keys;
use crate::directory::keys::ListSigningKeys;
use crate::directory::recovery::{GivenUp, recover};
use crate::stores::settings::Settings;
use crate::vocabulary::utc_time::format_time;
use crate::web::signing_keys;
use crate::world::clock;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// How a recovery is made.
#[derive(Debug, Args)]
pub(crate) struct RecoverArguments {
    /// Do not ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
    /// The file into which the storage is backed up before [default, beside a storage that is a file: portaria-before-recovery-TIME.backup]
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,
    #[arg(long, help = storage_use::HELP)]
    although_in_use: bool,
}

impl RecoverArguments {
    pub(crate) async fn run(&self, settings: &Settings, place: &StorageLocation, as_json: bool) -> Result<(), CommandFailure> {
        let found = sealed_keys::read(place).await.map_err(|fault| backup::failure(&place.to_string(), &fault))?;
        if found.is_empty() {
            return Err(CommandFailure::No("nothing in the storage is sealed, so nothing is lost: start the broker".to_owned()));
        }
        if let Ok(master) = master_key::load_existing(settings, place)
            && master_key::opens(&master, &found)
        {
            let kept_at = master_key::describe(&master_key::place(settings, place));
            let help = "`portaria keys replace-all` replaces the signing keys after a leak";
            return Err(CommandFailure::No(format!(
                "nothing is lost: the master key in {kept_at} opens the signing keys of the storage\n  help: {help}"
            )));
        }
        master_key::check_creatable(settings, place)?;
        let file = self.backup_file(place)?;
        storage_use::check_unused(place, self.although_in_use, IN_USE_HELP).await?;
        // Before anything is asked: whether the file can be written.
        drop(backup::begin_file(&file, false)?);
        let searched = master_key::describe(&master_key::place(settings, place));
        let warning = format!(
            "No master key that opens the storage was found in {searched}. A key that only the service of the broker is given, such as a variable of \
             its unit, is not seen from here: then end this, and give the broker's own key. Going on means that the key is lost for good: every person has \
             to sign in again, apps have to ask for access again, and the kept tokens of providers are removed. People, linked identities, passkeys, \
             consents, blocks and the audit stay. If a copy of the key may exist, look for it first. {STOP_EVERY_BROKER}"
        );
        confirmation::confirm(self.yes, &warning, "word `recover`", "recover")?;
        let now = clock::now();
        backup::write(settings, place, backup::begin_file(&file, false)?, &file).await?;
        let master = master_key::create(settings, place)?;
        // No broker could be started before, so tables of an earlier version are brought up to date here; the backup has them as they were.
        let directory = storage::open(place).await?;
        let keys = directory.read(ListSigningKeys).await.map_err(|_| storage::unavailable(place))?;
        let mut replaced: Vec<_> = keys.into_iter().map(|key| (key.store, key.status.algorithm)).collect();
        replaced.dedup();
        let fresh = |(store, algorithm)| (store, algorithm, signing_keys::new_sealed_key(&master, algorithm));
        let fresh = replaced.into_iter().map(fresh).collect();
        let given_up = recover(&directory, fresh, now).await.map_err(|_| storage::unavailable(place))?;
        report(as_json, &given_up, &file.display().to_string(), &master_key::describe(&master_key::place(settings, place)));
        Ok(())
    }

    /// The file of the backup: the one that is named, or one beside the file of the storage, where the user of the broker may write.
    fn backup_file(&self, place: &StorageLocation) -> Result<PathBuf, CommandFailure> {
        let time = format_time(clock::now()).replace([':', 'Z'], "");
        let named = self.backup.clone();
        let beside = || place.file().map(|file| file.with_file_name(format!("portaria-before-recovery-{time}.backup")));
        named.or_else(beside).ok_or_else(|| {
            let help = "name a file in a folder in which this user may write: `--backup /var/backups/before-recovery.backup`";
            CommandFailure::Usage(
                "the storage is backed up before, and it is a server, so the file has to be named".to_owned(),
                help.to_owned(),
            )
        })
    }
}

/// What to do while another process uses the storage.
const IN_USE_HELP: &str = "a broker that runs was given the key: look where its service takes it from, and copy it; if that does not help, stop every \
     broker. If what uses the storage is no broker: `--although-in-use`";
/// What this command cannot see: brokers on other machines.
const STOP_EVERY_BROKER: &str =
    "Stop every broker, also those on other machines: one that runs on would go on with the lost key, and its sessions end.";

fn report(as_json: bool, given_up: &GivenUp, backup: &str, kept_at: &str) {
    let GivenUp { sessions, grants, kept_tokens, proofs } = *given_up;
    if as_json {
        let report = json!({
            "recovered": true, "backup": backup, "masterKey": kept_at, "sessions": sessions, "grants": grants, "keptTokens": kept_tokens,
            "proofs": proofs,
        });
        return print_json(&report.to_string());
    }
    print_line(&format!("the storage goes on with the master key in {kept_at}: keep a copy of it apart from the backups"));
    print_line(&format!(
        "given up: sessions: {sessions}, access of apps: {grants}, kept tokens of providers: {kept_tokens}, proofs of addresses under way: {proofs}"
    ));
    print_line(&format!("the storage as it was is in {backup}: if the lost key is found, restore it, or remove the file"));
}
