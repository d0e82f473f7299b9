//! A proxy that forwards requests although `trustedProxies` does not name it: then all its visitors count as one, with one budget.

use crate::web::live_config::{LiveConfig, LiveStore};
use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many are remembered.
const MOST: usize = 16;

const FORWARDING_HEADERS: [HeaderName; 6] = [
    header::X_FORWARDED_FOR,
    header::X_FORWARDED_HOST,
    header::X_FORWARDED_PROTO,
    HeaderName::from_static("x-real-ip"),
    header::FORWARDED,
    header::VIA,
];

/// Whether a proxy or a tunnel says that it passes a request on, which then comes from another machine than its peer.
pub(crate) fn is_forwarded(request: &HttpRequest) -> bool {
    FORWARDING_HEADERS.iter().any(|name| request.headers().contains_key(name))
}

/// Stores, and the addresses of proxies that they do not name.
#[derive(Default)]
pub(crate) struct UnnamedProxies(Mutex<BTreeSet<(Box<str>, IpAddr)>>);

impl UnnamedProxies {
    /// Remembers the peer of this request if it is such a proxy. One on the internet may be anyone who writes the headers, so only
    /// peers of the own network count.
    pub(crate) fn notice(&self, request: &HttpRequest, live_store: &LiveStore) {
        let Some(peer) = request.peer_addr().map(|peer| peer.ip().to_canonical()) else { return };
        let store = &live_store.store;
        if store.is_proxy(peer) || store.trusts_no_proxy() || !is_near(peer) {
            return;
        }
        if !is_forwarded(request) {
            return;
        }
        let mut noticed = self.lock();
        if noticed.len() < MOST && noticed.insert((store.name.clone(), peer)) {
            tracing::warn!(store = &*store.name, "{}", complaint(peer));
        }
    }

    /// The complaints about those that are not named by now.
    pub(crate) fn complaints(&self, live_config: &LiveConfig) -> Vec<String> {
        let is_unnamed =
            |store: &str, peer| live_config.stores().by_name(store).is_some_and(|store| !store.is_proxy(peer) && !store.trusts_no_proxy());
        let peers: BTreeSet<IpAddr> = self.lock().iter().filter(|(store, peer)| is_unnamed(store, *peer)).map(|(_, peer)| *peer).collect();
        peers.into_iter().map(complaint).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<(Box<str>, IpAddr)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn complaint(peer: IpAddr) -> String {
    format!(
        "{peer} forwards requests and is not among `trustedProxies`, so all its visitors count as one: add it if it is a proxy of yours"
    )
}

fn is_near(peer: IpAddr) -> bool {
    match peer {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private() || peer.is_link_local(),
        IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local() || peer.is_unicast_link_local(),
    }
}
