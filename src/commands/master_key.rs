//! The master key, for every command that seals or opens.

use crate::commands::outcome::{CommandFailure, count_in_words};
use crate::commands::{backup, storage};
use crate::directory::StorageLocation;
use crate::directory::backup::sealed_keys::{self, FoundKey};
use crate::provider::value_reference::ValueReference;
use crate::session::seal::MasterKey;
use crate::stores::catalogue::io_error_message;
use crate::stores::settings::Settings;
use crate::vocabulary::text::Text;
use crate::web::signing_keys;
use crate::world::secrets::UnreadValue;
use crate::world::{files, random, secrets};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the key where it is masked.
const LABEL: &str = "masterKey";
/// The variable that holds it unless the settings name another place.
const USUAL_VARIABLE: &str = "PORTARIA_MASTER_KEY";

/// The master key: from the place that the settings name, from the usual variable, or from a file beside the storage, which is created if it
/// does not exist. Where something is sealed already no key is created, because a new one could not open it.
pub(crate) fn load_or_create(settings: &Settings, storage: &StorageLocation) -> Result<MasterKey, CommandFailure> {
    if find(settings, storage)?.is_none() {
        check_nothing_sealed(settings, storage)?;
    }
    create(settings, storage)
}

/// The same for a storage whose master key is lost: whatever is sealed in it is given up.
pub(crate) fn create(settings: &Settings, storage: &StorageLocation) -> Result<MasterKey, CommandFailure> {
    let text = match (find(settings, storage)?, written_place(settings), storage) {
        (Some(text), ..) => text,
        (None, None, StorageLocation::File(file)) => create_beside(file)?,
        // All machines need the same key, so no machine creates one.
        (None, ..) => return Err(missing(settings, storage, MAKE_ONE)),
    };
    parse(&text, settings, MAKE_ONE)
}

/// Refuses where there is no key and none can be created, and where what is there cannot be read.
pub(crate) fn check_creatable(settings: &Settings, storage: &StorageLocation) -> Result<(), CommandFailure> {
    match find(settings, storage)? {
        Some(text) => parse(&text, settings, MAKE_ONE).map(drop),
        None if written_place(settings).is_none() && storage.file().is_some() => Ok(()),
        None => Err(missing(settings, storage, MAKE_ONE)),
    }
}

/// Refuses a key that is there and cannot be read.
pub(crate) fn check_readable(settings: &Settings, storage: &StorageLocation) -> Result<(), CommandFailure> {
    find(settings, storage).map(drop)
}

/// The text of the key; `None` where there is none. What is there and cannot be read is a failure: it is not lost.
fn find(settings: &Settings, storage: &StorageLocation) -> Result<Option<Text>, CommandFailure> {
    let place = place(settings, storage);
    match secrets::find_secret(&place, LABEL) {
        Ok(text) => Ok(Some(text)),
        Err(UnreadValue::NotThere) => Ok(None),
        Err(UnreadValue::Empty) => {
            Err(unread(&place, "is empty", "write the key of the brokers into it, from your copy; if there never was one, remove the file"))
        }
        Err(UnreadValue::NotText) => Err(unread(&place, "is no text", "write the key of the brokers into it, from your copy")),
        Err(UnreadValue::NoOrdinaryFile) => Err(unread(
            &place,
            "is no ordinary file",
            "put the file of the key there; a container engine makes a folder of the name where the file that it is to mount does not exist",
        )),
        Err(UnreadValue::Unreadable(error)) => {
            let help = "let the user that runs the broker read it: `chown` it to that user and `chmod 400` it, or run this as that user";
            Err(unread(&place, &format!("cannot be read: {}", io_error_message(&error)), help))
        }
    }
}

/// A key that is there and cannot be read, with the rights of its file.
fn unread(place: &ValueReference, why: &str, help: &str) -> CommandFailure {
    let rights = place.file().map_or_else(String::new, |file| format!("; {}", files::describe_rights(&file)));
    CommandFailure::Environment(format!("the master key in {} {why}{rights}", describe(place)), help.to_owned())
}

/// The master key for a command that opens what a broker has sealed. No key is created, because a new key could not open it.
pub(crate) fn load_existing(settings: &Settings, storage: &StorageLocation) -> Result<MasterKey, CommandFailure> {
    let text = find(settings, storage)?;
    parse(&text.ok_or_else(|| missing(settings, storage, USE_THAT_OF_THE_BROKERS))?, settings, USE_THAT_OF_THE_BROKERS)
}

/// Where the brokers look for the master key: where the settings say, in the usual variable, or beside the file of the storage.
pub(crate) fn place(settings: &Settings, storage: &StorageLocation) -> ValueReference {
    let usual = ValueReference::Variable(USUAL_VARIABLE.into());
    written_place(settings).unwrap_or_else(|| match storage {
        StorageLocation::File(file) if !secrets::is_set(&usual) => ValueReference::File(beside(file).display().to_string().into()),
        StorageLocation::File(_) | StorageLocation::Server(_) => usual,
    })
}

fn written_place(settings: &Settings) -> Option<ValueReference> {
    settings.spec.as_ref().and_then(|spec| spec.master_key.as_ref()).map(|reference| reference.0.clone())
}

