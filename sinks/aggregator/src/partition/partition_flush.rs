//! What one flush takes of a partition.

use tallygate_core::{Position, Row};
use tallygate_stream::NewRecord;

use crate::local_state::Save;

/// All of it as it was at the same instant.
#[derive(Debug)]
pub(crate) struct PartitionFlush {
    pub(crate) partition: u32,
    pub(crate) rows: Vec<Row>,
    pub(crate) dead_letters: Vec<NewRecord>,
    pub(crate) position: Position,
    pub(crate) save: Option<Save>,
    /// Records that were folded for it.
    pub(crate) records: u64,
}
