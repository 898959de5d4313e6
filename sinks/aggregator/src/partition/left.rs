//! What is left of a partition that went from us: what it knew holds, whoever folds it on.

use tallygate_core::Position;
use tallygate_core::fold::Fold;

use super::phase::Phase;
use super::unpacked::Unpacked;
use super::{Partition, fingerprint};
use crate::local_state::RestorePoint;

/// A fold without what waited to be flushed: those who folded on have flushed it.
pub(crate) struct Left {
    /// As it was committed last, or was to be.
    pub(crate) position: Position,
    pub(crate) fold: Fold,
    /// The records whose identities it knows.
    pub(crate) known: RestorePoint,
    pub(crate) unpacked: Unpacked,
    /// The highest offset that a row took which stood ahead of the position.
    pub(crate) rows_to: Option<u64>,
}

impl Partition {
    /// The offset before which every record is in its rows.
    pub(crate) fn rows_to(&self) -> u64 {
        match self.phase {
            Phase::Live(_) => self.next,
            Phase::Learn(_) => self.position.next,
        }
    }

    /// None when it is not known how far it came.
    pub(crate) fn leave(self) -> Option<Left> {
        let last = self.last.as_ref().filter(|last| last.offset + 1 == self.next)?;
        // What the local state knew goes further than what was read.
        if matches!(&self.phase, Phase::Learn(learn) if learn.known_to > self.next) {
            return None;
        }
        let known = RestorePoint { start: self.reaches, end: self.next, fingerprint: fingerprint(last) };
        let mut fold = self.folding.fold;
        drop(fold.take_rows());
        Some(Left { position: self.position, fold, known, unpacked: self.folding.unpacked, rows_to: self.ahead })
    }
}
