//! The metrics of the notices of ended sessions that apps get.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LogoutNoticeLabels {
    store: String,
    app: String,
    outcome: &'static str,
}

pub(crate) struct LogoutNoticeMetrics {
    notices: Family<LogoutNoticeLabels, Counter>,
}

impl LogoutNoticeMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let notices = Family::default();
        let what = "Notices of ended sessions to apps, by store, app and what became of them";
        registry.register("logout_notices", what, Family::clone(&notices));
        Self { notices }
    }

    /// Counts what became of the notice of an ended session.
    pub(crate) fn count(&self, store: &str, app: &str, outcome: &'static str) {
        self.notices.get_or_create(&LogoutNoticeLabels { store: store.to_owned(), app: app.to_owned(), outcome }).inc();
    }
}
