//! The metrics of storage.

use crate::directory::Directory;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub(crate) struct StorageMetrics {
    up: Gauge,
    ended: Gauge,
    silence: Gauge,
    under_way: Gauge,
    waiting: Gauge,
    in_use: Gauge,
    most: Gauge,
    size: Gauge,
}

/// What the broker knows of its storage at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StorageState {
    /// Whether the last reading of the ended sessions worked.
    pub(crate) is_up: bool,
    /// How long ago storage was last heard of, in seconds.
    pub(crate) silence: i64,
    /// How many sessions that ended early are known.
    pub(crate) ended_sessions: usize,
}

impl StorageMetrics {
    pub(crate) fn new(registry: &mut Registry, directory: &Directory) -> Self {
        let gauge = |registry: &mut Registry, name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        directory.measurements().register(registry);
        Self {
            up: gauge(registry, "storage_up", "Whether storage answered when it was last read, which happens twice a second"),
            ended: gauge(registry, "ended_sessions", "Sessions that ended early and are still remembered"),
            silence: gauge(registry, "storage_silence_seconds", "How long ago storage was last heard of"),
            under_way: gauge(registry, "storage_transactions_under_way", "Transactions that have begun or wait"),
            waiting: gauge(registry, "storage_transactions_waiting", "Transactions that wait for a connection"),
            in_use: gauge(registry, "storage_connections_in_use", "Connections to the storage that are in use"),
            most: gauge(registry, "storage_connections_most", "How many connections to the storage there may be"),
            size: gauge(registry, "storage_size_bytes", "The size of the file and of its journal; 0 where storage is a server"),
        }
    }

    pub(crate) fn set(&self, state: StorageState, directory: &Directory) {
        let gauge = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        self.up.set(i64::from(state.is_up));
        self.silence.set(state.silence);
        self.ended.set(gauge(state.ended_sessions));
        let load = directory.load();
        self.under_way.set(gauge(load.under_way));
        self.waiting.set(gauge(load.under_way.saturating_sub(load.in_use)));
        self.in_use.set(gauge(load.in_use));
        self.most.set(gauge(load.most));
        self.size.set(i64::try_from(directory.file_size()).unwrap_or(i64::MAX));
    }
}
