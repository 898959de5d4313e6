//! What a flush adds to the local state.

use std::ops::Range;

use tallygate_core::Day;
use tallygate_core::checkpoint::Fingerprint;

/// What a flush adds to a partition's chain.
#[derive(Debug)]
pub(crate) struct Save {
    pub(crate) partition: u32,
    /// The stretch of the log whose identities these are.
    pub(crate) offsets: Range<u64>,
    /// Whether nothing was packed before it of a partition that was learnt anew: with it alone a chain begins.
    pub(crate) is_first: bool,
    /// Of the last record of it, by which the log is known again.
    pub(crate) fingerprint: Fingerprint,
    /// How often the partition was recovered before: what was learnt earlier is of no use after it.
    pub(crate) recoveries: u32,
    /// The last log day on which any of them is needed.
    pub(crate) expiry: Day,
    pub(crate) blob: Vec<u8>,
    /// The log day now.
    pub(crate) log_day: Day,
}
