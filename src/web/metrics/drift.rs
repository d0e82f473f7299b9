//! The metrics of drift: what was found in the answers of providers, and whether they answer otherwise than before.

use crate::drift::DriftMetric;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

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

pub(crate) struct DriftMetrics {
    readings: Family<ReadingLabels, Counter>,
    drift: Family<DriftLabels, Gauge>,
}

impl DriftMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let (readings, drift) = (Family::default(), Family::default());
        registry.register("readings", "Facts that were looked for in answers, by provider, step and fact", Family::clone(&readings));
        registry.register("drift", "Whether a provider answers otherwise than before, by step and fact", Family::clone(&drift));
        Self { readings, drift }
    }

    /// Adds what drift has counted since the last call, and sets its warnings.
    pub(crate) fn set(&self, metrics: Vec<DriftMetric>) {
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
}
