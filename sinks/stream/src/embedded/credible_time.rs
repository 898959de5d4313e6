//! How far a wall clock is believed before records are removed by it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A time that runs ahead of where it began at most a day an hour: one wrong reading of the clock, such as a machine's that
/// starts without knowing the year, removes nothing that is needed.
#[derive(Debug, Default)]
pub(super) struct CredibleTime(Mutex<Option<(Instant, i64)>>);

/// How much faster than time itself it may run, to catch up after the process stood for long.
const FASTER: u32 = 24;
const DAY: Duration = Duration::from_secs(86_400);

impl CredibleTime {
    /// What is believed of the time now, Unix milliseconds; `last` is when the record before was appended.
    pub(super) fn time(&self, now: i64, last: Option<i64>) -> i64 {
        self.at(Instant::now(), now, last)
    }

    fn at(&self, instant: Instant, now: i64, last: Option<i64>) -> i64 {
        let mut began = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, from) = *began.get_or_insert((instant, last.unwrap_or(now)));
        let run = instant.saturating_duration_since(since).saturating_mul(FASTER).saturating_add(DAY);
        now.min(from.saturating_add(i64::try_from(run.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_6_a_clock_that_jumps_is_believed_a_day_an_hour() {
        let (day, hour) = (86_400_000, Duration::from_secs(3_600));
        let (time, began) = (CredibleTime::default(), Instant::now());
        assert_eq!(time.at(began, 300 * day, Some(0)), day);
        assert_eq!(time.at(began + hour * 2, 300 * day, Some(300 * day)), 3 * day);
        // Set right again, it is the time.
        assert_eq!(time.at(began + hour * 3, 2 * day, Some(300 * day)), 2 * day);
        let fresh = CredibleTime::default();
        assert_eq!(fresh.at(began, 300 * day, None), 300 * day);
    }
}
