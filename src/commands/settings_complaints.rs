//! Everything that is to be said of a settings file, for `check` and `doctor`: what its reading finds, and what this machine adds to it.

use crate::commands::token_agreement;
use crate::provider::passkey::PASSKEY;
use crate::provider::value_reference::SecretReference;
use crate::stores::apps::app_complaints;
use crate::stores::catalogue::provider_names;
use crate::stores::events::event_complaints;
use crate::stores::settings::{MailSpec, Settings, SettingsSpec};
use crate::stores::trusted_authorities::trusted_authorities;
use crate::stores::{Store, Stores};
use crate::vocabulary::diagnostic::{Complaint, Report, Severity};
use crate::vocabulary::place::Source;
use crate::world::secrets;
use std::path::Path;
use std::sync::Arc;

/// Reads settings, whose provider files may be in another folder. They can be used unless the answer has none.
pub(crate) fn read(source: &Source, providers: Option<&Path>) -> (Option<Settings>, Report) {
    let (mut settings, mut report) = Settings::read(source);
    if let (Some(settings), Some(folder)) = (&mut settings, providers) {
        settings.providers = folder.display().to_string();
    }
    if let Some(settings) = &settings
        && let Some(spec) = &settings.spec
    {
        report.complaints.extend(missing_mail_secrets(spec));
        report.complaints.extend(complaints_about_apps(settings));
        let stores = Stores::new(settings);
        report.complaints.extend(stores.all().iter().filter_map(|store| store.events.as_ref()).flat_map(event_complaints));
        report.complaints.extend(trusted_authorities(settings).1);
        report.complaints.extend(stores_without_first_sign_in(settings, spec));
        report = Report::new(report.source, report.complaints);
    }
    (settings, report)
}

/// The secrets for sending mail that are not set, in all stores.
fn missing_mail_secrets(spec: &SettingsSpec) -> Vec<Complaint> {
    let stores = spec.stores.iter().flat_map(|stores| &stores.0).map(|(_, store)| &**store);
    let references = std::iter::once(spec).chain(stores).filter_map(|store| store.mail.as_ref()).flat_map(MailSpec::secret_references);
    let missing = references.filter(|reference| !secrets::is_set(&reference.0));
    let complaint = |reference: &SecretReference| {
        let message = format!("`{}` is not set, so no mail can be sent", reference.0.location());
        let help = "set the variable or create the file on the machine of the broker".to_owned();
        Complaint::new(Severity::Warning, Some(reference.1), message, help)
    };
    missing.map(complaint).collect()
}

/// The secrets of apps that are not set, and the provider files that they name and that are not there, in all stores.
fn complaints_about_apps(settings: &Settings) -> Vec<Complaint> {
    let stores = Stores::new(settings);
    let of_store = |store: &Arc<Store>| {
        let known = provider_names(&store.providers).filter(|_| !store.apps.is_empty()).map(|files| store.names_for_apps(files));
        let of_apps = store.apps.iter().flat_map(|(name, app)| app_complaints(name, app, known.as_deref()));
        of_apps.chain(token_agreement::apps_without_tokens(store)).collect::<Vec<_>>()
    };
    stores.all().iter().flat_map(of_store).collect()
}

/// The stores that offer passkeys and nothing else: a passkey is added to an account, so there would never be one.
fn stores_without_first_sign_in(settings: &Settings, spec: &SettingsSpec) -> Vec<Complaint> {
    let own_ways = |store: &Store| {
        let own = spec.stores.iter().flat_map(|stores| &stores.0).find(|(name, _)| name.value == *store.name).map(|(_, own)| &**own);
        own.and_then(|own| own.ways.as_ref()).or(spec.ways.as_ref()).and_then(|ways| ways.0.iter().find(|way| way.value == PASSKEY))
    };
    let of_store = |store: &Arc<Store>| {
        let has_none = store.passkeys.is_some() && !store.email_code && !store.playground && provider_names(&store.providers)?.is_empty();
        let message = format!(
            "the store `{}` has no provider and no `email`, so no one could get an account to which a passkey is added",
            store.name
        );
        let help = "put a provider file into its folder, or add `email` to `ways`".to_owned();
        has_none.then(|| Complaint::new(Severity::Warning, own_ways(store).map(|way| way.place), message, help))
    };
    Stores::new(settings).all().iter().filter_map(of_store).collect()
}
