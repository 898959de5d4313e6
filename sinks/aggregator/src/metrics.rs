//! What the aggregator counts and times.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tallygate_core::fold::{Reason, Verdict};

use crate::store_away::StoreAway;

/// The aggregator's metrics; clones count into the same figures.
#[derive(Clone, Debug)]
pub struct AggregatorMetrics {
    records: Family<VerdictLabel, Counter>,
    verdicts: Verdicts,
    pub(crate) learnt: Counter,
    pub(crate) kept: Counter,
    pub(crate) rows: Counter,
    pub(crate) compared: Counter,
    pub(crate) repaired: Counter,
    pub(crate) wrong: Family<PartitionLabel, Gauge>,
    pub(crate) errors: Family<HopLabel, Counter>,
    pub(crate) flush: Histogram,
    pub(crate) store: Histogram,
    pub(crate) commit: Histogram,
    pub(crate) takeover: Histogram,
    pub(crate) lag: Family<PartitionLabel, Gauge>,
    pub(crate) lag_time: Family<PartitionLabel, Gauge>,
    pub(crate) pending: Gauge,
    pub(crate) dirty: Gauge,
    pub(crate) known: Gauge,
    pub(crate) partitions: Gauge,
    pub(crate) stopped: Gauge,
    pub(crate) store_away: StoreAway,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct VerdictLabel {
    verdict: &'static str,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct HopLabel {
    pub(crate) hop: &'static str,
}

/// A partition of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PartitionLabel {
    pub(crate) partition: u32,
}

/// What became of some records, to be added to the counters at once: those who count for each record side by side wait for each
/// other.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) learnt: u64,
    counted: u64,
    duplicate: u64,
    redelivered: u64,
    conflict: u64,
    outside_horizon: u64,
    unreadable: u64,
}

/// The counters of the verdicts, at hand.
#[derive(Clone, Debug)]
struct Verdicts {
    counted: Counter,
    duplicate: Counter,
    redelivered: Counter,
    conflict: Counter,
    outside_horizon: Counter,
    unreadable: Counter,
}

impl AggregatorMetrics {
    /// Registers them, as `aggregator_…`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::new();
        let registry = registry.sub_registry_with_prefix("aggregator");
        let Self { records, learnt, rows, errors, .. } = &metrics;
        registry.register("records", "Records folded, by what became of them", records.clone());
        registry.register("learnt_records", "Records read only to learn identities", learnt.clone());
        registry.register(
            "kept",
            "Partitions that were taken over with what was still known of them",
            metrics.kept.clone(),
        );
        registry.register("rows", "Rows written to store and stream", rows.clone());
        registry.register("compared_rows", "Rows of the topic compared with the store", metrics.compared.clone());
        registry.register("repaired_rows", "Rows that the store lacked and got again", metrics.repaired.clone());
        registry.register(
            "wrong_rows",
            "Rows that the store does not show though they were written again, by partition",
            metrics.wrong.clone(),
        );
        registry.register("errors", "Calls of a store, stream or local state that failed", errors.clone());
        for (name, help, seconds) in [
            ("flush", "Time of a flush, from its first row to the local state", &metrics.flush),
            ("flush_store", "Time of a flush's rows to the store of sums", &metrics.store),
            ("flush_commit", "Time of a flush's commit to the stream", &metrics.commit),
            ("takeover", "Time to load the open rows of partitions taken over", &metrics.takeover),
        ] {
            registry.register_with_unit(name, help, Unit::Seconds, seconds.clone());
        }
        registry.register("lag_records", "Records of the log not folded yet, by partition", metrics.lag.clone());
        registry.register_with_unit(
            "lag",
            "How far the folding lies behind the log, by partition",
            Unit::Seconds,
            metrics.lag_time.clone(),
        );
        for (name, help, gauge) in [
            ("pending_records", "Records folded and not committed yet", &metrics.pending),
            ("dirty_rows", "Rows that wait to be written", &metrics.dirty),
            ("known_identities", "Identities known", &metrics.known),
            ("partitions", "Partitions owned", &metrics.partitions),
            ("stopped_partitions", "Partitions that stand until somebody did something about it", &metrics.stopped),
            (
                "store_away",
                "Whether the store of sums is away, or takes no rows (1), or not (0)",
                &metrics.store_away.gauge,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        metrics
    }

    pub(crate) fn add(&self, tally: &Tally) {
        let Tally { learnt, counted, duplicate, redelivered, conflict, outside_horizon, unreadable } = tally;
        for (counter, count) in [
            (&self.learnt, learnt),
            (&self.verdicts.counted, counted),
            (&self.verdicts.duplicate, duplicate),
            (&self.verdicts.redelivered, redelivered),
            (&self.verdicts.conflict, conflict),
            (&self.verdicts.outside_horizon, outside_horizon),
            (&self.verdicts.unreadable, unreadable),
        ] {
            if *count > 0 {
                counter.inc_by(*count);
            }
        }
    }

    pub(crate) fn failed(&self, hop: &'static str) {
        self.errors.get_or_create(&HopLabel { hop }).inc();
    }

    /// Nothing more is told of a partition that is ours no longer.
    pub(crate) fn forget(&self, partition: &PartitionLabel) {
        self.lag.remove(partition);
        self.lag_time.remove(partition);
        self.wrong.remove(partition);
    }

    fn new() -> Self {
        let records = Family::<VerdictLabel, Counter>::default();
        let counter = |verdict| records.get_or_create(&VerdictLabel { verdict }).clone();
        let verdicts = Verdicts {
            counted: counter("counted"),
            duplicate: counter("duplicate"),
            redelivered: counter("redelivered"),
            conflict: counter("conflict"),
            outside_horizon: counter("outside_horizon"),
            unreadable: counter("unreadable"),
        };
        let seconds = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        Self {
            verdicts,
            records,
            learnt: Counter::default(),
            kept: Counter::default(),
            rows: Counter::default(),
            compared: Counter::default(),
            repaired: Counter::default(),
            wrong: Family::default(),
            errors: Family::default(),
            flush: seconds(),
            store: seconds(),
            commit: seconds(),
            takeover: seconds(),
            lag: Family::default(),
            lag_time: Family::default(),
            pending: Gauge::default(),
            dirty: Gauge::default(),
            known: Gauge::default(),
            partitions: Gauge::default(),
            stopped: Gauge::default(),
            store_away: StoreAway::default(),
        }
    }
}

impl Default for AggregatorMetrics {
    /// Metrics that nobody looks at.
    fn default() -> Self {
        Self::new()
    }
}

impl Tally {
    pub(crate) fn count(&mut self, verdict: &Verdict) {
        let count = match verdict {
            Verdict::Counted => &mut self.counted,
            Verdict::Duplicate => &mut self.duplicate,
            Verdict::Redelivered => &mut self.redelivered,
            Verdict::Dead(Reason::Conflict) => &mut self.conflict,
            Verdict::Dead(Reason::OutsideHorizon { .. }) => &mut self.outside_horizon,
            Verdict::Dead(Reason::Unreadable(_)) => &mut self.unreadable,
        };
        *count += 1;
    }
}
