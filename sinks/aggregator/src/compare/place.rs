//! The rows of one aggregate and day, as the topic shows them and as the store has them.

use std::collections::HashMap;

use tallygate_core::{Row, RowKey};

/// How the store differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Rows of the topic that the store has not, has an older state of, or has with other figures.
    pub(super) lacks: Vec<Row>,
    /// Rows of the store that took a later record, each with the offset that the topic shows.
    pub(super) ahead: Vec<(RowKey, (Row, u64))>,
}

pub(super) fn compare(shown: &HashMap<RowKey, Row>, stored: Vec<Row>) -> Difference {
    let mut stored: HashMap<RowKey, Row> = stored.into_iter().map(|row| (row.at.clone(), row)).collect();
    let mut difference = Difference::default();
    for row in shown.values() {
        match stored.remove(&row.at) {
            Some(stored) if stored == *row => {}
            Some(stored) if stored.offset > row.offset => {
                difference.ahead.push((row.at.clone(), (stored, row.offset)));
            }
            Some(_) | None => difference.lacks.push(row.clone()),
        }
    }
    difference.lacks.sort_by(|one, other| one.at.cmp(&other.at));
    difference
}