/// A place of the master key as a person reads it, and where it comes from if that place is there only while the service runs.
pub(crate) fn describe(place: &ValueReference) -> String {
    let Some(file) = place.file() else { return format!("${}", place.location()) };
    let unit = file.strip_prefix("/run/credentials").ok().and_then(|inside| inside.parent()).filter(|unit| unit.components().count() == 1);
    let source = unit.map_or_else(String::new, |unit| {
        format!(", to which systemd copies what `systemctl cat {}` names at `LoadCredential`", unit.display())
    });
    format!("the file {}{source}", file.display())
}

/// Whether a master key opens the keys that sign.
pub(crate) fn opens(master: &MasterKey, keys: &[FoundKey]) -> bool {
    keys.iter().all(|key| signing_keys::opens_sealed(master, &key.id, &key.sealed))
}

/// The help where a master key is missing: by the settings, and by the usual variable.
#[derive(Clone, Copy)]
struct MasterKeyAdvice {
    by_settings: &'static str,
    by_variable: &'static str,
}

const MAKE_ONE: MasterKeyAdvice = MasterKeyAdvice {
    by_settings: "make one of 32 random bytes or more: `openssl rand -hex 32`",
    by_variable: "make one, `openssl rand -hex 32`, and set it as $PORTARIA_MASTER_KEY on every machine",
};

/// The brokers already have a master key, and another key could not open what they have sealed.
const USE_THAT_OF_THE_BROKERS: MasterKeyAdvice =
    MasterKeyAdvice { by_settings: "use the one that the brokers have", by_variable: "set $PORTARIA_MASTER_KEY to what the brokers have" };

/// Everything that helps when the key is not where it was.
pub(crate) const REMEDIES: &str = "put the file back from your copy of it; or set $PORTARIA_MASTER_KEY, or `masterKey` in the settings, to what the broker had; \
     or restore a backup whose master key you have: `portaria restore`; if the key is lost for good, `portaria keys recover` goes on without \
     it: every person signs in again, and nothing else is lost but the kept tokens of providers";

fn parse(text: &Text, settings: &Settings, advice: MasterKeyAdvice) -> Result<MasterKey, CommandFailure> {
    let loopback = settings.installation_context().loopback;
    MasterKey::from_text(text, loopback).map_err(|weak| CommandFailure::Environment(weak.to_string(), advice.by_settings.to_owned()))
}

/// There is no key.
fn missing(settings: &Settings, storage: &StorageLocation, advice: MasterKeyAdvice) -> CommandFailure {
    let by_variable = advice.by_variable.to_owned();
    match (written_place(settings), storage) {
        (Some(reference), _) => CommandFailure::Environment(
            format!("`masterKey` points at `{}`, and nothing is there", reference.location()),
            advice.by_settings.to_owned(),
        ),
        (None, StorageLocation::File(file)) => {
            let file = beside(file);
            let message = format!("there is no master key: $PORTARIA_MASTER_KEY is not set, and there is no {}", file.display());
            CommandFailure::Environment(message, by_variable)
        }
        (None, StorageLocation::Server(_)) => CommandFailure::Environment(
            "there is no master key, and a storage of many machines needs one that all of them have".to_owned(),
            by_variable,
        ),
    }
}

/// Refuses to go on without the key that has sealed what a storage holds.
fn check_nothing_sealed(settings: &Settings, storage: &StorageLocation) -> Result<(), CommandFailure> {
    if storage.file().is_some_and(|file| !files::is_file(file)) {
        return Ok(());
    }
    let found = storage::run(async { Ok(sealed_keys::read(storage).await) })?;
    match (found, storage) {
        (Ok(keys), _) if keys.is_empty() => Ok(()),
        (Ok(keys), _) => {
            let missing = missing(settings, storage, MAKE_ONE).message();
            let missing = missing.lines().next().unwrap_or_default().trim_start_matches("error: ");
            let what = count_in_words(keys.len() as u64, "signing key", "signing keys");
            let message = format!("{missing}; but the storage holds {what} that a master key has sealed, and a new one could not open");
            Err(CommandFailure::Environment(message, REMEDIES.to_owned()))
        }
        // No key is created for it.
        (Err(_), StorageLocation::Server(_)) => Ok(()),
        (Err(fault), StorageLocation::File(_)) => Err(backup::failure(&storage.to_string(), &fault)),
    }
}

fn beside(storage: &Path) -> PathBuf {
    storage.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).join("master.key")
}

fn create_beside(storage: &Path) -> Result<Text, CommandFailure> {
    let file = beside(storage);
    let folder = file.parent().unwrap_or(Path::new("."));
    files::make_folder(folder).map_err(|error| CommandFailure::folder_not_created(folder, &error))?;
    secrets::write_once(&file, Text::secret(URL_SAFE_NO_PAD.encode(random::bytes::<32>()), &Arc::from(LABEL)))
        .map_err(|error| CommandFailure::write_error(&file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_key_is_one_at_which_an_operator_can_look() {
        for (place, described) in [
            (ValueReference::Variable("PORTARIA_MASTER_KEY".into()), "$PORTARIA_MASTER_KEY"),
            (ValueReference::File("data/master.key".into()), "the file data/master.key"),
            (
                ValueReference::File("/run/credentials/portaria.service/master-key".into()),
                "the file /run/credentials/portaria.service/master-key, to which systemd copies what `systemctl cat portaria.service` names at `LoadCredential`",
            ),
            (ValueReference::File("/run/credentials/key".into()), "the file /run/credentials/key"),
        ] {
            assert_eq!(describe(&place), described);
        }
    }
}
