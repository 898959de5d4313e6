//! The committing half of a subscription.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::client::blocking;
use super::ownership::Ownership;
use super::writer::TransactionalWriter;
use crate::metrics::StreamMetrics;
use crate::port::{Committer, Flush, StreamError};

/// Commits what the ownership allows, under the generation that it was given in.
pub(super) struct KafkaCommitter {
    pub(super) writer: Arc<TransactionalWriter>,
    pub(super) ownership: Arc<Ownership>,
    pub(super) metrics: StreamMetrics,
}

#[async_trait]
impl Committer for KafkaCommitter {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        let begun = Instant::now();
        let records = flush.sums.len() + flush.dead_letters.len();
        let outcome = match self.ownership.begin(&flush) {
            Ok(permit) => {
                let writer = Arc::clone(&self.writer);
                blocking(move || writer.commit(&flush, &permit)).await
            }
            Err(error) => Err(error),
        };
        self.metrics.commit.observe(begun, records, if outcome.is_ok() { 0 } else { records.max(1) });
        outcome
    }
}
