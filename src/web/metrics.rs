//! The metrics: outcomes of logins, durations of conversations, checks, files and drift.

use crate::drift::DriftMetric;
use crate::rollout::monitor::RolloutMetric;
use crate::web::check_counts::CheckCounts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    store: String,
    provider: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConversationLabels {
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    answer: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderFileLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReadingLabels {
    provider: String,
    step: String,
    fact: String,
    found: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DriftLabels {
    provider: String,
    step: String,
    fact: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LogoutNoticeLabels {
    store: String,
    app: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnsentMailLabels {
    store: String,
    limit: &'static str,
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NextComparedLabels {
    provider: String,
    result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    store: String,
    provider: String,
    cause: &'static str,
}

pub(crate) struct Metrics {
    registry: Registry,
    logins: Family<LoginLabels, Counter>,
    login_failures: Family<FailureLabels, Counter>,
    conversations: Family<ConversationLabels, Histogram>,
    checks: Family<CheckLabels, Counter>,
    files: Family<ProviderFileLabels, Gauge>,
    readings: Family<ReadingLabels, Counter>,
    drift: Family<DriftLabels, Gauge>,
    logout_notices: Family<LogoutNoticeLabels, Counter>,
    unsent_mails: Family<UnsentMailLabels, Counter>,
    codeless: Family<StoreProviderLabels, Counter>,
    began: Family<StoreProviderLabels, Counter>,
    returned: Family<StoreProviderLabels, Counter>,
    next_compared: Family<NextComparedLabels, Counter>,
    next_share: Family<ConversationLabels, Gauge<f64, AtomicU64>>,
    next_returned: Family<ConversationLabels, Gauge>,
    ended: Gauge,
    silence: Gauge,
    pub(crate) check_counts: CheckCounts,
}

fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 12))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("portaria");
        let (logins, checks, files) = (Family::default(), Family::default(), Family::default());
        let conversations = Family::new_with_constructor(histogram as fn() -> Histogram);
        let (readings, drift, logout_notices) = (Family::default(), Family::default(), Family::default());
        let (ended, silence) = (Gauge::default(), Gauge::default());
        registry.register("logins", "Logins by store, provider and how they ended", Family::clone(&logins));
        let login_failures = Family::default();
        registry.register("login_failures", "Failed logins by store, provider and exact cause", Family::clone(&login_failures));
        registry.register("conversation_seconds", "How long the calls of a login took, by provider", Family::clone(&conversations));
        registry.register("checks", "Checks of forward authentication by answer", Family::clone(&checks));
        registry.register("provider_files", "Provider files by state", Family::clone(&files));
        registry.register("readings", "Facts that were looked for in answers, by provider, step and fact", Family::clone(&readings));
        registry.register("drift", "Whether a provider answers otherwise than before, by step and fact", Family::clone(&drift));
        let notices = "Notices of ended sessions to apps, by store, app and what became of them";
        registry.register("logout_notices", notices, Family::clone(&logout_notices));
        let unsent_mails = Family::default();
        let mails = "Mails with codes that were not sent because the limit of a day was reached, by store and limit";
        registry.register("unsent_mails", mails, Family::clone(&unsent_mails));
        let codeless = Family::default();
        let pages =
            "Failed logins whose pages showed no incident code, because too many different ones came in a minute, by store and provider";
        registry.register("logins_without_code", pages, Family::clone(&codeless));
        let (began, returned) = (Family::default(), Family::default());
        registry.register("logins_began", "Logins whose browser was sent to the provider, by store and provider", Family::clone(&began));
        registry.register("logins_returned", "Logins whose browser came back, by store and provider", Family::clone(&returned));
        let (next_compared, next_share, next_returned) = (Family::default(), Family::default(), Family::default());
        let compared = "What the next version of a provider file would have read from the answers of a login, by provider";
        registry.register("next_compared", compared, Family::clone(&next_compared));
        registry.register("next_share", "The share of new logins that go through the next version of a file", Family::clone(&next_share));
        let taken_back = "At how many stores logins use the present version again, because those through the next one failed more often";
        registry.register("next_returned", taken_back, Family::clone(&next_returned));
        registry.register("ended_sessions", "Sessions that ended early and are still remembered", ended.clone());
        registry.register("storage_silence_seconds", "How long ago storage was last heard of", silence.clone());
        Self {
            registry,
            logins,
            login_failures,
            conversations,
            checks,
            files,
            readings,
            drift,
            logout_notices,
            unsent_mails,
            codeless,
            began,
            returned,
            next_compared,
            next_share,
            next_returned,
            ended,
            silence,
            check_counts: CheckCounts::default(),
        }
    }
}

impl Metrics {
    pub(crate) fn count_login(&self, store: &str, provider: &str, outcome: &'static str) {
        self.logins.get_or_create(&LoginLabels { store: store.to_owned(), provider: provider.to_owned(), outcome }).inc();
    }

    /// Counts a failed login by its exact cause.
    pub(crate) fn count_login_failure(&self, store: &str, provider: &str, cause: &'static str) {
        self.login_failures.get_or_create(&FailureLabels { store: store.to_owned(), provider: provider.to_owned(), cause }).inc();
    }

    /// Counts failed logins of a minute that support cannot find by a code.
    pub(crate) fn count_logins_without_code(&self, store: &str, provider: &str, count: u32) {
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

    /// Counts what became of the notice of an ended session.
    pub(crate) fn count_logout_notice(&self, store: &str, app: &str, outcome: &'static str) {
        self.logout_notices.get_or_create(&LogoutNoticeLabels { store: store.to_owned(), app: app.to_owned(), outcome }).inc();
    }

    /// Counts a mail with a code that a limit of the day forbids.
    pub(crate) fn count_unsent_mail(&self, store: &str, limit: &'static str) {
        self.unsent_mails.get_or_create(&UnsentMailLabels { store: store.to_owned(), limit }).inc();
    }

    /// Counts the duration of a conversation with a provider.
    pub(crate) fn observe_conversation(&self, provider: &str, took: Duration) {
        self.conversations.get_or_create(&ConversationLabels { provider: provider.to_owned() }).observe(took.as_secs_f64());
    }

    /// Adds what drift has counted since the last call, and sets its warnings.
    pub(crate) fn set_drift(&self, metrics: Vec<DriftMetric>) {
        // Facts that no file reads any more disappear.
        self.drift.clear();
        for DriftMetric { provider, step, fact, count, is_broken } in metrics {
            for (found, count) in count.into_iter().flat_map(|count| [("yes", count.found), ("no", count.missed)]) {
                let label = ReadingLabels { provider: provider.clone(), step: step.clone(), fact: fact.clone(), found };
                self.readings.get_or_create(&label).inc_by(u64::try_from(count).unwrap_or_default());
            }
            self.drift.get_or_create(&DriftLabels { provider, step, fact }).set(i64::from(is_broken));
        }
    }

    /// Adds what was compared with next versions since the last call, and sets their shares.
    pub(crate) fn set_next_versions(&self, metrics: Vec<RolloutMetric>) {
        // A next version that is gone disappears.
        self.next_share.clear();
        self.next_returned.clear();
        for RolloutMetric { provider, state, compared } in metrics {
            if let Some((share, returned)) = state {
                let label = ConversationLabels { provider: provider.clone() };
                self.next_share.get_or_create(&label).set(share);
                self.next_returned.get_or_create(&label).set(returned);
            }
            for (result, count) in compared {
                let label = NextComparedLabels { provider: provider.clone(), result: result.into() };
                self.next_compared.get_or_create(&label).inc_by(count);
            }
        }
    }

    /// All metrics in the format of OpenMetrics.
    pub(crate) fn open_metrics_text(&self, states: &BTreeMap<&'static str, usize>, ended: usize, silence: i64) -> String {
        let (yes, no) = self.check_counts.take();
        for (answer, count) in [("yes", yes), ("no", no)] {
            self.checks.get_or_create(&CheckLabels { answer }).inc_by(count);
        }
        // A status that no file has any more disappears.
        self.files.clear();
        for (state, count) in states {
            self.files.get_or_create(&ProviderFileLabels { state }).set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        self.ended.set(i64::try_from(ended).unwrap_or(i64::MAX));
        self.silence.set(silence);
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to memory works");
        text
    }
}
