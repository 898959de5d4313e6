//! What stands on the compacted topic of sums: rows, and the positions that they belong to.

use serde::Deserialize;

use crate::checkpoint::{POSITION, Position};
use crate::row::Row;

/// A record of the topic of sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SumsRecord {
    /// A row of daily sums.
    Row(Row),
    /// How far a log partition was folded.
    Position(Box<Position>),
}

#[derive(Deserialize)]
struct Kind<'a> {
    aggregate: &'a str,
}

impl SumsRecord {
    /// Reads a record value.
    ///
    /// # Errors
    /// What does not read.
    pub fn read(value: &[u8]) -> Result<Self, String> {
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
            Self::Position(_) => None,
        }
    }
}
