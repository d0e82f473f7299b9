//! The metrics of forward authentication, which proxies ask for every request of a storefront.

use crate::web::check_counts::CheckCounts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    answer: &'static str,
}

pub(crate) struct CheckMetrics {
    answers: Family<CheckLabels, Counter>,
    /// What was counted since the metrics were last read.
    pub(crate) counts: CheckCounts,
}

impl CheckMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let answers = Family::default();
        registry.register("checks", "Checks of forward authentication by answer", Family::clone(&answers));
        Self { answers, counts: CheckCounts::default() }
    }

    /// Adds what was counted since the last call.
    pub(crate) fn collect(&self) {
        let (yes, no) = self.counts.take();
        for (answer, count) in [("yes", yes), ("no", no)] {
            self.answers.get_or_create(&CheckLabels { answer }).inc_by(count);
        }
    }
}
