//! What a journal counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of a journal. Cloning them shares them.
#[derive(Clone, Debug, Default)]
pub struct JournalMetrics {
    pub(crate) errors: Counter,
    pub(super) replaced: Counter,
    pub(super) bytes: Gauge,
    pub(super) max_bytes: Gauge,
    pub(super) hangs: Gauge,
}

impl JournalMetrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("journal_errors", "Lines the journal could not take", metrics.errors.clone());
        registry.register(
            "journal_replaced",
            "Times a file of the journal was removed, replaced or cut while it was written",
            metrics.replaced.clone(),
        );
        registry.register("journal_bytes", "Bytes of the journal's files", metrics.bytes.clone());
        registry.register(
            "journal_max_bytes",
            "Bytes of the journal's files above which messages are refused",
            metrics.max_bytes.clone(),
        );
        registry.register(
            "journal_hangs",
            "1 while the journal's file gives no answer, and messages are refused",
            metrics.hangs.clone(),
        );
        metrics
    }
}
