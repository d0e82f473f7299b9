//! The metrics of provider files: how many are in which state.

use crate::stores::catalogue::ProviderStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderFileLabels {
    state: &'static str,
}

pub(crate) struct ProviderFileMetrics {
    files: Family<ProviderFileLabels, Gauge>,
}

impl ProviderFileMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let files = Family::default();
        registry.register("provider_files", "Provider files by state", Family::clone(&files));
        Self { files }
    }

    pub(crate) fn set(&self, states: &BTreeMap<&'static str, usize>) {
        for state in ProviderStatus::ALL.iter().map(|status| status.word()) {
            let count = states.get(state).copied().unwrap_or_default();
            self.files.get_or_create(&ProviderFileLabels { state }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
