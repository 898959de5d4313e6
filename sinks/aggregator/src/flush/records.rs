//! The records of a flush for the topic of sums: partition p of it for partition p of the log.

use tallygate_core::{Position, Row};
use tallygate_stream::NewRecord;

/// A row's record.
fn row(partition: u32, row: &Row) -> NewRecord {
    let (key, value) = (row.at.topic_key().into(), row.topic_value().into());
    NewRecord { partition, key, headers: Vec::new(), value }
}

/// A position's record.
pub(crate) fn position(partition: u32, position: &Position) -> NewRecord {
    let (key, value) = (position.topic_key().into(), position.topic_value().into());
    NewRecord { partition, key, headers: Vec::new(), value }
}

/// The records of one partition: its rows, and the position that they stand at.
pub(crate) fn of_partition(partition: u32, rows: &[Row], at: &Position) -> impl Iterator<Item = NewRecord> {
    let rows = rows.iter().map(move |one| row(partition, one));
    rows.chain(std::iter::once(position(partition, at)))
}
