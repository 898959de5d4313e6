//! Records that nobody committed yet: what waits for the next commit beside the rows.

use tallygate_core::fold::Verdict;
use tallygate_stream::{NewRecord, Record};

use super::dead_letters::DeadLetters;
use super::folding::Folding;
use super::halt::Halt;
use crate::metrics::AggregatorMetrics;

/// What the next commit brings beyond the committed position.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// The last record folded since the last flush was taken.
    last: Option<Record>,
    dead_letters: DeadLetters,
}

impl Live {
    pub(super) fn fold(
        &mut self,
        folding: &mut Folding,
        record: &Record,
        metrics: &AggregatorMetrics,
    ) -> Result<(), Halt> {
        let verdict = folding.apply(record)?;
        self.last = Some(record.clone());
        metrics.verdicts.count(&verdict);
        if let Verdict::Dead(reason) = verdict {
            self.dead_letters.add(record, &reason);
        }
        Ok(())
    }

    pub(super) fn is_ahead(&self) -> bool {
        self.last.is_some()
    }

    pub(super) fn dead_letter_bytes(&self) -> usize {
        self.dead_letters.bytes()
    }

    /// The last record and the dead letters since the last call; none when there was no record.
    pub(super) fn take(&mut self) -> Option<(Record, Vec<NewRecord>)> {
        let last = self.last.take()?;
        Some((last, self.dead_letters.take()))
    }
}
