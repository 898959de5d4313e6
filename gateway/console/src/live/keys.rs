//! The keys of one day as the live page holds them: every row at its highest offset, in order of count and of sum.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use tallygate_core::{Currency, Row, Sum};
use tallygate_reading::ledger::{KeySum, Order, Top};

use super::cells::{Cell, Cells};

/// What a key takes beside its text and its cells, in bytes: its entry, its place among the indices and in both orders, all of
/// which have room to spare.
const KEY_BYTES: usize = 256;

/// The keys of one day, in bounded memory: beyond it, the least busy one makes room for each that is busier.
#[derive(Default)]
pub(crate) struct Keys {
    entries: Vec<Entry>,
    indices: HashTable<u32>,
    hasher: DefaultHashBuilder,
    by_count: HashMap<Currency, BTreeSet<(u64, Reverse<u32>)>>,
    by_sum: HashMap<Currency, BTreeSet<(Sum, Reverse<u32>)>>,
    /// What all of them take.
    bytes: usize,
    /// Whether keys were let go, so that the order is that of those held.
    pruned: bool,
}

struct Entry {
    key: Box<str>,
    currency: Currency,
    cells: Cells,
}

impl Keys {
    /// Takes a row unless a later one of it is held; keeps keys of at most `most` bytes, and those pinned whatever their count.
    /// Returns whether anything changed.
    pub(crate) fn apply(&mut self, row: &Row, most: usize, pinned: &dyn Fn(&str) -> bool) -> bool {
        let cell = Cell::of(row);
        let Some(index) = self.find(&row.at.key, row.at.currency) else {
            let entry = Entry { key: row.at.key.as_str().into(), currency: row.at.currency, cells: Cells::One(cell) };
            if !self.make_room(&entry, most, pinned) && !pinned(&entry.key) {
                return !std::mem::replace(&mut self.pruned, true);
            }
            self.insert(entry);
            return true;
        };
        let entry = &mut self.entries[index as usize];
        let (before, bytes) = (entry.cells.total(), entry.bytes());
        if !entry.cells.take(cell) {
            return false;
        }
        let (after, currency) = (entry.cells.total(), entry.currency);
        self.bytes = self.bytes - bytes + entry.bytes();
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

    fn insert(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push(entry);
        self.list(self.entries.len() as u32 - 1);
    }

    /// Lets go of as many of the least busy keys as the new one takes; not if it is no busier than they are.
    fn make_room(&mut self, new: &Entry, most: usize, pinned: &dyn Fn(&str) -> bool) -> bool {
        let (count, ..) = new.cells.total();
        while self.bytes + new.bytes() > most {
            let Some((least, index)) = self.least_busy(pinned) else { return false };
            if least >= count && !pinned(&new.key) {
                return false;
            }
            self.pruned = true;
            self.remove(index);
        }
        true
    }

    /// The least busy key that is not pinned, with its count.
    fn least_busy(&self, pinned: &dyn Fn(&str) -> bool) -> Option<(u64, u32)> {
        let is_free = |(_, Reverse(index)): &&(u64, Reverse<u32>)| !pinned(&self.entries[*index as usize].key);
        let least = self.by_count.values().filter_map(|ranks| ranks.iter().find(is_free)).min()?;
        Some((least.0, least.1.0))
    }

    /// Removes a key; the last one takes its index.
    fn remove(&mut self, index: u32) {
        let last = self.entries.len() as u32 - 1;
        self.unlist(index);
        if index != last {
            self.unlist(last);
        }
        self.bytes -= self.entries.swap_remove(index as usize).bytes();
        if index != last {
            self.list(index);
        }
    }

    /// Makes an entry findable, and ranks it.
    fn list(&mut self, index: u32) {
        let hash = self.hash(index);
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.indices.insert_unique(hash, index, |index| {
            let entry = &entries[*index as usize];
            hasher.hash_one((&*entry.key, entry.currency))
        });
        let entry = &self.entries[index as usize];
        self.rank(entry.currency, entry.cells.total(), index);
    }

    fn unlist(&mut self, index: u32) {
        let hash = self.hash(index);
        if let Ok(found) = self.indices.find_entry(hash, |other| *other == index) {
            found.remove();
        }
        let entry = &self.entries[index as usize];
        self.unrank(entry.currency, entry.cells.total(), index);
    }

    fn hash(&self, index: u32) -> u64 {
        let entry = &self.entries[index as usize];
        self.hasher.hash_one((&*entry.key, entry.currency))
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
    /// About what it takes.
    fn bytes(&self) -> usize {
        KEY_BYTES + self.key.len() + self.cells.bytes()
    }

    fn to_sum(&self) -> KeySum {
        let (count, sum, updated_at) = self.cells.total();
        KeySum { key: self.key.to_string(), currency: self.currency, sum, count, updated_at }
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::live::test_rows::row;

    const MOST: usize = 1 << 20;

    fn top(keys: &Keys, currency: Option<&str>, order: Order) -> Vec<String> {
        let currency = currency.map(|c| c.parse().unwrap());
        let top = Top { most: 3, currency, order };
        keys.top(top).into_iter().map(|sum| format!("{} {} {}", sum.key, sum.count, sum.sum)).collect()
    }

    #[test]
    fn rule_14_the_highest_offset_of_a_row_stays() {
        let mut keys = Keys::default();
        assert!(keys.apply(&row("a", "EUR", 0, 7, 3, "3.00"), MOST, &|_| false));
        assert!(!keys.apply(&row("a", "EUR", 0, 5, 2, "2.00"), MOST, &|_| false));
        assert!(!keys.apply(&row("a", "EUR", 0, 7, 3, "3.00"), MOST, &|_| false));
        assert!(keys.apply(&row("a", "EUR", 2, 1, 1, "0.50"), MOST, &|_| false));
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
            keys.apply(row, MOST, &|_| false);
        }
        assert_eq!(top(&keys, None, Order::Count), ["b 9 10.00", "c 7 90.00", "a 6 5.00"]);
        assert_eq!(top(&keys, Some("EUR"), Order::Sum), ["b 9 10.00", "a 6 5.00"]);
        assert_eq!((keys.count("EUR".parse().unwrap()), keys.key("c").len()), (2, 1));
    }

    /// What so many keys of a few letters take.
    fn room_for(keys: usize) -> usize {
        keys * (KEY_BYTES + 8)
    }

    #[test]
    fn too_many_keys_leave_the_busiest_and_the_pinned() {
        let mut keys = Keys::default();
        for n in 0..100_u64 {
            keys.apply(&row(&format!("k{n}"), "EUR", 0, n, n + 1, "1.00"), room_for(50), &|key| key == "k0");
        }
        assert!(keys.pruned() && keys.bytes <= room_for(50));
        assert_eq!(keys.key("k0").len(), 1);
        assert_eq!(top(&keys, None, Order::Count)[0], "k99 100 1.00");
    }

    #[test]
    fn at_the_bound_one_key_makes_room_for_a_busier_one_and_none_for_one_that_is_not() {
        let mut keys = Keys::default();
        let mut apply = |key: &str, count| keys.apply(&row(key, "EUR", 0, 1, count, "1.00"), room_for(50), &|_| false);
        for n in 0..200_u64 {
            apply(&format!("k{n:03}"), 1_000 - n);
        }
        assert!(!apply("idle", 1), "nothing that is shown changed");
        assert!(apply("busy", 5_000));
        let held = keys.len();
        assert!((48..=51).contains(&held), "{held}: half of them would be a pause for everybody");
        assert!(keys.key("idle").is_empty() && keys.pruned());
        assert_eq!(top(&keys, None, Order::Count), ["busy 5000 1.00", "k000 1000 1.00", "k001 999 1.00"]);
        assert_eq!(keys.key("k040").len(), 1);
    }

    #[test]
    fn whatever_is_let_go_all_that_is_held_is_found_ranked_and_weighed_once() {
        let mut random = StdRng::seed_from_u64(7);
        let mut keys = Keys::default();
        for offset in 0..20_000_u64 {
            let key = format!("k{}", random.random_range(0..400));
            let currency = ["EUR", "USD", "CHF"][random.random_range(0..3)];
            let (count, sum) = (random.random_range(1..500), format!("{}.25", random.random_range(0..900)));
            let row = row(&key, currency, random.random_range(0..3), offset, count, &sum);
            let pinned = |key: &str| key == "k7";
            keys.apply(&row, room_for(120), &pinned);
            if offset % 100 == 0 {
                let ranked: usize = keys.by_count.values().map(BTreeSet::len).sum();
                let by_sum: usize = keys.by_sum.values().map(BTreeSet::len).sum();
                assert_eq!((ranked, by_sum, keys.indices.len()), (keys.len(), keys.len(), keys.len()));
                assert_eq!(keys.bytes, keys.entries.iter().map(Entry::bytes).sum::<usize>());
                for (index, entry) in keys.entries.iter().enumerate() {
                    assert_eq!(keys.find(&entry.key, entry.currency), Some(index as u32));
                    let (count, sum, _) = entry.cells.total();
                    let rank = Reverse(index as u32);
                    assert!(keys.by_count[&entry.currency].contains(&(count, rank)));
                    assert!(keys.by_sum[&entry.currency].contains(&(sum, rank)));
                }
            }
        }
        assert!(keys.pruned() && !keys.key("k7").is_empty());
    }
}
