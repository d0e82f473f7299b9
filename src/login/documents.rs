//! Fetches what issuers publish: discovery documents and keys. Many logins that need one document fetch it once.

use crate::provider::Provider;
use crate::provider::discovery::named_issuer;
use crate::provider::document_cache::{DocumentCache, DueFetch};
use crate::provider::document_fault::DocumentFault;
use crate::provider::facts::Facts;
use crate::provider::issuer::metadata_address;
use crate::provider::json;
use crate::provider::signed_token::SignedToken;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a login waits for a document that another login is fetching.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long a login waits for metadata, without which it goes on.
const METADATA_TIMEOUT: Duration = Duration::from_secs(3);

/// Fetches the issuer's discovery document if it is due. An attempt cannot begin without it. The metadata of a plain OAuth 2 provider
/// are fetched as well; a login goes on without them.
pub async fn discover(provider: &Provider, facts: &Facts, fetch: &dyn Fetch, documents: &DocumentCache, now: i64) {
    if let Some(issuer) = provider.issuer.as_ref().and_then(|issuer| issuer.value(facts))
        && let Some(address) = metadata_address(&issuer)
        && let Some(due) = documents.due(&address, now)
        && let Ok(_flight) = due.flight.try_lock()
        && !documents.is_over(&address, &due)
    {
        match fetch_metadata(&issuer, &address, fetch, documents).await {
            Ok(metadata) => documents.insert(&address, metadata, now),
            Err(fault) => documents.record_failure(&address, fault, now),
        }
    }
    if let Some((address, issuer)) = provider.discovery.as_ref().and_then(|discovery| discovery.address(facts))
        && let Some(due) = documents.due(&address, now)
    {
        let waits = documents.get(&address, now).is_none();
        // Only a document of this issuer names the issuer's endpoints.
        let admits = |document: &Value| named_issuer(document, issuer.as_deref()).is_err() || documents.hosts.admit(&address, document);
        fetch_once(&address, &due, waits, (fetch, documents), &admits, now).await;
    }
}

/// The metadata of an issuer, or a stand-in for a provider that has none; the error if neither is certain.
async fn fetch_metadata(issuer: &str, address: &str, fetch: &dyn Fetch, documents: &DocumentCache) -> Result<Value, DocumentFault> {
    let request = Request { timeout: METADATA_TIMEOUT, ..Request::for_document(address) };
    let answer = fetch.send(&request).await.map_err(DocumentFault::NoAnswer)?;
    let metadata = (answer.status == 200).then(|| json::parse(&answer.body).ok()).flatten();
    if let Some(metadata) = metadata.filter(|metadata| metadata.get("issuer").is_some_and(Value::is_string)) {
        return Ok(metadata);
    }
    // A provider without metadata promises nothing, and the metadata are not requested again in every login. An answer that only
    // fails takes no promise back.
    let stand_in = serde_json::json!({ "issuer": issuer });
    let has_none = match answer.status {
        404 | 410 => true,
        status if status >= 500 || status == 429 => false,
        _ => documents.last(address).is_none_or(|known| *known == stand_in),
    };
    if has_none { Ok(stand_in) } else { Err(usable_document(&request, Ok(answer)).err().unwrap_or(DocumentFault::NoIssuer)) }
}

/// Fetches the keys that verify a signed token before the answer is read, so that reading stays pure. Keys that are fresh are
/// fetched again when none of them verifies the token, because the provider may have changed them.
pub(crate) async fn fetch_keys_if_due(
    token: Option<(&SignedToken, String)>,
    facts: &Facts,
    fetch: &dyn Fetch,
    documents: &DocumentCache,
    now: i64,
) {
    let Some((signed, token)) = token else { return };
    let Some(address) = signed.keys_address(facts) else { return };
    let is_verified = |_: &Value| signed.is_verified_by_known_keys(&token, facts, documents, now);
    key_set(&address, &is_verified, (fetch, documents), now).await;
}

