//! What the stream counts and times.

use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::port::Bounds;

/// The stream's metrics; clones count into the same figures.
#[derive(Clone, Debug)]
pub struct StreamMetrics {
    pub(crate) append: Hop,
    pub(crate) commit: Hop,
    backlog: Gauge,
}

/// One way into the stream.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    records: Counter,
    errors: Counter,
    seconds: Histogram,
}

impl StreamMetrics {
    /// Registers them, as `stream_…`.
    pub fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("stream");
        let append = Hop::register(registry, "append", "Appending to the transactions");
        let commit = Hop::register(registry, "commit", "Committing sums, dead letters and positions");
        let backlog = Gauge::default();
        registry.register(
            "backlog_records",
            "Records of the transactions behind the committed positions, when last looked at",
            backlog.clone(),
        );
        Self { append, commit, backlog }
    }

    pub(crate) fn backlog(&self, bounds: &[Bounds]) {
        let behind = |bounds: &Bounds| bounds.high.saturating_sub(bounds.committed.max(bounds.low));
        let sum: u64 = bounds.iter().map(behind).sum();
        self.backlog.set(i64::try_from(sum).unwrap_or(i64::MAX));
    }
}

impl Default for StreamMetrics {
    /// Metrics that nobody looks at.
    fn default() -> Self {
        Self::register(&mut Registry::default())
    }
}

impl Hop {
    fn register(registry: &mut Registry, name: &str, what: &str) -> Self {
        let hop = Self {
            records: Counter::default(),
            errors: Counter::default(),
            seconds: Histogram::new(exponential_buckets(0.000_5, 2.0, 16)),
        };
        registry.register(format!("{name}_records"), format!("{what}: records"), hop.records.clone());
        registry.register(format!("{name}_errors"), format!("{what}: calls that failed"), hop.errors.clone());
        let time = format!("{what}: time of a call");
        registry.register_with_unit(name.to_owned(), time, Unit::Seconds, hop.seconds.clone());
        hop
    }

    /// Counts a call that began at `begun`, of so many records, and how many of them failed.
    pub(crate) fn observe(&self, begun: Instant, records: usize, failed: usize) {
        self.records.inc_by(records.saturating_sub(failed) as u64);
        if failed > 0 {
            self.errors.inc();
        }
        self.seconds.observe(begun.elapsed().as_secs_f64());
    }
}
