//! What counted by key against what counted by partner: both are the same transactions (rule 13).

use std::collections::BTreeMap;
use std::fmt;

use crate::day::Day;
use crate::money::{Currency, Sum};
use crate::row::Aggregate;

/// The totals of the rows held, by day and currency.
#[derive(Debug, Default)]
pub(super) struct Totals(BTreeMap<(Day, Currency), Total>);

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    daily: (Sum, i64),
    counted: (Sum, i64),
}

/// The totals of one day and currency, which should be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imbalance {
    /// The day.
    pub day: Day,
    /// The currency.
    pub currency: Currency,
    /// Sum and count by key.
    pub daily: (Sum, i64),
    /// Sum and count by partner.
    pub counted: (Sum, i64),
}

impl Totals {
    pub(super) fn change(&mut self, aggregate: Aggregate, day: Day, currency: Currency, sum: Sum, count: i64) {
        if matches!(aggregate, Aggregate::Duplicate | Aggregate::Dead) {
            return;
        }
        let total = self.0.entry((day, currency)).or_default();
        let part = if aggregate == Aggregate::Daily { &mut total.daily } else { &mut total.counted };
        *part = (part.0 + sum, part.1 + count);
    }

    pub(super) fn imbalance(&self) -> Option<Imbalance> {
        let differs = self.0.iter().find(|(_, total)| total.daily != total.counted);
        differs.map(|((day, currency), Total { daily, counted })| Imbalance {
            day: *day,
            currency: *currency,
            daily: *daily,
            counted: *counted,
        })
    }

    pub(super) fn keep(&mut self, of_day: impl Fn(&Day) -> bool) {
        self.0.retain(|(day, _), _| of_day(day));
    }
}

impl fmt::Display for Imbalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, currency, daily: (sum, count), counted: (other_sum, other_count) } = self;
        write!(
            f,
            "on {day} the keys' sums come to {sum} {currency} of {count} transactions, the partners' to {other_sum} of \
             {other_count}"
        )
    }
}
