//! The senders' own books: what was sent and answered, recounted with plain maps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use tallygate_core::{Day, Row};

/// Day, key and currency of a sum.
pub type Place = (String, String, String);
/// Units of 10^-9 and a count.
pub type Figure = (i128, u64);

/// What all senders sent and know to be acknowledged, each transaction once.
#[derive(Debug, Default)]
pub struct Books(Mutex<BTreeMap<Place, Figure>>);

impl Books {
    /// Enters one transaction that was acknowledged.
    pub fn enter(&self, day: &str, key: &str, cents: i64) {
        let mut books = self.0.lock().unwrap();
        let figure = books.entry((day.to_owned(), key.to_owned(), "EUR".to_owned())).or_default();
        figure.0 += i128::from(cents) * 10_000_000;
        figure.1 += 1;
    }

    /// The figures so far.
    pub fn figures(&self) -> BTreeMap<Place, Figure> {
        self.0.lock().unwrap().clone()
    }

    /// The days they fall on.
    pub fn days(&self) -> Vec<Day> {
        let days: BTreeSet<Day> = self.figures().keys().map(|(day, ..)| day.parse().unwrap()).collect();
        days.into_iter().collect()
    }

    /// How many transactions were entered.
    pub fn count(&self) -> u64 {
        self.0.lock().unwrap().values().map(|figure| figure.1).sum()
    }
}

/// Rows of several log partitions added up.
pub fn add_up(rows: impl IntoIterator<Item = Row>) -> BTreeMap<Place, Figure> {
    let mut figures: BTreeMap<Place, Figure> = BTreeMap::new();
    for row in rows {
        let place = (row.at.day.to_string(), row.at.key, row.at.currency.to_string());
        let figure = figures.entry(place).or_default();
        figure.0 += row.sum.units();
        figure.1 += row.count;
    }
    figures
}

/// The first few differences, for people.
pub fn differences(expected: &BTreeMap<Place, Figure>, found: &BTreeMap<Place, Figure>) -> Vec<String> {
    let places: BTreeSet<&Place> = expected.keys().chain(found.keys()).collect();
    let differ = |place: &&Place| expected.get(*place) != found.get(*place);
    let say = |place: &Place| format!("{place:?}: sent {:?}, found {:?}", expected.get(place), found.get(place));
    places.into_iter().filter(differ).take(8).map(say).collect()
}
