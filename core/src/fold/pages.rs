//! The rows that one fold holds, a page for each aggregate and day.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::totals::{Imbalance, Totals};
use crate::day::Day;
use crate::money::{Amount, Currency, Sum};
use crate::row::{Aggregate, Row, RowKey};

/// All pages of one log partition.
#[derive(Debug)]
pub(super) struct Pages {
    partition: u32,
    days: BTreeMap<Day, [Page; Aggregate::ALL.len()]>,
    dirty: Vec<(Aggregate, Day, usize)>,
    totals: Totals,
}

#[derive(Debug, Default)]
struct Page {
    /// Where each row stands, by its name.
    places: HashTable<usize>,
    hasher: DefaultHashBuilder,
    slots: Vec<Slot>,
    /// Where the last one stands that was looked for: often it is the next one too.
    last: usize,
}

/// A row; key and currency are its name.
#[derive(Debug)]
struct Slot {
    key: Box<str>,
    currency: Currency,
    sum: Sum,
    count: u64,
    /// None until the row took its first record.
    taken: Option<(u64, i64)>,
    dirty: bool,
}

/// One record's share in a row.
pub(super) struct Addition<'a> {
    pub(super) aggregate: Aggregate,
    pub(super) day: Day,
    pub(super) key: &'a str,
    pub(super) currency: Currency,
    pub(super) amount: Amount,
    pub(super) offset: u64,
    pub(super) appended: i64,
}

/// A sum that no longer fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum of {aggregate} {key:?} on {day} in {currency} grew beyond what can be held exactly")]
pub struct Overflow {
    /// What the row adds up.
    pub aggregate: Aggregate,
    /// The row's day.
    pub day: Day,
    /// Its key.
    pub key: String,
    /// Its currency.
    pub currency: Currency,
}

impl Pages {
    pub(super) fn new(partition: u32) -> Self {
        Self { partition, days: BTreeMap::new(), dirty: Vec::new(), totals: Totals::default() }
    }

    /// Holds a row as it was written; the newer of two counts.
    pub(super) fn hold(&mut self, row: Row) {
        let RowKey { aggregate, day, key, currency, .. } = row.at;
        let page = &mut self.days.entry(day).or_default()[aggregate as usize];
        let place = page.place(&key, currency);
        let slot = &mut page.slots[place];
        if slot.taken.is_none_or(|(taken, _)| taken <= row.offset) {
            self.totals.change(aggregate, day, currency, row.sum - slot.sum, row.count as i64 - slot.count as i64);
            (slot.sum, slot.count, slot.taken) = (row.sum, row.count, Some((row.offset, row.updated_at)));
        }
    }

    /// Adds to a row. One that already took the offset stays as it is but is written again.
    pub(super) fn add(&mut self, addition: Addition<'_>) -> Result<(), Overflow> {
        let Addition { aggregate, day, key, currency, amount, offset, appended } = addition;
        let page = &mut self.days.entry(day).or_default()[aggregate as usize];
        let place = page.place(key, currency);
        let slot = &mut page.slots[place];
        if slot.taken.is_none_or(|(taken, _)| offset > taken) {
            let grown = slot.sum.checked_plus(amount);
            let sum = grown.ok_or_else(|| Overflow { aggregate, day, key: key.to_owned(), currency })?;
            self.totals.change(aggregate, day, currency, sum - slot.sum, 1);
            (slot.sum, slot.count, slot.taken) = (sum, slot.count + 1, Some((offset, appended)));
        }
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push((aggregate, day, place));
        }
        Ok(())
    }

    pub(super) fn touch(&mut self) {
        for (day, pages) in &mut self.days {
            for (aggregate, page) in Aggregate::ALL.into_iter().zip(pages) {
                for (place, slot) in page.slots.iter_mut().enumerate().filter(|(_, slot)| !slot.dirty) {
                    slot.dirty = true;
                    self.dirty.push((aggregate, *day, place));
                }
            }
        }
    }

    pub(super) fn dirty(&self) -> usize {
        self.dirty.len()
    }

    /// At most so many.
    pub(super) fn take_dirty(&mut self, most: usize) -> Vec<Row> {
        let rest = self.dirty.split_off(most.min(self.dirty.len()));
        let dirty = std::mem::replace(&mut self.dirty, rest);
        let mut rows = Vec::with_capacity(dirty.len());
        rows.extend(dirty.into_iter().filter_map(|(aggregate, day, place)| self.row(aggregate, day, place)));
        rows
    }

    fn row(&mut self, aggregate: Aggregate, day: Day, place: usize) -> Option<Row> {
        let slot = self.days.get_mut(&day)?[aggregate as usize].slots.get_mut(place)?;
        slot.dirty = false;
        let (offset, updated_at) = slot.taken?;
        let (key, currency) = ((*slot.key).to_owned(), slot.currency);
        let at = RowKey { aggregate, day, partition: self.partition, key, currency };
        Some(Row { at, sum: slot.sum, count: slot.count, offset, updated_at })
    }

    /// How many rows there are of days from this one on.
    pub(super) fn count_from(&self, day: Day) -> u64 {
        let pages = self.days.range(day..).flat_map(|(_, pages)| pages);
        pages.map(|page| page.slots.len() as u64).sum()
    }

    /// Where what counted by key is not what counted by partner.
    pub(super) fn imbalance(&self) -> Option<Imbalance> {
        self.totals.imbalance()
    }

    /// Drops clean days before this one.
    pub(super) fn close_before(&mut self, day: Day) {
        if self.days.first_key_value().is_none_or(|(first, _)| *first >= day) {
            return;
        }
        let dirty = &self.dirty;
        self.days.retain(|open, _| *open >= day || dirty.iter().any(|(_, dirty, _)| dirty == open));
        self.totals.keep(|open| self.days.contains_key(open));
    }
}

impl Page {
    /// Where the row of this name stands; it is made when missing.
    fn place(&mut self, key: &str, currency: Currency) -> usize {
        let Self { places, hasher, slots, last } = self;
        let is_it = |place: usize| slots.get(place).is_some_and(|slot| slot.currency == currency && *slot.key == *key);
        if is_it(*last) {
            return *last;
        }
        let hash = hasher.hash_one((key, currency));
        *last = match places.find(hash, |place| is_it(*place)) {
            Some(place) => *place,
            None => {
                let hash_of =
                    |place: &usize| slots.get(*place).map_or(0, |slot| hasher.hash_one((&*slot.key, slot.currency)));
                places.insert_unique(hash, slots.len(), hash_of);
                slots.push(Slot {
                    key: key.into(),
                    currency,
                    sum: Sum::default(),
                    count: 0,
                    taken: None,
                    dirty: false,
                });
                slots.len() - 1
            }
        };
        *last
    }
}
