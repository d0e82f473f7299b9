//! The metrics of storage.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub(crate) struct StorageMetrics {
    ended: Gauge,
    silence: Gauge,
}

impl StorageMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let (ended, silence) = (Gauge::default(), Gauge::default());
        registry.register("ended_sessions", "Sessions that ended early and are still remembered", ended.clone());
        registry.register("storage_silence_seconds", "How long ago storage was last heard of", silence.clone());
        Self { ended, silence }
    }

    /// Sets how many ended sessions are known, and how long ago storage was last heard of.
    pub(crate) fn set(&self, ended: usize, silence: i64) {
        self.ended.set(i64::try_from(ended).unwrap_or(i64::MAX));
        self.silence.set(silence);
    }
}
