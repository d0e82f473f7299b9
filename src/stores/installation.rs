//! All stores of an installation, and what the settings say for all of them together.

use crate::stores::internal_host::host_without_port;
use crate::stores::rates::most_connections;
use crate::stores::settings::shutdown::ShutdownTimes;
use crate::stores::settings::{Settings, SettingsSpec, browser_host};
use crate::stores::{MAIN, Store, compile_store, whole_seconds};
use crate::vocabulary::place::Place;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// How long the events of the audit are kept where the settings do not say, in seconds.
const AUDIT_KEPT: i64 = 90 * 86400;

/// All stores of an installation. The first is the main store, which the settings file itself describes.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    metrics_listen: Option<SocketAddr>,
    most_connections: Option<u32>,
    audit_kept: i64,
    shutdown: ShutdownTimes,
    all: Vec<Arc<Store>>,
    by_host: HashMap<Box<str>, Arc<Store>>,
    by_internal_host: HashMap<Box<str>, Arc<Store>>,
    /// By the hosts of `returnTo`; `None` for one that several stores have.
    by_storefront: HashMap<Box<str>, Option<Arc<Store>>>,
}

impl Stores {
    /// The stores of these settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        let nothing = SettingsSpec::empty(Place::default()).expect("every key may be left out");
        let main = settings.spec.as_ref().unwrap_or(&nothing);
        let mut all = vec![Arc::new(compile_store(MAIN, &settings.public_url, settings, main, main))];
        for (name, spec) in main.stores.iter().flat_map(|stores| &stores.0) {
            let Some(url) = &spec.public_url else { continue };
            all.push(Arc::new(compile_store(&name.value, url.value.trim_end_matches('/'), settings, spec, main)));
        }
        let by_host = all.iter().map(|store| (store.host.clone(), Arc::clone(store))).collect();
        let internal = all.iter().flat_map(|store| store.internal_hosts.iter().map(|host| (host.clone(), Arc::clone(store))));
        let by_internal_host = internal.collect();
        let metrics_listen = main.metrics_listen.as_ref().and_then(|listen| listen.value.parse().ok());
        let most_connections = most_connections(main.limits.as_ref());
        let audit_kept = main.audit.as_ref().and_then(|audit| audit.keep).map_or(AUDIT_KEPT, |span| whole_seconds(span.value.0));
        let mut by_storefront: HashMap<Box<str>, Option<Arc<Store>>> = HashMap::new();
        for store in &all {
            for host in store.return_to.iter().filter_map(|origin| browser_host(origin)) {
                by_storefront.entry(host.into()).and_modify(|known| *known = None).or_insert_with(|| Some(Arc::clone(store)));
            }
        }
        let shutdown = ShutdownTimes::new(main.shutdown.as_ref());
        Self { metrics_listen, most_connections, audit_kept, shutdown, all, by_host, by_internal_host, by_storefront }
    }

    /// The store of this host.
    pub(crate) fn by_host(&self, host: &str) -> Option<&Arc<Store>> {
        self.by_host.get(host).or_else(|| {
            let usual = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
            self.by_host.get(usual.to_ascii_lowercase().as_str())
        })
    }

    /// The store that services inside the network reach under this host, with or without a port.
    pub(crate) fn by_internal_host(&self, host: &str) -> Option<&Arc<Store>> {
        self.by_internal_host.get(&host_without_port(host)?)
    }

    /// The one store that has this host among its `returnTo`.
    pub(crate) fn by_storefront(&self, host: &str) -> Option<&Arc<Store>> {
        self.by_storefront.get(browser_host(&format!("https://{host}"))?.as_str())?.as_ref()
    }

    /// The separate listener for metrics.
    pub(crate) fn metrics_listen(&self) -> Option<SocketAddr> {
        self.metrics_listen
    }

    /// How many connections an address may have.
    pub(crate) fn most_connections(&self) -> Option<u32> {
        self.most_connections
    }

    /// How long the events of the audit are kept, in seconds.
    pub(crate) fn audit_kept(&self) -> i64 {
        self.audit_kept
    }

    /// How long the broker takes to end.
    pub(crate) fn shutdown(&self) -> ShutdownTimes {
        self.shutdown
    }

    /// The store that the settings file itself describes.
    pub(crate) fn main(&self) -> &Arc<Store> {
        self.all.first().expect("the store of the file itself is always there")
    }

    pub(crate) fn all(&self) -> &[Arc<Store>] {
        &self.all
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<Store>> {
        self.all.iter().find(|store| *store.name == *name)
    }
}
