//! The rows of one key as the live page holds them: of each log partition the one at its highest offset.

use tallygate_core::{Row, Sum};

/// A key has one row a generation unless the log is partitioned by id.
pub(super) enum Cells {
    One(Cell),
    Many(Vec<Cell>),
}

#[derive(Clone, Copy)]
pub(super) struct Cell {
    partition: u32,
    offset: u64,
    count: u64,
    sum: Sum,
    updated_at: i64,
}

impl Cell {
    pub(super) fn of(row: &Row) -> Self {
        Self {
            partition: row.at.partition,
            offset: row.offset,
            count: row.count,
            sum: row.sum,
            updated_at: row.updated_at,
        }
    }
}

impl Cells {
    /// Count, sum and the last update over all partitions.
    pub(super) fn total(&self) -> (u64, Sum, i64) {
        self.all().iter().fold((0, Sum::default(), i64::MIN), |(count, sum, updated_at), cell| {
            (count + cell.count, sum + cell.sum, updated_at.max(cell.updated_at))
        })
    }

    /// What they take beyond the first.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::One(_) => 0,
            // A list has room to spare.
            Self::Many(cells) => 2 * cells.len() * size_of::<Cell>(),
        }
    }

    fn all(&self) -> &[Cell] {
        match self {
            Self::One(cell) => std::slice::from_ref(cell),
            Self::Many(cells) => cells,
        }
    }

    /// Rule 14: of each row the one with the highest offset stays.
    pub(super) fn take(&mut self, cell: Cell) -> bool {
        let held = match self {
            Self::One(held) => std::slice::from_mut(held),
            Self::Many(cells) => cells.as_mut_slice(),
        };
        match held.iter_mut().find(|held| held.partition == cell.partition) {
            Some(held) if held.offset >= cell.offset => false,
            Some(held) => {
                *held = cell;
                true
            }
            None => {
                let mut cells = self.all().to_vec();
                cells.push(cell);
                *self = Self::Many(cells);
                true
            }
        }
    }
}
