//! The keys of one day as the live page holds them: every row at its highest offset, in order of count and of sum.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use tallygate_core::{Currency, Row, Sum};
use tallygate_reading::ledger::{KeySum, Order, Top};

use super::cells::{Cell, Cells};

/// The keys of one day.
#[derive(Default)]
pub(crate) struct Keys {
    entries: Vec<Entry>,
    indices: HashTable<u32>,
    hasher: DefaultHashBuilder,
    by_count: HashMap<Currency, BTreeSet<(u64, Reverse<u32>)>>,
    by_sum: HashMap<Currency, BTreeSet<(Sum, Reverse<u32>)>>,
    /// Whether keys were let go, so that the order is that of those held.
    pruned: bool,
}

struct Entry {
    key: Box<str>,
    currency: Currency,
    cells: Cells,
}

impl Keys {
    /// Takes a row unless a later one of it is held; keeps at most `most` keys, and those pinned whatever their count.
    /// Returns whether anything changed.
    pub(crate) fn apply(&mut self, row: &Row, most: usize, pinned: &dyn Fn(&str) -> bool) -> bool {
        let cell = Cell::of(row);
        let Some(index) = self.find(&row.at.key, row.at.currency) else {
            if self.entries.len() >= most {
                self.prune(most / 2, pinned);
            }
            self.insert(&row.at.key, row.at.currency, Cells::One(cell));
            return true;
        };
        let entry = &mut self.entries[index as usize];
        let before = entry.cells.total();
        if !entry.cells.take(cell) {
            return false;
        }
        let after = entry.cells.total();
        let currency = entry.currency;
        self.unrank(currency, before, index);
        self.rank(currency, after, index);
        true
    }

    /// The top keys. By sum they are of one currency; without one there are none.
    pub(crate) fn top(&self, top: Top) -> Vec<KeySum> {
        let mut indices: Vec<u32> = match (top.order, top.currency) {
            (Order::Sum, currency) => currency
                .and_then(|currency| self.by_sum.get(&currency))
                .map(|ranks| ranks.iter().rev().take(top.most).map(|(_, index)| index.0).collect())
                .unwrap_or_default(),
            (Order::Count, Some(currency)) => self
                .by_count
                .get(&currency)
                .map(|ranks| ranks.iter().rev().take(top.most).map(|(_, index)| index.0).collect())
                .unwrap_or_default(),
            (Order::Count, None) => {
                let firsts = self.by_count.values().flat_map(|ranks| ranks.iter().rev().take(top.most));
                let mut all: Vec<(u64, Reverse<u32>)> = firsts.copied().collect();
                all.sort_unstable_by_key(|rank| Reverse(*rank));
                all.into_iter().map(|(_, index)| index.0).collect()
            }
        };
        indices.truncate(top.most);
        indices.into_iter().map(|index| self.entries[index as usize].to_sum()).collect()
    }

    /// One key's sums, by currency.
    pub(crate) fn key(&self, key: &str) -> Vec<KeySum> {
        let mut sums: Vec<KeySum> = self
            .by_count
            .keys()
            .filter_map(|currency| self.find(key, *currency))
            .map(|index| self.entries[index as usize].to_sum())
            .collect();
        sums.sort_by_key(|sum| sum.currency);
        sums
    }

    /// How many keys of this currency are held.
    pub(crate) fn count(&self, currency: Currency) -> u64 {
        self.by_count.get(&currency).map_or(0, |ranks| ranks.len() as u64)
    }

    /// How many keys are held.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether keys were let go because there were too many.
    pub(crate) fn pruned(&self) -> bool {
        self.pruned
    }

    fn find(&self, key: &str, currency: Currency) -> Option<u32> {
        let hash = self.hasher.hash_one((key, currency));
        self.indices
            .find(hash, |index| {
                let entry = &self.entries[*index as usize];
                &*entry.key == key && entry.currency == currency
            })
            .copied()
    }

    fn insert(&mut self, key: &str, currency: Currency, cells: Cells) {
        let index = self.entries.len() as u32;
        let entry = Entry { key: key.into(), currency, cells };
        let total = entry.cells.total();
        self.entries.push(entry);
        let hash = self.hasher.hash_one((key, currency));
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.indices.insert_unique(hash, index, |index| {
            let entry = &entries[*index as usize];
            hasher.hash_one((&*entry.key, entry.currency))
        });
        self.rank(currency, total, index);
    }

