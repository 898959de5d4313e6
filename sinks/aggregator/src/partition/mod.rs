//! One partition that is ours: its fold, and what waits to be flushed.

mod continuity;
mod dead_letters;
mod folding;
mod halt;
mod live;
mod old_days;
mod partition_flush;
mod phase;
mod unpacked;

use tallygate_core::fold::{Fold, Horizon};
use tallygate_core::{Day, Row};
use tallygate_stream::{Committed, Record};
use tokio::time::Instant;

use self::continuity::Continuity;
use self::folding::Folding;
use self::old_days::OldDays;
use self::phase::Phase;
use self::unpacked::Unpacked;
use crate::local_state::Save;
use crate::metrics::AggregatorMetrics;
use crate::note::{Fingerprint, LogPosition, Note};
use crate::tail::{FlushSpan, Tail};
use crate::takeover::Takeover;

pub(crate) use self::halt::Halt;
pub(crate) use self::partition_flush::PartitionFlush;

/// A partition that we own.
#[derive(Debug)]
pub(crate) struct Partition {
    number: u32,
    committed: Option<Committed>,
    /// The offset of the next record.
    next: u64,
    phase: Phase,
    continuity: Continuity,
    folding: Folding,
}

impl Partition {
    /// `fold` holds the identities that were restored.
    pub(crate) fn new(number: u32, horizon: Horizon, fold: Fold, plan: Takeover) -> Self {
        Self {
            number,
            next: 0,
            phase: Phase::begin(&plan),
            continuity: Continuity::new(plan.last_folded),
            folding: Folding {
                fold,
                unpacked: Unpacked::new(plan.restored),
                tail: Tail::new(plan.tail),
                old_days: OldDays::new(horizon.past),
                pending: 0,
                #[cfg(feature = "faults")]
                faults: crate::faults::Faults::default(),
            },
            committed: plan.committed,
        }
    }

    /// Switches off what a test wants to be missing.
    #[cfg(feature = "faults")]
    pub(crate) fn with_faults(mut self, faults: crate::faults::Faults) -> Self {
        self.folding.faults = faults;
        self
    }

    pub(crate) fn fold(&self) -> &Fold {
        &self.folding.fold
    }

    /// The offset of the next record to be taken.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Records folded and not flushed.
    pub(crate) fn pending(&self) -> u64 {
        self.folding.pending
    }

    pub(crate) fn dead_letter_bytes(&self) -> usize {
        self.phase.live().map_or(0, |live| live.dead_letter_bytes())
    }

    /// Records seen whose identities were not packed yet.
    pub(crate) fn unpacked(&self) -> u64 {
        self.folding.unpacked.records()
    }

    pub(crate) fn committed_offset(&self) -> u64 {
        self.committed.as_ref().map_or(0, |committed| committed.offset)
    }

    /// Takes the next record.
    pub(crate) fn take(&mut self, record: &Record, metrics: &AggregatorMetrics) -> Result<(), Halt> {
        if record.offset < self.next {
            return Ok(());
        }
        self.continuity.check_last_folded(record)?;
        self.phase.reach(record.offset);
        match &mut self.phase {
            Phase::Verify(_) => {}
            Phase::Learn(_) => self.folding.learn(record, metrics),
            Phase::Refold(_) => {
                self.continuity.check_rows(record)?;
                // It was counted, and its dead letter sent, when it was committed.
                self.folding.apply(record)?;
            }
            Phase::Live(live) => {
                self.continuity.check_rows(record)?;
                live.fold(&mut self.folding, record, metrics)?;
            }
        }
        self.next = record.offset + 1;
        Ok(())
    }

    /// Holds the rows of a day.
    pub(crate) fn open(&mut self, day: Day, rows: Vec<Row>) {
        self.continuity.expect(&rows, self.phase.folds_from(self.next));
        self.folding.fold.open(day, rows);
    }

    /// The rows of the last minutes will be written again.
    pub(crate) fn rewrite_tail(&mut self) {
        if let Some(since) = self.folding.tail.lost() {
            self.folding.fold.rewrite_since(since);
        }
    }

    /// Whether there is anything to flush.
    pub(crate) fn is_dirty(&self) -> bool {
        self.folding.fold.dirty() > 0 || self.phase.live().is_some_and(|live| live.is_ahead())
    }

    /// What changed since the last call; none when nothing did. The store was last known to be there at that time.
    pub(crate) fn take_flush(&mut self, store_answered: Option<Instant>) -> Option<PartitionFlush> {
        if !self.is_dirty() {
            return None;
        }
        let end = LogPosition { offset: self.next, clock: self.folding.fold.clock() };
        let tail = self.folding.tail.anchor(store_answered);
        let (position, dead_letters) = match self.phase.live_mut().and_then(|live| live.take()) {
            Some((last, dead_letters)) => {
                let note = Note { fingerprint: Fingerprint::of(&last), tail }.write();
                (Committed { offset: self.next, note }, dead_letters)
            }
            // Rows of records that were committed already: the position stays.
            None => (self.committed.clone()?, Vec::new()),
        };
        Some(PartitionFlush {
            partition: self.number,
            rows: self.folding.fold.take_rows(),
            dead_letters,
            position,
            save: self.pack(),
            span: self.folding.tail.take(end),
            records: std::mem::take(&mut self.folding.pending),
        })
    }

    /// The identities seen since they were packed last.
    pub(crate) fn pack(&mut self) -> Option<Save> {
        let Folding { fold, unpacked, tail, .. } = &mut self.folding;
        let log_day = fold.log_day()?;
        Some(Save {
            partition: self.number,
            offsets: unpacked.take(self.next)?,
            expiry: fold.blob_expiry(),
            blob: fold.take_identities(),
            log_day,
            joinable: tail.begins(),
        })
    }

    /// A flush of ours is done.
    pub(crate) fn flushed(&mut self, position: Committed, span: FlushSpan, now: Instant) {
        self.committed = Some(position);
        self.folding.tail.flushed(span, now);
    }

    /// Drops rows that the horizon has left behind. Only while no flush is out, and only what the store cannot lose any more:
    /// a late dead letter loads its day again, and must find there what was written.
    pub(crate) fn close_old_days(&mut self) {
        if self.folding.old_days.are_untouched_since(self.folding.tail.begins()) {
            self.folding.fold.close_old_days();
        }
    }
}
