//! What a flush adds to the local state.

use std::ops::Range;

use tallygate_core::Day;

/// What a flush adds to a partition's chain.
#[derive(Debug)]
pub(crate) struct Save {
    pub(crate) partition: u32,
    /// The stretch of the log whose identities these are.
    pub(crate) offsets: Range<u64>,
    /// The last log day on which any of them is needed.
    pub(crate) expiry: Day,
    pub(crate) blob: Vec<u8>,
    /// The log day now.
    pub(crate) log_day: Day,
    /// Pieces that end at or before it may be joined: nobody restores to a place within them.
    pub(crate) joinable: u64,
}
