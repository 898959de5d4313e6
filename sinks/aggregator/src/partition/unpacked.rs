//! Which records' identities are not in the local state yet.

use std::ops::Range;

/// The records seen since identities were packed last.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// Where the next piece begins; none before the first record of a log that is learnt anew.
    from: Option<u64>,
    /// Whether none was packed before.
    is_first: bool,
    records: u64,
}

impl Unpacked {
    /// After identities of the records before `restored` were taken back, or none were.
    pub(crate) fn new(restored: Option<u64>) -> Self {
        Self { from: restored, is_first: restored.is_none(), records: 0 }
    }

    pub(super) fn add(&mut self, offset: u64) {
        self.from.get_or_insert(offset);
        self.records += 1;
    }

    /// Where the next piece begins.
    pub(crate) fn from(&self) -> Option<u64> {
        self.from
    }

    /// Whether the next piece is the first of a partition that is learnt anew.
    pub(crate) fn is_first(&self) -> bool {
        self.is_first
    }

    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// The offsets of a piece that ends before `next`; none when nothing was added.
    pub(super) fn take(&mut self, next: u64) -> Option<Range<u64>> {
        let from = self.from.filter(|from| *from < next)?;
        (self.from, self.is_first) = (Some(next), false);
        self.records = 0;
        Some(from..next)
    }
}
