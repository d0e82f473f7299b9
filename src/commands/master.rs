//! The master key, for every command that seals or opens.

use crate::commands::outcome::Failure;
use crate::directory::Storage;
use crate::provider::reference::Reference;
use crate::session::seal::MasterKey;
use crate::settings::Settings;
use crate::world::{dice, files, secrets};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::{Path, PathBuf};

/// The key from which all others come: where the settings say, in the usual variable, or in a file beside the storage, where it
/// is made if need be.
pub fn key(settings: &Settings, storage: &Storage) -> Result<MasterKey, Failure> {
    take(settings, storage, kept_beside, MAKE)
}

/// The same, for a command that works with what a broker has made: a key that is made up now would open none of it.
pub fn existing(settings: &Settings, storage: &Storage) -> Result<MasterKey, Failure> {
    let beside = |file: &Path| {
        let file = beside(file);
        secrets::value(&Reference::File(file.display().to_string().into())).ok_or_else(|| {
            Failure::Environment(
                format!("there is no master key: $PORTARIA_MASTER_KEY is not set, and there is no {}", file.display()),
                THEIRS.everywhere.to_owned(),
            )
        })
    };
    take(settings, storage, beside, THEIRS)
}

/// What to do where a master key is wanted: by the words of the settings, and where the usual variable is looked at.
#[derive(Clone, Copy)]
struct Advice {
    there: &'static str,
    everywhere: &'static str,
}

const MAKE: Advice = Advice {
    there: "make one of 32 random bytes or more: `openssl rand -hex 32`",
    everywhere: "make one, `openssl rand -hex 32`, and set it as $PORTARIA_MASTER_KEY on every machine",
};

/// The brokers have one already, and another would open nothing of theirs.
const THEIRS: Advice =
    Advice { there: "use the one that the brokers have", everywhere: "set $PORTARIA_MASTER_KEY to what the brokers have" };

fn take(
    settings: &Settings,
    storage: &Storage,
    kept: impl Fn(&Path) -> Result<String, Failure>,
    advice: Advice,
) -> Result<MasterKey, Failure> {
    let loopback = settings.ground().loopback;
    let written = settings.spec.as_ref().and_then(|spec| spec.master_key.as_ref()).map(|reference| reference.0.clone());
    let usual = Reference::Variable("PORTARIA_MASTER_KEY".into());
    let text = match written {
        Some(reference) => secrets::value(&reference).ok_or_else(|| {
            Failure::Environment(format!("`masterKey` points at `{}`, and nothing is there", reference.wanted()), advice.there.to_owned())
        })?,
        None => match secrets::value(&usual) {
            Some(text) => text,
            None => match storage {
                Storage::File(file) => kept(file)?,
                // Every machine needs the same, so none of them makes one up.
                Storage::Server(_) => {
                    return Err(Failure::Environment(
                        "there is no master key, and a storage of many machines needs one that all of them have".to_owned(),
                        advice.everywhere.to_owned(),
                    ));
                }
            },
        },
    };
    MasterKey::new(text.trim(), loopback).map_err(|weak| Failure::Environment(weak.to_string(), advice.there.to_owned()))
}

fn beside(storage: &Path) -> PathBuf {
    storage.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).join("master.key")
}

fn kept_beside(storage: &Path) -> Result<String, Failure> {
    let file = beside(storage);
    let folder = file.parent().unwrap_or(Path::new("."));
    files::make_folder(folder).map_err(|error| Failure::file(folder, &error))?;
    let usual = Reference::File(file.display().to_string().into());
    if let Some(text) = secrets::value(&usual) {
        return Ok(text);
    }
    files::keep_secret(&file, &URL_SAFE_NO_PAD.encode(dice::bytes::<32>())).map_err(|error| Failure::file(&file, &error))
}
