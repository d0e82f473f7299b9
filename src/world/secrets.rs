//! Values of this installation: read once from variables and files, and secret from then on where the file says so.

use crate::login::attempt::InstallationValues;
use crate::provider::Provider;
use crate::provider::value_reference::ValueReference;
use crate::vocabulary::text::Text;
use crate::world::files;
use std::path::Path;

/// The largest file that holds a secret.
const LARGEST: usize = 64 * 1024;

/// Reads one value; `None` when it is not set. What surrounds it, such as the line end of a file, is not part of it.
pub(crate) fn read_value(reference: &ValueReference) -> Option<String> {
    let text = match reference {
        ValueReference::Literal(text) => text.to_string(),
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads variables")]
        ValueReference::Variable(name) => std::env::var(&**name).ok()?,
        ValueReference::File(path) => String::from_utf8(files::read_bytes(Path::new(&**path), LARGEST).ok()?).ok()?,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// What a provider waits for and does not have.
pub(crate) fn missing_values(provider: &Provider) -> Vec<String> {
    provider.needed.iter().filter(|needed| read_value(&needed.reference).is_none()).map(|needed| needed.reference.location()).collect()
}

/// All values that are set for a provider.
pub(crate) fn installation_values(provider: &Provider, public_url: &str) -> InstallationValues {
    let kept = provider.needed.iter().filter_map(|needed| {
        let value = read_value(&needed.reference)?;
        let label = provider.names.name(needed.fact);
        Some((needed.fact, if needed.secret { Text::secret(value, label) } else { Text::plain(value) }))
    });
    InstallationValues { public_url: public_url.into(), values: provider.literals().chain(kept).collect() }
}
