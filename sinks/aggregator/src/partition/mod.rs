//! One partition that is ours: its fold, and what waits to be flushed.

mod dead_letters;
mod folding;
mod halt;
mod left;
mod live;
mod partition_flush;
mod phase;
mod reach;
mod unpacked;

use tallygate_core::fold::{Fold, Horizon};
use tallygate_core::{Day, Position};
use tallygate_stream::Record;
use tokio::time::Instant;

use self::folding::Folding;
use self::live::Live;
use self::phase::{Learn, Phase, check, expected};
use self::reach::Reach;
use crate::clock::{WallClock, is_ahead};
use crate::fingerprint::{Expected, fingerprint};
use crate::limits::ROWS_OF_A_RECORD;
use crate::local_state::{RestorePoint, Save};
use crate::metrics::{AggregatorMetrics, Tally};
use crate::timeouts::POSITION_EVERY;

pub(crate) use self::halt::Halt;
pub(crate) use self::left::Left;
pub(crate) use self::partition_flush::PartitionFlush;
pub(crate) use self::unpacked::Unpacked;

/// A partition that we own.
#[derive(Debug)]
pub(crate) struct Partition {
    number: u32,
    wall: WallClock,
    /// As it was committed last.
    position: Position,
    /// When its last flush was taken.
    flushed_at: Instant,
    /// The offset of the next record.
    next: u64,
    /// Of one that came back, the last record that was folded, until it was found again.
    expected: Vec<Expected>,
    /// The record that did not come and was read for once more; one that does not come then is not in the log.
    sought: Option<u64>,
    /// The last record that was taken.
    last: Option<Record>,
    phase: Phase,
    /// The first record whose identity it knows, or had to know.
    reaches: u64,
    reach: Reach,
    /// Rows stood ahead of the position up to this offset, as after a recovery.
    ahead: Option<u64>,
    folding: Folding,
}

/// What a partition is taken over with.
pub(crate) struct Beginning {
    pub(crate) position: Position,
    /// With the rows at the position, and the identities up to the restore point.
    pub(crate) fold: Fold,
    pub(crate) restored: Option<RestorePoint>,
    pub(crate) unpacked: Unpacked,
    /// The first offset that the log holds.
    pub(crate) low: u64,
    /// The highest offset that any of the rows took.
    pub(crate) rows_to: Option<u64>,
}

impl Beginning {
    /// Up to where identities are known already.
    pub(crate) fn known_to(&self) -> Option<u64> {
        self.restored.as_ref().map(|restored| restored.end)
    }

    /// Where the log is read from.
    pub(crate) fn reads_from(&self) -> u64 {
        let next = self.position.next;
        let from = match &self.restored {
            Some(restored) => restored.end.saturating_sub(1),
            None => {
                let held = self.position.days.iter().map(|(_, first)| *first).find(|first| *first >= self.low);
                held.unwrap_or(next.saturating_sub(1))
            }
        };
        from.max(self.low).min(next)
    }
}

