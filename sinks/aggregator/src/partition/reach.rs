//! How far back the log reaches: which days' identities can still be known.

use tallygate_core::Day;
use tallygate_core::fold::Horizon;

/// The days of the log of which something was removed before it was learnt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    horizon: Horizon,
    /// The last of them; none when nothing that may matter was removed.
    lost: Option<Day>,
}

impl Reach {
    /// Of these days, each with the offset of its first record, in a log that holds records from `low` on, or whose earlier
    /// ones are known already.
    pub(super) fn new(horizon: Horizon, days: &[(Day, u64)], low: u64) -> Self {
        // Whole segments go, so times do not tell; and a day's first record is the first to go.
        Self { horizon, lost: days.iter().rev().find(|(_, first)| *first < low).map(|(day, _)| *day) }
    }

    /// # Errors
    /// The day that a record of this day of the log would need, and that is not there.
    pub(super) fn check(self, log_day: Day) -> Result<(), Day> {
        match self.lost {
            Some(lost) if lost >= self.horizon.remembers_from(log_day) => Err(lost),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_12_a_day_is_reached_when_no_first_record_at_or_after_it_is_gone() {
        let day = Day::from_epoch_days;
        let days = [(day(100), 5), (day(101), 9), (day(103), 20)];
        let horizon = Horizon { past: 2, future: 1 };
        let reaches = |low, log_day| Reach::new(horizon, &days, low).check(day(log_day));
        assert_eq!(reaches(5, 103), Ok(()));
        assert_eq!(reaches(6, 103), Err(day(100)));
        assert_eq!(reaches(6, 104), Ok(()));
        assert_eq!(reaches(10, 104), Err(day(101)));
        assert_eq!(reaches(21, 106), Err(day(103)));
        assert_eq!(reaches(21, 107), Ok(()));
    }
}
