//! The rows that one fold holds, a page for each aggregate and day.

use hashbrown::{Equivalent, HashMap};

use crate::day::Day;
use crate::money::{Amount, Currency, Sum};
use crate::row::{Aggregate, Row, RowKey};

/// All pages of one log partition.
#[derive(Debug)]
pub(super) struct Pages {
    partition: u32,
    days: HashMap<Day, [Page; Aggregate::ALL.len()]>,
    dirty: Vec<(Aggregate, Day, usize)>,
}

#[derive(Debug, Default)]
struct Page {
    places: HashMap<Name, usize>,
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Name {
    key: Box<str>,
    currency: Currency,
}

#[derive(Hash)]
struct NameRef<'a> {
    key: &'a str,
    currency: Currency,
}

#[derive(Debug)]
struct Slot {
    name: Name,
    sum: Sum,
    count: u64,
    /// None until the row took its first record.
    offset: Option<u64>,
    updated_at: i64,
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

impl Equivalent<Name> for NameRef<'_> {
    fn equivalent(&self, name: &Name) -> bool {
        self.currency == name.currency && self.key == &*name.key
    }
}

impl Pages {
    pub(super) fn new(partition: u32) -> Self {
        Self { partition, days: HashMap::new(), dirty: Vec::new() }
    }

    pub(super) fn is_open(&self, day: Day) -> bool {
        self.days.contains_key(&day)
    }

    pub(super) fn open(&mut self, day: Day, rows: Vec<Row>) {
        let pages = self.days.entry(day).or_default();
        for row in rows {
            let name = Name { key: row.at.key.into_boxed_str(), currency: row.at.currency };
            let page = &mut pages[row.at.aggregate as usize];
            page.places.insert(name.clone(), page.slots.len());
            let Row { sum, count, offset, updated_at, .. } = row;
            page.slots.push(Slot { name, sum, count, offset: Some(offset), updated_at, dirty: false });
        }
    }

    /// Adds to a row whose day is open. A row that already took the offset stays as it is but is written again: it
    /// may have reached the store and not the topic.
    pub(super) fn add(&mut self, addition: Addition<'_>) {
        let Addition { aggregate, day, key, currency, amount, offset, appended } = addition;
        let page = &mut self.days.entry(day).or_default()[aggregate as usize];
        let place = match page.places.get(&NameRef { key, currency }) {
            Some(place) => *place,
            None => page.insert(key, currency),
        };
        let slot = &mut page.slots[place];
        if slot.offset.is_none_or(|taken| offset > taken) {
            slot.sum = slot.sum.plus(amount);
            slot.count += 1;
            slot.offset = Some(offset);
            slot.updated_at = appended;
        }
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push((aggregate, day, place));
        }
    }

    pub(super) fn dirty(&self) -> usize {
        self.dirty.len()
    }

    pub(super) fn take_dirty(&mut self) -> Vec<Row> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty.into_iter().filter_map(|(aggregate, day, place)| self.row(aggregate, day, place)).collect()
    }

    fn row(&mut self, aggregate: Aggregate, day: Day, place: usize) -> Option<Row> {
        let slot = self.days.get_mut(&day)?[aggregate as usize].slots.get_mut(place)?;
        slot.dirty = false;
        let at = RowKey {
            aggregate,
            day,
            partition: self.partition,
            key: slot.name.key.to_string(),
            currency: slot.name.currency,
        };
        Some(Row { at, sum: slot.sum, count: slot.count, offset: slot.offset?, updated_at: slot.updated_at })
    }

    pub(super) fn rewrite_since(&mut self, appended: i64) {
        for (day, pages) in &mut self.days {
            for (aggregate, page) in Aggregate::ALL.into_iter().zip(pages) {
                for (place, slot) in page.slots.iter_mut().enumerate() {
                    if slot.updated_at >= appended && !slot.dirty {
                        slot.dirty = true;
                        self.dirty.push((aggregate, *day, place));
                    }
                }
            }
        }
    }

    /// Drops clean days before this one.
    pub(super) fn close_before(&mut self, day: Day) {
        let dirty = &self.dirty;
        self.days.retain(|open, _| *open >= day || dirty.iter().any(|(_, dirty, _)| dirty == open));
    }
}

impl Page {
    fn insert(&mut self, key: &str, currency: Currency) -> usize {
        let name = Name { key: key.into(), currency };
        self.places.insert(name.clone(), self.slots.len());
        self.slots.push(Slot { name, sum: Sum::default(), count: 0, offset: None, updated_at: i64::MIN, dirty: false });
        self.slots.len() - 1
    }
}
