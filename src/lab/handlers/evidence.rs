//! What confirms the file of a provider: its grade and its day, and a login that worked in this store.

use crate::directory::good_logins::ListGoodLogins;
use crate::lab::handlers::recent_failures::{lab_time, lab_words};
use crate::lab::pages::provider::FileConfirmation;
use crate::pages::frame::address;
use crate::pages::phrases::fill;
use crate::provider::Provider;
use crate::web::request_context::RequestContext;
use crate::workbench::catalogue::summary::catalogue_summary;

/// The sentence that a login worked here, with its day. While storage is unavailable, what this broker remembers is used.
pub(crate) async fn worked_sentence(context: &RequestContext, name: &str) -> Option<String> {
    let (app, store) = (context.app(), &context.live_store().store.name);
    let stored = app.directory.read(ListGoodLogins { store: store.clone() }).await.unwrap_or_default();
    let stored = stored.iter().find(|(provider, _)| &**provider == name).map(|(_, at)| *at);
    let at = stored.max(app.good_logins.find(store, name).map(|login| login.at))?;
    Some(fill(&lab_words(context).catalogue.worked, &[("day", &lab_time(context).day(at))]))
}

/// What the page of a provider says of its file.
pub(crate) async fn file_evidence(context: &RequestContext, name: &str, provider: Option<&Provider>) -> FileConfirmation {
    let evidence = provider.and_then(|provider| provider.listing.as_ref()).map(|listing| &listing.evidence);
    let confirmed = &lab_words(context).catalogue.confirmed;
    FileConfirmation {
        confirmed: evidence.map(|evidence| fill(confirmed, &[("grade", evidence.grade.word()), ("day", &evidence.confirmed.to_string())])),
        worked: worked_sentence(context, name).await,
        catalogue_href: catalogue_summary(name).map(|summary| address(&["lab", "catalogue", summary.name], &[])),
    }
}
