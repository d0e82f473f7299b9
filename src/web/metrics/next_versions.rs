//! The metrics of the next versions of provider files.

use crate::rollout::monitor::RolloutMetric;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NextComparedLabels {
    provider: String,
    result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NextVersionLabels {
    provider: String,
}

pub(crate) struct NextVersionMetrics {
    compared: Family<NextComparedLabels, Counter>,
    share: Family<NextVersionLabels, Gauge<f64, AtomicU64>>,
    returned: Family<NextVersionLabels, Gauge>,
}

impl NextVersionMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let (compared, share, returned) = (Family::default(), Family::default(), Family::default());
        let what = "What the next version of a provider file would have read from the answers of a login, by provider";
        registry.register("next_compared", what, Family::clone(&compared));
        registry.register("next_share", "The share of new logins that go through the next version of a file", Family::clone(&share));
        let taken_back = "At how many stores logins use the present version again, because those through the next one failed more often";
        registry.register("next_returned", taken_back, Family::clone(&returned));
        Self { compared, share, returned }
    }

    /// Adds what was compared since the last call, and sets the shares.
    pub(crate) fn set(&self, metrics: Vec<RolloutMetric>) {
        // A next version that is gone disappears.
        self.share.clear();
        self.returned.clear();
        for RolloutMetric { provider, state, compared } in metrics {
            if let Some((share, returned)) = state {
                let label = NextVersionLabels { provider: provider.clone() };
                self.share.get_or_create(&label).set(share);
                self.returned.get_or_create(&label).set(returned);
            }
            for (result, count) in compared {
                let label = NextComparedLabels { provider: provider.clone(), result: result.into() };
                self.compared.get_or_create(&label).inc_by(count);
            }
        }
    }
}
