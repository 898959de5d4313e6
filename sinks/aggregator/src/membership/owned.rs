//! The partitions that are ours, and what the world sees of them.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_core::notice::PartitionNotice;
use tokio::time::Instant;

use crate::cadence::pause;
use crate::ends::Ends;
use crate::limits;
use crate::local_state::Save;
use crate::metrics::PartitionLabel;
use crate::news::Found;
use crate::partition::{Partition, PartitionFlush};
use crate::parts::Parts;
use crate::timeouts::REPAIRED_IS_NEWS;

/// By number. When it is dropped nothing is ours any more, and metrics and handle say so.
pub(super) struct Owned<'a> {
    parts: &'a Parts,
    partitions: BTreeMap<u32, Partition>,
    /// When rows of a partition were written again last.
    repaired_at: BTreeMap<u32, Instant>,
}

/// Of which partitions a flush is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    /// Those for which it is due, beside so many records of the flush that is out.
    Due {
        in_flight: u64,
    },
    All,
}

impl<'a> Owned<'a> {
    pub(super) fn new(parts: &'a Parts) -> Self {
        Self { parts, partitions: BTreeMap::new(), repaired_at: BTreeMap::new() }
    }

    /// A partition was given to us, or one that stands is tried again; it stands until it is found that it need not.
    pub(super) fn begin(&mut self, number: u32) {
        self.keep(number);
        let partition = self.parts.generation.log_partition(number);
        let status = || PartitionNotice { partition, ..PartitionNotice::default() };
        self.parts.statuses.send_modify(|statuses| {
            statuses.entry(number).or_insert_with(status);
        });
    }

