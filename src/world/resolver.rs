//! From the name of a host to the addresses that may be called, for the host itself and for the proxy through which it is called.

use crate::vocabulary::no_answer::NoAnswer;
use crate::world::addresses::NetworkPolicy;
use crate::world::network_error::{ForbiddenAddress, UnknownHost};
use crate::world::outgoing_proxy::OutgoingProxy;
use arc_swap::ArcSwap;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many lookups of one name are under way at most.
const MOST_LOOKUPS: usize = 4;

/// The lookups that are under way, by name. Each takes a thread of those that all providers share, for as long as the name server is
/// silent, also when no request waits for it any more.
#[derive(Default)]
struct LookupTurns(Mutex<HashMap<Box<str>, Arc<Semaphore>>>);

impl LookupTurns {
    /// The turns of a name.
    fn of(&self, name: &str) -> Arc<Semaphore> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turns| Arc::strong_count(turns) > 1);
        Arc::clone(turns.entry(name.into()).or_insert_with(|| Arc::new(Semaphore::new(MOST_LOOKUPS))))
    }
}

/// Resolves names without the forbidden addresses, so that the checked address is the one that is connected to.
#[derive(Clone)]
pub(crate) struct Resolver {
    reach: Arc<ArcSwap<NetworkPolicy>>,
    lookups: Arc<LookupTurns>,
    pub(crate) proxy: Option<Arc<OutgoingProxy>>,
}

type LookupError = Box<dyn Error + Send + Sync>;

impl Resolver {
    pub(crate) fn new(reach: NetworkPolicy, proxy: Option<Arc<OutgoingProxy>>) -> Self {
        Self { reach: Arc::new(ArcSwap::from_pointee(reach)), lookups: Arc::default(), proxy }
    }

    /// Changes which addresses may be reached, and so which hosts are called without the proxy. The answer is whether they are others than before.
    pub(crate) fn set_policy(&self, reach: &NetworkPolicy) -> bool {
        if let Some(proxy) = &self.proxy {
            proxy.private_hosts.store(Arc::new(reach.private_hosts.clone()));
        }
        *self.reach.swap(Arc::new(reach.clone())) != *reach
    }

    pub(crate) fn allows(&self, host: &str, address: IpAddr) -> bool {
        self.reach.load().allows(host, address)
    }

    /// Refuses a host that the client would reach without looking for a forbidden address: one that is called through the proxy, unless
    /// the proxy alone looks names up, and the host of the proxy itself. Which of its addresses is connected to is not known here, so none
    /// may be forbidden.
    ///
    /// What was found is not kept from one call to the next. The proxy looks the name up when it connects, and the nearer the two lookups are, the
    /// more this one is worth. It costs a question to the resolver of the machine, which keeps answers as long as they are good, beside a call to a
    /// provider that takes a hundred times as long.
    pub(crate) async fn check_for_proxy(&self, host: &str, patience: Duration) -> Result<(), NoAnswer> {
        let Some(proxy) = &self.proxy else { return Ok(()) };
        let is_looked_up = if proxy.is_used_for(host) { !proxy.resolves_names_itself } else { proxy.is_at(host) };
        if !is_looked_up || host.parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        let reach = self.reach.load_full();
        match tokio::time::timeout(patience, self.look_up(host.to_owned())).await {
            Ok(Ok(found)) => check_all(&reach, host, &found),
            Ok(Err(_)) | Err(_) => Err(NoAnswer::HostUnknown),
        }
    }

    /// The addresses of a name.
    fn look_up(&self, name: String) -> impl Future<Output = Result<Vec<SocketAddr>, LookupError>> + Send + use<> {
        let turns = self.lookups.of(&name);
        async move {
            let turn = turns.acquire_owned().await?;
            let lookup = tokio::spawn(async move {
                let found = tokio::net::lookup_host((name, 0)).await.map(Vec::from_iter);
                drop(turn);
                found
            });
            Ok(lookup.await?.map_err(|_| UnknownHost)?)
        }
    }
}

