//! The metrics of reloading: whether what is in use is what lies on the disk.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    result: &'static str,
}

pub(crate) struct ReloadMetrics {
    reloads: Family<ReloadLabels, Counter>,
    last_success: Gauge,
    last_failure: Gauge,
    up_to_date: Gauge,
    complaints: Gauge,
}

impl ReloadMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let reloads: Family<ReloadLabels, Counter> = Family::default();
        let (last_success, last_failure) = (Gauge::default(), Gauge::default());
        let (up_to_date, complaints) = (Gauge::default(), Gauge::default());
        registry.register("reloads", "Changed files that were read again, settings and provider files, by result", reloads.clone());
        let success = "When changed files were last taken into use, in seconds since 1970; 0 before the first time";
        registry.register("reload_last_success_timestamp_seconds", success, last_success.clone());
        let failure = "When changed files were last refused, in seconds since 1970; 0 before the first time";
        registry.register("reload_last_failure_timestamp_seconds", failure, last_failure.clone());
        registry.register("configuration_up_to_date", "Whether everything on the disk is in use", up_to_date.clone());
        registry.register("complaints", "What is wrong with the settings and files, as `/health/ready` lists it", complaints.clone());
        for result in ["applied", "refused"] {
            drop(reloads.get_or_create(&ReloadLabels { result }));
        }
        Self { reloads, last_success, last_failure, up_to_date, complaints }
    }

    /// Counts files that were read again.
    pub(crate) fn count(&self, is_applied: bool, now: i64) {
        let (result, last) = if is_applied { ("applied", &self.last_success) } else { ("refused", &self.last_failure) };
        self.reloads.get_or_create(&ReloadLabels { result }).inc();
        last.set(now);
    }

    /// Sets whether everything on the disk is in use, and how many complaints there are.
    pub(crate) fn set(&self, is_up_to_date: bool, complaints: usize) {
        self.up_to_date.set(i64::from(is_up_to_date));
        self.complaints.set(i64::try_from(complaints).unwrap_or(i64::MAX));
    }
}
