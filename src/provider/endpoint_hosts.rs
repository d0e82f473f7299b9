//! The hosts, other than its own, to which the discovery document of an issuer leads. They are remembered when the document is first seen.
//! A document that leads to a further host later is not used until an operator has accepted the host: an attacker who has taken over the
//! document could send secrets and shoppers there.
//!
//! This is the memory of one process; `web::endpoint_hosts` keeps it in step with the storage.

use crate::provider::facts::FROM_DISCOVERY;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use url::Url;

/// More documents than this are not remembered when they are first seen: a document beyond it is used only if it leads to no host but its
/// own, and otherwise waits for the operator. Only an issuer whose address a shopper types can have so many.
const MOST: usize = if cfg!(test) { 20 } else { 20_000 };
/// So many documents beyond it can wait at once.
const MOST_WAITING: usize = if cfg!(test) { 5 } else { 1_000 };

/// The origins that one document leads to, or may lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EndpointOrigins(BTreeSet<Box<str>>);

impl EndpointOrigins {
    /// The origins in a document besides that of its own address.
    fn in_document(address: &str, document: &Value) -> Self {
        let text = |key: &str| document.get(key).and_then(Value::as_str);
        // An address without an origin stays as it is written, but for what could end a line of the log or an entry of the list.
        let written = |address: &str| address.chars().filter(char::is_ascii_graphic).collect();
        let origin = |address: &str| match Url::parse(address).map(|url| url.origin()) {
            Ok(origin) if origin.is_tuple() => origin.ascii_serialization(),
            Ok(_) | Err(_) => written(address),
        };
        let own = origin(address);
        let endpoints = FROM_DISCOVERY.iter().filter(|(fact, _)| *fact != "issuer").filter_map(|(_, key)| text(key));
        Self(endpoints.map(origin).filter(|origin| *origin != own).map(Into::into).collect())
    }

    /// As it is stored.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.split(' ').filter(|origin| !origin.is_empty()).map(Into::into).collect())
    }

    fn without(&self, accepted: &Self) -> Self {
        Self(self.0.difference(&accepted.0).cloned().collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for EndpointOrigins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(|origin| &**origin).collect::<Vec<_>>().join(" "))
    }
}

/// What is known of the hosts of one document.
#[derive(Clone, Debug, Default)]
struct KnownHosts {
    accepted: EndpointOrigins,
    /// Whether the storage knows them.
    is_saved: bool,
    /// All origins of a document that is not used, because it leads to one that is not accepted.
    waiting: Option<EndpointOrigins>,
    /// What the storage says of that.
    saved_waiting: Option<EndpointOrigins>,
}

/// The accepted and the waiting hosts, by the address of the document.
#[derive(Debug, Default)]
pub(crate) struct EndpointHosts(Mutex<HashMap<Box<str>, KnownHosts>>);

impl EndpointHosts {
    /// Whether a discovery document may be used.
    pub(crate) fn admit(&self, address: &str, document: &Value) -> bool {
        let origins = EndpointOrigins::in_document(address, document);
        let mut known = self.lock();
        let is_beyond = known.len() >= MOST && !known.contains_key(address);
        if is_beyond && (origins.is_empty() || known.len() >= MOST + MOST_WAITING) {
            return origins.is_empty();
        }
        let accepted = if is_beyond { EndpointOrigins::default() } else { origins.clone() };
        let hosts = known.entry(address.into()).or_insert_with(|| KnownHosts { accepted, ..KnownHosts::default() });
        let is_known = origins.without(&hosts.accepted).is_empty();
        hosts.waiting = (!is_known).then_some(origins);
        is_known
    }

