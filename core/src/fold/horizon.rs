//! How late and how far ahead a transaction may lie.

use crate::day::Day;

/// How late and how far ahead a transaction may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// Days behind the log day, and for how long an identity stays known.
    pub past: u16,
    /// Days ahead of the log day.
    pub future: u16,
}

impl Horizon {
    /// Whether a transaction of this day may count on this day of the log.
    pub fn holds(self, day: Day, log_day: Day) -> bool {
        (self.first(log_day)..=log_day.plus(i32::from(self.future))).contains(&day)
    }

    /// The first day that may still count on this day of the log.
    pub fn first(self, log_day: Day) -> Day {
        log_day.plus(-i32::from(self.past))
    }

    /// The first log day of which a record may still be known on this day of the log.
    pub fn remembers_from(self, log_day: Day) -> Day {
        log_day.plus(-self.window())
    }

    /// For how many days after its own log day a record may be known.
    pub fn window(self) -> i32 {
        i32::from(self.past) + i32::from(self.future)
    }
}
