//! The fold of a partition, and what is noted of each record that goes into it.

use tallygate_core::fold::{Fold, Verdict};
use tallygate_core::record::{self, Entry, Unreadable};
use tallygate_stream::Record;

use super::halt::Halt;
use super::unpacked::Unpacked;
use crate::metrics::Tally;

/// What every phase works on.
#[derive(Debug)]
pub(super) struct Folding {
    pub(super) fold: Fold,
    pub(super) unpacked: Unpacked,
    /// Records folded and not flushed.
    pub(super) pending: u64,
    #[cfg(feature = "faults")]
    pub(super) faults: crate::faults::Faults,
}

impl Folding {
    /// Takes in what a record before the position teaches; `appended` is the time that holds for it.
    pub(super) fn learn(&mut self, record: &Record, appended: i64, tally: &mut Tally) {
        let entry = self.read(record);
        self.fold.learn(appended, &entry);
        self.unpacked.add(record.offset);
        tally.learnt += 1;
    }

    /// Folds a record into its rows.
    pub(super) fn apply(&mut self, record: &Record, appended: i64) -> Result<Verdict, Halt> {
        let entry = self.read(record);
        let verdict = self.fold.apply(record.offset, appended, &entry);
        let verdict = verdict.map_err(|overflow| Halt::Stand(format!("at offset {}: {overflow}", record.offset)))?;
        self.unpacked.add(record.offset);
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
