//! Which records of a message were seen.

use std::collections::BTreeMap;

/// The ordinals seen of a message; most messages have few.
#[derive(Default)]
pub(super) struct Ordinals {
    low: u64,
    high: BTreeMap<u32, u64>,
}

impl Ordinals {
    /// Whether it was not there.
    pub(super) fn insert(&mut self, ordinal: u32) -> bool {
        let (word, bit) = (ordinal / 64, 1_u64 << (ordinal % 64));
        let held = match word {
            0 => &mut self.low,
            _ => self.high.entry(word).or_default(),
        };
        let new = *held & bit == 0;
        *held |= bit;
        new
    }
}
