//! The partitions that are ours, and what the world sees of them.

use std::collections::BTreeMap;

use tallygate_stream::Committed;
use tokio::time::Instant;

use crate::limits;
use crate::local_state::Save;
use crate::metrics::PartitionLabel;
use crate::partition::{Partition, PartitionFlush};
use crate::parts::Parts;
use crate::tail::FlushSpan;

/// By number. When it is dropped nothing is ours any more, and metrics and handle say so.
pub(super) struct Owned<'a> {
    parts: &'a Parts,
    partitions: BTreeMap<u32, Partition>,
}

impl<'a> Owned<'a> {
    pub(super) fn new(parts: &'a Parts) -> Self {
        Self { parts, partitions: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, number: u32, partition: Partition) {
        self.partitions.insert(number, partition);
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Partition> {
        self.partitions.get_mut(&number)
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.partitions.contains_key(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Partition)> {
        self.partitions.iter().map(|(number, partition)| (*number, partition))
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.partitions.remove(&number);
        self.parts.metrics.lag.remove(&PartitionLabel { partition: number });
        self.parts.stopped.send_if_modified(|stopped| stopped.remove(&number).is_some());
    }

    pub(super) fn remove_all(&mut self) {
        let all: Vec<u32> = self.partitions.keys().copied().collect();
        for number in all {
            self.remove(number);
        }
    }

    /// Others go on; what was stopped waits for somebody to look at it.
    pub(super) fn stop(&mut self, number: u32, reason: String) {
        tracing::error!(partition = number, reason, "a partition stopped");
        self.remove(number);
        self.parts.stopped.send_modify(|stopped| drop(stopped.insert(number, reason)));
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.partitions.values().any(Partition::is_dirty)
    }

    /// Whether so much waits, beside the records of the flush that is out, that no more records are to be taken.
    pub(super) fn is_full(&self, in_flight: u64) -> bool {
        let (mut rows, mut pending, mut bytes) = (0, in_flight, 0);
        for partition in self.partitions.values() {
            rows += partition.fold().dirty();
            pending += partition.pending();
            bytes += partition.dead_letter_bytes();
        }
        rows >= limits::DIRTY_ROWS || pending >= limits::PENDING_RECORDS || bytes >= limits::DEAD_LETTER_BYTES
    }

    /// What changed since the last flush was taken.
    pub(super) fn take_flush(&mut self, store_answered: Option<Instant>) -> Vec<PartitionFlush> {
        self.partitions.values_mut().filter_map(|partition| partition.take_flush(store_answered)).collect()
    }

    /// A flush is done, and nothing is on its way to the store now.
    pub(super) fn flushed(&mut self, partitions: Vec<(u32, Committed, FlushSpan)>) {
        let now = Instant::now();
        for (number, position, span) in partitions {
            if let Some(partition) = self.partitions.get_mut(&number) {
                partition.flushed(position, span, now);
            }
        }
    }

    /// Drops rows that no record can touch any more. Only while nothing is on its way to the store.
    pub(super) fn close_old_days(&mut self) {
        self.partitions.values_mut().for_each(Partition::close_old_days);
    }

    /// The rows of the last minutes will be written again.
    pub(super) fn rewrite_tail(&mut self) {
        self.partitions.values_mut().for_each(Partition::rewrite_tail);
        let rows: usize = self.partitions.values().map(|partition| partition.fold().dirty()).sum();
        tracing::info!(rows, "the store of sums was away: rows of the last minutes are written again");
    }

    /// A long learning goes to the local state piece by piece. One whose flush is out waits, as pieces have an order.
    pub(super) fn pack_learnt(&mut self, in_flight: &[u32]) -> Vec<Save> {
        self.partitions
            .iter_mut()
            .filter(|(number, partition)| partition.unpacked() >= limits::LEARN_RECORDS && !in_flight.contains(number))
            .filter_map(|(_, partition)| partition.pack())
            .collect()
    }

    /// Brings the gauges up to date; so many records are in the flush that is out.
    pub(super) fn show(&self, in_flight: u64) {
        let gauge = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let sum = |of: fn(&Partition) -> usize| gauge(self.partitions.values().map(of).sum());
        let metrics = &self.parts.metrics;
        metrics.partitions.set(gauge(self.partitions.len()));
        metrics.stopped.set(gauge(self.parts.stopped.borrow().len()));
        metrics.known.set(sum(|partition| partition.fold().known()));
        metrics.dirty.set(sum(|partition| partition.fold().dirty()));
        let pending = |partition: &Partition| usize::try_from(partition.pending()).unwrap_or(usize::MAX);
        metrics.pending.set(sum(pending) + i64::try_from(in_flight).unwrap_or(i64::MAX));
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        self.remove_all();
        self.show(0);
    }
}
