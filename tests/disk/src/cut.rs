//! What a power cut leaves, by chance.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Decides what is kept of what was not synced.
pub(crate) struct Chance {
    random: StdRng,
    share: f64,
}

/// Nothing, all, and what lies between: each shows faults of its own.
const SHARES: [f64; 4] = [0.0, 0.3, 0.8, 1.0];

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), share: 0.0 }
    }

    /// Begins with another file or folder, of which another share is kept.
    pub(crate) fn begin(&mut self) {
        self.share = SHARES[self.random.random_range(0..SHARES.len())];
    }

    pub(crate) fn keeps(&mut self) -> bool {
        self.random.random_bool(self.share)
    }
}
