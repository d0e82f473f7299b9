//! The metrics of limits: what was refused because a client did too much.

use crate::web::rate_limits::RateLimitKind;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The limit of the connections of one client.
pub(crate) const CONNECTIONS: &str = "connections";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

pub(crate) struct LimitMetrics {
    refused: Family<LimitLabels, Counter>,
}

impl LimitMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let refused: Family<LimitLabels, Counter> = Family::default();
        registry.register("limited", "Requests and connections that a limit refused, by limit", refused.clone());
        for limit in RateLimitKind::ALL.iter().map(|kind| kind.word()).chain([CONNECTIONS]) {
            drop(refused.get_or_create(&LimitLabels { limit }));
        }
        Self { refused }
    }

    pub(crate) fn count(&self, limit: &'static str) {
        self.refused.get_or_create(&LimitLabels { limit }).inc();
    }
}