    pub(super) fn insert(&mut self, number: u32, partition: Partition) {
        self.partitions.insert(number, partition);
        self.change(number, |status| status.stands = None);
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Partition> {
        self.partitions.get_mut(&number)
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.partitions.contains_key(&number)
    }

    pub(super) fn numbers(&self) -> BTreeSet<u32> {
        self.partitions.keys().copied().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Partition)> {
        self.partitions.iter().map(|(number, partition)| (*number, partition))
    }

    /// It may come back as it went.
    pub(super) fn remove(&mut self, number: u32) {
        self.keep(number);
        self.parts.metrics.forget(&PartitionLabel { partition: number });
        self.parts.statuses.send_if_modified(|statuses| statuses.remove(&number).is_some());
    }

    fn keep(&mut self, number: u32) {
        if let Some(partition) = self.partitions.remove(&number) {
            self.parts.kept.put(number, partition);
        }
    }

    /// For a while it is somebody else's to work with, who gives it back.
    pub(super) fn lend(&mut self, number: u32) -> Option<Partition> {
        self.partitions.remove(&number)
    }

    pub(super) fn take_back(&mut self, number: u32, partition: Partition) {
        self.partitions.insert(number, partition);
    }

    /// It is of no use any more, though it is ours.
    pub(super) fn discard(&mut self, number: u32) {
        self.partitions.remove(&number);
    }

    pub(super) fn remove_all(&mut self) {
        let statuses: Vec<u32> = self.parts.statuses.borrow().keys().copied().collect();
        for number in statuses {
            self.remove(number);
        }
    }

    /// Others go on; what stands waits for somebody to look at it.
    pub(super) fn stop(&mut self, number: u32, reason: String) {
        self.partitions.remove(&number);
        let is_told = |status: &PartitionNotice| status.stands.as_ref() == Some(&reason);
        if !self.parts.statuses.borrow().get(&number).is_some_and(is_told) {
            tracing::error!(partition = number, reason, "a partition stands");
        }
        self.change(number, |status| status.stands = Some(reason));
    }

    /// The partitions that stand.
    pub(super) fn standing(&self) -> Vec<u32> {
        let statuses = self.parts.statuses.borrow();
        statuses.iter().filter(|(_, status)| status.stands.is_some()).map(|(number, _)| *number).collect()
    }

    /// Rows of a partition are being written again.
    pub(super) fn repairing(&self, number: u32) {
        self.change(number, |status| status.repairing = true);
    }

    /// A partition was compared with the store.
    pub(super) fn compared(&mut self, number: u32, found: Found) {
        let Found { repaired, wrong, hidden, stand } = found;
        let label = PartitionLabel { partition: number };
        self.parts.metrics.wrong.get_or_create(&label).set(i64::try_from(hidden).unwrap_or(i64::MAX));
        if repaired > 0 {
            self.repaired_at.insert(number, Instant::now());
        }
        let is_news = self.repaired_at.get(&number).is_some_and(|at| at.elapsed() < REPAIRED_IS_NEWS);
        self.change(number, |status| {
            status.repairing = false;
            status.repaired = if is_news { status.repaired + repaired } else { 0 };
            status.wrong = wrong;
        });
        if let Some(reason) = stand.filter(|_| self.contains(number)) {
            self.stop(number, reason);
        }
    }

    /// How far the folding lies behind.
    pub(super) fn show_lag(&self, ends: &Ends) {
        let now = self.parts.wall.now();
        for (number, partition) in self.iter() {
            let label = PartitionLabel { partition: number };
            let records = ends.high(number).saturating_sub(partition.folded_to());
            let lag = self.parts.metrics.lag.get_or_create(&label);
            lag.set(i64::try_from(records).unwrap_or(i64::MAX));
            let behind = partition.folded_by().filter(|_| records > 0).map_or(0, |clock| now.saturating_sub(clock));
            self.parts.metrics.lag_time.get_or_create(&label).set(behind / 1_000);
            let warning = self.parts.lag_warning(behind);
            self.change(number, |status| status.warning = warning);
        }
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.partitions.values().any(Partition::is_dirty)
    }

    /// When the next flush is due, beside so many records of the one that is out; none while nothing waits.
    pub(super) fn due(&self, ends: &Ends, in_flight: u64) -> Option<Instant> {
        let is_full = self.is_full_of_all(in_flight);
        let dirty = self.iter().filter(|(_, partition)| partition.is_dirty());
        let due = dirty.map(|(number, one)| if is_full { one.flushed_at() } else { self.due_of(number, one, ends) });
        due.min()
    }

    /// What no record more fits beside is due at once.
    fn due_of(&self, number: u32, partition: &Partition, ends: &Ends) -> Instant {
        if !partition.has_room(self.parts.flush_rows) {
            return partition.flushed_at();
        }
        let (pending, rows) = (partition.pending(), partition.rows_to_flush());
        partition.flushed_at() + pause(self.parts.flush_every, partition.behind(ends.high(number)), pending, rows)
    }

    /// Whether so much waits, beside the records of the flush that is out, that no more records are to be taken.
    pub(super) fn is_full(&self, in_flight: u64) -> bool {
        self.partitions.values().any(|partition| !partition.has_room(self.parts.flush_rows))
            || self.is_full_of_all(in_flight)
    }

    fn is_full_of_all(&self, in_flight: u64) -> bool {
        let (mut rows, mut pending, mut bytes) = (0, in_flight, 0);
        for partition in self.partitions.values() {
            rows += partition.fold().dirty();
            pending += partition.pending();
            bytes += partition.dead_letter_bytes();
        }
        rows >= limits::DIRTY_ROWS || pending >= limits::PENDING_RECORDS || bytes >= limits::DEAD_LETTER_BYTES
    }

    /// What changed since the last flush was taken, of those for which another is due: of those that wait the longest, as much
    /// as fits into one commit. Those that may be refused go alone.
    pub(super) fn take_flush(
        &mut self,
        whose: Whose,
        ends: &Ends,
        suspects: &BTreeMap<u32, Instant>,
    ) -> Vec<PartitionFlush> {
        let (mut flush, mut stopped, mut room) = (Vec::new(), Vec::new(), self.parts.flush_rows);
        let taken = self.taken(whose, ends);
        let mut waiting: Vec<_> = self.partitions.iter_mut().filter(|(number, _)| taken.contains(number)).collect();
        waiting.sort_by_key(|(_, partition)| partition.flushed_at());
        if waiting.first().is_some_and(|(number, _)| suspects.contains_key(number)) {
            waiting.truncate(1);
        } else {
            waiting.retain(|(number, _)| !suspects.contains_key(number));
        }
        for (number, partition) in waiting {
            if partition.rows_to_flush() > room && room < self.parts.flush_rows {
                break;
            }
            match partition.take_flush(ends.low(*number), room) {
                Ok(Some(part)) => {
                    room = room.saturating_sub(part.rows.len());
                    flush.push(part);
                }
                Ok(None) => {}
                Err(reason) => stopped.push((*number, reason)),
            }
        }
        stopped.into_iter().for_each(|(number, reason)| self.stop(number, reason));
        flush
    }

    fn taken(&self, whose: Whose, ends: &Ends) -> BTreeSet<u32> {
        let now = Instant::now();
        let is_full = matches!(whose, Whose::Due { in_flight } if self.is_full_of_all(in_flight));
        let is_taken = |number: u32, partition: &Partition| match whose {
            Whose::All => true,
            Whose::Due { .. } => is_full || self.due_of(number, partition, ends) <= now,
        };
        let dirty = self.iter().filter(|(_, partition)| partition.is_dirty());
        dirty.filter(|(number, partition)| is_taken(*number, partition)).map(|(number, _)| number).collect()
    }

    /// Drops rows that no record can touch any more.
    pub(super) fn close_old_days(&mut self) {
        self.partitions.values_mut().for_each(Partition::close_old_days);
    }

    /// A long learning goes to the local state piece by piece. One whose flush is out waits, as pieces have an order.
    pub(super) fn pack_learnt(&mut self, in_flight: &BTreeSet<u32>) -> Vec<Save> {
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
        metrics.stopped.set(gauge(self.standing().len()));
        metrics.known.set(sum(|partition| partition.fold().known()));
        metrics.dirty.set(sum(|partition| partition.fold().dirty()));
        let pending = |partition: &Partition| usize::try_from(partition.pending()).unwrap_or(usize::MAX);
        metrics.pending.set(sum(pending) + i64::try_from(in_flight).unwrap_or(i64::MAX));
    }

    fn change(&self, number: u32, change: impl FnOnce(&mut PartitionNotice)) {
        self.parts.statuses.send_if_modified(|statuses| {
            let Some(status) = statuses.get_mut(&number) else { return false };
            let before = status.clone();
            change(status);
            *status != before
        });
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        self.remove_all();
        self.show(0);
    }
}
