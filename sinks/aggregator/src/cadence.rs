//! How long what was folded waits for its flush: briefly where the fold is up with the log, and longer the further it lies behind,
//! as a row that changes a hundred times meanwhile is written once.

use std::time::Duration;

use crate::limits::RECORDS_OF_A_ROW;
use crate::timeouts::{LONGEST_PAUSE, PAUSE, PAUSE_OF_A_RECORD};

/// From one flush of a partition to its next, with so many records of the log before it that it has not folded yet. Working
/// them off takes less, unless they are very many: most often rows are written once all of them are folded. Of very many they are
/// written once so many records are folded, `pending`, that there are enough for each of the `rows`, or after the longest pause.
pub(crate) fn pause(shortest: Duration, behind: u64, pending: u64, rows: usize) -> Duration {
    let records = u32::try_from(behind).unwrap_or(u32::MAX);
    let is_worth_it = pending / RECORDS_OF_A_ROW >= rows as u64;
    let longest = if is_worth_it { PAUSE } else { LONGEST_PAUSE };
    PAUSE_OF_A_RECORD.saturating_mul(records).min(longest).max(shortest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_up_with_the_log_waits_the_least_and_nothing_waits_for_ever() {
        let pause = |behind| pause(Duration::from_millis(20), behind, 100, 100);
        assert_eq!([pause(0), pause(100)], [Duration::from_millis(20); 2]);
        assert_eq!(pause(10_000), Duration::from_secs(1));
        assert_eq!(pause(100_000), Duration::from_secs(10));
        assert_eq!([pause(10_000_000), pause(u64::MAX)], [LONGEST_PAUSE; 2]);
    }

    #[test]
    fn far_behind_rows_are_written_once_they_took_many_records_each() {
        let pause = |pending, rows| pause(Duration::from_millis(20), 10_000_000, pending, rows);
        assert_eq!([pause(799, 100), pause(800, 100)], [LONGEST_PAUSE, PAUSE]);
        assert_eq!([pause(0, 1), pause(1, 0)], [LONGEST_PAUSE, PAUSE]);
    }
}
