//! The master key, for every command that seals or opens.

use crate::commands::outcome::CommandFailure;
use crate::directory::StorageLocation;
use crate::provider::value_reference::ValueReference;
use crate::session::seal::MasterKey;
use crate::stores::settings::Settings;
use crate::vocabulary::text::Text;
use crate::world::{files, random, secrets};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the key where it is masked.
const LABEL: &str = "masterKey";

/// The master key: from the place that the settings name, from the usual variable, or from a file beside the storage, which is
/// created if it does not exist.
pub(crate) fn load_or_create(settings: &Settings, storage: &StorageLocation) -> Result<MasterKey, CommandFailure> {
    load(settings, storage, read_or_create_beside, MAKE_ONE)
}

/// The master key for a command that opens what a broker has sealed. No key is created, because a new key could not open it.
pub(crate) fn load_existing(settings: &Settings, storage: &StorageLocation) -> Result<MasterKey, CommandFailure> {
    let beside = |file: &Path| {
        let file = beside(file);
        secrets::read_secret(&ValueReference::File(file.display().to_string().into()), LABEL).ok_or_else(|| {
            CommandFailure::Environment(
                format!("there is no master key: $PORTARIA_MASTER_KEY is not set, and there is no {}", file.display()),
                USE_THAT_OF_THE_BROKERS.by_variable.to_owned(),
            )
        })
    };
    load(settings, storage, beside, USE_THAT_OF_THE_BROKERS)
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

fn load(
    settings: &Settings,
    storage: &StorageLocation,
    read_from_file: impl Fn(&Path) -> Result<Text, CommandFailure>,
    advice: MasterKeyAdvice,
) -> Result<MasterKey, CommandFailure> {
    let loopback = settings.installation_context().loopback;
    let written = settings.spec.as_ref().and_then(|spec| spec.master_key.as_ref()).map(|reference| reference.0.clone());
    let usual = ValueReference::Variable("PORTARIA_MASTER_KEY".into());
    let text = match written {
        Some(reference) => secrets::read_secret(&reference, LABEL).ok_or_else(|| {
            CommandFailure::Environment(
                format!("`masterKey` points at `{}`, and nothing is there", reference.location()),
                advice.by_settings.to_owned(),
            )
        })?,
        None => match secrets::read_secret(&usual, LABEL) {
            Some(text) => text,
            None => match storage {
                StorageLocation::File(file) => read_from_file(file)?,
                // All machines need the same key, so no machine creates one.
                StorageLocation::Server(_) => {
                    return Err(CommandFailure::Environment(
                        "there is no master key, and a storage of many machines needs one that all of them have".to_owned(),
                        advice.by_variable.to_owned(),
                    ));
                }
            },
        },
    };
    MasterKey::from_text(&text, loopback).map_err(|weak| CommandFailure::Environment(weak.to_string(), advice.by_settings.to_owned()))
}

fn beside(storage: &Path) -> PathBuf {
    storage.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).join("master.key")
}

fn read_or_create_beside(storage: &Path) -> Result<Text, CommandFailure> {
    let file = beside(storage);
    let folder = file.parent().unwrap_or(Path::new("."));
    files::make_folder(folder).map_err(|error| CommandFailure::folder_not_created(folder, &error))?;
    let usual = ValueReference::File(file.display().to_string().into());
    if let Some(text) = secrets::read_secret(&usual, LABEL) {
        return Ok(text);
    }
    secrets::write_once(&file, Text::secret(URL_SAFE_NO_PAD.encode(random::bytes::<32>()), &Arc::from(LABEL)))
        .map_err(|error| CommandFailure::file_error(&file, &error))
}
