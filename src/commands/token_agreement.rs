//! `portaria check`: kept tokens need two to agree, the provider file that keeps them and the settings that name an app for them.

use crate::provider::{InstallationContext, compile};
use crate::stores::catalogue::CatalogueEntry;
use crate::stores::settings::Settings;
use crate::stores::{Store, Stores};
use crate::vocabulary::diagnostic::{Complaint, Severity};
use crate::vocabulary::place::Located;
use crate::world::files;
use std::path::Path;
use std::sync::Arc;

/// Warns of apps that may fetch the tokens of a provider whose file keeps none.
pub(crate) fn apps_without_tokens(store: &Store) -> Vec<Complaint> {
    let keeps_none = |name: &&Located<String>| {
        let source = files::read_source(&store.providers.join(format!("{}.yaml", name.value)));
        let provider = source.ok().and_then(|source| compile(&source, InstallationContext { loopback: store.loopback }).0);
        provider.is_some_and(|provider| provider.keeping.is_none())
    };
    let named = store.apps.iter().flat_map(|(_, app)| app.tokens.iter().flat_map(|list| &list.0));
    let warning = |name: &Located<String>| {
        let message = format!("the file `{}` keeps no tokens, so the app can fetch none of that provider", name.value);
        Complaint::new(Severity::Warning, Some(name.place), message, "add `keepTokens: true` to it, or take the name out here")
    };
    named.filter(keeps_none).map(warning).collect()
}

/// Warns of files that keep tokens which no app may fetch, so that they are not kept.
pub(crate) fn warn_without_apps(entries: &mut [CatalogueEntry], settings: &Settings) {
    let keeps = |entry: &CatalogueEntry| Some(entry.state.provider()?.keeping.as_ref()?.place);
    if settings.spec.is_none() || !entries.iter().any(|entry| keeps(entry).is_some()) {
        return;
    }
    let stores = Stores::new(settings);
    for entry in entries {
        let (file, Some(place)) = (entry.report.source.clone(), keeps(entry)) else { continue };
        let folder = Path::new(&*file.name).parent().map(Path::to_owned).unwrap_or_default();
        let mut serving = stores.all().iter().filter(|store| store.providers == folder).peekable();
        let is_served = serving.peek().is_some();
        let named = |store: &Arc<Store>| {
            let mut named = store.apps.iter().flat_map(|(_, app)| app.tokens.iter().flat_map(|list| &list.0));
            named.any(|name| name.value == file.stem())
        };
        if is_served && !serving.any(named) {
            let message = "no app of the settings may fetch these tokens, so they are not kept";
            let help = format!("name the file at an app of the settings: `tokens: [ {} ]`", file.stem());
            entry.report.complaints.push(Complaint::new(Severity::Warning, Some(place), message, help));
        }
    }
}
