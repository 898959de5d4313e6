//! The latest rows of the topic of sums, a range of keys at a time, so that never more than a limit of them are held.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_core::{Aggregate, Day, Row, RowKey, SumsRecord};
use tallygate_stream::{Stream, StreamError, Topic};

use super::damage::Damage;
use super::row_difference::RowFigures;
use crate::scan::scan;

/// The latest rows of a range of keys.
pub(super) struct LatestRows {
    pub(super) rows: BTreeMap<RowKey, RowFigures>,
    /// The log partitions and days of all rows there are, in the range or not.
    pub(super) days: BTreeSet<(u32, Day)>,
    /// What cannot be read.
    pub(super) damage: Damage,
    /// Where the range begins.
    from: Option<RowKey>,
    /// The first key behind it; none when it is the last range.
    to: Option<RowKey>,
    most: usize,
}

impl LatestRows {
    /// Reads the first rows from a key on, of one day alone where it is given, at most so many.
    pub(super) async fn read(
        stream: &dyn Stream,
        day: Option<Day>,
        from: Option<RowKey>,
        most: usize,
    ) -> Result<Self, StreamError> {
        let mut latest = Self::new(from, most);
        scan(stream, Topic::DailySums, &[], |record| match SumsRecord::read(record.key(), record.value()) {
            Ok(SumsRecord::Row(row)) if day.is_none_or(|day| row.at.day == day) => latest.take(row),
            Ok(SumsRecord::Removed(Some(at))) => latest.remove(&at),
            Ok(_) => {}
            Err(problem) => {
                latest.damage.add(format!("topic of sums, {}/{}: {problem}", record.partition, record.offset))
            }
        })
        .await?;
        Ok(latest)
    }

    fn new(from: Option<RowKey>, most: usize) -> Self {
        let (rows, days) = (BTreeMap::new(), BTreeSet::new());
        Self { rows, days, damage: Damage::default(), from, to: None, most: most.max(1) }
    }

    fn take(&mut self, row: Row) {
        self.days.insert((row.at.partition, row.at.day));
        if !self.covers(&row.at) {
            return;
        }
        let figures = RowFigures::from(&row);
        self.rows.insert(row.at, figures);
        if self.rows.len() > self.most
            && let Some((last, _)) = self.rows.pop_last()
        {
            self.to = Some(last);
        }
    }

    fn remove(&mut self, at: &RowKey) {
        self.rows.remove(at);
    }

    /// Whether the row lies in the range.
    pub(super) fn covers(&self, at: &RowKey) -> bool {
        self.from.as_ref().is_none_or(|from| at >= from) && self.to.as_ref().is_none_or(|to| at < to)
    }

    /// Whether any row of this place may lie in the range.
    pub(super) fn reaches(&self, aggregate: Aggregate, day: Day, partition: u32) -> bool {
        let place = (aggregate, day, partition);
        let of = |at: &RowKey| (at.aggregate, at.day, at.partition);
        self.from.as_ref().is_none_or(|from| place >= of(from)) && self.to.as_ref().is_none_or(|to| place <= of(to))
    }

    /// Where the next range begins; none behind the last one.
    pub(super) fn next(self) -> Option<RowKey> {
        self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_taken_away_is_none_until_it_is_written_again() {
        let mut latest = LatestRows::new(None, 10);
        latest.take(row(1, 5));
        latest.remove(&row(1, 5).at);
        assert!(latest.rows.is_empty());
        latest.take(row(1, 6));
        assert_eq!(latest.rows.len(), 1);
    }

    fn row(key: u64, offset: u64) -> Row {
        let at = RowKey {
            aggregate: Aggregate::ALL[key as usize % 4],
            day: Day::from_epoch_days(20_000 + (key / 4 % 3) as i32),
            partition: (key / 12 % 2) as u32,
            key: format!("k{key}"),
            currency: tallygate_core::Currency::NONE,
        };
        Row { at, sum: tallygate_core::Sum::default(), count: offset, offset, updated_at: 0 }
    }

    #[test]
    fn range_by_range_every_row_is_held_once_as_it_was_last() {
        let written: Vec<Row> = (0..700).map(|n| row(n * 7_919 % 100, n)).collect();
        let last: BTreeMap<RowKey, u64> = written.iter().map(|row| (row.at.clone(), row.offset)).collect();
        for most in [1, 7, 99, 100, 1_000] {
            let (mut found, mut from, mut ranges) = (BTreeMap::new(), None, 0);
            loop {
                let mut latest = LatestRows::new(from, most);
                written.iter().for_each(|row| latest.take(row.clone()));
                assert!(latest.rows.len() <= most);
                assert!(latest.rows.keys().all(|at| latest.reaches(at.aggregate, at.day, at.partition)));
                assert_eq!(latest.days.len(), 6, "also beyond the range");
                for (at, figures) in &latest.rows {
                    assert_eq!(found.insert(at.clone(), figures.offset), None);
                }
                ranges += 1;
                from = latest.next();
                if from.is_none() {
                    break;
                }
            }
            assert_eq!((&found, ranges), (&last, last.len().div_ceil(most)), "at most {most}");
        }
    }
}