    /// Lets go of all but the `keep` busiest keys and those pinned.
    fn prune(&mut self, keep: usize, pinned: &dyn Fn(&str) -> bool) {
        let busiest = self.top(Top { most: keep, currency: None, order: Order::Count });
        let kept: HashSet<(&str, Currency)> = busiest.iter().map(|sum| (&*sum.key, sum.currency)).collect();
        let old = std::mem::take(self);
        self.pruned = true;
        for entry in old.entries {
            if kept.contains(&(&*entry.key, entry.currency)) || pinned(&entry.key) {
                self.insert(&entry.key, entry.currency, entry.cells);
            }
        }
    }

    fn rank(&mut self, currency: Currency, (count, sum, _): (u64, Sum, i64), index: u32) {
        self.by_count.entry(currency).or_default().insert((count, Reverse(index)));
        self.by_sum.entry(currency).or_default().insert((sum, Reverse(index)));
    }

    fn unrank(&mut self, currency: Currency, (count, sum, _): (u64, Sum, i64), index: u32) {
        if let Some(ranks) = self.by_count.get_mut(&currency) {
            ranks.remove(&(count, Reverse(index)));
        }
        if let Some(ranks) = self.by_sum.get_mut(&currency) {
            ranks.remove(&(sum, Reverse(index)));
        }
    }
}

impl Entry {
    fn to_sum(&self) -> KeySum {
        let (count, sum, updated_at) = self.cells.total();
        KeySum { key: self.key.to_string(), currency: self.currency, sum, count, updated_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::test_rows::row;

    fn top(keys: &Keys, currency: Option<&str>, order: Order) -> Vec<String> {
        let currency = currency.map(|c| c.parse().unwrap());
        let top = Top { most: 3, currency, order };
        keys.top(top).into_iter().map(|sum| format!("{} {} {}", sum.key, sum.count, sum.sum)).collect()
    }

    #[test]
    fn rule_14_the_highest_offset_of_a_row_stays() {
        let mut keys = Keys::default();
        assert!(keys.apply(&row("a", "EUR", 0, 7, 3, "3.00"), 10, &|_| false));
        assert!(!keys.apply(&row("a", "EUR", 0, 5, 2, "2.00"), 10, &|_| false));
        assert!(!keys.apply(&row("a", "EUR", 0, 7, 3, "3.00"), 10, &|_| false));
        assert!(keys.apply(&row("a", "EUR", 2, 1, 1, "0.50"), 10, &|_| false));
        assert_eq!(top(&keys, None, Order::Count), ["a 4 3.50"]);
    }

    #[test]
    fn orders_follow_every_change_also_downwards() {
        let mut keys = Keys::default();
        let rows = [
            row("a", "EUR", 0, 1, 5, "50.00"),
            row("b", "EUR", 0, 2, 9, "10.00"),
            row("c", "USD", 0, 3, 7, "90.00"),
            row("a", "EUR", 0, 4, 6, "5.00"),
        ];
        for row in &rows {
            keys.apply(row, 10, &|_| false);
        }
        assert_eq!(top(&keys, None, Order::Count), ["b 9 10.00", "c 7 90.00", "a 6 5.00"]);
        assert_eq!(top(&keys, Some("EUR"), Order::Sum), ["b 9 10.00", "a 6 5.00"]);
        assert_eq!((keys.count("EUR".parse().unwrap()), keys.key("c").len()), (2, 1));
    }

    #[test]
    fn too_many_keys_leave_the_busiest_and_the_pinned() {
        let mut keys = Keys::default();
        for n in 0..100_u64 {
            keys.apply(&row(&format!("k{n}"), "EUR", 0, n, n + 1, "1.00"), 50, &|key| key == "k0");
        }
        assert!(keys.len() <= 50 && keys.pruned());
        assert_eq!(keys.key("k0").len(), 1);
        assert_eq!(top(&keys, None, Order::Count)[0], "k99 100 1.00");
    }
}