impl Partition {
    pub(crate) fn new(number: u32, horizon: Horizon, wall: WallClock, begin: Beginning) -> Self {
        let (from, known_to) = (begin.reads_from(), begin.known_to().unwrap_or(0));
        let Beginning { position, fold, restored, unpacked, low, rows_to } = begin;
        let last = position.fingerprint.map(|fingerprint| (position.next.saturating_sub(1), fingerprint));
        let known = restored.as_ref().map(|restored| (restored.end.saturating_sub(1), restored.fingerprint));
        // What is known already need not be there; of the rest the clock must come out.
        let sets_clock = position.days.last().is_some_and(|(_, first)| *first >= from) || known_to == position.next;
        // What is known already reaches back to where it was learnt from.
        let reaches = restored.as_ref().map_or(low, |restored| restored.start);
        let learn = Learn {
            known_to,
            until: position.next,
            expected: expected(low, known, last),
            clock: position.clock.filter(|_| sets_clock || known_to > 0),
        };
        Self {
            number,
            wall,
            next: from,
            expected: Vec::new(),
            sought: None,
            last: None,
            phase: Phase::Learn(learn),
            reaches,
            reach: Reach::new(horizon, &position.days, reaches),
            ahead: rows_to.filter(|offset| *offset >= position.next),
            folding: Folding {
                fold,
                unpacked,
                pending: 0,
                #[cfg(feature = "faults")]
                faults: crate::faults::Faults::default(),
            },
            position,
            flushed_at: Instant::now(),
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

    /// As it was committed last, or is to be by the flush that was taken last.
    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    /// It came back as it was left; tells from where on the log is to be read. The last record that was taken is read again
    /// (rule 8).
    pub(crate) fn go_on(&mut self) -> u64 {
        let of_last = self.last.as_ref().map(|last| (last.offset, fingerprint(last)));
        let of_position = self.position.fingerprint.filter(|_| self.next == self.position.next);
        let last = of_last.or(of_position.map(|of| (self.next.saturating_sub(1), of)));
        let expected = last.map(|(offset, fingerprint)| Expected { offset, fingerprint, by_local_state: false });
        self.expected = expected.into_iter().collect();
        self.wanted()
    }

    /// The offset of the next record to be taken.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The offset of the record that has to come next: one that was folded before may have to be found again.
    pub(crate) fn wanted(&self) -> u64 {
        self.expected.first().map_or(self.next, |expected| expected.offset.min(self.next))
    }

    /// Records folded and not flushed.
    pub(crate) fn pending(&self) -> u64 {
        self.folding.pending
    }

    pub(crate) fn dead_letter_bytes(&self) -> usize {
        match &self.phase {
            Phase::Live(live) => live.dead_letter_bytes(),
            Phase::Learn(_) => 0,
        }
    }

    /// Records not folded yet of a log that ends at `high`; none while it learns, as nothing is to be flushed then.
    pub(crate) fn behind(&self, high: u64) -> u64 {
        match &self.phase {
            Phase::Live(_) => high.saturating_sub(self.next),
            Phase::Learn(_) => 0,
        }
    }

    /// Records seen whose identities were not packed yet.
    pub(crate) fn unpacked(&self) -> u64 {
        self.folding.unpacked.records()
    }

    /// Takes the next records, as long as their rows fit into a flush of so many; returns how many it took.
    pub(crate) fn take(
        &mut self,
        records: &[Record],
        flush_rows: usize,
        metrics: &AggregatorMetrics,
    ) -> Result<usize, Halt> {
        let now = self.wall.now();
        let (mut taken, mut last, mut outcome, mut tally) = (0, None, Ok(()), Tally::default());
        for record in records {
            if !self.has_room(flush_rows) {
                break;
            }
            match self.take_one(record, now, &mut tally) {
                Ok(true) => last = Some(record),
                Ok(false) => {}
                Err(halt) => {
                    outcome = Err(halt);
                    break;
                }
            }
            taken += 1;
        }
        metrics.add(&tally);
        if let Some(last) = last {
            self.last = Some(last.clone());
        }
        outcome.map(|()| taken)
    }

    /// Takes a record; whether it was the next one, and not one that was taken before.
    fn take_one(&mut self, record: &Record, now: i64, tally: &mut Tally) -> Result<bool, Halt> {
        if record.offset > self.wanted() {
            self.look_for_missing(record.offset)?;
        }
        check(&mut self.expected, record)?;
        if record.offset < self.next {
            return Ok(false);
        }
        let appended = self.position.append_time(record.offset, record.appended);
        if let Phase::Learn(learn) = &mut self.phase {
            if record.offset < learn.until {
                check(&mut learn.expected, record)?;
                let teaches = learn.teaches(record.offset);
                if teaches {
                    self.folding.learn(record, appended, tally);
                }
                self.next = record.offset + 1;
                return Ok(true);
            }
            learn.end(self.folding.fold.clock())?;
            self.begin_to_fold();
        }
        self.check_time(record.offset, appended, now)?;
        if let Phase::Live(live) = &mut self.phase {
            live.fold(&mut self.folding, record, appended, tally)?;
        }
        self.next = record.offset + 1;
        Ok(true)
    }

    /// The log has its records one behind the other, unless a server dropped some, or a stranger wrote to it in transactions. One
    /// that a reader passed over, and that the log has, would never count.
    fn look_for_missing(&mut self, found: u64) -> Result<(), Halt> {
        let (partition, from) = (self.number, self.wanted());
        if self.sought.replace(from) != Some(from) {
            tracing::warn!(partition, from, to = found, "records of the log did not come; they are read once more");
            return Err(Halt::PassedOver);
        }
        tracing::warn!(partition, from, to = found, "the log does not have these records");
        Ok(())
    }

    fn begin_to_fold(&mut self) {
        self.folding.fold.go_on_from(self.position.clock, &self.position.days);
        self.phase = Phase::Live(Live::default());
    }

    /// A record that cannot be judged now is not judged.
    fn check_time(&self, offset: u64, appended: i64, now: i64) -> Result<(), Halt> {
        if is_ahead(appended, now) {
            return Err(Halt::Stand(ahead_of_clock(offset, appended, now)));
        }
        let clock = self.folding.fold.clock().map_or(appended, |clock| clock.max(appended));
        self.reach.check(Day::of_unix_millis(clock)).map_err(|lost| {
            Halt::Stand(format!(
                "the record at offset {offset} may repeat one of {lost}, and the log no longer holds all of that day: the \
                 fold lagged behind for longer than stream.lag_days allows; run `tallygate recover`"
            ))
        })
    }

    /// Whether there is anything to flush.
    pub(crate) fn is_dirty(&self) -> bool {
        self.folding.pending > 0 || self.folding.fold.dirty() > 0 || self.flushed_at.elapsed() >= POSITION_EVERY
    }

    /// Rows that the next flush takes if it may. A position goes with all that its records changed, so they go together.
    pub(crate) fn rows_to_flush(&self) -> usize {
        self.folding.fold.dirty()
    }

    /// Whether the rows of one more record still fit into a flush of so many.
    pub(crate) fn has_room(&self, flush_rows: usize) -> bool {
        self.folding.fold.dirty() + ROWS_OF_A_RECORD <= flush_rows
    }

    pub(crate) fn flushed_at(&self) -> Instant {
        self.flushed_at
    }

    /// What changed since the last call, at most so many rows; none when nothing did. Records before `low` are no longer in
    /// the log.
    ///
    /// # Errors
    /// Why nothing of it may be flushed.
    pub(crate) fn take_flush(&mut self, low: u64, most: usize) -> Result<Option<PartitionFlush>, String> {
        if !self.is_dirty() {
            return Ok(None);
        }
        let is_past_all_rows = self.ahead.is_none_or(|ahead| self.next > ahead);
        if let Some(imbalance) = self.folding.fold.imbalance().filter(|_| is_past_all_rows) {
            return Err(format!("the sums do not balance before offset {}: {imbalance}", self.next));
        }
        if self.folding.pending == 0 && self.folding.fold.dirty() == 0 {
            // Nothing came for long, and the topic keeps rows no longer than the log: days do not end without records.
            self.folding.fold.touch_rows();
        }
        // What records changed is never more than fits. What was only touched stands in the topic already, and may follow.
        let rows = self.folding.fold.take_rows_up_to(most);
        let save = self.pack();
        let dead_letters = match &mut self.phase {
            Phase::Live(live) => live.take(),
            Phase::Learn(_) => Vec::new(),
        };
        let mut position = self.position.clone();
        if self.folding.pending > 0 {
            let fold = &self.folding.fold;
            position.next = self.next;
            position.clock = fold.clock();
            position.days = fold.log_days().to_vec();
            position.rows = fold.rows();
            position.fingerprint = self.last.as_ref().map(fingerprint).or(position.fingerprint);
        }
        position.corrections.retain(|correction| correction.last >= low);
        self.position = position.clone();
        self.flushed_at = Instant::now();
        Ok(Some(PartitionFlush {
            partition: self.number,
            rows,
            dead_letters,
            position,
            save,
            records: std::mem::take(&mut self.folding.pending),
        }))
    }

    /// The identities seen since they were packed last.
    pub(crate) fn pack(&mut self) -> Option<Save> {
        let fingerprint = self.last.as_ref().map(fingerprint)?;
        let recoveries = self.position.recoveries;
        let Folding { fold, unpacked, .. } = &mut self.folding;
        let log_day = fold.log_day()?;
        let is_first = unpacked.is_first();
        Some(Save {
            partition: self.number,
            offsets: unpacked.take(self.next)?,
            is_first,
            fingerprint,
            recoveries,
            expiry: fold.blob_expiry(),
            blob: fold.take_identities(),
            log_day,
        })
    }

    /// Drops rows that the horizon has left behind.
    pub(crate) fn close_old_days(&mut self) {
        self.folding.fold.close_old_days();
    }
}

/// What a partition says that stands at a record from the future.
pub(crate) fn ahead_of_clock(offset: u64, appended: i64, now: i64) -> String {
    let (stamped, here) = (tallygate_core::row::instant(appended), tallygate_core::row::instant(now));
    format!(
        "the record at offset {offset} was stamped {stamped}, more than a day ahead of this machine's clock, which says \
         {here}: one of the two is wrong. Where it is this machine's, set it right; where it was the broker's, set that \
         right and say when the records were appended: `tallygate clock correct`"
    )
}
