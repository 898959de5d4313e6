//! How long to wait before the next attempt.

use std::time::Duration;

use crate::limits::{BACKOFF_FIRST, BACKOFF_LAST};

/// Waits that double up to a limit.
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: BACKOFF_FIRST }
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(BACKOFF_LAST);
    }
}
