//! The metrics of logins: how many began, came back, worked and failed, and how long the calls to the provider took.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    store: String,
    provider: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    store: String,
    provider: String,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConversationLabels {
    provider: String,
}

/// The provider of a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreProviderLabels {
    store: String,
    provider: String,
}

impl StoreProviderLabels {
    fn new(store: &str, provider: &str) -> Self {
        Self { store: store.to_owned(), provider: provider.to_owned() }
    }
}

fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 12))
}

pub(crate) struct LoginMetrics {
    ended: Family<LoginLabels, Counter>,
    failures: Family<FailureLabels, Counter>,
    conversations: Family<ConversationLabels, Histogram>,
    codeless: Family<StoreProviderLabels, Counter>,
    began: Family<StoreProviderLabels, Counter>,
    returned: Family<StoreProviderLabels, Counter>,
}

impl LoginMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            ended: Family::default(),
            failures: Family::default(),
            conversations: Family::new_with_constructor(histogram),
            codeless: Family::default(),
            began: Family::default(),
            returned: Family::default(),
        };
        registry.register("logins", "Logins by store, provider and how they ended", metrics.ended.clone());
        registry.register("login_failures", "Failed logins by store, provider and exact cause", metrics.failures.clone());
        registry.register("conversation_seconds", "How long the calls of a login took, by provider", metrics.conversations.clone());
        let pages =
            "Failed logins whose pages showed no incident code, because too many different ones came in a minute, by store and provider";
        registry.register("logins_without_code", pages, metrics.codeless.clone());
        registry.register("logins_began", "Logins whose browser was sent to the provider, by store and provider", metrics.began.clone());
        registry.register("logins_returned", "Logins whose browser came back, by store and provider", metrics.returned.clone());
        metrics
    }

    pub(crate) fn count_end(&self, store: &str, provider: &str, outcome: &'static str) {
        self.ended.get_or_create(&LoginLabels { store: store.to_owned(), provider: provider.to_owned(), outcome }).inc();
    }

    /// Counts a failed login by its exact cause.
    pub(crate) fn count_failure(&self, store: &str, provider: &str, cause: &'static str) {
        self.failures.get_or_create(&FailureLabels { store: store.to_owned(), provider: provider.to_owned(), cause }).inc();
    }

    /// Counts failed logins of a minute that support cannot find by a code.
    pub(crate) fn count_without_code(&self, store: &str, provider: &str, count: u32) {
        self.codeless.get_or_create(&StoreProviderLabels::new(store, provider)).inc_by(count.into());
    }

    /// Counts a login whose browser was sent to the provider.
    pub(crate) fn count_began(&self, store: &str, provider: &str) {
        self.began.get_or_create(&StoreProviderLabels::new(store, provider)).inc();
    }

    /// Counts a login whose browser came back.
    pub(crate) fn count_returned(&self, store: &str, provider: &str) {
        self.returned.get_or_create(&StoreProviderLabels::new(store, provider)).inc();
    }

    /// Counts the duration of a conversation with a provider.
    pub(crate) fn observe_conversation(&self, provider: &str, took: Duration) {
        self.conversations.get_or_create(&ConversationLabels { provider: provider.to_owned() }).observe(took.as_secs_f64());
    }
}
