//! How a partition is taken over: where reading begins, and what its records are read for.

use tallygate_stream::{Committed, Start};

use crate::note::{LastFolded, LogPosition};

/// Made while the rebalance waits, and followed when the partition is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Takeover {
    pub(crate) committed: Option<Committed>,
    pub(crate) start: Start,
    /// Identities of the records before it come from the local state.
    pub(crate) restored: Option<u64>,
    /// Records before it are learnt, from it on folded; it is where the tail begins.
    pub(crate) tail: LogPosition,
    /// The record that must be found before the committed position.
    pub(crate) last_folded: Option<LastFolded>,
}

impl Takeover {
    /// Everything before the committed position is learnt.
    pub(crate) fn of_the_whole_log(committed: Option<&Committed>) -> Self {
        Self {
            committed: committed.cloned(),
            start: Start::Beginning,
            restored: None,
            tail: LogPosition { offset: committed.map_or(0, |committed| committed.offset), clock: None },
            last_folded: None,
        }
    }

    pub(crate) fn committed_offset(&self) -> u64 {
        self.committed.as_ref().map_or(0, |committed| committed.offset)
    }
}
