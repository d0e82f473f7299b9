//! Keeps what this process knows of the hosts of discovery documents in step with the storage.

use crate::directory::endpoint_hosts::{ListHosts, RememberHosts, SetWaitingHosts};
use crate::directory::{Directory, StorageUnavailable};
use crate::provider::document_cache::DocumentCache;
use crate::provider::endpoint_hosts::EndpointOrigins;
use std::sync::Once;

const FULL: &str = "the hosts of so many documents of issuers are remembered that no further ones are taken as they come: a new document \
                    that leads to other hosts than its own waits until it is accepted by `portaria providers hosts`";

/// Whether the warning was logged.
static WARNED: Once = Once::new();

/// Reads the hosts that are known, at the start.
pub(crate) async fn load(directory: &Directory, documents: &DocumentCache) -> Result<(), StorageUnavailable> {
    for known in directory.read(ListHosts).await? {
        let waiting = known.waiting.as_deref().map(EndpointOrigins::from_text);
        documents.hosts.load(&known.address, EndpointOrigins::from_text(&known.accepted), waiting);
    }
    Ok(())
}

/// Writes what is new, and reads what an operator has accepted.
pub(crate) async fn synchronize(directory: &Directory, documents: &DocumentCache) -> Result<(), StorageUnavailable> {
    for (address, origins) in documents.hosts.unsaved() {
        let remember = RememberHosts { address: address.clone(), origins: origins.to_string().into() };
        take_over(&address, &directory.write(remember).await?, documents);
    }
    if documents.hosts.is_full() {
        WARNED.call_once(|| tracing::warn!("{FULL}"));
    }
    for (address, waiting) in documents.hosts.take_unsaved_waiting() {
        if let Some(waiting) = &waiting {
            tracing::warn!(
                document = &*address,
                hosts = %waiting,
                "the document of an issuer leads to hosts that are not accepted, so it is not used: if the issuer itself has moved there, accept them by `portaria providers hosts`"
            );
        }
        let waiting = waiting.map(|waiting| waiting.to_string().into());
        directory.write(SetWaitingHosts { address, waiting }).await?;
    }
    let waiting = documents.hosts.waiting();
    if !waiting.is_empty() {
        let stored = directory.read(ListHosts).await?;
        for known in stored.iter().filter(|known| waiting.iter().any(|(address, _)| *address == known.address)) {
            take_over(&known.address, &known.accepted, documents);
        }
    }
    Ok(())
}

fn take_over(address: &str, accepted: &str, documents: &DocumentCache) {
    if !documents.hosts.accept(address, EndpointOrigins::from_text(accepted)) {
        documents.forget(address);
    }
}

/// What an operator has to know and to decide.
pub(crate) fn complaints(documents: &DocumentCache) -> impl Iterator<Item = String> {
    let full = documents.hosts.is_full().then(|| FULL.to_owned());
    full.into_iter().chain(documents.hosts.waiting().into_iter().map(|(address, origins)| {
        format!(
            "{address} leads to {origins}, where it did not lead before, so it is not used: if the issuer itself has moved there, accept it by `portaria providers hosts`"
        )
    }))
}
