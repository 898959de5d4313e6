//! The senders' books held against the store and the compacted topic.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_core::{Row, RowKey};

use super::books::{Figure, Place};
use super::ledger::Ledger;
use super::sender::Senders;

/// Differences that are named; more do not help to understand.
const NAMED: usize = 8;

/// What was sent, and what is found of it.
pub struct Audit {
    sent: BTreeMap<Place, Figure>,
    store: BTreeMap<RowKey, Row>,
    topic: BTreeMap<RowKey, Row>,
}

impl Audit {
    /// Reads store and topic as they are now.
    pub fn of(ledger: &Ledger, senders: &Senders) -> Self {
        let store = ledger.store(&senders.books.days());
        Self { sent: senders.books.figures(), store, topic: ledger.topic() }
    }

    /// The first few differences, for people; none when all is exact.
    pub fn differences(&self) -> Vec<String> {
        let found = add_up(&self.store);
        let places: BTreeSet<&Place> = self.sent.keys().chain(found.keys()).collect();
        let differ = |place: &&Place| self.sent.get(*place) != found.get(*place);
        let say = |place| format!("{place:?}: sent {:?}, found {:?}", self.sent.get(place), found.get(place));
        let mut all: Vec<String> = places.into_iter().filter(differ).take(NAMED).map(say).collect();
        let differ = |(at, row): &(&RowKey, &Row)| self.topic.get(*at) != Some(*row);
        let say = |(at, row)| format!("store {row:?}, topic {:?}", self.topic.get(at));
        all.extend(self.store.iter().filter(differ).take(NAMED).map(say));
        let only = self.topic.keys().filter(|at| !self.store.contains_key(*at));
        all.extend(only.take(NAMED).map(|at| format!("only in the topic: {at:?}")));
        all
    }

    /// How many transactions the store has too many, and how many too few; what one sum has too many does not make up for
    /// what another lacks.
    pub fn store_is_off(&self) -> Off {
        off(&self.sent, &add_up(&self.store))
    }

    /// The same of the compacted topic.
    pub fn topic_is_off(&self) -> Off {
        off(&self.sent, &add_up(&self.topic))
    }
}

/// How many transactions the store lacks now; for waiting, when the topic cannot be read yet.
pub fn missing_in_store(ledger: &Ledger, senders: &Senders) -> u64 {
    off(&senders.books.figures(), &add_up(&ledger.store(&senders.books.days()))).too_few
}

/// How many transactions there are beyond those that were sent and acknowledged, and how many of those are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Off {
    pub too_many: u64,
    pub too_few: u64,
}

fn off(sent: &BTreeMap<Place, Figure>, found: &BTreeMap<Place, Figure>) -> Off {
    let places: BTreeSet<&Place> = sent.keys().chain(found.keys()).collect();
    let count = |figures: &BTreeMap<Place, Figure>, place| figures.get(place).map_or(0, |figure| figure.1);
    let mut off = Off::default();
    for place in places {
        let (sent, found) = (count(sent, place), count(found, place));
        off.too_many += found.saturating_sub(sent);
        off.too_few += sent.saturating_sub(found);
    }
    off
}

/// Rows of several log partitions added up.
fn add_up(rows: &BTreeMap<RowKey, Row>) -> BTreeMap<Place, Figure> {
    let mut figures: BTreeMap<Place, Figure> = BTreeMap::new();
    for row in rows.values() {
        let place = (row.at.day.to_string(), row.at.key.clone(), row.at.currency.to_string());
        let figure = figures.entry(place).or_default();
        figure.0 += row.sum.units();
        figure.1 += row.count;
    }
    figures
}
