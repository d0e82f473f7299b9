//! The metrics of logins: how many began, came back, worked and failed, and how long the calls to the provider took.

use crate::pages::ErrorCause;
use crate::provider::step::StepKind;
use crate::world::traces;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The step of a failure that the browser has brought back.
pub(crate) const CALLBACK: &str = "callback";
/// The step of a failure after the conversation with the provider.
pub(crate) const IDENTITY: &str = "identity";
/// The outcome of a login that signed the person in.
pub(crate) const SIGNED_IN: &str = "welcome";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    store: String,
    provider: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailedLoginLabels {
    store: String,
    provider: String,
    step: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    store: String,
    provider: String,
    step: &'static str,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConversationLabels {
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    provider: String,
    step: &'static str,
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

/// From 5 milliseconds to 10 seconds.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 12))
}

pub(crate) struct LoginMetrics {
    ended: Family<LoginLabels, Counter>,
    failed: Family<FailedLoginLabels, Counter>,
    failures: Family<FailureLabels, Counter>,
    conversations: Family<ConversationLabels, Histogram>,
    steps: Family<StepLabels, Histogram>,
    codeless: Family<StoreProviderLabels, Counter>,
    began: Family<StoreProviderLabels, Counter>,
    returned: Family<StoreProviderLabels, Counter>,
}

impl LoginMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            ended: Family::default(),
            failed: Family::default(),
            failures: Family::default(),
            conversations: Family::new_with_constructor(histogram),
            steps: Family::new_with_constructor(histogram),
            codeless: Family::default(),
            began: Family::default(),
            returned: Family::default(),
        };
        registry.register("logins", "Logins by store, provider and how they ended", metrics.ended.clone());
        registry.register("logins_failed", "Failed logins by store, provider and step", metrics.failed.clone());
        registry.register("login_failures", "Failed logins by store, provider, step and exact cause", metrics.failures.clone());
        registry.register(
            "conversation_seconds",
            "How long the calls of a login took together, by provider",
            metrics.conversations.clone(),
        );
        registry.register("step_seconds", "How long a call of a login took, by provider and step", metrics.steps.clone());
        let pages =
            "Failed logins whose pages showed no incident code, because too many different ones came in a minute, by store and provider";
        registry.register("logins_without_code", pages, metrics.codeless.clone());
        registry.register("logins_began", "Logins whose browser was sent to the provider, by store and provider", metrics.began.clone());
        registry.register("logins_returned", "Logins whose browser came back, by store and provider", metrics.returned.clone());
        metrics
    }

    /// Makes the series of a provider, so that its first login is a change from 0.
    pub(crate) fn prepare(&self, store: &str, provider: &str) {
        let labels = StoreProviderLabels::new(store, provider);
        for counts in [&self.codeless, &self.began, &self.returned] {
            drop(counts.get_or_create(&labels));
        }
        let ends = ErrorCause::ALL.iter().filter(|cause| cause.ends_a_login()).map(|cause| cause.name());
        for outcome in ends.chain([SIGNED_IN]) {
            drop(self.ended.get_or_create(&LoginLabels { store: store.to_owned(), provider: provider.to_owned(), outcome }));
        }
        for step in StepKind::WORDS.iter().copied().chain([CALLBACK, IDENTITY]) {
            drop(self.failed.get_or_create(&FailedLoginLabels { store: store.to_owned(), provider: provider.to_owned(), step }));
        }
        drop(self.conversations.get_or_create(&ConversationLabels { provider: provider.to_owned() }));
        for step in StepKind::WORDS {
            drop(self.steps.get_or_create(&StepLabels { provider: provider.to_owned(), step }));
        }
    }

    pub(crate) fn count_end(&self, store: &str, provider: &str, outcome: &'static str) {
        self.ended.get_or_create(&LoginLabels { store: store.to_owned(), provider: provider.to_owned(), outcome }).inc();
        traces::note("portaria.provider", provider);
        traces::note("portaria.login.outcome", outcome);
    }

    /// Counts a failed login by its step.
    pub(crate) fn count_failed(&self, store: &str, provider: &str, step: &'static str) {
        self.failed.get_or_create(&FailedLoginLabels { store: store.to_owned(), provider: provider.to_owned(), step }).inc();
    }

    /// Counts a failed login by its exact cause.
    pub(crate) fn count_failure(&self, store: &str, provider: &str, (step, cause): (&'static str, &'static str)) {
        traces::note("portaria.login.step", step);
        traces::note("portaria.login.cause", cause);
        self.failures.get_or_create(&FailureLabels { store: store.to_owned(), provider: provider.to_owned(), step, cause }).inc();
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

    /// Counts the duration of a call to a provider.
    pub(crate) fn observe_step(&self, provider: &str, step: &'static str, took: Duration) {
        self.steps.get_or_create(&StepLabels { provider: provider.to_owned(), step }).observe(took.as_secs_f64());
    }
}
