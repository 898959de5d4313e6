//! The chain of a partition: which pieces there are, and what a further one means for the file.

use std::ops::Range;

use tallygate_core::Day;
use tallygate_core::checkpoint::Fingerprint;

use super::save::Save;
use crate::limits::{BLOB_TIERS, JOIN_BLOBS};

/// The pieces of a partition. Of what stands before its first one nothing is needed any more, so a piece is only ever added
/// where the last one ended. A partition that has no chain gets none before it is taken over again.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) pieces: Vec<Piece>,
    /// Where the next piece must begin; none when the partition is learnt anew, from wherever that begins.
    pub(super) next: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) offsets: Range<u64>,
    pub(super) fingerprint: Fingerprint,
    pub(super) recoveries: u32,
    pub(super) expiry: Day,
    pub(super) size: usize,
}

/// What one save does to a chain.
pub(super) struct Change {
    pub(super) add: Save,
    /// Where the piece before it ends; none when it is the first.
    pub(super) follows: Option<u64>,
    pub(super) join: Option<Range<u64>>,
    pub(super) prune: Option<u64>,
}

impl Chain {
    /// Of all its pieces together, in bytes.
    pub(super) fn size(&self) -> usize {
        self.pieces.iter().map(|piece| piece.size).sum()
    }

    /// Whether a piece that begins there goes on with it, or begins it.
    pub(super) fn joins(&self, from: Option<u64>, is_first: bool) -> bool {
        self.next.map_or(is_first, |next| from == Some(next))
    }

    /// Adds a piece, joins small ones, drops expired ones; tells what that means for the file. None when it does not join:
    /// then the chain ends here, for good.
    pub(super) fn add(&mut self, save: Save) -> Option<Change> {
        if !self.joins(Some(save.offsets.start), save.is_first) {
            return None;
        }
        self.next = Some(save.offsets.end);
        let pieces = &mut self.pieces;
        let expired = pieces.iter().take_while(|piece| piece.expiry < save.log_day).count();
        let prune = pieces.drain(..expired).next_back().map(|piece| piece.offsets.end);
        let join = joinable(pieces).map(|range| {
            let run = &pieces[range.clone()];
            let offsets = pieces[range.start].offsets.start..pieces[range.end - 1].offsets.end;
            let last = &pieces[range.end - 1];
            let joined = Piece {
                offsets: offsets.clone(),
                fingerprint: last.fingerprint,
                recoveries: last.recoveries,
                expiry: run.iter().map(|piece| piece.expiry).max().unwrap_or(save.expiry),
                size: run.iter().map(|piece| piece.size).sum(),
            };
            pieces.splice(range, [joined]);
            offsets
        });
        let follows = pieces.last().map(|last| last.offsets.end);
        pieces.push(Piece {
            offsets: save.offsets.clone(),
            fingerprint: save.fingerprint,
            recoveries: save.recoveries,
            expiry: save.expiry,
            size: save.blob.len(),
        });
        Some(Change { add: save, follows, join, prune })
    }
}

/// The latest run of pieces of about one size that is long enough to be joined.
fn joinable(pieces: &[Piece]) -> Option<Range<usize>> {
    BLOB_TIERS.into_iter().find_map(|tier| {
        let small = pieces.iter().rev().take_while(|piece| piece.size < tier).count();
        (small >= JOIN_BLOBS).then(|| pieces.len() - JOIN_BLOBS..pieces.len())
    })
}
