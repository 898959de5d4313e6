//! What one flush takes of a partition.

use tallygate_core::Row;
use tallygate_stream::{Committed, NewRecord};

use crate::local_state::Save;
use crate::tail::FlushSpan;

/// All of it as it was at the same instant.
#[derive(Debug)]
pub(crate) struct PartitionFlush {
    pub(crate) partition: u32,
    pub(crate) rows: Vec<Row>,
    pub(crate) dead_letters: Vec<NewRecord>,
    pub(crate) position: Committed,
    pub(crate) save: Option<Save>,
    pub(crate) span: FlushSpan,
    /// Records that were folded for it.
    pub(crate) records: u64,
}
