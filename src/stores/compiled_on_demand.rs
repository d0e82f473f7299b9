//! A provider whose compiled form is made when a login, or a page that shows it, first needs it, and is then kept. Of ten thousand
//! provider files few are in use at once, and the text of a file is a tenth of what it compiles to.

use crate::provider::value_reference::ValueReference;
use crate::provider::{InstallationContext, Provider, compile};
use crate::vocabulary::place::{Place, Source};
use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

/// A provider of which only the file is kept until it is needed.
pub struct CompiledOnDemand {
    source: Source,
    installation_context: InstallationContext,
    /// What the file names of this machine, as it was judged when the file was read.
    references: Box<[ValueReference]>,
    compiled: OnceLock<Box<Provider>>,
}

impl CompiledOnDemand {
    /// The provider of a file that was compiled with these settings and judged.
    pub(crate) fn new(provider: &Provider, installation_context: InstallationContext) -> Self {
        let references = provider.needed.iter().map(|needed| needed.reference.clone()).collect();
        Self { source: provider.source.clone(), installation_context, references, compiled: OnceLock::new() }
    }

    /// Whether its compiled form is in memory.
    #[cfg(test)]
    pub(crate) fn is_compiled(&self) -> bool {
        self.compiled.get().is_some()
    }
}

impl fmt::Debug for CompiledOnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CompiledOnDemand").field(&self.source.name).finish()
    }
}

impl Deref for CompiledOnDemand {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        self.compiled.get_or_init(|| {
            let (provider, _) = compile(&self.source, self.installation_context);
            let mut provider = Box::new(provider.expect("a text that has compiled compiles again"));
            for (needed, judged) in provider.needed.iter_mut().zip(&self.references) {
                needed.reference = judged.clone();
            }
            provider
        })
    }
}

/// What a list of providers needs of each.
#[derive(Clone, Debug)]
pub(crate) struct ListedProvider {
    pub(crate) name: Box<str>,
    /// The key under which its identities are kept.
    pub(crate) key: Box<str>,
    /// The place of `key`, if the file has it.
    pub(crate) key_place: Option<Place>,
    /// The name on the login button, and its position.
    pub(crate) title: Box<str>,
    pub(crate) order: i32,
    pub(crate) hidden: bool,
    /// Whether it refuses sign-ins in the browsers of apps.
    pub(crate) refuses_embedded_browsers: bool,
    /// Whether it has `missingEmail: ask`.
    pub(crate) asks_for_email: bool,
}

impl From<&Provider> for ListedProvider {
    fn from(provider: &Provider) -> Self {
        let Provider { name, key, key_place, title, order, hidden, refuses_embedded_browsers, asks_for_email, .. } = provider;
        Self {
            name: name.clone(),
            key: key.clone(),
            key_place: *key_place,
            title: title.clone(),
            order: *order,
            hidden: *hidden,
            refuses_embedded_browsers: *refuses_embedded_browsers,
            asks_for_email: asks_for_email.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::catalogue::{self, ProviderFileState};
    use crate::stores::read_policy::ReadPolicy;
    use std::path::Path;

    /// The numbers of facts have to be the same, because values are kept by them.
    #[test]
    fn what_a_file_compiles_to_is_the_same_each_time() {
        let context = InstallationContext { loopback: false };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("providers.d");
        let paths = catalogue::provider_files(&folder).unwrap();
        let mut compared = 0;
        for entry in catalogue::load_all(&paths, context, &ReadPolicy::default()) {
            let (ProviderFileState::Offered(provider) | ProviderFileState::Dormant(provider, _)) = entry.state else { continue };

            let kept = CompiledOnDemand::new(&provider, context);

            assert!(!kept.is_compiled());
            assert_eq!(format!("{:?}", *kept), format!("{provider:?}"), "{}", provider.name);
            compared += 1;
        }
        assert!(compared > 20, "{compared}");
    }
}
