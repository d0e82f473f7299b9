//! The metrics of mails. There is no queue on a disk: a mail that is being sent is one that waits.

use crate::directory::mail_budget::ReachedMailLimit;
use crate::web::metrics::gauge_guard::GaugeGuard;
use crate::world::mail::MailError;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnsentMailLabels {
    store: String,
    limit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MailLabels {
    store: String,
    outcome: &'static str,
}

#[derive(Clone)]
pub(crate) struct MailMetrics {
    unsent: Family<UnsentMailLabels, Counter>,
    mails: Family<MailLabels, Counter>,
    waiting: Gauge,
}

impl MailMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let (unsent, mails, waiting) = (Family::default(), Family::default(), Gauge::default());
        let what = "Mails with codes that were not sent because the limit of a day was reached, by store and limit";
        registry.register("unsent_mails", what, Family::clone(&unsent));
        registry.register("mails", "Mails that the mail server took, or did not take, by store and outcome", Family::clone(&mails));
        registry.register("mails_waiting", "Mails that are being handed to a mail server at this moment", waiting.clone());
        Self { unsent, mails, waiting }
    }

    pub(crate) fn prepare(&self, store: &str) {
        for outcome in ["sent", "failed"] {
            drop(self.mails.get_or_create(&MailLabels { store: store.to_owned(), outcome }));
        }
        for limit in [ReachedMailLimit::Network, ReachedMailLimit::Store] {
            drop(self.unsent.get_or_create(&UnsentMailLabels { store: store.to_owned(), limit: limit.word() }));
        }
    }

    /// Counts a mail with a code that a limit of the day forbids.
    pub(crate) fn count_unsent(&self, store: &str, limit: &'static str) {
        self.unsent.get_or_create(&UnsentMailLabels { store: store.to_owned(), limit }).inc();
    }

    /// Counts a mail while it is being sent, and what became of it.
    pub(crate) async fn count_sending(&self, store: &str, sending: impl Future<Output = Result<(), MailError>>) -> Result<(), MailError> {
        let waiting = GaugeGuard::new(&self.waiting);
        let sent = sending.await;
        drop(waiting);
        let outcome = if sent.is_ok() { "sent" } else { "failed" };
        self.mails.get_or_create(&MailLabels { store: store.to_owned(), outcome }).inc();
        sent
    }
}
