//! Growing pauses between tries, each cut by chance, so that many who failed together do not come back together.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use crate::limits::BACKOFF;

/// The pauses so far.
#[derive(Debug)]
pub(crate) struct Backoff {
    pause: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { pause: BACKOFF.0 }
    }

    /// Waits for the next pause: half of it to all of it.
    pub(crate) async fn wait(&mut self) {
        // Tests repeat themselves.
        let chance = if cfg!(test) { 500 } else { RandomState::new().hash_one(()) % 1_000 };
        let pause = self.pause / 2 + self.pause * chance as u32 / 2_000;
        self.pause = (self.pause * 2).min(BACKOFF.1);
        tokio::time::sleep(pause).await;
    }
}
