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

/// Reads one value; `None` when it is not set. Surrounding blanks, such as the line end of a file, are removed.
fn read_value(reference: &ValueReference) -> Option<String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
    let text = match reference {
        ValueReference::Literal(text) => text.to_string(),
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads variables")]
        ValueReference::Variable(name) => std::env::var(&**name).ok()?,
        ValueReference::File(path) => text(files::read_bytes(Path::new(&**path), LARGEST).ok()?)?,
        ValueReference::JudgedFile { found, .. } => text(files::read_found(found.as_ref()?, LARGEST).ok()?)?,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
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
    warn_if_open_to_everyone(reference);
    read_value(reference).map(|value| Text::secret(value, &Arc::from(label)))
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
