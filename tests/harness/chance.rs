//! Chance from a seed: the same seed gives the same choices.

use std::ops::Range;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// What a run draws from.
pub struct Chance(StdRng);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number below this one.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    /// The same in another order.
    pub fn shuffled<T>(&mut self, mut all: Vec<T>) -> Vec<T> {
        all.shuffle(&mut self.0);
        all
    }
}

/// The seeds that `make soak` sets; otherwise these.
pub fn seeds(otherwise: Range<u64>) -> Range<u64> {
    let Ok(text) = std::env::var("TALLYGATE_SEEDS") else { return otherwise };
    let (from, to) = text.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}
