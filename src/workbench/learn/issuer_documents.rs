//! The documents and keys of issuers that the recording holds.

use crate::workbench::learn::document::RecordedDocument;
use crate::workbench::learn::recorded_login::RecordedCall;
use crate::workbench::recorded_exchange::RecordedExchange;
use serde_json::Value;

#[derive(Default)]
pub(crate) struct IssuerDocuments {
    /// Addresses of keys, with the ids of the keys.
    pub(crate) keys: Vec<(String, Vec<String>)>,
    /// Metadata of issuers with their addresses.
    pub(crate) issuers: Vec<(String, Value)>,
    /// All of these documents with their addresses.
    pub(crate) documents: Vec<(String, Value)>,
}

/// The most documents that are kept.
const MOST: usize = 50;

impl IssuerDocuments {
    pub(crate) fn find(exchanges: &[RecordedExchange]) -> Self {
        let mut published = Self::default();
        for exchange in exchanges.iter().filter(|exchange| exchange.method == "GET") {
            let Some(answer) = exchange.answer.as_ref().filter(|answer| {
                answer.status == 200 && (answer.body.contains("\"kty\"") || answer.body.contains("\"authorization_endpoint\""))
            }) else {
                continue;
            };
            let Some(document) = RecordedDocument::read(answer) else { continue };
            let all = &mut published.documents;
            if let Some(keys) = key_ids(&document.value) {
                all.push((exchange.address.clone(), document.value));
                published.keys.push((exchange.address.clone(), keys));
            } else if is_issuer_metadata(&document.value) {
                all.push((exchange.address.clone(), document.value.clone()));
                published.issuers.push((exchange.address.clone(), document.value));
            }
            if published.keys.len() + published.issuers.len() >= MOST {
                break;
            }
        }
        published
    }
}

fn key_ids(value: &Value) -> Option<Vec<String>> {
    let keys = value.get("keys")?.as_array()?;
    keys.iter()
        .all(|key| key.get("kty").is_some())
        .then(|| keys.iter().filter_map(|key| key.get("kid")?.as_str().map(str::to_owned)).collect())
}

fn is_issuer_metadata(value: &Value) -> bool {
    ["issuer", "authorization_endpoint"].iter().all(|key| value.get(key).is_some_and(Value::is_string))
}

/// Whether a call only fetches a document or keys of an issuer.
pub(crate) fn is_issuer_document(call: &RecordedCall<'_>) -> bool {
    call.exchange.method == "GET"
        && call.document.as_ref().is_some_and(|document| key_ids(&document.value).is_some() || is_issuer_metadata(&document.value))
}
