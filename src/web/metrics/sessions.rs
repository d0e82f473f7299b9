//! The metrics of sessions: how many began, and how they ended.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreLabels {
    store: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndedSessionLabels {
    store: String,
    reason: &'static str,
}

/// How a session ended before it expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionEndReason {
    /// The person signed out of it.
    Logout,
    /// The person signed out of another one, or of all.
    Account,
    /// The person had the account erased.
    Erased,
    /// Another sign-in of the same browser took its place.
    Replaced,
    /// The provider ended its session.
    Provider,
}

impl SessionEndReason {
    const ALL: [Self; 5] = [Self::Logout, Self::Account, Self::Erased, Self::Replaced, Self::Provider];

    fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Account => "account",
            Self::Erased => "erased",
            Self::Replaced => "replaced",
            Self::Provider => "provider",
        }
    }
}

pub(crate) struct SessionMetrics {
    begun: Family<StoreLabels, Counter>,
    ended: Family<EndedSessionLabels, Counter>,
}

impl SessionMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let (begun, ended) = (Family::default(), Family::default());
        registry.register("sessions_begun", "Sessions that began at this broker, by store", Family::clone(&begun));
        registry.register("sessions_ended", "Sessions that were ended at this broker, by store and reason", Family::clone(&ended));
        Self { begun, ended }
    }

    pub(crate) fn prepare(&self, store: &str) {
        drop(self.begun.get_or_create(&StoreLabels { store: store.to_owned() }));
        SessionEndReason::ALL.iter().for_each(|reason| self.count_ended(store, *reason, 0));
    }

    pub(crate) fn count_begun(&self, store: &str) {
        self.begun.get_or_create(&StoreLabels { store: store.to_owned() }).inc();
    }

    pub(crate) fn count_ended(&self, store: &str, reason: SessionEndReason, count: u64) {
        self.ended.get_or_create(&EndedSessionLabels { store: store.to_owned(), reason: reason.word() }).inc_by(count);
    }
}
