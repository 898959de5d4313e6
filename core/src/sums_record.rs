//! What stands on the compacted topic of sums: rows, and the positions that they belong to.

use serde::Deserialize;

use crate::checkpoint::{POSITION, Position};
use crate::row::{Row, RowKey};

/// A record of the topic of sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SumsRecord {
    /// A row of daily sums.
    Row(Row),
    /// How far a log partition was folded.
    Position(Box<Position>),
    /// A record without a value: there is no such row any more. None when its key is no row's.
    Removed(Option<RowKey>),
}

#[derive(Deserialize)]
struct Kind<'a> {
    aggregate: &'a str,
}

impl SumsRecord {
    /// Reads a record's key and value.
    ///
    /// # Errors
    /// What does not read.
    pub fn read(key: &[u8], value: &[u8]) -> Result<Self, String> {
        if value.is_empty() {
            return Ok(Self::Removed(RowKey::from_topic_key(key)));
        }
        let kind: Kind<'_> = serde_json::from_slice(value).map_err(|e| e.to_string())?;
        if kind.aggregate == POSITION {
            return Position::from_topic_value(value).map(Box::new).map(Self::Position);
        }
        Row::from_topic_value(value).map(Self::Row)
    }

    /// The row, where it is one.
    pub fn row(self) -> Option<Row> {
        match self {
            Self::Row(row) => Some(row),
            Self::Position(_) | Self::Removed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_a_value_takes_the_row_of_its_key_away() {
        let at = r#"["daily","2026-11-22","HR1","EUR",3]"#.as_bytes();
        let removed = RowKey::from_topic_key(at);
        assert!(removed.is_some());
        assert_eq!(SumsRecord::read(at, b""), Ok(SumsRecord::Removed(removed)));
        assert_eq!(SumsRecord::read(b"no key of a row", b""), Ok(SumsRecord::Removed(None)));
        assert!(SumsRecord::read(at, b"{").is_err());
    }
}
