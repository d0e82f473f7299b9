//! How long transactions take, and how many are under way.

use crate::world::clock;
use crate::world::traces::TraceSpan;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransactionAccess {
    Read,
    Write,
}

impl TransactionAccess {
    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransactionLabels {
    access: &'static str,
}

/// How much the storage has to do at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StorageLoad {
    /// Transactions that have begun or wait.
    pub(crate) under_way: usize,
    /// Connections that are in use.
    pub(crate) in_use: usize,
    /// How many connections there may be.
    pub(crate) most: usize,
}

/// The measurements of a directory.
#[derive(Debug)]
pub(crate) struct StorageMeasurements {
    durations: Family<TransactionLabels, Histogram>,
    failures: Family<TransactionLabels, Counter>,
    reading: AtomicUsize,
    writing: AtomicUsize,
}

/// From half a millisecond to eight seconds, after which every transaction has been given up.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 15))
}

impl Default for StorageMeasurements {
    fn default() -> Self {
        let measurements = Self {
            durations: Family::new_with_constructor(histogram),
            failures: Family::default(),
            reading: AtomicUsize::new(0),
            writing: AtomicUsize::new(0),
        };
        for access in [TransactionAccess::Read, TransactionAccess::Write] {
            let labels = TransactionLabels { access: access.word() };
            drop(measurements.durations.get_or_create(&labels));
            drop(measurements.failures.get_or_create(&labels));
        }
        measurements
    }
}

impl StorageMeasurements {
    /// Adds the series to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let took = "How long a transaction took with its wait for a connection, by what it may do";
        registry.register("storage_transaction_seconds", took, self.durations.clone());
        registry.register("storage_failures", "Transactions that the storage did not carry out", self.failures.clone());
    }

    /// Measures a transaction until the returned value is finished or dropped.
    pub(crate) fn begin<V>(&self, access: TransactionAccess, engine: &'static str) -> MeasuredTransaction<'_> {
        self.count(access).fetch_add(1, Ordering::Relaxed);
        let verb = std::any::type_name::<V>().rsplit("::").next().unwrap_or_default();
        let span = TraceSpan::within_request(verb);
        span.text("db.system.name", engine);
        span.text("db.operation.name", verb);
        MeasuredTransaction { measurements: self, access, began: clock::instant(), span }
    }

    /// How many transactions have begun or wait.
    pub(crate) fn under_way(&self, access: TransactionAccess) -> usize {
        self.count(access).load(Ordering::Relaxed)
    }

    fn count(&self, access: TransactionAccess) -> &AtomicUsize {
        match access {
            TransactionAccess::Read => &self.reading,
            TransactionAccess::Write => &self.writing,
        }
    }
}

/// A transaction that is under way. One whose caller gives up has no duration.
pub(crate) struct MeasuredTransaction<'m> {
    measurements: &'m StorageMeasurements,
    access: TransactionAccess,
    began: Instant,
    span: TraceSpan,
}

impl MeasuredTransaction<'_> {
    /// The transaction has ended.
    pub(crate) fn finish(self, is_done: bool) {
        let labels = TransactionLabels { access: self.access.word() };
        self.measurements.durations.get_or_create(&labels).observe(self.began.elapsed().as_secs_f64());
        if !is_done {
            self.span.failed("storageUnavailable");
            self.measurements.failures.get_or_create(&labels).inc();
        }
    }
}

impl Drop for MeasuredTransaction<'_> {
    fn drop(&mut self) {
        self.measurements.count(self.access).fetch_sub(1, Ordering::Relaxed);
    }
}
