//! A text that is tried out in a login and is no file of the folder.

use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::stores::live::{LiveProvider, LiveProviders};

impl LiveProviders {
    /// The provider of a text that was compiled as a file of this folder, for one login. No other login finds it, and what it fetches is
    /// kept in `documents`: the documents of an issuer that a text names are not those of the live providers.
    pub(crate) fn tried(&self, provider: &Provider, documents: DocumentCache) -> LiveProvider {
        let mut provider = provider.clone();
        // Its button is never drawn.
        provider.logo = None;
        let snapshot = self.snapshot();
        let saved = snapshot.provider(&provider.name);
        let mut tried = if self.is_simulated(&provider.name) {
            self.simulated_live_provider(&provider, &self.folder().join(format!("{}.yaml", provider.name)), saved)
        } else {
            self.live_provider(&provider, saved)
        };
        tried.tried = Some(documents);
        tried
    }
}

impl LiveProvider {
    /// Whether it is a text that is tried out.
    pub(crate) fn is_tried(&self) -> bool {
        self.tried.is_some()
    }
}
