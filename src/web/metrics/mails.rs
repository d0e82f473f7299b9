//! The metrics of mails.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnsentMailLabels {
    store: String,
    limit: &'static str,
}

pub(crate) struct MailMetrics {
    unsent: Family<UnsentMailLabels, Counter>,
}

impl MailMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let unsent = Family::default();
        let what = "Mails with codes that were not sent because the limit of a day was reached, by store and limit";
        registry.register("unsent_mails", what, Family::clone(&unsent));
        Self { unsent }
    }

    /// Counts a mail with a code that a limit of the day forbids.
    pub(crate) fn count_unsent(&self, store: &str, limit: &'static str) {
        self.unsent.get_or_create(&UnsentMailLabels { store: store.to_owned(), limit }).inc();
    }
}
