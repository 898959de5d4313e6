//! The days of the log, by the offset of the first record of each.

use crate::day::Day;

/// The last days of the log that a known record may be of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LogDays(Vec<(Day, u64)>);

impl LogDays {
    pub(super) fn new(days: Vec<(Day, u64)>) -> Self {
        Self(days)
    }

    /// A record of this day came; days before `from` are of no use any more.
    pub(super) fn see(&mut self, day: Day, offset: u64, from: Day) {
        if self.0.last().is_none_or(|(last, _)| *last < day) {
            self.0.push((day, offset));
            self.0.retain(|(day, _)| *day >= from);
        }
    }

    pub(super) fn all(&self) -> &[(Day, u64)] {
        &self.0
    }
}
