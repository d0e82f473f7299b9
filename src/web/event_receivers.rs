//! What the delivery of store events has in memory: the network to their receivers, and the stores whose events are under way.

use crate::directory::Directory;
use crate::stores::Stores;
use crate::stores::events::wanted_store_events;
use crate::web::network_reach::event_network;
use crate::world::network::Network;
use arc_swap::ArcSwapOption;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct EventReceivers {
    /// The name of this broker among those with the same storage.
    pub(crate) machine: Box<str>,
    network: ArcSwapOption<Network>,
    under_way: Mutex<BTreeSet<Box<str>>>,
}

impl EventReceivers {
    /// Those of the settings with which this machine starts.
    pub(crate) fn open(machine: &str, stores: &Stores, directory: &Directory, network: &Network) -> Self {
        let opened = Self { machine: machine.into(), network: ArcSwapOption::empty(), under_way: Mutex::default() };
        opened.apply(stores, directory, network);
        opened
    }

    /// Applies settings: from now on the events that these stores want are queued, and can be sent to their addresses.
    pub(crate) fn apply(&self, stores: &Stores, directory: &Directory, network: &Network) {
        directory.set_wanted_store_events(wanted_store_events(stores));
        self.network.store(event_network(network, stores).map(Arc::new));
    }

    /// The network in which the receivers are reached, if there are any.
    pub(crate) fn network(&self) -> Option<Arc<Network>> {
        self.network.load_full()
    }

    /// Whether the events of a store are under way.
    pub(crate) fn is_under_way(&self, store: &str) -> bool {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).contains(store)
    }

    /// Notes that the events of a store are under way; false if they are already.
    pub(crate) fn begin(&self, store: &str) -> bool {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(store.into())
    }

    /// The events of a store are under way no longer.
    pub(crate) fn end(&self, store: &str) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(store);
    }
}
