//! What counted in each of the last seconds, for the series.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use tallygate_core::{Currency, Sum};
use utoipa::ToSchema;

use crate::limits::{SERIES_CURRENCIES, SERIES_SECONDS};

/// The last seconds in which anything counted, oldest first.
#[derive(Default)]
pub(crate) struct Series {
    seconds: VecDeque<Second>,
    /// How often anything was added.
    revision: u64,
}

#[derive(Clone, Default)]
struct Second {
    at: i64,
    /// The series' revision when it last grew.
    revision: u64,
    count: u64,
    sums: BTreeMap<Currency, (u64, Sum)>,
}

/// One second as the page gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Point {
    /// Unix seconds.
    pub(crate) at: i64,
    /// Transactions, of all currencies.
    pub(crate) count: u64,
    /// By currency, the transactions and what they add up to.
    pub(crate) sums: BTreeMap<String, (u64, String)>,
}

impl Series {
    /// Notes that so much more counted at this Unix time in milliseconds.
    pub(crate) fn add(&mut self, at_millis: i64, now_millis: i64, currency: Currency, count: u64, sum: Sum) {
        let now = now_millis.div_euclid(1_000);
        let at = at_millis.div_euclid(1_000).min(now);
        let oldest = now - SERIES_SECONDS as i64;
        if at <= oldest {
            return;
        }
        while self.seconds.front().is_some_and(|second| second.at <= oldest) {
            self.seconds.pop_front();
        }
        let index = self.seconds.partition_point(|second| second.at < at);
        if self.seconds.get(index).is_none_or(|second| second.at != at) {
            self.seconds.insert(index, Second { at, ..Second::default() });
        }
        let Some(second) = self.seconds.get_mut(index) else {
            return;
        };
        self.revision += 1;
        second.revision = self.revision;
        second.count += count;
        if second.sums.len() < SERIES_CURRENCIES || second.sums.contains_key(&currency) {
            let held = second.sums.entry(currency).or_default();
            held.0 += count;
            held.1 = held.1 + sum;
        }
    }

    /// How often anything was added.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The seconds that grew after this revision, also late ones: after an outage the log's own times are caught up.
    pub(crate) fn since(&self, revision: u64) -> Vec<Point> {
        self.seconds
            .iter()
            .filter(|held| held.revision > revision)
            .map(|held| Point {
                at: held.at,
                count: held.count,
                sums: held
                    .sums
                    .iter()
                    .map(|(currency, (count, sum))| (currency.to_string(), (*count, sum.to_string())))
                    .collect(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_stay_in_order_and_old_ones_leave() {
        let mut series = Series::default();
        let eur: Currency = "EUR".parse().unwrap();
        let one: Sum = "1.00".parse().unwrap();
        series.add(5_000, 6_000, eur, 1, one);
        series.add(4_100, 6_000, eur, 2, one);
        series.add(9_999_000, 5_900, eur, 1, one);
        let points = series.since(0);
        assert_eq!(points.iter().map(|p| (p.at, p.count)).collect::<Vec<_>>(), [(4, 2), (5, 2)]);
        assert_eq!(points[1].sums["EUR"], (2, "2.00".to_owned()));
        let revision = series.revision();
        series.add(4_200, 6_000, eur, 1, one);
        let late: Vec<_> = series.since(revision).iter().map(|p| (p.at, p.count)).collect();
        assert_eq!(late, [(4, 3)]);
        series.add(400_000, 400_000, eur, 1, one);
        assert_eq!(series.since(0).len(), 1);
        series.add(4_000, 400_000, eur, 1, one);
        assert_eq!(series.since(0).len(), 1);
    }
}
