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
    pub(crate) held_up: Gauge,
    pub(crate) refused: Gauge,
    pub(crate) parked: Gauge,
    pub(crate) stands: Gauge,
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
            held_up: Gauge::default(),
            refused: Gauge::default(),
            parked: Gauge::default(),
            stands: Gauge::default(),
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
            "Appends of which the stream did not confirm all; what it did not is tried again",
            metrics.append_errors.clone(),
        );
        r.register(
            "queue_errors",
            "Times the queue was lost; it is opened again each time",
            metrics.queue_errors.clone(),
        );
        r.register("backlog_messages", "Messages in the queue or parked, when last looked at", metrics.backlog.clone());
        r.register("held_up_messages", "Messages of which the stream did not take all", metrics.held_up.clone());
        r.register(
            "refused_messages",
            "Messages with a record that the stream will not take until somebody changes something, held up here or parked",
            metrics.refused.clone(),
        );
        r.register("parked_messages", "Those of them that are parked, when last looked at", metrics.parked.clone());
        r.register("stands", "1 while a message of another release keeps it from shipping", metrics.stands.clone());
        r.register("seconds", "From receiving a message to its acknowledgement", metrics.seconds.clone());
        metrics
    }

    pub(crate) fn shipped(&self, after: Duration) {
        self.messages.inc();
        self.seconds.observe(after.as_secs_f64());
    }
}

impl Default for ShipperMetrics {
    /// Metrics that nobody looks at.
    fn default() -> Self {
        Self::register(&mut Registry::default())
    }
}
