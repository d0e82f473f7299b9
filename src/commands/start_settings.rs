//! The settings that are read at the start only. All others take effect when the file changes; a change of these is reported until
//! the broker is started again.

use crate::directory::StorageLocation;
use crate::provider::value_reference::ValueReference;
use std::net::SocketAddr;

/// What a broker is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartSettings {
    pub(crate) listen: SocketAddr,
    pub(crate) storage: StorageLocation,
    /// Where the master key is kept, if the settings say it.
    pub(crate) master_key: Option<ValueReference>,
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The files of further certificate authorities, as the settings name them.
    pub(crate) trusted_authorities: Vec<String>,
    /// What identifies the proxy for calls to providers.
    pub(crate) outgoing_proxy: Option<String>,
}

impl StartSettings {
    /// What to report if the broker was started with these settings and the file has others now.
    pub(crate) fn complaint(&self, now: &Self) -> Option<String> {
        let Self { listen, storage, master_key, metrics_listen, trusted_authorities, outgoing_proxy } = self;
        let changes = [
            ("listen", *listen != now.listen),
            ("storage", *storage != now.storage),
            ("masterKey", *master_key != now.master_key),
            ("metricsListen", *metrics_listen != now.metrics_listen),
            ("outgoingProxy", *outgoing_proxy != now.outgoing_proxy),
            ("trustedAuthorities", *trusted_authorities != now.trusted_authorities),
        ];
        let changed: Vec<String> = changes.iter().filter(|(_, has_changed)| *has_changed).map(|(word, _)| format!("`{word}`")).collect();
        let waiting = || format!("a change of {} is not in use: it is read at the start only, so restart the broker", changed.join(", "));
        (!changed.is_empty()).then(waiting)
    }
}
