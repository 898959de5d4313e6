//! The days that a transaction may have when it is taken in.

use tallygate_core::{Day, Transaction, Violation};

/// From one day to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    earliest: Day,
    latest: Day,
}

impl DayRange {
    /// What the fold would count today.
    #[must_use]
    pub fn of(today: Day, horizon_days: u32, future_days: u32) -> Self {
        let days = |days: u32| i32::try_from(days).unwrap_or(i32::MAX);
        Self { earliest: today.plus(days(horizon_days).saturating_neg()), latest: today.plus(days(future_days)) }
    }

    /// One day more on either side: what comes from a partner is let through there, since the log's own clock decides.
    #[must_use]
    pub fn and_a_day(self) -> Self {
        Self { earliest: self.earliest.plus(-1), latest: self.latest.plus(1) }
    }

    /// Refuses what lies outside.
    ///
    /// # Errors
    /// The first transaction with another day.
    pub fn check(&self, transactions: &[Transaction]) -> Result<(), Violation> {
        let Self { earliest, latest } = self;
        let outside = transactions.iter().position(|transaction| !(*earliest..=*latest).contains(&transaction.day));
        match outside {
            None => Ok(()),
            Some(place) => Err(Violation {
                field: format!("transactions/{place}/day"),
                problem: format!("must lie between {earliest} and {latest}, is {}", transactions[place].day),
            }),
        }
    }
}
