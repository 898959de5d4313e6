//! Waiting for the embedded log to change.

use tokio::sync::watch;

use crate::timeouts::FOREIGN_LOG_POLL;

/// Waits for changes; of another process's log, for a time in which there may have been one.
pub(super) struct Changes(Option<watch::Receiver<u64>>);

impl Changes {
    pub(super) fn new(ours: Option<watch::Receiver<u64>>) -> Self {
        Self(ours)
    }

    /// Returns when something changed since the last call, or may have. Cancel-safe.
    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            // The sender lives as long as those who wait.
            Some(changes) => drop(changes.changed().await),
            None => tokio::time::sleep(FOREIGN_LOG_POLL).await,
        }
    }
}
