//! The addresses that the broker may call for its providers, and the proxy through which it does.

use crate::provider::value_reference::SecretReference;
use crate::stores::Stores;
use crate::stores::settings::Settings;
use crate::stores::settings::outgoing_proxy::{OutgoingProxySpec, ProxyNameLookup, proxy_url};
use crate::vocabulary::place::Located;
use crate::vocabulary::words::OneOrMany;
use crate::world::addresses::NetworkPolicy;
use crate::world::network::Network;
use crate::world::outgoing_proxy::OutgoingProxy;
use crate::world::secrets;
use arc_swap::ArcSwap;
use std::sync::Arc;
use url::Url;

/// The proxy of the settings. Hosts inside the network are called without it, and `Network::set_policy` changes which they are. If its user or password
/// is not set, it is still used, without credentials.
pub(crate) fn outgoing_proxy(settings: &Settings) -> Option<OutgoingProxy> {
    let spec = settings.spec.as_ref()?;
    let proxy = spec.outgoing_proxy.as_ref()?;
    let block = proxy.block();
    let hosts = |list: Option<&OneOrMany<Located<String>>>| -> Vec<Box<str>> {
        list.into_iter().flat_map(|list| &list.0).map(|host| host.value.as_str().into()).collect()
    };
    let read = |reference: Option<&SecretReference>, label| secrets::read_secret(&reference?.0, label);
    let user = read(block.and_then(|block| block.user.as_ref()), "outgoingProxy.user");
    let password = read(block.and_then(|block| block.password.as_ref()), "outgoingProxy.password");
    let looks_up = block.and_then(|block| block.resolve.as_ref()).is_some_and(|resolve| resolve.value == ProxyNameLookup::Proxy);
    Some(OutgoingProxy {
        url: proxy_url(proxy.url())?,
        credentials: user.zip(password),
        direct: hosts(block.and_then(|block| block.no_proxy.as_ref())),
        private_hosts: Arc::new(ArcSwap::from_pointee(hosts(spec.private_hosts.as_ref()))),
        resolves_names_itself: looks_up,
    })
}

/// The variables and files of the user and the password at the proxy that are not set.
pub(crate) fn missing_proxy_values(settings: &Settings) -> Vec<String> {
    let proxy = settings.spec.as_ref().and_then(|spec| spec.outgoing_proxy.as_ref());
    proxy
        .into_iter()
        .flat_map(OutgoingProxySpec::secret_references)
        .filter(|reference| !secrets::is_set(&reference.0))
        .map(|reference| reference.0.location())
        .collect()
}

/// The addresses that providers may have.
pub(crate) fn network_reach(settings: &Settings, stores: &Stores) -> NetworkPolicy {
    let listed = settings.spec.iter().filter_map(|spec| spec.private_hosts.as_ref()).flat_map(|list| &list.0);
    NetworkPolicy {
        everything: stores.all().iter().all(|store| store.loopback),
        private_hosts: listed.map(|host| host.value.as_str().into()).collect(),
    }
}

/// The network for the events of stores, if one wants any. Their addresses stand in the settings, so they may lie inside the operator's
/// network, where no provider file may reach them.
pub(crate) fn event_network(network: &Network, stores: &Stores) -> Option<Network> {
    let hosts: Vec<Box<str>> = stores.all().iter().filter_map(|store| host_of_address(&store.events.as_ref()?.to)).collect();
    (!hosts.is_empty()).then(|| network.beside(NetworkPolicy { everything: false, private_hosts: hosts }))
}

/// The host of an address as requests name it.
fn host_of_address(address: &str) -> Option<Box<str>> {
    let url = Url::parse(address).ok()?;
    Some(url.host_str()?.trim_matches(['[', ']']).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Source;
    use crate::vocabulary::wire::{Fetch as _, NoAnswer, Request};
    use crate::world::tls::TrustedAuthorities;
    use std::net::TcpListener;

    /// A provider file can name no address of this machine, but the name of a provider may lead here.
    /// Lessons 131, 132
    /// Attack T-15
    #[actix_web::test]
    async fn an_address_of_this_machine_is_called_only_where_the_operator_lists_it() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("it does not wait");
        let port = listener.local_addr().expect("it listens").port();
        for (private_hosts, expected) in [("", false), ("privateHosts: [ 127.0.0.2 ]\n", false), ("privateHosts: [ 127.0.0.1 ]\n", true)] {
            let text = format!("publicUrl: https://login.loja.example\n{private_hosts}");
            let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
            let settings = settings.unwrap_or_else(|| panic!("{}", report.draw(false)));
            let (network, _) = Network::new(network_reach(&settings, &Stores::new(&settings)), &TrustedAuthorities::default(), None);
            let mut request = Request::for_document(&format!("https://127.1:{port}/token"));
            request.timeout = std::time::Duration::from_millis(300);

            let answer = network.send(&request).await;

            assert_eq!(listener.accept().is_ok(), expected, "{private_hosts}");
            assert_eq!(matches!(answer, Err(NoAnswer::Forbidden)), !expected, "{private_hosts}");
        }
    }
}
