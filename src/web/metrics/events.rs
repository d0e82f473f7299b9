//! The metrics of the events that are sent to stores.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreEventLabels {
    store: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventStoreLabels {
    store: String,
}

#[derive(Default)]
pub(crate) struct StoreEventMetrics {
    sent: Family<StoreEventLabels, Counter>,
    waiting: Family<EventStoreLabels, Gauge>,
    oldest: Family<EventStoreLabels, Gauge>,
}

impl StoreEventMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("store_events", "Events that were sent to a store, by what became of them", Family::clone(&metrics.sent));
        registry.register("store_events_waiting", "Events that are still to be sent, by store", Family::clone(&metrics.waiting));
        let oldest = "How long ago the oldest event happened that is still to be sent, by store";
        registry.register("store_events_oldest_seconds", oldest, Family::clone(&metrics.oldest));
        metrics
    }

    pub(crate) fn prepare(&self, store: &str) {
        for outcome in ["delivered", "failed", "dropped"] {
            self.count(store, outcome, 0);
        }
        self.set_waiting(store, 0, 0);
    }

    /// Counts events that were `delivered`, that `failed` and are tried again, or that were `dropped`.
    pub(crate) fn count(&self, store: &str, outcome: &'static str, count: usize) {
        let labels = StoreEventLabels { store: store.to_owned(), outcome };
        self.sent.get_or_create(&labels).inc_by(u64::try_from(count).unwrap_or_default());
    }

    /// Sets how many events wait, and how old the oldest is in seconds.
    pub(crate) fn set_waiting(&self, store: &str, waiting: i64, age: i64) {
        let labels = EventStoreLabels { store: store.to_owned() };
        self.waiting.get_or_create(&labels).set(waiting);
        self.oldest.get_or_create(&labels).set(age);
    }
}
