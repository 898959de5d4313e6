//! What the shipper counts and times.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The shipper's metrics; clones count into the same figures.
#[derive(Clone, Debug)]
pub struct ShipperMetrics {
    pub(crate) records: Counter,
    pub(crate) unreadable: Counter,
    pub(crate) append_errors: Counter,
    pub(crate) queue_errors: Counter,
    pub(crate) backlog: Gauge,
    messages: Counter,
    seconds: Histogram,
}

impl ShipperMetrics {
    /// Adds them to a registry, as `shipper_…`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            records: Counter::default(),
            unreadable: Counter::default(),
            append_errors: Counter::default(),
            queue_errors: Counter::default(),
            backlog: Gauge::default(),
            messages: Counter::default(),
            // From half a millisecond to 16 seconds.
            seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 16)),
        };
        let r = registry.sub_registry_with_prefix("shipper");
        r.register("messages", "Messages shipped and acknowledged", metrics.messages.clone());
        r.register("records", "Records made durable in the stream", metrics.records.clone());
        r.register(
            "unreadable",
            "Messages and lines shipped as they were, because they do not read",
            metrics.unreadable.clone(),
        );
        r.register(
            "append_errors",
            "Appends the stream did not confirm; each is tried again",
            metrics.append_errors.clone(),
        );
        r.register(
            "queue_errors",
            "Times the queue was lost; it is opened again each time",
            metrics.queue_errors.clone(),
        );
        r.register("backlog_messages", "Messages in the queue, when last looked at", metrics.backlog.clone());
        r.register("seconds", "From receiving a message to its acknowledgement", metrics.seconds.clone());
        metrics
    }

    pub(crate) fn shipped(&self, messages: usize, after: Duration) {
        self.messages.inc_by(messages as u64);
        for _ in 0..messages {
            self.seconds.observe(after.as_secs_f64());
        }
    }
}

impl Default for ShipperMetrics {
    /// Metrics that nobody looks at.
    fn default() -> Self {
        Self::register(&mut Registry::default())
    }
}
