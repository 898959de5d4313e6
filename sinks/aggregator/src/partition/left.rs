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
    /// Rows stood ahead of the position up to this offset.
    pub(crate) ahead: Option<u64>,
}

impl Partition {
    /// The offset before which every record is in its rows.
    pub(crate) fn folded_to(&self) -> u64 {
        match self.phase {
            Phase::Live(_) => self.next,
            Phase::Learn(_) => self.position.next,
        }
    }

    /// The clock there.
    pub(crate) fn folded_by(&self) -> Option<i64> {
        match self.phase {
            Phase::Live(_) => self.folding.fold.clock(),
            Phase::Learn(_) => self.position.clock,
        }
    }

    /// None when it is not known how far it came, or what it learnt is not what was folded.
    pub(crate) fn leave(self) -> Option<Left> {
        let last = self.last.as_ref().filter(|last| last.offset + 1 == self.next)?;
        if let Phase::Learn(learn) = &self.phase {
            // What the local state knew may go further than what was read.
            let is_known = learn.known_to <= self.next;
            let is_right = self.next < learn.until || learn.end(self.folding.fold.clock()).is_ok();
            if !is_known || !is_right {
                return None;
            }
        }
        let known = RestorePoint { start: self.reaches, end: self.next, fingerprint: fingerprint(last) };
        let mut fold = self.folding.fold;
        drop(fold.take_rows());
        Some(Left { position: self.position, fold, known, unpacked: self.folding.unpacked, ahead: self.ahead })
    }
}
