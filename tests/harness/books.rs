//! The senders' own books: what was sent and answered, recounted with plain maps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use tallygate_core::Day;

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