/// The key set at an address. It is fetched if it is due, and early if the one that is known does not hold the key that is looked for.
pub(crate) async fn key_set(
    address: &str,
    holds_key: &dyn Fn(&Value) -> bool,
    (fetch, documents): (&dyn Fetch, &DocumentCache),
    now: i64,
) -> Option<Arc<Value>> {
    if let Some(due) = documents.due(address, now) {
        let waits = documents.get(address, now).is_none();
        fetch_once(address, &due, waits, (fetch, documents), &|_| true, now).await;
    }
    if !documents.get(address, now).is_some_and(|known| holds_key(&known))
        && let Some(due) = documents.early(address, now)
    {
        fetch_once(address, &due, true, (fetch, documents), &|_| true, now).await;
    }
    documents.get(address, now)
}

/// Fetches a document that is due, unless another login is fetching it. Then this login waits for the other's result, or goes on with
/// the document that is known.
async fn fetch_once(
    address: &str,
    due: &DueFetch,
    waits: bool,
    (fetch, documents): (&dyn Fetch, &DocumentCache),
    admits: &dyn Fn(&Value) -> bool,
    now: i64,
) {
    let _flight = match due.flight.try_lock() {
        Ok(flight) => flight,
        Err(_) if !waits => return,
        Err(_) => match tokio::time::timeout(LONGEST_WAIT, due.flight.lock()).await {
            Ok(flight) => flight,
            Err(_) => return,
        },
    };
    if !documents.is_over(address, due) {
        fetch_document(address, fetch, documents, admits, now).await;
    }
}

async fn fetch_document(address: &str, fetch: &dyn Fetch, documents: &DocumentCache, admits: &dyn Fn(&Value) -> bool, now: i64) {
    let request = Request::for_document(address);
    let answer = fetch.send(&request).await;
    let document = usable_document(&request, answer);
    match document.and_then(|document| if admits(&document) { Ok(document) } else { Err(DocumentFault::HostsNotAccepted) }) {
        Ok(document) => documents.insert(address, document, now),
        Err(fault) => documents.record_failure(address, fault, now),
    }
}

/// The document in an answer. One with neither keys nor an issuer does not replace one that was fetched before.
fn usable_document(request: &Request, answer: Result<Response, NoAnswer>) -> Result<Value, DocumentFault> {
    let answer = answer.map_err(DocumentFault::NoAnswer)?;
    match answer.status {
        200 => {}
        300..400 => return Err(DocumentFault::Redirected(request.redirect_target(&answer))),
        status => return Err(DocumentFault::Status(status)),
    }
    let document = json::parse(&answer.body).map_err(|why| DocumentFault::NotJson(why.clone()))?;
    let has_keys = document.get("keys").and_then(Value::as_array).is_some_and(|keys| !keys.is_empty());
    let is_usable = has_keys || document.get("issuer").is_some_and(Value::is_string);
    if is_usable { Ok(document) } else { Err(DocumentFault::NothingUsable) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::wire::ResponseFuture;
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// A provider that answers everything with the same.
    struct OneAnswer(Response);

    impl Fetch for OneAnswer {
        fn send<'a>(&'a self, _request: &'a Request) -> ResponseFuture<'a> {
            Box::pin(std::future::ready(Ok(self.0.clone())))
        }
    }

    #[test]
    fn metadata_that_are_there_and_cannot_be_read_are_not_described_by_their_status() {
        let address = "https://sso.acme.example/.well-known/oauth-authorization-server";
        let redirect = vec![("Location".into(), "/login".into())];
        for (status, headers, body, said) in [
            (200, Vec::new(), "<html>", "what came is no JSON that is read"),
            (200, Vec::new(), "{}", "what came has neither `keys` nor `issuer`"),
            (200, Vec::new(), "{ \"keys\": [ {} ] }", "it names no issuer"),
            (302, redirect, "", "its address redirects to https://sso.acme.example/login"),
            (503, Vec::new(), "", "its address answers with status 503"),
        ] {
            let documents = DocumentCache::default();
            documents.insert(
                address,
                serde_json::json!({ "issuer": "https://sso.acme.example", "code_challenge_methods_supported": [] }),
                1,
            );
            let fetch = OneAnswer(Response { status, headers, body: body.as_bytes().to_vec() });

            let mut fetching = pin!(fetch_metadata("https://sso.acme.example", address, &fetch, &documents));
            let Poll::Ready(Err(fault)) = fetching.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
                panic!("{status} {body}: a promise is not taken back")
            };

            assert!(fault.to_string().starts_with(said), "{fault}");
        }
    }
}
