//! The values of this installation, read from environment variables and files. A value that the provider file calls secret is a
//! secret text from then on.

use crate::login::attempt::InstallationValues;
use crate::provider::Provider;
use crate::provider::value_reference::ValueReference;
use crate::vocabulary::text::Text;
use crate::world::files;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file that holds a secret.
const LARGEST: usize = 64 * 1024;

/// Why there is no value.
#[derive(Debug)]
pub(crate) enum UnreadValue {
    /// The variable is not set or empty, or there is no such file.
    NotThere,
    /// The file is there, and nothing is in it.
    Empty,
    /// It is there, and is no text.
    NotText,
    /// What is there is no file: a folder, a device, or a link that leads nowhere.
    NoOrdinaryFile,
    /// The file is there, or may be, and cannot be read.
    Unreadable(io::Error),
}

impl UnreadValue {
    fn of_file(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound if files::is_there(path) => Self::NoOrdinaryFile,
            // Nothing is below what is no folder.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotThere,
            io::ErrorKind::InvalidInput => Self::NoOrdinaryFile,
            _ => Self::Unreadable(error),
        }
    }
}

/// Reads one value; `None` when it is not set or cannot be read.
fn read_value(reference: &ValueReference) -> Option<String> {
    find_value(reference).ok()
}

/// Reads one value. Surrounding blanks, such as the line end of a file, are removed.
fn find_value(reference: &ValueReference) -> Result<String, UnreadValue> {
    let of_file = |read: io::Result<Vec<u8>>, path: &str| {
        let bytes = read.map_err(|error| UnreadValue::of_file(Path::new(path), error))?;
        String::from_utf8(bytes).map_err(|_| UnreadValue::NotText)
    };
    let (text, if_empty) = match reference {
        ValueReference::Literal(text) => (text.to_string(), UnreadValue::NotThere),
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads variables")]
        ValueReference::Variable(name) => match std::env::var(&**name) {
            Ok(text) => (text, UnreadValue::NotThere),
            Err(std::env::VarError::NotPresent) => return Err(UnreadValue::NotThere),
            Err(std::env::VarError::NotUnicode(_)) => return Err(UnreadValue::NotText),
        },
        ValueReference::File(path) => (of_file(files::read_bytes(Path::new(&**path), LARGEST), path)?, UnreadValue::Empty),
        ValueReference::JudgedFile { path, found } => {
            let found = found.as_ref().ok_or(UnreadValue::NotThere)?;
            (of_file(files::read_found(found, LARGEST), path)?, UnreadValue::Empty)
        }
    };
    match text.trim() {
        "" => Err(if_empty),
        text => Ok(text.to_owned()),
    }
}

/// The value of a setting, which is no secret.
pub(crate) fn setting_value(reference: &ValueReference) -> Option<String> {
    read_value(reference)
}

/// Whether a secret is kept in a file that every user of this machine may read or replace.
pub(crate) fn is_open_to_everyone(reference: &ValueReference) -> bool {
    reference.file().is_some_and(|path| files::is_open_to_everyone(&path))
}

/// Warns of such a file, once while the process runs.
fn warn_if_open_to_everyone(reference: &ValueReference) {
    static WARNED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if let Some(path) = reference.file().filter(|path| files::is_open_to_everyone(path))
        && WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone())
    {
        tracing::warn!(file = %path.display(), "every user of this machine may read or replace this secret: `chmod 600` it, and give it to the user of the broker");
    }
}

/// Reads a secret; masks show `label` in its place.
pub(crate) fn read_secret(reference: &ValueReference, label: &str) -> Option<Text> {
    find_secret(reference, label).ok()
}

/// The same with the reason why there is none.
pub(crate) fn find_secret(reference: &ValueReference, label: &str) -> Result<Text, UnreadValue> {
    warn_if_open_to_everyone(reference);
    find_value(reference).map(|value| Text::secret(value, &Arc::from(label)))
}

/// Reads a variable of the environment that holds no secret.
pub(crate) fn read_variable(name: &str) -> Option<String> {
    read_value(&ValueReference::Variable(name.into()))
}

/// Whether there is a value.
pub(crate) fn is_set(reference: &ValueReference) -> bool {
    read_value(reference).is_some()
}

/// The variables and files of the values that a provider needs and that are not set.
pub(crate) fn missing_values(provider: &Provider) -> Vec<String> {
    provider.needed.iter().filter(|needed| !is_set(&needed.reference)).map(|needed| needed.reference.location()).collect()
}

/// Shorter values that are written in a provider's file are masked where they stand, and not wherever their letters do.
const SHORTEST_WRITTEN: usize = 8;

/// The values of a provider that are never shown.
pub(crate) fn secret_values(provider: &Provider) -> Vec<Text> {
    let needed = provider.needed.iter().filter(|needed| needed.secret);
    let kept = needed.filter_map(|needed| read_secret(&needed.reference, provider.names.name(needed.fact)));
    kept.chain(provider.written_secrets().into_iter().filter(|written| written.len() >= SHORTEST_WRITTEN)).collect()
}

/// All values that are set for a provider.
pub(crate) fn installation_values(provider: &Provider, public_url: &str) -> InstallationValues {
    let set = provider.needed.iter().filter_map(|needed| {
        let value = read_value(&needed.reference)?;
        let label = provider.names.name(needed.fact);
        if needed.secret {
            warn_if_open_to_everyone(&needed.reference);
        }
        Some((needed.fact, if needed.secret { Text::secret(value, label) } else { Text::plain(value) }))
    });
    InstallationValues { public_url: public_url.into(), values: provider.literals().chain(set).collect() }
}

/// Writes a generated secret to a file that only its owner may read. If another process was faster, the answer is the
/// secret of that process.
pub(crate) fn write_once(path: &Path, secret: Text) -> io::Result<Text> {
    match files::write_secret_once(path, secret.expose())? {
        files::SecretFile::Written => Ok(secret),
        files::SecretFile::Existed(text) => Ok(Text::secret(text.trim(), &Arc::from("secret"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_apart_from_what_cannot_be_read() {
        let folder = std::env::temp_dir().join(format!("portaria-value-{}", crate::world::random::id()));
        files::make_folder(&folder).unwrap();
        let place = |name: &str| ValueReference::File(folder.join(name).display().to_string().into());
        files::write(&folder.join("empty"), " \n").unwrap();
        files::write(&folder.join("key"), " hush\n").unwrap();
        std::fs::write(folder.join("bytes"), [0xff, 0xfe]).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.join("link")).unwrap();

        let found = ["key", "nothing", "empty", "bytes", "link", "", "key/below"].map(|name| find_value(&place(name)));
        files::remove(&folder.join("link")).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();

        let [key, nothing, empty, bytes, link, is_folder, below] = found;
        assert_eq!(key.unwrap(), "hush");
        assert!(matches!(nothing, Err(UnreadValue::NotThere)) && matches!(empty, Err(UnreadValue::Empty)), "{nothing:?} {empty:?}");
        assert!(matches!(bytes, Err(UnreadValue::NotText)), "{bytes:?}");
        assert!(
            matches!((&link, &is_folder), (Err(UnreadValue::NoOrdinaryFile), Err(UnreadValue::NoOrdinaryFile))),
            "{link:?} {is_folder:?}"
        );
        assert!(matches!(below, Err(UnreadValue::NotThere)), "{below:?}");
        let denied = UnreadValue::of_file(&folder, io::ErrorKind::PermissionDenied.into());
        assert!(matches!(denied, UnreadValue::Unreadable(_)), "{denied:?}");
    }
}
