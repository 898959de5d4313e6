//! The records of a flush for the topic of sums: partition p of it for partition p of the log.

use bytes::Bytes;
use tallygate_core::{Position, Row};
use tallygate_stream::NewRecord;

/// What key and value of a row take, about.
const ROW_BYTES: usize = 280;

/// A position's record.
pub(crate) fn position(partition: u32, position: &Position) -> NewRecord {
    let (key, value) = (position.topic_key().into(), position.topic_value().into());
    NewRecord { partition, key, value, ..NewRecord::default() }
}

/// The records of one partition: its rows, which share one buffer, and the position that they stand at.
pub(crate) fn of_partition(partition: u32, rows: &[Row], at: &Position) -> Vec<NewRecord> {
    let mut text = String::with_capacity(rows.len() * ROW_BYTES);
    let places: Vec<_> = rows
        .iter()
        .map(|row| {
            let from = text.len();
            row.at.write_topic_key(&mut text);
            let value = text.len();
            row.write_topic_value(&mut text);
            (from..value, value..text.len())
        })
        .collect();
    let bytes = Bytes::from(text);
    let record = |(key, value)| NewRecord {
        partition,
        key: bytes.slice(key),
        value: bytes.slice(value),
        ..NewRecord::default()
    };
    let rows = places.into_iter().map(record);
    rows.chain(std::iter::once(position(partition, at))).collect()
}