/// Refuses a host if one of its addresses may not be reached.
fn check_all(reach: &NetworkPolicy, host: &str, found: &[SocketAddr]) -> Result<(), NoAnswer> {
    if found.is_empty() {
        return Err(NoAnswer::HostUnknown);
    }
    if found.iter().all(|at| reach.allows(host, at.ip())) { Ok(()) } else { Err(NoAnswer::Forbidden) }
}

/// The first of the addresses that may be reached.
fn keep_allowed(found: Vec<SocketAddr>, is_allowed: impl Fn(IpAddr) -> bool) -> Result<Vec<SocketAddr>, LookupError> {
    let had_any = !found.is_empty();
    let allowed: Vec<SocketAddr> = found.into_iter().filter(|at| is_allowed(at.ip())).take(16).collect();
    if allowed.is_empty() {
        return Err(if had_any { ForbiddenAddress.into() } else { UnknownHost.into() });
    }
    Ok(allowed)
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        // Where there is a proxy, the client looks up its name and those of the hosts that are called without it.
        let is_proxy = self.proxy.as_ref().is_some_and(|proxy| proxy.is_at(name.as_str()));
        let reach = self.reach.load_full();
        let looking = self.look_up(name.as_str().to_owned());
        Box::pin(async move {
            let allowed = keep_allowed(looking.await?, |address| is_proxy || reach.allows(name.as_str(), address))?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(written: &[&str]) -> Vec<SocketAddr> {
        written.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect()
    }

    /// The proxy looks the name up anew, and may connect to any of its addresses.
    #[test]
    fn a_name_with_one_address_inside_the_network_is_not_handed_to_the_proxy() {
        let reach = NetworkPolicy { everything: false, private_hosts: vec!["sso.interno.example".into()] };
        for (host, found, expected) in [
            ("sso.acme.example", &["20.20.20.20", "20.20.20.21"][..], Ok(())),
            ("sso.acme.example", &["20.20.20.20", "10.0.0.1"], Err(NoAnswer::Forbidden)),
            ("sso.acme.example", &["fd00::1", "20.20.20.20"], Err(NoAnswer::Forbidden)),
            ("sso.acme.example", &["127.0.0.1"], Err(NoAnswer::Forbidden)),
            ("sso.acme.example", &[], Err(NoAnswer::HostUnknown)),
            ("sso.interno.example", &["20.20.20.20", "10.0.0.1"], Ok(())),
        ] {
            assert_eq!(check_all(&reach, host, &addresses(found)), expected, "{host} {found:?}");
        }
    }

    #[test]
    fn of_a_host_that_is_called_directly_the_allowed_addresses_are_left() {
        let reach = NetworkPolicy::default();
        let left = |found: &[&str]| keep_allowed(addresses(found), |address| reach.allows("sso.acme.example", address));

        assert_eq!(left(&["10.0.0.1", "20.20.20.20"]).unwrap(), addresses(&["20.20.20.20"]));
        assert!(left(&["10.0.0.1"]).unwrap_err().is::<ForbiddenAddress>() && left(&[]).unwrap_err().is::<UnknownHost>());
    }

    /// Attack N-05
    #[test]
    fn a_name_that_is_looked_up_often_leaves_the_turns_of_others() {
        let lookups = LookupTurns::default();
        let slow = lookups.of("silent.example");
        let turns: Vec<_> = std::iter::from_fn(|| Arc::clone(&slow).try_acquire_owned().ok()).collect();

        assert_eq!(turns.len(), MOST_LOOKUPS);
        assert!(lookups.of("silent.example").try_acquire().is_err() && lookups.of("other.example").try_acquire().is_ok());
        drop((turns, slow));
        assert!(lookups.of("silent.example").try_acquire().is_ok());
    }
}
