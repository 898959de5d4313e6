//! One day as the live page holds it: totals from the counted rows, the keys while somebody looks, the plot.

use std::collections::{BTreeMap, HashMap};

use tallygate_core::{Aggregate, Currency, Row, Sum};

use super::keys::Keys;
use super::series::Series;
use tallygate_reading::ledger::Total;

/// One day.
pub(crate) struct View {
    /// The keys, while somebody looks.
    pub(crate) keys: Option<Keys>,
    /// What counted in the last seconds.
    pub(crate) series: Series,
    /// Keys somebody searched for, with how many did; they are never let go.
    pub(crate) pinned: HashMap<String, usize>,
    counted: HashMap<(Box<str>, Currency, u32), Cell>,
    totals: BTreeMap<Currency, (u64, Sum)>,
    /// Whether the rows are known so well that a difference is news.
    based: bool,
    most_bytes: usize,
}

struct Cell {
    offset: u64,
    count: u64,
    sum: Sum,
}

impl View {
    /// A day of which nothing is known, holding keys of at most so many bytes.
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self {
            keys: None,
            series: Series::default(),
            pinned: HashMap::new(),
            counted: HashMap::new(),
            totals: BTreeMap::new(),
            based: false,
            most_bytes,
        }
    }

    /// Takes a row of this day unless a later one of it is held; whether anything changed.
    pub(crate) fn apply(&mut self, row: &Row, now_millis: i64) -> bool {
        match row.at.aggregate {
            Aggregate::Counted => self.apply_counted(row, now_millis),
            Aggregate::Daily => {
                let (pinned, most) = (&self.pinned, self.most_bytes);
                self.keys.as_mut().is_some_and(|keys| keys.apply(row, most, &|key| pinned.contains_key(key)))
            }
            Aggregate::Duplicate | Aggregate::Dead => false,
        }
    }

    /// The store's counted rows are all in: from now on a difference is what just happened.
    pub(crate) fn base(&mut self) {
        self.based = true;
    }

    /// What the day adds up to, by currency. It is known without the keys.
    pub(crate) fn totals(&self) -> Vec<Total> {
        self.totals
            .iter()
            .map(|(currency, (count, sum))| Total {
                currency: *currency,
                sum: *sum,
                count: *count,
                keys: self.keys.as_ref().map_or(0, |keys| keys.count(*currency)),
            })
            .collect()
    }

    fn apply_counted(&mut self, row: &Row, now_millis: i64) -> bool {
        let at = (row.at.key.as_str().into(), row.at.currency, row.at.partition);
        let held = self.counted.get(&at);
        if held.is_some_and(|held| held.offset >= row.offset) {
            return false;
        }
        let (before_count, before_sum) = held.map_or((0, Sum::default()), |held| (held.count, held.sum));
        let count = row.count.saturating_sub(before_count);
        let sum = row.sum - before_sum;
        let total = self.totals.entry(row.at.currency).or_default();
        total.0 += count;
        total.1 = total.1 + sum;
        if self.based {
            self.series.add(row.updated_at, now_millis, row.at.currency, count, sum);
        }
        let cell = Cell { offset: row.offset, count: row.count, sum: row.sum };
        self.counted.insert(at, cell);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::test_rows::{counted, row};

    #[test]
    fn totals_are_those_of_the_counted_rows_at_their_highest_offsets() {
        let mut view = View::new(1 << 20);
        assert!(view.apply(&counted("shop-1", "EUR", 0, 5, 3, "30.00"), 0));
        assert!(view.apply(&counted("shop-2", "EUR", 0, 6, 1, "-1.50"), 0));
        assert!(!view.apply(&counted("shop-1", "EUR", 0, 4, 2, "20.00"), 0));
        assert!(view.apply(&counted("shop-1", "EUR", 0, 9, 4, "31.00"), 0));
        assert!(!view.apply(&row("HR1", "EUR", 0, 9, 4, "31.00"), 0), "nobody looks at the keys");
        let totals = view.totals();
        assert_eq!((totals[0].count, totals[0].sum.to_string()), (5, "29.50".into()));
    }

    #[test]
    fn the_plot_shows_what_came_after_the_load_alone() {
        let mut view = View::new(1 << 20);
        view.apply(&counted("shop-1", "EUR", 0, 5, 300, "30.00"), 10_000);
        view.base();
        view.apply(&counted("shop-1", "EUR", 0, 6, 301, "32.00"), 10_000);
        let points = view.series.since(0);
        assert_eq!((points[0].count, &*points[0].sums["EUR"].1), (1, "2.00"));
    }
}
