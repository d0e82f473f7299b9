//! The metrics of the notices of ended sessions that apps get.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LogoutNoticeLabels {
    store: String,
    app: String,
    outcome: &'static str,
}

/// What becomes of a notice: the app has taken it, it is tried again, or it is not tried any more.
const OUTCOMES: [&str; 3] = ["delivered", "failed", "given_up"];

pub(crate) struct LogoutNoticeMetrics {
    notices: Family<LogoutNoticeLabels, Counter>,
    waiting: Gauge,
}

impl LogoutNoticeMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let (notices, waiting) = (Family::default(), Gauge::default());
        let what = "Notices of ended sessions to apps, by store, app and what became of them";
        registry.register("logout_notices", what, Family::clone(&notices));
        registry.register("logout_notices_waiting", "Notices of ended sessions in storage that apps have not taken yet", waiting.clone());
        Self { notices, waiting }
    }

    pub(crate) fn prepare(&self, store: &str, app: &str) {
        for outcome in OUTCOMES {
            drop(self.notices.get_or_create(&LogoutNoticeLabels { store: store.to_owned(), app: app.to_owned(), outcome }));
        }
    }

    /// Counts what became of the notice of an ended session.
    pub(crate) fn count(&self, store: &str, app: &str, outcome: &'static str) {
        self.notices.get_or_create(&LogoutNoticeLabels { store: store.to_owned(), app: app.to_owned(), outcome }).inc();
    }

    /// Sets how many notices wait.
    pub(crate) fn set_waiting(&self, count: i64) {
        self.waiting.set(count);
    }
}
