//! What those who work beside the folding find out.

use tallygate_stream::Bounds;
use tallygate_sums::Foreign;

/// What was found.
#[derive(Debug)]
pub(crate) enum News {
    /// The store was away and is back, or was emptied: it may have lost anything.
    StoreMayLack,
    /// The store is another log's.
    Foreign(Foreign),
    /// What the log's partitions hold.
    Ends(Vec<Bounds>),
    /// Rows of the partition are being written again.
    Repairing(u32),
    /// The partition's topic was compared with the store.
    Compared(u32, Found),
}

/// What came of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Rows that were written again, and show.
    pub(crate) repaired: u64,
    /// Rows that were written again, and do not show; some of them by name.
    pub(crate) wrong: Vec<String>,
    /// How many these are.
    pub(crate) hidden: u64,
    /// Why the partition cannot go on.
    pub(crate) stand: Option<String>,
}
