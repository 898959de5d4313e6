//! The days that a transaction may have when it is taken in.

use tallygate_core::{Day, Transaction, Violation};

/// From one day to another, both included. One day more than the horizon on either side: the log's own clock decides there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    earliest: Day,
    latest: Day,
}

impl DayRange {
    /// What may come today.
    #[must_use]
    pub fn of(today: Day, horizon_days: u32, future_days: u32) -> Self {
        let days = |days: u32| i32::try_from(days).unwrap_or(i32::MAX).saturating_add(1);
        Self { earliest: today.plus(days(horizon_days).saturating_neg()), latest: today.plus(days(future_days)) }
    }

    /// Refuses what the fold would have to.
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
