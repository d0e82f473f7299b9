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

    /// Changes which addresses may be reached.
    pub(crate) fn set_policy(&self, reach: NetworkPolicy) {
        self.reach.store(Arc::new(reach));
    }

    pub(crate) fn allows(&self, host: &str, address: IpAddr) -> bool {
        self.reach.load().allows(host, address)
    }

    /// Refuses a host that the client would reach without looking for a forbidden address: one that is called through the proxy, unless
    /// the proxy alone looks names up, and the host of the proxy itself.
    pub(crate) async fn check_for_proxy(&self, host: &str, patience: Duration) -> Result<(), NoAnswer> {
        let Some(proxy) = &self.proxy else { return Ok(()) };
        let is_looked_up = if proxy.is_used_for(host) { !proxy.looks_names_up } else { proxy.is_at(host) };
        if !is_looked_up || host.parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        let reach = self.reach.load_full();
        let looking = self.look_up(host.to_owned(), move |host, address| reach.allows(host, address));
        match tokio::time::timeout(patience, looking).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is::<ForbiddenAddress>() => Err(NoAnswer::Forbidden),
            Ok(Err(_)) | Err(_) => Err(NoAnswer::HostUnknown),
        }
    }

    /// The addresses of a name that are allowed.
    fn look_up<A>(&self, name: String, is_allowed: A) -> impl Future<Output = Result<Vec<SocketAddr>, LookupError>> + Send + use<A>
    where
        A: Fn(&str, IpAddr) -> bool + Send + 'static,
    {
        let turns = self.lookups.of(&name);
        async move {
            let (turn, looked_up) = (turns.acquire_owned().await?, name.clone());
            let lookup = tokio::spawn(async move {
                let found = tokio::net::lookup_host((looked_up, 0)).await.map(Vec::from_iter);
                drop(turn);
                found
            });
            let found = lookup.await?.map_err(|_| UnknownHost)?;
            let had_any = !found.is_empty();
            let fine: Vec<SocketAddr> = found.into_iter().filter(|at| is_allowed(&name, at.ip())).take(16).collect();
            if fine.is_empty() {
                return Err(if had_any { ForbiddenAddress.into() } else { UnknownHost.into() });
            }
            Ok(fine)
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        // Where there is a proxy, the client looks up its name and those of the hosts that are called without it.
        let is_proxy = self.proxy.as_ref().is_some_and(|proxy| proxy.is_at(name.as_str()));
        let reach = self.reach.load_full();
        let looking = self.look_up(name.as_str().to_owned(), move |host, address| is_proxy || reach.allows(host, address));
        Box::pin(async move { Ok(Box::new(looking.await?.into_iter()) as Addrs) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
