//! The fold of a partition, and what is noted of each record that goes into it.

use tallygate_core::fold::{Fold, NotOpen, Verdict};
use tallygate_core::record::{self, Entry, Unreadable};
use tallygate_stream::Record;

use super::halt::Halt;
use super::old_days::OldDays;
use super::unpacked::Unpacked;
use crate::metrics::AggregatorMetrics;
use crate::tail::Tail;

/// What every phase beyond verifying works on.
#[derive(Debug)]
pub(super) struct Folding {
    pub(super) fold: Fold,
    pub(super) unpacked: Unpacked,
    pub(super) tail: Tail,
    pub(super) old_days: OldDays,
    /// Records folded and not flushed.
    pub(super) pending: u64,
    #[cfg(feature = "faults")]
    pub(super) faults: crate::faults::Faults,
}

impl Folding {
    /// Takes a record's identity in; its rows have it already.
    pub(super) fn learn(&mut self, record: &Record, metrics: &AggregatorMetrics) {
        let entry = self.read(record);
        self.fold.learn(record.appended, &entry);
        self.unpacked.add(record.offset);
        metrics.learnt.inc();
    }

    /// Folds a record into its rows.
    pub(super) fn apply(&mut self, record: &Record) -> Result<Verdict, Halt> {
        let (offset, appended) = (record.offset, record.appended);
        let entry = self.read(record);
        let verdict = self.fold.apply(offset, appended, &entry).map_err(|NotOpen(day)| Halt::Open(day))?;
        if let Some(log_day) = self.fold.log_day() {
            self.old_days.fold(offset, log_day, entry.as_ref().ok().map(|entry| entry.day));
        }
        self.unpacked.add(offset);
        self.tail.fold(appended);
        self.pending += 1;
        Ok(verdict)
    }

    fn read<'r>(&self, record: &'r Record) -> Result<Entry<'r>, Unreadable> {
        let mut headers = record.headers();
        // They stand first in every record of ours.
        let number = headers.next().filter(|(name, _)| *name == record::NUMBER).map(|(_, value)| value);
        let policy = headers.next().filter(|(name, _)| *name == record::POLICY).map(|(_, value)| value);
        let number = number.or_else(|| record.header(record::NUMBER));
        let policy = policy.or_else(|| record.header(record::POLICY));
        let entry = Entry::read(number, policy, record.value())?;
        #[cfg(feature = "faults")]
        let entry = self.faults.spoil(entry, record);
        Ok(entry)
    }
}
