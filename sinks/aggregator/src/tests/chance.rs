//! Chance from a seed: the same seed gives the same choices.

use std::sync::Mutex;
use std::time::Duration;

pub(crate) struct Chance(Mutex<u64>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))
    }

    pub(crate) fn below(&self, end: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 16) % end.max(1)
    }

    pub(crate) fn one_in(&self, n: u64) -> bool {
        n > 0 && self.below(n) == 0
    }

    pub(crate) async fn pause(&self, most: Duration) {
        let micros = self.below(most.as_micros() as u64 + 1);
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}
