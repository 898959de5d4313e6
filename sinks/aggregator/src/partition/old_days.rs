//! Since when nothing has touched days that the horizon has left behind.

use tallygate_core::Day;

/// Follows the days of folded records.
#[derive(Debug)]
pub(super) struct OldDays {
    /// Days behind the log day that still count.
    past: u16,
    log_day: Option<Day>,
    /// Behind the last record that touched a day outside the horizon, or made days fall out of it.
    touched: u64,
}

impl OldDays {
    pub(super) fn new(past: u16) -> Self {
        Self { past, log_day: None, touched: 0 }
    }

    /// A record was folded on this log day; `day` is its own, when it reads.
    pub(super) fn fold(&mut self, offset: u64, log_day: Day, day: Option<Day>) {
        let first = log_day.plus(-i32::from(self.past));
        if self.log_day != Some(log_day) || day.is_some_and(|day| day < first) {
            self.log_day = Some(log_day);
            self.touched = offset + 1;
        }
    }

    /// Whether records from this offset on touched none.
    pub(super) fn are_untouched_since(&self, offset: u64) -> bool {
        self.touched <= offset
    }
}
