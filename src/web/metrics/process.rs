//! The metrics of the process itself. Those that every program has are named as every program names them.

use crate::web::metrics::gauge_guard::GaugeGuard;
use crate::world::log_queue::LogQueue;
use crate::world::process_state::ProcessState;
use crate::world::traces;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// The version of the package.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that a release is made from. A build for development has none.
const COMMIT: Option<&str> = option_env!("PORTARIA_COMMIT");

pub(crate) struct ProcessMetrics {
    processor: Counter<f64, AtomicU64>,
    memory: Gauge,
    open_files: Gauge,
    most_files: Gauge,
    connections: Gauge,
    lost_lines: Counter,
    lost_spans: Counter,
}

impl ProcessMetrics {
    /// `registry` is that of the series that every program has, `own` that of this program.
    pub(crate) fn new(registry: &mut Registry, now: i64) -> Self {
        let (started, memory, open_files, most_files) = (Gauge::<i64>::default(), Gauge::default(), Gauge::default(), Gauge::default());
        started.set(now);
        let (processor, lost_lines, connections) = (Counter::default(), Counter::default(), Gauge::default());
        let lost_spans = Counter::default();
        registry.register("process_start_time_seconds", "When the process started, in seconds since 1970", started);
        registry.register("process_cpu_seconds", "How long processors worked for the process", Counter::clone(&processor));
        registry.register("process_resident_memory_bytes", "How much memory the process takes", Gauge::clone(&memory));
        registry.register("process_open_fds", "How many files and connections the process has open", Gauge::clone(&open_files));
        registry.register("process_max_fds", "How many it may have open", Gauge::clone(&most_files));
        let own = registry.sub_registry_with_prefix("portaria");
        let build = Info::new([("version", VERSION), ("commit", COMMIT.unwrap_or("none"))]);
        own.register("build", "The version of the program, and the commit that it was made from", build);
        own.register("connections", "Open connections of clients", Gauge::clone(&connections));
        own.register("log_lines_lost", "Lines of the log that were lost, because nothing read them in time", Counter::clone(&lost_lines));
        if traces::ARE_BUILT_IN {
            own.register("spans_lost", "Spans of traces that no collector has got", Counter::clone(&lost_spans));
        }
        Self { processor, memory, open_files, most_files, connections, lost_lines, lost_spans }
    }

    /// Counts a connection while it is open.
    pub(crate) fn count_connection(&self) -> GaugeGuard {
        GaugeGuard::new(&self.connections)
    }

    /// Reads the state of the process. What the system does not show stays 0.
    pub(crate) fn collect(&self) {
        let state = ProcessState::read();
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.processor.inc_by((state.processor_seconds - self.processor.get()).max(0.0));
        self.memory.set(gauge(state.memory_bytes));
        self.open_files.set(gauge(state.open_files));
        self.most_files.set(gauge(state.most_files));
        self.lost_lines.inc_by(LogQueue::lost_lines().saturating_sub(self.lost_lines.get()));
        self.lost_spans.inc_by(traces::lost_spans().saturating_sub(self.lost_spans.get()));
    }
}