    /// Whether so many documents are remembered that the hosts of a further one are not taken as they come.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().len() >= MOST
    }

    /// Takes over what the storage knows.
    pub(crate) fn load(&self, address: &str, accepted: EndpointOrigins, waiting: Option<EndpointOrigins>) {
        self.lock().insert(address.into(), KnownHosts { accepted, is_saved: true, waiting: waiting.clone(), saved_waiting: waiting });
    }

    /// Takes over which hosts are accepted, as the storage says. The answer is `false` if the document that is in use leads to others,
    /// because another machine saw it first, and not with these hosts.
    pub(crate) fn accept(&self, address: &str, accepted: EndpointOrigins) -> bool {
        let mut known = self.lock();
        let hosts = known.entry(address.into()).or_default();
        let is_usable = hosts.accepted.without(&accepted).is_empty();
        if !is_usable {
            hosts.waiting.get_or_insert_with(|| hosts.accepted.clone());
        }
        hosts.waiting.take_if(|waiting| waiting.without(&accepted).is_empty());
        (hosts.accepted, hosts.is_saved) = (accepted, true);
        is_usable
    }

    /// The documents whose hosts the storage does not know yet.
    pub(crate) fn unsaved(&self) -> Vec<(Box<str>, EndpointOrigins)> {
        self.select(|hosts| (!hosts.is_saved).then(|| hosts.accepted.clone()))
    }

    /// The documents of which the storage says something else about waiting, and what it should say. They count as saved from now on.
    pub(crate) fn take_unsaved_waiting(&self) -> Vec<(Box<str>, Option<EndpointOrigins>)> {
        let mut known = self.lock();
        let changed = known.iter_mut().filter(|(_, hosts)| hosts.waiting != hosts.saved_waiting);
        let taken = changed.map(|(address, hosts)| {
            hosts.saved_waiting.clone_from(&hosts.waiting);
            (address.clone(), hosts.waiting.clone())
        });
        taken.collect()
    }

    /// The documents that wait for an operator, with the hosts that are not accepted.
    pub(crate) fn waiting(&self) -> Vec<(Box<str>, EndpointOrigins)> {
        self.select(|hosts| hosts.waiting.as_ref().map(|waiting| waiting.without(&hosts.accepted)))
    }

    fn select(&self, what: impl Fn(&KnownHosts) -> Option<EndpointOrigins>) -> Vec<(Box<str>, EndpointOrigins)> {
        let known = self.lock();
        let mut found: Vec<_> = known.iter().filter_map(|(address, hosts)| Some((address.clone(), what(hosts)?))).collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, KnownHosts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ADDRESS: &str = "https://idp.example/.well-known/openid-configuration";

    fn document(token: &str) -> Value {
        json!({ "issuer": "https://idp.example", "authorization_endpoint": "https://idp.example/a", "token_endpoint": token, "jwks_uri": "https://keys.example/k" })
    }

    fn texts(list: Vec<(Box<str>, EndpointOrigins)>) -> Vec<String> {
        list.into_iter().map(|(_, origins)| origins.to_string()).collect()
    }

    #[test]
    fn the_hosts_of_the_first_document_are_accepted_and_a_further_one_waits() {
        let hosts = EndpointHosts::default();

        assert!(hosts.admit(ADDRESS, &document("https://idp.example/t")));
        assert_eq!(texts(hosts.unsaved()), ["https://keys.example"]);
        assert!(!hosts.admit(ADDRESS, &document("https://evil.example/t")));
        assert!(!hosts.admit(ADDRESS, &document("http://idp.example/t")) && !hosts.admit(ADDRESS, &document("https://idp.example:8443/t")));
        assert_eq!(texts(hosts.waiting()), ["https://idp.example:8443"]);
        assert!(hosts.admit(ADDRESS, &json!({ "issuer": "https://idp.example", "token_endpoint": "https://idp.example/other" })));
        assert!(hosts.waiting().is_empty(), "fewer hosts wait for no one");
    }

    #[test]
    fn an_address_without_an_origin_is_one_entry_of_the_list_and_one_line_of_the_log() {
        let hosts = EndpointHosts::default();
        hosts.admit(ADDRESS, &document("https://idp.example/t"));

        assert!(!hosts.admit(ADDRESS, &document("http://[\n2026 INFO all is well https://evil.example\u{1b}[31m")));
        assert_eq!(texts(hosts.waiting()), ["http://[2026INFOalliswellhttps://evil.example[31m"]);
        assert!(!hosts.admit(ADDRESS, &document("other:x")));
        assert_eq!(texts(hosts.waiting()), ["other:x"]);
    }

    /// Attack J-14
    #[test]
    fn beyond_the_bound_a_document_that_leads_elsewhere_waits_and_the_others_are_used() {
        let hosts = EndpointHosts::default();
        for at in 0..MOST {
            assert!(!hosts.is_full() && hosts.admit(&format!("https://{at}.example/d"), &document("https://idp.example/t")));
        }
        assert!(hosts.is_full());
        let own = |address: &str| json!({ "issuer": address, "token_endpoint": format!("{address}/t") });

        for at in 0..2 * MOST_WAITING {
            assert!(!hosts.admit(&format!("https://other{at}.example/d"), &document("https://evil.example/t")), "{at}");
            assert!(hosts.admit(&format!("https://own{at}.example/d"), &own(&format!("https://own{at}.example"))), "{at}");
        }

        assert_eq!(hosts.waiting().len(), MOST_WAITING);
        assert!(hosts.unsaved().iter().filter(|(address, _)| address.contains("other")).all(|(_, accepted)| accepted.is_empty()));
        assert!(
            hosts.admit("https://0.example/d", &document("https://idp.example/t"))
                && !hosts.admit("https://0.example/d", &document("https://evil.example/t"))
        );
        hosts.accept(
            "https://other0.example/d",
            EndpointOrigins::from_text("https://evil.example https://idp.example https://keys.example"),
        );
        assert!(hosts.admit("https://other0.example/d", &document("https://evil.example/t")), "the operator has accepted it");
    }

    #[test]
    fn what_the_storage_accepts_counts() {
        let hosts = EndpointHosts::default();
        hosts.admit(ADDRESS, &document("https://idp.example/t"));
        hosts.admit(ADDRESS, &document("https://new.example/t"));
        assert_eq!(hosts.take_unsaved_waiting().len(), 1);
        assert!(hosts.take_unsaved_waiting().is_empty());

        assert!(hosts.accept(ADDRESS, EndpointOrigins::from_text("https://keys.example https://new.example")));
        assert!(hosts.waiting().is_empty() && hosts.admit(ADDRESS, &document("https://new.example/t")));
        assert_eq!(hosts.take_unsaved_waiting(), [(ADDRESS.into(), None)]);

        assert!(!hosts.accept(ADDRESS, EndpointOrigins::from_text("https://keys.example")), "another machine was first");
        assert_eq!(texts(hosts.waiting()), ["https://new.example"]);
    }
}
