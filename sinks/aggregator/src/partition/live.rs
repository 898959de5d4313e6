//! Records that nobody committed yet: what waits for the next commit beside the rows.

use tallygate_core::fold::Verdict;
use tallygate_stream::{NewRecord, Record};

use super::dead_letters::DeadLetters;
use super::folding::Folding;
use super::halt::Halt;
use crate::metrics::Tally;

/// What the next commit brings beside rows and position.
#[derive(Debug, Default)]
pub(super) struct Live {
    dead_letters: DeadLetters,
}

impl Live {
    pub(super) fn fold(
        &mut self,
        folding: &mut Folding,
        record: &Record,
        appended: i64,
        tally: &mut Tally,
    ) -> Result<(), Halt> {
        let verdict = folding.apply(record, appended)?;
        tally.count(&verdict);
        if let Verdict::Dead(reason) = verdict {
            self.dead_letters.add(record, &reason);
        }
        Ok(())
    }

    pub(super) fn dead_letter_bytes(&self) -> usize {
        self.dead_letters.bytes()
    }

    /// The dead letters since the last call.
    pub(super) fn take(&mut self) -> Vec<NewRecord> {
        self.dead_letters.take()
    }
}
